//! A value's bytes, and what a reader has to know of them beside their codec.

use std::num::NonZeroU32;
use std::ops::Deref;

use bytes::Bytes;

/// The bytes of a value in the form of its codec.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The bytes as they are stored.
    pub bytes: Bytes,
    /// The [fingerprint](crate::schema) of the type's shape; `None` is not checked.
    pub schema: Option<NonZeroU32>,
    /// The length before compression, where the bytes are compressed.
    pub unpacked: Option<u64>,
}

impl Encoded {
    /// Bytes of which nothing more is known, as they came from the codec.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), schema: None, unpacked: None }
    }
}

/// The same where the bytes are somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodedRef<'a> {
    /// See [`Encoded::bytes`].
    pub bytes: &'a [u8],
    /// See [`Encoded::schema`].
    pub schema: Option<NonZeroU32>,
    /// See [`Encoded::unpacked`].
    pub unpacked: Option<u64>,
}

impl<'a> EncodedRef<'a> {
    /// Bytes of which nothing more is known.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, schema: None, unpacked: None }
    }
}

impl<'a> From<&'a Encoded> for EncodedRef<'a> {
    #[inline]
    fn from(encoded: &'a Encoded) -> Self {
        Self { bytes: &encoded.bytes, schema: encoded.schema, unpacked: encoded.unpacked }
    }
}

impl From<EncodedRef<'_>> for Encoded {
    fn from(encoded: EncodedRef<'_>) -> Self {
        Self { bytes: Bytes::copy_from_slice(encoded.bytes), schema: encoded.schema, unpacked: encoded.unpacked }
    }
}

impl Deref for Encoded {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}
