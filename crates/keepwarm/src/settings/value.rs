//! A value as settings write it, before anybody knows what it is for.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value as it stands in a file, an environment variable, a URL or code.
///
/// Its own type, and not `toml::Value` or `serde_json::Value`: TOML has no null (Django's `None`), JSON has no way to
/// keep two spellings of one option apart from a repeated one, and neither is to be part of this crate's interface.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum SettingValue {
    /// Django's `None`.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Decimal(f64),
    /// A length of time, from code.
    Duration(Duration),
    /// Text.
    Text(String),
    /// Several values.
    List(Vec<Self>),
    /// Names and values, in the order and with the repetitions they were written.
    Table(Vec<(String, Self)>),
}

impl SettingValue {
    /// What it is, for an error message that must not show it.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing (null)",
            Self::Flag(_) => "true or false",
            Self::Whole(_) | Self::Decimal(_) => "a number",
            Self::Duration(_) => "a duration",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Shows what it is and not what it says: it may be a password, and only its name tells.
impl fmt::Debug for SettingValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.describe())
    }
}

macro_rules! from {
    ($($from:ty => |$given:ident| $value:expr;)*) => {$(
        impl From<$from> for SettingValue {
            fn from($given: $from) -> Self {
                $value
            }
        }
    )*};
}

from! {
    bool => |flag| Self::Flag(flag);
    i32 => |number| Self::Whole(number.into());
    u32 => |number| Self::Whole(number.into());
    i64 => |number| Self::Whole(number);
    // A number beyond the range is then too large for every option, and its message says so.
    u64 => |number| i64::try_from(number).map_or(Self::Decimal(number as f64), Self::Whole);
    f64 => |number| Self::Decimal(number);
    Duration => |duration| Self::Duration(duration);
    &str => |text| Self::Text(text.to_owned());
    String => |text| Self::Text(text);
}

impl<'de> Deserialize<'de> for SettingValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = SettingValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a setting")
    }

    fn visit_unit<E>(self) -> Result<SettingValue, E> {
        Ok(SettingValue::Null)
    }

    fn visit_none<E>(self) -> Result<SettingValue, E> {
        Ok(SettingValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<SettingValue, D::Error> {
        SettingValue::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<SettingValue, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<SettingValue, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<SettingValue, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<SettingValue, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<SettingValue, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<SettingValue, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<SettingValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(SettingValue::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SettingValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(SettingValue::Table(entries))
    }
}
