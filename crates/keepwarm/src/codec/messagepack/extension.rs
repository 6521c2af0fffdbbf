//! The extensions in which Python's values lie, shown to serde as the plain values nearest to them.

use serde::de::value::{BorrowedBytesDeserializer, Error as Fault, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::decoder::{Decoder, Wanted, short, show_bytes};
use super::{integers, times};

const TUPLE: i8 = 1;
const SET: i8 = 2;
const FROZEN_SET: i8 = 3;
const INTEGER: i8 = 4;
const DECIMAL: i8 = 5;
const DATE_TIME: i8 = 6;
const DATE: i8 = 7;
const TIME: i8 = 8;
const DURATION: i8 = 9;
const UUID: i8 = 10;
const COMPLEX: i8 = 11;
const BYTE_ARRAY: i8 = 12;
const ENUM: i8 = 13;

/// An extension as what the type asked for.
pub(super) fn show<'de, V: Visitor<'de>>(
    outer: &Decoder<'de>,
    kind: i8,
    data: &'de [u8],
    wanted: Wanted,
    visitor: V,
) -> Result<V::Value, Fault> {
    match kind {
        TUPLE | SET | FROZEN_SET => {
            let mut inner = outer.inside(data)?;
            if !matches!(inner.peek()?, 0x90..=0x9f | 0xdc | 0xdd) {
                return Err(Fault::custom("a tuple or set holds no array"));
            }
            let value = inner.value(wanted, visitor)?;
            inner.end()?;
            Ok(value)
        }
        INTEGER => match (wanted, integers::narrow(data)?) {
            (Wanted::Wide, Some(number)) => visitor.visit_i128(number),
            (Wanted::Wide, None) if integers::unsigned(data).is_some() => {
                visitor.visit_u128(integers::unsigned(data).unwrap_or_default())
            }
            _ => visitor.visit_string(integers::decimal(data)?),
        },
        DECIMAL => visitor.visit_borrowed_str(ascii(data)?),
        DATE => visitor.visit_borrowed_str(times::date(ascii(data)?)?),
        TIME => visitor.visit_borrowed_str(times::time(ascii(data)?)?),
        DATE_TIME => visitor.visit_borrowed_str(times::date_time(ascii(data)?)?),
        DURATION => {
            let text = ascii(data)?;
            let (seconds, nanoseconds) = times::duration(text)?;
            match wanted {
                Wanted::Parts => visitor.visit_seq(SeqDeserializer::new([seconds, i64::from(nanoseconds)].into_iter())),
                Wanted::Float => visitor.visit_f64(seconds as f64 + f64::from(nanoseconds) / 1e9),
                _ => visitor.visit_borrowed_str(text),
            }
        }
        UUID => {
            let bytes: [u8; 16] = data.try_into().map_err(|_| Fault::custom("a UUID is not 16 bytes long"))?;
            match wanted {
                Wanted::Bytes | Wanted::Parts => show_bytes(data, wanted, visitor),
                _ => visitor.visit_string(hyphenated(bytes)),
            }
        }
        COMPLEX => {
            let (parts, []) = data.as_chunks::<8>() else { return Err(Fault::custom("a complex number is cut short")) };
            let [real, imaginary] = parts else { return Err(Fault::custom("a complex number has two parts")) };
            visitor.visit_seq(SeqDeserializer::new([*real, *imaginary].map(f64::from_be_bytes).into_iter()))
        }
        BYTE_ARRAY => show_bytes(data, wanted, visitor),
        ENUM => {
            let (_, mut inner) = member(outer, data)?;
            let value = inner.value(wanted, visitor)?;
            inner.end()?;
            Ok(value)
        }
        _ => Err(unknown(kind)),
    }
}

/// The name of the variant, of an extension that is asked for as an enum.
pub(super) fn variant<'de>(outer: &Decoder<'de>, kind: i8, data: &'de [u8]) -> Result<&'de str, Fault> {
    if kind != ENUM {
        return Err(unknown(kind));
    }
    let (name, mut inner) = member(outer, data)?;
    serde::de::IgnoredAny::deserialize(&mut inner)?;
    inner.end()?;
    Ok(name)
}

/// The name of an enum's member, and the reader of its value.
fn member<'de>(outer: &Decoder<'de>, data: &'de [u8]) -> Result<(&'de str, Decoder<'de>), Fault> {
    let mut inner = outer.inside(data)?;
    if inner.array_length()? != 4 {
        return Err(Fault::custom("an enum's member is module, class, name and value"));
    }
    let _module = <&str>::deserialize(&mut inner)?;
    let _class = <&str>::deserialize(&mut inner)?;
    let name = <&str>::deserialize(&mut inner)?;
    Ok((name, inner))
}

#[cold]
fn unknown(kind: i8) -> Fault {
    Fault::custom(format_args!("an extension of type {kind} is not known here"))
}

fn ascii(data: &[u8]) -> Result<&str, Fault> {
    if !data.is_ascii() || data.is_empty() {
        return Err(Fault::custom("the text of an extension is not ASCII"));
    }
    std::str::from_utf8(data).map_err(Fault::custom)
}

fn hyphenated(bytes: [u8; 16]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An extension as it is, its type and its data, for types that ask for that.
pub(super) struct Parts<'de> {
    kind: Option<i8>,
    data: Option<&'de [u8]>,
}

impl<'de> Parts<'de> {
    pub(super) fn new(kind: i8, data: &'de [u8]) -> Self {
        Self { kind: Some(kind), data: Some(data) }
    }
}

impl<'de> Deserializer<'de> for Parts<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for Parts<'de> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if let Some(kind) = self.kind.take() {
            return seed.deserialize(IntoDeserializer::<Fault>::into_deserializer(kind)).map(Some);
        }
        match self.data.take() {
            Some(data) => seed.deserialize(BorrowedBytesDeserializer::<Fault>::new(data)).map(Some),
            None => Ok(None),
        }
    }
}

/// Bytes that an extension has to have.
pub(super) fn first(data: &[u8]) -> Result<u8, Fault> {
    data.first().copied().ok_or_else(short)
}
