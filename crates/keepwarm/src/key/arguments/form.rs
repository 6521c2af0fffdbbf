//! The canonical form of a value: one text per value, no two values with one text.
//!
//! | value | form |
//! |---|---|
//! | integers, also `usize` (by value: widening a parameter's type keeps its entries) | `-42` |
//! | `bool` | `true` |
//! | `f32`, `f64` (by bits: `0.0` and `-0.0` differ) | `f32:3f800000`, `f64:3ff0000000000000` |
//! | text, `char` | `s5:alice`, `c1:a` |
//! | bytes (serde's, not `[u8]`) | `b4:00ff` |
//! | `None`, `Some(7)`, `()` | `none`, `some(7)`, `()` |
//! | lists, tuples | `[1,2]`, `(1,2)` |
//! | maps (sorted by the form of the key) | `{s1:a=1,s1:b=2}` |
//! | structs (sorted by field) | `n6:Filter{s4:page=1,s5:query=none}`, `n2:Id(5)`, `n4:Unit` |
//! | enum variants | `v6:Active`, `v4:Only(7)`, `v5:Range{s2:to=9}` |
//! | types | `t3:i32` |
//!
//! The number before a colon is the length of the text after it. Characters that are not printable ASCII, spaces and `%`
//! are percent-escaped inside texts. Each form ends by itself (a digit is followed by `,`, `=` or a closing bracket), so that
//! the whole is read back in one way only: that makes it injective.
//!
//! A hash set has no order of its own, but serde shows it as a list. It is recognised by its type's name (through references
//! and smart pointers) and sorted; behind `#[serde(transparent)]` it is not seen, and gives misses, not wrong entries.

mod compound;

use std::any::type_name;
use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

use compound::{Entries, Items};

/// The canonical form being written; what [`KeyPart`](super::KeyPart) writes into.
#[derive(Debug)]
pub struct KeyForm(String);

impl KeyForm {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(String::with_capacity(capacity))
    }

    /// Writes the form of a value; several values in a row should go in as one tuple.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`](crate::ErrorKind::InvalidKey) when the type's own `Serialize` fails, as for a path that is
    /// not Unicode.
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        write_value(&mut self.0, value).map_err(|reason| Error::new(ErrorKind::InvalidKey, reason.0))
    }

    pub(super) fn text_mut(&mut self) -> &mut String {
        &mut self.0
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A kind letter, the length and the escaped text.
pub(super) fn push_prefixed(out: &mut String, kind: char, text: &str) {
    let length: usize = text.bytes().map(|byte| if is_plain(byte) { 1 } else { 3 }).sum();
    // Writing into a String cannot fail, here and below.
    let _ = write!(out, "{kind}{length}:");
    push_escaped(out, text);
}

/// The text with everything escaped that memcached or a terminal could choke on.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'%'
}

/// Every value goes in here, at every depth, because only here its static type is known.
fn write_value<T: Serialize + ?Sized>(out: &mut String, value: &T) -> Result<(), NoForm> {
    value.serialize(ValueForm { out, type_name: type_name::<T>() })
}

/// Whether this is a set without an order, seen through references and smart pointers.
fn is_hash_set(type_name: &str) -> bool {
    const WRAPPERS: [&str; 6] =
        ["&", "mut ", "alloc::boxed::Box<", "alloc::sync::Arc<", "alloc::rc::Rc<", "alloc::borrow::Cow<"];
    let mut name = type_name;
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = inner;
    }
    name.split('<').next().is_some_and(|path| path.ends_with("HashSet"))
}

/// What a type's own `Serialize` said when it failed.
#[derive(Debug)]
struct NoForm(String);

impl Display for NoForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for NoForm {}

impl ser::Error for NoForm {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct ValueForm<'a> {
    out: &'a mut String,
    type_name: &'static str,
}

impl ValueForm<'_> {
    fn display(self, value: impl Display) -> Result<(), NoForm> {
        let _ = write!(self.out, "{value}");
        Ok(())
    }

    fn prefixed(self, kind: char, text: &str) -> Result<(), NoForm> {
        push_prefixed(self.out, kind, text);
        Ok(())
    }
}

/// Integers of every width in one way: by value.
macro_rules! integers {
    ($($method:ident($integer:ty)),* $(,)?) => {
        $(fn $method(self, value: $integer) -> Result<(), NoForm> {
            self.display(value)
        })*
    };
}

impl<'a> Serializer for ValueForm<'a> {
    type Ok = ();
    type Error = NoForm;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Entries<'a>;
    type SerializeStructVariant = Entries<'a>;

    integers! {
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64), serialize_i128(i128),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_u128(u128),
        serialize_bool(bool),
    }

    fn serialize_f32(self, value: f32) -> Result<(), NoForm> {
        self.display(format_args!("f32:{:08x}", value.to_bits()))
    }

    fn serialize_f64(self, value: f64) -> Result<(), NoForm> {
        self.display(format_args!("f64:{:016x}", value.to_bits()))
    }

    fn serialize_char(self, value: char) -> Result<(), NoForm> {
        self.prefixed('c', value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), NoForm> {
        self.prefixed('s', value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), NoForm> {
        let _ = write!(self.out, "b{}:", value.len() * 2);
        super::push_hexadecimal(self.out, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NoForm> {
        self.display("none")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoForm> {
        self.out.push_str("some(");
        write_value(self.out, value)?;
        self.out.push(')');
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), NoForm> {
        self.display("()")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), NoForm> {
        self.prefixed('n', name)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NoForm> {
        self.prefixed('v', variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), NoForm> {
        push_prefixed(self.out, 'n', name);
        self.out.push('(');
        write_value(self.out, value)?;
        self.out.push(')');
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), NoForm> {
        push_prefixed(self.out, 'v', variant);
        self.out.push('(');
        write_value(self.out, value)?;
        self.out.push(')');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, NoForm> {
        let sorted = is_hash_set(self.type_name);
        Ok(Items::open(self.out, ['[', ']'], sorted))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, NoForm> {
        Ok(Items::open(self.out, ['(', ')'], false))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Items<'a>, NoForm> {
        push_prefixed(self.out, 'n', name);
        Ok(Items::open(self.out, ['(', ')'], false))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, NoForm> {
        push_prefixed(self.out, 'v', variant);
        Ok(Items::open(self.out, ['(', ')'], false))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, NoForm> {
        Ok(Entries::open(self.out))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Entries<'a>, NoForm> {
        push_prefixed(self.out, 'n', name);
        Ok(Entries::open(self.out))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'a>, NoForm> {
        push_prefixed(self.out, 'v', variant);
        Ok(Entries::open(self.out))
    }
}
