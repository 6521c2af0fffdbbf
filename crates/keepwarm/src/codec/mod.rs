//! Codecs: how a value becomes bytes and bytes become a value.
//!
//! MessagePack is the default: compact, self-describing, readable in every language, and unlike pickle it cannot run
//! code. JSON is for stores that people read. A codec never decides about misses: it says "undecodable", the front counts.

mod integer;
mod json;
mod messagepack;
mod weight;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::payload::Undecodable;

pub(crate) use integer::integer;
pub(crate) use weight::weigh;

/// How values are encoded for stores that keep bytes.
///
/// ```
/// use keepwarm::codec::Codec;
///
/// let bytes = Codec::Json.encode(&("a", 1)).unwrap();
/// assert_eq!(&bytes[..], br#"["a",1]"#);
/// assert_eq!(Codec::Json.decode::<(String, i32)>(&bytes).unwrap(), ("a".to_owned(), 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack with field names, so that a struct can gain and lose optional fields.
    #[default]
    MessagePack,
    /// JSON; a value that JSON cannot hold exactly (a NaN, a map with keys that are not text) is refused.
    Json,
}

impl Codec {
    /// Every codec, in the order of their names in settings.
    pub const ALL: &'static [Self] = &[Self::MessagePack, Self::Json];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "messagepack",
            Self::Json => "json",
        }
    }

    /// Encodes a value.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`] when the type refuses, or the codec cannot hold the value exactly.
    pub fn encode<V: ?Sized + Serialize>(self, value: &V) -> Result<Bytes> {
        let encoded = match self {
            Self::MessagePack => messagepack::encode(value),
            Self::Json => json::encode(value),
        };
        encoded.map(Bytes::from).map_err(|reason| {
            Error::new(ErrorKind::Encode, format!("{} cannot hold this value: {reason}", self.name()))
        })
    }

    /// Decodes a value; bytes of another type or shape are an answer, not an error.
    ///
    /// # Errors
    /// [`Undecodable`], with what did not fit.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Undecodable> {
        match self {
            Self::MessagePack => messagepack::decode(bytes),
            Self::Json => json::decode(bytes),
        }
        .map_err(Undecodable)
    }
}
