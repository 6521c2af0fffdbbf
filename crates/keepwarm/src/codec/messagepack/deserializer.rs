//! What a type may ask the decoder for.

use serde::de::value::Error as Fault;
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::decoder::{Decoder, Wanted};
use super::enums::{Entered, UnitOnly};
use super::extension::{self, Parts};

/// How `rmp-serde` names a type that wants an extension as it is.
const EXTENSION_AS_IT_IS: &str = "_ExtStruct";

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
