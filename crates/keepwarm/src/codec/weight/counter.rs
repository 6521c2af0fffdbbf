//! A serializer that writes nothing and counts what it is shown.
//!
//! Two sources are held together: the parts that serde shows (a text of 30 bytes, a sequence of 4), and the true size of
//! each field, which a serializer can see because it is handed a reference to it. Elements of a collection come as
//! references to references, so their own size is put together from their parts.

use std::any::type_name;
use std::fmt::{self, Display, Write};

use serde::Serializer;
use serde::ser::{self, Serialize};

use super::collections::{Fields, Kind, Map, Sequence};
use super::heap::{POINTER, VECTOR, block};

/// What is known of one part of a value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    /// Its size where it lies; 0 when nothing showed it, as with `None`.
    pub(super) inline: usize,
    /// What it owns elsewhere.
    pub(super) heap: usize,
    pub(super) align: usize,
    /// Whether it has spare bit patterns that an `Option` or an enum around it can use.
    pub(super) niche: bool,
}

impl Part {
    pub(super) fn number(size: usize) -> Self {
        Self { inline: size, align: size.min(16), niche: false, heap: 0 }
    }

    pub(super) fn owner(inline: usize, heap: usize) -> Self {
        Self { inline, align: POINTER, niche: true, heap }
    }

    fn text(length: usize) -> Self {
        Self::owner(VECTOR, block(length))
    }
}

/// Weighs a value of which the true size is known.
pub(super) fn field<T: ?Sized + Serialize>(value: &T) -> Result<Part, Unmeasurable> {
    let told = value.serialize(Counter)?;
    let (size, align) = (size_of_val(value), align_of_val(value));
    if align < POINTER {
        // No pointer fits, so what was shown is written out, not held: a date as text, an address as numbers.
        return Ok(Part { inline: size, align, niche: told.niche, heap: 0 });
    }
    if size == POINTER && told.inline > POINTER {
        // More than fits into one pointer: it is one, and what was shown lies behind it.
        return Ok(Part::owner(size, told.heap.saturating_add(block(told.inline))));
    }
    Ok(Part { inline: size, align, ..told })
}

/// Weighs a key, value or element of a collection, of which there may be only a reference.
pub(super) fn item<T: ?Sized + Serialize>(value: &T) -> Result<Part, Unmeasurable> {
    if is::<T, serde_json::Value>() {
        // It shows itself as whatever it holds, a number for example, but is always as large as its largest kind.
        let told = value.serialize(Counter)?;
        return Ok(Part::owner(size_of::<serde_json::Value>(), told.heap));
    }
    if size_of_val(value) == POINTER { value.serialize(Counter) } else { field(value) }
}

/// The name of a type, without what says that it is borrowed.
///
/// Types here need not be `'static`, so they have names but no ids. A name that is not recognised makes the estimate
/// coarser and nothing else.
pub(super) fn bare_name<T: ?Sized>() -> &'static str {
    let mut name = type_name::<T>();
    while let Some(rest) = name.strip_prefix('&') {
        name = rest;
    }
    name
}

/// Whether `T` is a `U`, or a reference to one.
pub(super) fn is<T: ?Sized, U: ?Sized>() -> bool {
    bare_name::<T>() == type_name::<U>()
}

/// The size of a plain number, by its type.
fn width<T: ?Sized>() -> Option<usize> {
    Some(match bare_name::<T>() {
        "u8" | "i8" | "bool" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" | "f32" | "char" => 4,
        "u64" | "i64" | "f64" => 8,
        "usize" | "isize" => POINTER,
        "u128" | "i128" => 16,
        _ => return None,
    })
}

/// The value's own `Serialize` failed.
#[derive(Debug)]
pub(super) struct Unmeasurable;

impl Display for Unmeasurable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the type refuses to be serialised")
    }
}

impl std::error::Error for Unmeasurable {}

impl ser::Error for Unmeasurable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Shown a value, tells its [`Part`].
pub(super) struct Counter;

macro_rules! numbers {
    ($($verb:ident($number:ty))*) => {$(
        fn $verb(self, _: $number) -> Result<Part, Unmeasurable> {
            Ok(Part::number(size_of::<$number>()))
        }
    )*};
}

impl Serializer for Counter {
    type Ok = Part;
    type Error = Unmeasurable;
    type SerializeSeq = Sequence;
    type SerializeTuple = Fields;
    type SerializeTupleStruct = Fields;
    type SerializeTupleVariant = Fields;
    type SerializeMap = Map;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    numbers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64)
    }

    fn serialize_bool(self, _: bool) -> Result<Part, Unmeasurable> {
        Ok(Part { niche: true, ..Part::number(1) })
    }

    fn serialize_char(self, _: char) -> Result<Part, Unmeasurable> {
        Ok(Part { niche: true, ..Part::number(4) })
    }

    fn serialize_str(self, text: &str) -> Result<Part, Unmeasurable> {
        Ok(Part::text(text.len()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Part, Unmeasurable> {
        Ok(Part::text(bytes.len()))
    }

    fn serialize_none(self) -> Result<Part, Unmeasurable> {
        Ok(Part::default())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Part, Unmeasurable> {
        let part = field(value)?;
        let tag = if part.niche { 0 } else { part.align };
        Ok(Part { inline: part.inline + tag, niche: true, ..part })
    }

    fn serialize_unit(self) -> Result<Part, Unmeasurable> {
        Ok(Part::default())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Part, Unmeasurable> {
        Ok(Part::default())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<Part, Unmeasurable> {
        Ok(Part { niche: true, ..Part::number(1) })
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<Part, Unmeasurable> {
        field(value)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<Part, Unmeasurable> {
        let mut fields = Fields::tagged();
        fields.add(field(value)?);
        Ok(fields.sum())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence, Unmeasurable> {
        Ok(Sequence::of(Kind::Unknown))
    }

    fn serialize_tuple(self, _: usize) -> Result<Fields, Unmeasurable> {
        Ok(Fields::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Fields, Unmeasurable> {
        Ok(Fields::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields, Unmeasurable> {
        Ok(Fields::tagged())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map, Unmeasurable> {
        Ok(Map::of(Kind::Unknown))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Unmeasurable> {
        Ok(Fields::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Fields, Unmeasurable> {
        Ok(Fields::tagged())
    }

    fn collect_seq<I>(self, items: I) -> Result<Part, Unmeasurable>
    where
        I: IntoIterator<Item: Serialize>,
    {
        let mut sequence = Sequence::of(Kind::of::<I>());
        let items = items.into_iter();
        // Megabytes of plain numbers need no walk.
        if let (Some(width), (least, Some(most))) = (width::<I::Item>(), items.size_hint())
            && least == most
        {
            return Ok(sequence.of_numbers(most, width));
        }
        for each in items {
            sequence.add(item(&each)?);
        }
        Ok(sequence.sum())
    }

    fn collect_map<K, V, I>(self, entries: I) -> Result<Part, Unmeasurable>
    where
        K: Serialize,
        V: Serialize,
        I: IntoIterator<Item = (K, V)>,
    {
        let mut map = Map::of(Kind::of::<I>());
        for (key, value) in entries {
            map.add(item(&key)?, item(&value)?);
        }
        Ok(map.sum())
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Result<Part, Unmeasurable> {
        struct Length(usize);
        impl Write for Length {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len();
                Ok(())
            }
        }
        let mut length = Length(0);
        write!(length, "{value}").map_err(|_| Unmeasurable)?;
        Ok(Part::text(length.0))
    }

    /// As in the default codec, so that types show themselves as they are and not as text.
    fn is_human_readable(&self) -> bool {
        false
    }
}
