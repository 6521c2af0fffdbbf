//! Codecs: how a value becomes bytes and bytes become a value.
//!
//! MessagePack is the default: compact, self-describing, readable in every language, and unlike pickle it cannot run
//! code. JSON is for stores that people read, raw for text and bytes that other programs read as they are. A codec never
//! decides about misses: it says "undecodable", the front counts.

#[cfg(feature = "zstd")]
pub(crate) mod compression;
#[cfg(not(feature = "zstd"))]
#[path = "no_compression.rs"]
pub(crate) mod compression;
mod encoded;
mod integer;
mod json;
mod messagepack;
mod raw;
mod typed;
mod weight;
mod whole;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use encoded::{Encoded, EncodedRef};

use crate::error::{Error, ErrorKind, Result};
use crate::payload::Undecodable;

pub(crate) use integer::integer;
pub(crate) use typed::{Encoding, decode_as};
pub(crate) use weight::weigh;

/// The longest that a value may become when it is decompressed; longer ones are not compressed.
pub(crate) const LARGEST_UNPACKED: usize = 128 << 20;

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
    /// MessagePack with field names, so that a struct can gain and lose optional fields. What Python wrote reads as the
    /// plain values nearest to it: a tuple as an array, a time as text.
    #[default]
    MessagePack,
    /// JSON; a value that JSON cannot hold exactly (a NaN, a map with keys that are not text) is refused.
    Json,
    /// Text and bytes as they are, for programs that read them without this library; any other value is refused.
    ///
    /// ```
    /// use keepwarm::codec::Codec;
    ///
    /// assert_eq!(&Codec::Raw.encode("text").unwrap()[..], b"text");
    /// assert_eq!(&Codec::Raw.encode(&vec![0_u8, 255]).unwrap()[..], [0, 255]);
    /// assert_eq!(Codec::Raw.decode::<Vec<u8>>(b"text").unwrap(), b"text");
    /// assert!(Codec::Raw.decode::<String>(&[0, 255]).is_err());
    /// assert!(Codec::Raw.encode(&1.5).is_err());
    /// ```
    Raw,
    /// A signed pickle, which Python alone writes and reads. No alias can be set to it here: Rust hands it on as the bytes
    /// it is, and reads it as a miss.
    Pickle,
}

impl Codec {
    /// Every codec that an alias can be set to, in the order of their names in settings.
    pub const ALL: &'static [Self] = &[Self::MessagePack, Self::Json, Self::Raw];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "messagepack",
            Self::Json => "json",
            Self::Raw => "raw",
            Self::Pickle => "pickle",
        }
    }

    /// Its number in the wire format and in the records of a file store.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::MessagePack => 1,
            Self::Json => 2,
            Self::Raw => 3,
            Self::Pickle => 6,
        }
    }

    /// The codec of a number; numbers are never used again.
    pub(crate) const fn numbered(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::MessagePack),
            2 => Some(Self::Json),
            3 => Some(Self::Raw),
            6 => Some(Self::Pickle),
            _ => None,
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
            Self::Raw => raw::encode(value),
            Self::Pickle => Err("only Python can pickle".to_owned()),
        };
        encoded.map(Bytes::from).map_err(|reason| self.cannot_hold(&reason))
    }

    /// Decodes a value; bytes of another type or shape are an answer, not an error.
    ///
    /// # Errors
    /// [`Undecodable`], with what did not fit.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Undecodable> {
        match self {
            Self::MessagePack => messagepack::decode(bytes),
            Self::Json => json::decode(bytes),
            Self::Raw => raw::decode(bytes),
            Self::Pickle => Err("it is a pickle, which only Python reads".to_owned()),
        }
        .map_err(Undecodable)
    }

    #[cold]
    fn cannot_hold(self, reason: &str) -> Error {
        Error::new(ErrorKind::Encode, format!("{} cannot hold this value: {reason}", self.name()))
    }
}
