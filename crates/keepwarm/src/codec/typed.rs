//! Encoding and decoding where the type is known: text and bytes are copied, not taken apart; a type with a fingerprint
//! is held against the entry's; what is large is compressed where the alias says so.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::{Codec, Encoded, EncodedRef, LARGEST_UNPACKED, compression, messagepack};
use crate::error::Result;
use crate::payload::{Undecodable, Unreadable, Value};
use crate::schema;

/// The memory that a thread keeps to encode in is no larger than this.
const KEPT: usize = 64 << 10;

thread_local! {
    static LENT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How an alias encodes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Encoding {
    pub(crate) codec: Codec,
    /// From how many bytes on they are compressed; `None` for never.
    pub(crate) compress_min_bytes: Option<u64>,
}

impl From<Codec> for Encoding {
    fn from(codec: Codec) -> Self {
        Self { codec, compress_min_bytes: None }
    }
}

impl Encoding {
    /// Encodes a value whose owned type is `T`.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the type refuses, or the codec cannot hold the value exactly.
    pub(crate) fn encode<V: ?Sized + Serialize, T: Value>(self, value: &V) -> Result<Encoded> {
        let whole =
            (self.codec == Codec::MessagePack && is_whole::<T>()).then(|| messagepack::encode_whole(value, Vec::new()));
        let bytes = match whole {
            Some(Ok(bytes)) => bytes.into(),
            _ => self.codec.encode(value)?,
        };
        let encoded = Encoded { schema: schema::of::<T>(), ..Encoded::new(bytes) };
        Ok(self.packed(encoded))
    }

    /// The same, shown to `store`, for who copies it from there. Text and bytes are not allocated for it: they are written where
    /// this thread's last ones were.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    #[inline]
    pub(crate) fn lend<V: ?Sized + Serialize, T: Value, R>(
        self,
        value: &V,
        store: impl FnOnce(EncodedRef<'_>) -> R,
    ) -> Result<R> {
        let plain = self.codec == Codec::MessagePack && self.compress_min_bytes.is_none() && is_whole::<T>();
        if plain && let Ok(bytes) = messagepack::encode_whole(value, LENT.take()) {
            let answer = store(EncodedRef { schema: schema::of::<T>(), ..EncodedRef::new(&bytes) });
            if bytes.capacity() <= KEPT {
                LENT.set(bytes);
            }
            return Ok(answer);
        }
        Ok(store(EncodedRef::from(&self.encode::<V, T>(value)?)))
    }

    /// The value compressed, where that is due and makes it smaller.
    pub(crate) fn packed(self, encoded: Encoded) -> Encoded {
        let length = encoded.bytes.len();
        let due = self.compress_min_bytes.is_some_and(|least| length as u64 >= least);
        if !due || encoded.unpacked.is_some() || length > LARGEST_UNPACKED {
            return encoded;
        }
        match compression::pack(&encoded.bytes) {
            Some(bytes) => Encoded { bytes, unpacked: Some(length as u64), ..encoded },
            None => encoded,
        }
    }
}

impl Encoded {
    /// The bytes as the codec made them.
    ///
    /// # Errors
    /// [`Undecodable`] when they are compressed and cannot be decompressed: they are damaged, too long, or this program
    /// has no decompression.
    pub fn unpacked(&self) -> Result<Bytes, Undecodable> {
        match self.unpacked {
            None => Ok(self.bytes.clone()),
            Some(length) => compression::unpack(&self.bytes, length),
        }
    }
}

impl<'a> EncodedRef<'a> {
    /// As [`Encoded::unpacked`]; what is not compressed is not copied.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn unpacked(self) -> Result<Cow<'a, [u8]>, Undecodable> {
        match self.unpacked {
            None => Ok(Cow::Borrowed(self.bytes)),
            Some(length) => compression::unpack(self.bytes, length).map(|bytes| Cow::Owned(bytes.into())),
        }
    }
}

/// Decodes a value, whatever lies around it.
///
/// # Errors
/// [`Unreadable`]: of another shape, or undecodable.
pub(crate) fn decode_as<T: Value>(codec: Codec, encoded: EncodedRef<'_>) -> Result<T, Unreadable> {
    if let Some(written) = encoded.schema
        && schema::of::<T>().is_some_and(|own| own != written)
    {
        return Err(Unreadable::Schema);
    }
    let bytes = encoded.unpacked()?;
    if is_bytes::<T>() {
        let whole = match codec {
            Codec::Raw => Some(&bytes[..]),
            Codec::MessagePack => messagepack::bin(&bytes),
            _ => None,
        };
        if let Some(value) = whole.and_then(from_bytes) {
            return Ok(value);
        }
    }
    Ok(codec.decode(&bytes)?)
}

/// Whether the type is one of a sequence of bytes, which serde shows as numbers.
#[inline]
fn is_bytes<T: 'static>() -> bool {
    is::<T, Vec<u8>>() || is::<T, Box<[u8]>>() || is::<T, Arc<[u8]>>()
}

/// Whether the type is nothing but text or bytes.
#[inline]
fn is_whole<T: 'static>() -> bool {
    is_bytes::<T>() || is::<T, String>() || is::<T, Box<str>>() || is::<T, Arc<str>>()
}

#[inline]
fn is<T: 'static, U: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<U>()
}

fn from_bytes<T: 'static>(bytes: &[u8]) -> Option<T> {
    if is::<T, Vec<u8>>() {
        the_same(bytes.to_vec())
    } else if is::<T, Box<[u8]>>() {
        the_same::<Box<[u8]>, T>(bytes.into())
    } else {
        the_same::<Arc<[u8]>, T>(bytes.into())
    }
}

/// A value as the type that it is.
fn the_same<U: 'static, T: 'static>(value: U) -> Option<T> {
    let mut slot = Some(value);
    let any: &mut dyn Any = &mut slot;
    any.downcast_mut::<Option<T>>()?.take()
}
