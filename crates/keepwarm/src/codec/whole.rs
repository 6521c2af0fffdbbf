//! Values that are nothing but text or bytes, taken whole: one copy, where a serializer would be shown one byte at a time.
//!
//! Which types those are is decided by what they show to serde; no type can be asked for its bytes otherwise without an
//! unsafe cast.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeSeq, SerializeTuple, Serializer};

/// What a value is nothing but.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bytes,
}

/// Why a value is neither.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[cold]
fn refused(what: &str) -> Refused {
    Refused(format!("it is {what}, neither text nor bytes"))
}

/// The text or bytes of `value`, behind what `head` writes for their length.
///
/// `out` is memory to write to, whatever is in it.
pub(super) fn taken_whole<V, H>(value: &V, mut out: Vec<u8>, head: H) -> Result<Vec<u8>, Refused>
where
    V: ?Sized + Serialize,
    H: Fn(Kind, usize, &mut Vec<u8>) -> Result<(), Refused>,
{
    out.clear();
    value.serialize(Whole { out, head })
}

struct Whole<H> {
    out: Vec<u8>,
    head: H,
}

impl<H: Fn(Kind, usize, &mut Vec<u8>) -> Result<(), Refused>> Whole<H> {
    fn behind_head(self, kind: Kind, content: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut out = self.out;
        (self.head)(kind, content.len(), &mut out)?;
        out.extend_from_slice(content);
        Ok(out)
    }
}

macro_rules! refuse {
    ($($method:ident($type:ty) $what:literal)*) => {$(
        fn $method(self, _value: $type) -> Result<Vec<u8>, Refused> {
            Err(refused($what))
        }
    )*};
}

impl<H: Fn(Kind, usize, &mut Vec<u8>) -> Result<(), Refused>> Serializer for Whole<H> {
    type Ok = Vec<u8>;
    type Error = Refused;
    type SerializeSeq = Collected<H>;
    type SerializeTuple = Collected<H>;
    type SerializeTupleStruct = Impossible<Vec<u8>, Refused>;
    type SerializeTupleVariant = Impossible<Vec<u8>, Refused>;
    type SerializeMap = Impossible<Vec<u8>, Refused>;
    type SerializeStruct = Impossible<Vec<u8>, Refused>;
    type SerializeStructVariant = Impossible<Vec<u8>, Refused>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_str(self, text: &str) -> Result<Vec<u8>, Refused> {
        self.behind_head(Kind::Text, text.as_bytes())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Vec<u8>, Refused> {
        self.behind_head(Kind::Bytes, bytes)
    }

    /// Where a slice of `u8` comes through. Which it is, is known when this is compiled: what is left is a copy.
    fn collect_seq<I>(self, items: I) -> Result<Vec<u8>, Refused>
    where
        I: IntoIterator<Item: Serialize>,
    {
        let items = items.into_iter();
        let length = items.size_hint().0;
        let mut out = self.out;
        (self.head)(Kind::Bytes, length, &mut out)?;
        let before = out.len();
        let mut other = None;
        out.extend(items.map(|item| {
            item.serialize(OneByte).unwrap_or_else(|refused| {
                other = Some(refused);
                0
            })
        }));
        match other {
            Some(refused) => Err(refused),
            None if out.len() - before != length => Err(refused("a sequence that misjudges its length")),
            None => Ok(out),
        }
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Collected<H>, Refused> {
        Ok(Collected { bytes: Vec::with_capacity(length.unwrap_or(0).min(1 << 20)), into: self })
    }

    fn serialize_tuple(self, length: usize) -> Result<Collected<H>, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Vec<u8>, Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<Vec<u8>, Refused> {
        value.serialize(self)
    }

    fn serialize_char(self, character: char) -> Result<Vec<u8>, Refused> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Vec<u8>, Refused> {
        self.serialize_str(variant)
    }

    refuse! {
        serialize_bool(bool) "a boolean"
        serialize_i8(i8) "a number"
        serialize_i16(i16) "a number"
        serialize_i32(i32) "a number"
        serialize_i64(i64) "a number"
        serialize_i128(i128) "a number"
        serialize_u8(u8) "a number"
        serialize_u16(u16) "a number"
        serialize_u32(u32) "a number"
        serialize_u64(u64) "a number"
        serialize_u128(u128) "a number"
        serialize_f32(f32) "a number"
        serialize_f64(f64) "a number"
        serialize_unit_struct(&'static str) "nothing"
    }

    fn serialize_none(self) -> Result<Vec<u8>, Refused> {
        Err(refused("nothing"))
    }

    fn serialize_unit(self) -> Result<Vec<u8>, Refused> {
        Err(refused("nothing"))
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Vec<u8>, Refused> {
        Err(refused("an enum"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Refused> {
        Err(refused("a struct"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refused> {
        Err(refused("an enum"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Refused> {
        Err(refused("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Refused> {
        Err(refused("a struct"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refused> {
        Err(refused("an enum"))
    }
}

/// Bytes that are shown one after another.
pub(super) struct Collected<H> {
    bytes: Vec<u8>,
    into: Whole<H>,
}

impl<H: Fn(Kind, usize, &mut Vec<u8>) -> Result<(), Refused>> SerializeSeq for Collected<H> {
    type Ok = Vec<u8>;
    type Error = Refused;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Refused> {
        self.bytes.push(value.serialize(OneByte)?);
        Ok(())
    }

    fn end(self) -> Result<Vec<u8>, Refused> {
        self.into.behind_head(Kind::Bytes, &self.bytes)
    }
}

impl<H: Fn(Kind, usize, &mut Vec<u8>) -> Result<(), Refused>> SerializeTuple for Collected<H> {
    type Ok = Vec<u8>;
    type Error = Refused;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Refused> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Vec<u8>, Refused> {
        SerializeSeq::end(self)
    }
}

/// An element that is a `u8`, and nothing that could be taken for one.
struct OneByte;

macro_rules! only_bytes {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, _value: $type) -> Result<u8, Refused> {
            Err(refused("a sequence of other things than bytes"))
        }
    )*};
}

macro_rules! no_compound {
    ($($method:ident($($argument:ty),*) -> $compound:ident)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<Self::$compound, Refused> {
            Err(refused("a sequence of other things than bytes"))
        }
    )*};
}

impl Serializer for OneByte {
    type Ok = u8;
    type Error = Refused;
    type SerializeSeq = Impossible<u8, Refused>;
    type SerializeTuple = Impossible<u8, Refused>;
    type SerializeTupleStruct = Impossible<u8, Refused>;
    type SerializeTupleVariant = Impossible<u8, Refused>;
    type SerializeMap = Impossible<u8, Refused>;
    type SerializeStruct = Impossible<u8, Refused>;
    type SerializeStructVariant = Impossible<u8, Refused>;

    #[inline(always)]
    fn serialize_u8(self, byte: u8) -> Result<u8, Refused> {
        Ok(byte)
    }

    only_bytes! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_f32(f32)
        serialize_f64(f64)
        serialize_char(char)
        serialize_str(&str)
        serialize_bytes(&[u8])
        serialize_unit_struct(&'static str)
    }

    no_compound! {
        serialize_none() -> Ok
        serialize_unit() -> Ok
        serialize_unit_variant(&'static str, u32, &'static str) -> Ok
        serialize_seq(Option<usize>) -> SerializeSeq
        serialize_tuple(usize) -> SerializeTuple
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant
        serialize_map(Option<usize>) -> SerializeMap
        serialize_struct(&'static str, usize) -> SerializeStruct
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }

    fn serialize_some<T: ?Sized + Serialize>(self, _: &T) -> Result<u8, Refused> {
        Err(refused("a sequence of other things than bytes"))
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, _: &T) -> Result<u8, Refused> {
        Err(refused("a sequence of other things than bytes"))
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<u8, Refused> {
        Err(refused("a sequence of other things than bytes"))
    }
}
