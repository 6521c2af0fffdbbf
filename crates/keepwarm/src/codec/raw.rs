//! Text and bytes as they are, for stores that others read as well. What a value has to be is in `docs/wire-format.md`.

use serde::Serialize;
use serde::de::value::{Error as Fault, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::whole::taken_whole;

pub(super) fn encode<V: ?Sized + Serialize>(value: &V) -> Result<Vec<u8>, String> {
    let head = |_, length, out: &mut Vec<u8>| {
        out.reserve_exact(length);
        Ok(())
    };
    taken_whole(value, Vec::new(), head).map_err(|refused| refused.0)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    T::deserialize(Raw(bytes)).map_err(|error| error.to_string())
}

/// Bytes that the type says how to read.
struct Raw<'de>(&'de [u8]);

impl<'de> Raw<'de> {
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(std::str::from_utf8(self.0).map_err(serde::de::Error::custom)?)
    }

    fn elements<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut elements = SeqDeserializer::new(self.0.iter().copied());
        let value = visitor.visit_seq(&mut elements)?;
        elements.end()?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for Raw<'de> {
    type Error = Fault;

    fn is_human_readable(&self) -> bool {
        false
    }

    /// A type that takes anything gets text where it is some. Numbers and structs end here as well, and refuse it.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match std::str::from_utf8(self.0) {
            Ok(text) => visitor.visit_borrowed_str(text),
            Err(_) => visitor.visit_borrowed_bytes(self.0),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.0)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.0)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.elements(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.elements(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let text = std::str::from_utf8(self.0).map_err(serde::de::Error::custom)?;
        visitor.visit_enum(serde::de::value::BorrowedStrDeserializer::new(text))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 unit unit_struct tuple_struct map struct identifier
        ignored_any
    }
}
