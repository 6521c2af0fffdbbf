//! A reader of MessagePack for serde, over bytes that are all there.
//!
//! `rmp-serde` reads from streams and copies every text twice on the way, and it knows nothing of the extensions that
//! Python's values are written in: those have to look like plain arrays, texts and numbers to whatever type is read, and
//! how depends on what that type asks for. What it accepts for plain values is accepted here; a test compares the two.

use serde::de::value::Error as Fault;
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::enums::{Entered, UnitOnly};
use super::extension::{self, Parts};

/// How deep values may be nested: each level takes stack, and the bytes may be anybody's.
const DEEPEST: u16 = 256;

/// How `rmp-serde` names a type that wants an extension as it is.
const EXTENSION_AS_IT_IS: &str = "_ExtStruct";

/// What the type asked for, where one form on the wire can be shown in several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Anything,
    Bytes,
    /// A sequence, tuple or struct.
    Parts,
    Float,
    Wide,
}

pub(super) struct Decoder<'de> {
    rest: &'de [u8],
    /// How many levels are left.
    levels: u16,
}

impl<'de> Decoder<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, levels: DEEPEST }
    }

    /// A reader of the value inside of an extension, one level down.
    pub(super) fn inside(&self, data: &'de [u8]) -> Result<Self, Fault> {
        let levels = self.levels.checked_sub(1).ok_or_else(too_deep)?;
        Ok(Self { rest: data, levels })
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Fault::custom(format_args!("{left} bytes follow the value"))),
        }
    }

    #[inline]
    pub(super) fn peek(&self) -> Result<u8, Fault> {
        self.rest.first().copied().ok_or_else(short)
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, Fault> {
        let (&byte, rest) = self.rest.split_first().ok_or_else(short)?;
        self.rest = rest;
        Ok(byte)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(short)?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'de [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(short)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn length8(&mut self) -> Result<usize, Fault> {
        self.byte().map(usize::from)
    }

    #[inline]
    fn length16(&mut self) -> Result<usize, Fault> {
        self.array().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    #[inline]
    fn length32(&mut self) -> Result<usize, Fault> {
        self.array().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    /// How many elements the array has that comes next.
    pub(super) fn array_length(&mut self) -> Result<usize, Fault> {
        match self.byte()? {
            marker @ 0x90..=0x9f => Ok(usize::from(marker & 0x0f)),
            0xdc => self.length16(),
            0xdd => self.length32(),
            marker => Err(unexpected(marker, "an array")),
        }
    }

    /// How many entries the map has that comes next; `None`, and nothing is read, when it is none.
    fn map_length(&mut self) -> Result<Option<usize>, Fault> {
        Ok(match self.peek()? {
            marker @ 0x80..=0x8f => {
                self.byte()?;
                Some(usize::from(marker & 0x0f))
            }
            0xde => {
                self.byte()?;
                Some(self.length16()?)
            }
            0xdf => {
                self.byte()?;
                Some(self.length32()?)
            }
            _ => None,
        })
    }

    /// The type and the data of the extension that comes next; `None`, and nothing is read, when it is none.
    pub(super) fn extension(&mut self) -> Result<Option<(i8, &'de [u8])>, Fault> {
        let marker = self.peek()?;
        if !matches!(marker, 0xc7..=0xc9 | 0xd4..=0xd8) {
            return Ok(None);
        }
        self.byte()?;
        let length = match marker {
            0xc7 => self.length8()?,
            0xc8 => self.length16()?,
            0xc9 => self.length32()?,
            _ => 1 << (marker - 0xd4),
        };
        let [kind] = self.array()?;
        Ok(Some((kind as i8, self.take(length)?)))
    }

    #[inline]
    fn text<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        let bytes = self.take(length)?;
        visitor.visit_borrowed_str(std::str::from_utf8(bytes).map_err(Fault::custom)?)
    }

    #[inline]
    fn bin<V: Visitor<'de>>(&mut self, length: usize, wanted: Wanted, visitor: V) -> Result<V::Value, Fault> {
        let bytes = self.take(length)?;
        show_bytes(bytes, wanted, visitor)
    }

    fn elements<V: Visitor<'de>>(&mut self, left: usize, visitor: V) -> Result<V::Value, Fault> {
        self.descend()?;
        let mut elements = Elements { decoder: self, left };
        let value = visitor.visit_seq(&mut elements)?;
        let left = elements.left;
        self.levels += 1;
        all_taken(left)?;
        Ok(value)
    }

    fn entries<V: Visitor<'de>>(&mut self, left: usize, visitor: V) -> Result<V::Value, Fault> {
        self.descend()?;
        let mut entries = Elements { decoder: self, left };
        let value = visitor.visit_map(&mut entries)?;
        let left = entries.left;
        self.levels += 1;
        all_taken(left)?;
        Ok(value)
    }

    #[inline]
    fn descend(&mut self) -> Result<(), Fault> {
        self.levels = self.levels.checked_sub(1).ok_or_else(too_deep)?;
        Ok(())
    }

    /// The value that comes next, whatever it is.
    pub(super) fn value<V: Visitor<'de>>(&mut self, wanted: Wanted, visitor: V) -> Result<V::Value, Fault> {
        match self.byte()? {
            number @ 0x00..=0x7f => visitor.visit_u64(u64::from(number)),
            marker @ 0x80..=0x8f => self.entries(usize::from(marker & 0x0f), visitor),
            marker @ 0x90..=0x9f => self.elements(usize::from(marker & 0x0f), visitor),
            marker @ 0xa0..=0xbf => self.text(usize::from(marker & 0x1f), visitor),
            0xc0 => visitor.visit_unit(),
            0xc2 => visitor.visit_bool(false),
            0xc3 => visitor.visit_bool(true),
            0xc4 => self.length8().and_then(|length| self.bin(length, wanted, visitor)),
            0xc5 => self.length16().and_then(|length| self.bin(length, wanted, visitor)),
            0xc6 => self.length32().and_then(|length| self.bin(length, wanted, visitor)),
            0xca => visitor.visit_f32(f32::from_be_bytes(self.array()?)),
            0xcb => visitor.visit_f64(f64::from_be_bytes(self.array()?)),
            0xcc => visitor.visit_u64(u64::from(self.byte()?)),
            0xcd => visitor.visit_u64(u64::from(u16::from_be_bytes(self.array()?))),
            0xce => visitor.visit_u64(u64::from(u32::from_be_bytes(self.array()?))),
            0xcf => visitor.visit_u64(u64::from_be_bytes(self.array()?)),
            0xd0 => visitor.visit_i64(i64::from(i8::from_be_bytes(self.array()?))),
            0xd1 => visitor.visit_i64(i64::from(i16::from_be_bytes(self.array()?))),
            0xd2 => visitor.visit_i64(i64::from(i32::from_be_bytes(self.array()?))),
            0xd3 => visitor.visit_i64(i64::from_be_bytes(self.array()?)),
            0xd9 => self.length8().and_then(|length| self.text(length, visitor)),
            0xda => self.length16().and_then(|length| self.text(length, visitor)),
            0xdb => self.length32().and_then(|length| self.text(length, visitor)),
            0xdc => self.length16().and_then(|length| self.elements(length, visitor)),
            0xdd => self.length32().and_then(|length| self.elements(length, visitor)),
            0xde => self.length16().and_then(|length| self.entries(length, visitor)),
            0xdf => self.length32().and_then(|length| self.entries(length, visitor)),
            number @ 0xe0..=0xff => visitor.visit_i64(i64::from(number as i8)),
            marker @ (0xc7..=0xc9 | 0xd4..=0xd8) => self.extended(marker, wanted, visitor),
            0xc1 => Err(Fault::custom("MessagePack has no value that begins with c1")),
        }
    }

    /// A number or a boolean, which is what the type asked for.
    #[inline]
    fn number<V: Visitor<'de>>(&mut self, wanted: Wanted, visitor: V) -> Result<V::Value, Fault> {
        match self.peek()? {
            number @ 0x00..=0x7f => {
                self.byte()?;
                visitor.visit_u64(u64::from(number))
            }
            0xcc => {
                self.byte()?;
                visitor.visit_u64(u64::from(self.byte()?))
            }
            0xcb => {
                self.byte()?;
                visitor.visit_f64(f64::from_be_bytes(self.array()?))
            }
            _ => self.value(wanted, visitor),
        }
    }

    #[cold]
    #[inline(never)]
    fn extended<V: Visitor<'de>>(&mut self, marker: u8, wanted: Wanted, visitor: V) -> Result<V::Value, Fault> {
        let length = match marker {
            0xc7 => self.length8()?,
            0xc8 => self.length16()?,
            0xc9 => self.length32()?,
            _ => 1 << (marker - 0xd4),
        };
        let [kind] = self.array()?;
        let data = self.take(length)?;
        extension::show(self, kind as i8, data, wanted, visitor)
    }

    /// Passes over a value, whatever it is, without going down into it.
    fn skip(&mut self) -> Result<(), Fault> {
        let mut left: usize = 1;
        while left > 0 {
            left -= 1;
            let marker = self.byte()?;
            let (bytes, values) = match marker {
                0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
                0x80..=0x8f => (0, 2 * usize::from(marker & 0x0f)),
                0x90..=0x9f => (0, usize::from(marker & 0x0f)),
                0xa0..=0xbf => (usize::from(marker & 0x1f), 0),
                0xc4 | 0xd9 => (self.length8()?, 0),
                0xc5 | 0xda => (self.length16()?, 0),
                0xc6 | 0xdb => (self.length32()?, 0),
                0xc7 => (1 + self.length8()?, 0),
                0xc8 => (1 + self.length16()?, 0),
                0xc9 => (1 + self.length32()?, 0),
                0xca | 0xce | 0xd2 => (4, 0),
                0xcb | 0xcf | 0xd3 => (8, 0),
                0xcc | 0xd0 => (1, 0),
                0xcd | 0xd1 => (2, 0),
                0xd4..=0xd8 => (1 + (1 << (marker - 0xd4)), 0),
                0xdc => (0, self.length16()?),
                0xdd => (0, self.length32()?),
                0xde => (0, 2 * self.length16()?),
                0xdf => (0, self.length32()?.saturating_mul(2)),
                0xc1 => return Err(Fault::custom("MessagePack has no value that begins with c1")),
            };
            self.take(bytes)?;
            left = left.saturating_add(values);
            if left > self.rest.len() {
                return Err(short());
            }
        }
        Ok(())
    }
}

/// Bytes as the type asked for them.
pub(super) fn show_bytes<'de, V: Visitor<'de>>(
    bytes: &'de [u8],
    wanted: Wanted,
    visitor: V,
) -> Result<V::Value, Fault> {
    if wanted == Wanted::Parts {
        // Of a `Vec<u8>`, which serde shows as a sequence.
        return visitor.visit_seq(de::value::SeqDeserializer::new(bytes.iter().copied()));
    }
    visitor.visit_borrowed_bytes(bytes)
}

fn all_taken(left: usize) -> Result<(), Fault> {
    if left == 0 { Ok(()) } else { Err(Fault::custom(format_args!("{left} elements more than the type takes"))) }
}

#[cold]
pub(super) fn short() -> Fault {
    Fault::custom("the value is cut short")
}

#[cold]
fn too_deep() -> Fault {
    Fault::custom(format_args!("nested deeper than {DEEPEST} levels"))
}

#[cold]
fn unexpected(marker: u8, expected: &str) -> Fault {
    Fault::custom(format_args!("a value that begins with {marker:02x} is not {expected}"))
}

impl<'de> Deserializer<'de> for &mut Decoder<'de> {
    type Error = Fault;

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.value(Wanted::Anything, visitor)
    }

    forward_to_deserialize_any! {
        str string char identifier unit map
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Anything, visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Float, visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(Wanted::Float, visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek()? {
            // 16 bytes, as serde's 128 bits are written.
            0xc4 if self.rest.get(1) == Some(&16) => {
                self.take(2)?;
                visitor.visit_i128(i128::from_be_bytes(self.array()?))
            }
            _ => self.value(Wanted::Wide, visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek()? {
            0xc4 if self.rest.get(1) == Some(&16) => {
                self.take(2)?;
                visitor.visit_u128(u128::from_be_bytes(self.array()?))
            }
            _ => self.value(Wanted::Wide, visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.value(Wanted::Bytes, visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.value(Wanted::Bytes, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.value(Wanted::Parts, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.value(Wanted::Parts, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.value(Wanted::Parts, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.value(Wanted::Parts, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.peek()? == 0xc0 {
            self.byte()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        // An empty array is how a unit struct is written.
        if self.peek()? == 0x90 {
            self.byte()?;
            return visitor.visit_unit();
        }
        self.value(Wanted::Anything, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        if name == EXTENSION_AS_IT_IS {
            let (kind, data) = self.extension()?.ok_or_else(|| Fault::custom("this value is no extension"))?;
            return visitor.visit_newtype_struct(Parts::new(kind, data));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.map_length()? {
            Some(1) => {
                self.descend()?;
                let value = visitor.visit_enum(Entered(&mut *self))?;
                self.levels += 1;
                Ok(value)
            }
            Some(length) => Err(Fault::invalid_length(length, &"the one variant of an enum")),
            None => match self.extension()? {
                Some((kind, data)) => visitor.visit_enum(extension::variant(self, kind, data)?.into_deserializer()),
                None => visitor.visit_enum(UnitOnly(self)),
            },
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.skip()?;
        visitor.visit_unit()
    }
}

/// The elements of an array, or the keys and values of a map, that are left.
struct Elements<'a, 'de> {
    decoder: &'a mut Decoder<'de>,
    left: usize,
}

impl Elements<'_, '_> {
    /// No more than there can be: each takes a byte. The count may be a lie.
    fn at_most(&self) -> usize {
        self.left.min(self.decoder.rest.len())
    }
}

impl<'de> de::SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.at_most())
    }
}

impl<'de> de::MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(&mut *self.decoder)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.at_most())
    }
}

/// What a variant was, said to a type that wants another kind of it.
#[cold]
pub(super) fn not_a_unit(expected: &'static str) -> Fault {
    Fault::invalid_type(Unexpected::UnitVariant, &expected)
}
