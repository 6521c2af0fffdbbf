//! The version in a stored key: Django's number, or a word.

use std::borrow::Cow;
use std::fmt;

/// The version part of a stored key; see Django's "cache versioning".
///
/// ```
/// use keepwarm::key::Version;
///
/// assert_eq!(Version::from(2).to_string(), "2");
/// assert_eq!(Version::from("beta").to_string(), "beta");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(Repr);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Repr {
    Number(i64),
    Word(Cow<'static, str>),
}

impl Version {
    /// The number, if it is one: only numbers can be counted up by `incr_version`.
    pub fn number(&self) -> Option<i64> {
        match &self.0 {
            Repr::Number(number) => Some(*number),
            Repr::Word(word) => word.parse().ok(),
        }
    }
}

impl Default for Version {
    fn default() -> Self {
        Self(Repr::Number(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => number.fmt(formatter),
            Repr::Word(word) => word.fmt(formatter),
        }
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {$(
        impl From<$number> for Version {
            fn from(number: $number) -> Self {
                Self(Repr::Number(number.into()))
            }
        }
    )*};
}

from_number!(i8, i16, i32, i64, u8, u16, u32);

impl From<&str> for Version {
    fn from(word: &str) -> Self {
        Self(Repr::Word(Cow::Owned(word.to_owned())))
    }
}

impl From<String> for Version {
    fn from(word: String) -> Self {
        Self(Repr::Word(Cow::Owned(word)))
    }
}
