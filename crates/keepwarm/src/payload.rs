//! What an entry carries: an integer, encoded bytes, or (in stores that keep objects in the process) a shared object.
//!
//! Above the backend door there are values, below it payloads; this file is where one becomes the other.

mod raw;
mod remembering;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
pub use raw::Raw;
use remembering::Remembering;
use serde::Serialize;
use serde::de::value::{Error as SerdeError, I64Deserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::codec::{Codec, Encoded, EncodedRef, Encoding, decode_as};
use crate::entry::MissReason;
use crate::error::Result;

/// A type that can be cached: any owned serde type that can be cloned and shared between threads.
///
/// Nobody implements it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "not a cacheable value",
    note = "a cached value is owned, `Clone`, `Send + Sync`, and implements serde's `Serialize` and `Deserialize`: \
            add `#[derive(Clone, Serialize, Deserialize)]`, and cache `String` instead of `&str`"
)]
pub trait Value: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

// Without this the compiler would ask for each of the bounds and never show what is written above.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Value for T {}

/// A value kept as an object in the process: handed out shared, and encodable when someone reads it as another type.
pub trait Object: Any + Send + Sync {
    /// Encodes the object as `codec` would have on the way in.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the type refuses.
    fn encode(&self, codec: Codec) -> Result<Bytes>;

    /// About how many bytes of memory the object occupies, its heap included.
    fn weight(&self) -> usize;

    /// The name of its Rust type, for `explain`.
    fn type_name(&self) -> &'static str;

    /// The object as it would have been stored outside of the process: with its type's fingerprint, not compressed.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the type refuses.
    fn encoded(&self, codec: Codec) -> Result<Encoded> {
        self.encode(codec).map(Encoded::new)
    }
}

impl<T: Value> Object for T {
    fn encode(&self, codec: Codec) -> Result<Bytes> {
        Ok(Object::encoded(self, codec)?.bytes)
    }

    fn encoded(&self, codec: Codec) -> Result<Encoded> {
        Encoding::from(codec).encode::<T, T>(self)
    }

    fn weight(&self) -> usize {
        crate::codec::weigh(self)
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }
}

/// What an entry carries below the door.
#[derive(Clone)]
pub enum Payload {
    /// An integer, so that counters are native to every store and other clients can read and count them.
    Integer(i64),
    /// A value in the form of its codec. Boxed: a payload is then three words, which every memory hit moves several
    /// times; a store outside the process does not feel the allocation.
    Bytes(Codec, Box<Encoded>),
    /// A shared object; only in stores whose abilities say that they keep objects.
    Object(Arc<dyn Object>),
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(number) => write!(formatter, "Integer({number})"),
            Self::Bytes(codec, bytes) => write!(formatter, "Bytes({codec:?}, {} bytes)", bytes.len()),
            Self::Object(object) => write!(formatter, "Object({})", (**object).type_name()),
        }
    }
}

/// The answer of reading a payload as a type it does not hold: counted as a miss, never an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable(pub String);

/// Why a payload is no value of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// Its bytes are damaged, foreign, or of another type.
    Undecodable(Undecodable),
    /// It was written by a program with another shape of the type.
    Schema,
}

impl Unreadable {
    /// The reason that the miss is counted under.
    pub fn reason(&self) -> MissReason {
        match self {
            Self::Undecodable(_) => MissReason::Undecodable,
            Self::Schema => MissReason::Schema,
        }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Undecodable(Undecodable(reason)) => formatter.write_str(reason),
            Self::Schema => formatter.write_str("the type has another shape than the one it was written under"),
        }
    }
}

impl From<Undecodable> for Unreadable {
    fn from(undecodable: Undecodable) -> Self {
        Self::Undecodable(undecodable)
    }
}

impl Payload {
    /// A value in the form of its codec.
    pub fn bytes(codec: Codec, bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(codec, Box::new(Encoded::new(bytes)))
    }

    /// The payload of a borrowed value.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when it has to be encoded and the type refuses.
    pub(crate) fn of<V>(value: &V, keep_objects: bool, encoding: Encoding) -> Result<Self>
    where
        V: ?Sized + Serialize + ToOwned,
        V::Owned: Value,
    {
        if Raw::is::<V::Owned>() {
            return Ok(Self::of_raw(Raw::out_of(value.to_owned()), encoding));
        }
        Self::of_owned(value, keep_objects, encoding, |value| Arc::new(value.to_owned()))
    }

    /// The payload of a borrowed value, shown to `store` without becoming one. `None` where it has to become one: a binding's
    /// value, and one that cannot be encoded, of which [`of`](Self::of) says why.
    #[inline]
    pub(crate) fn lend<V, R>(value: &V, encoding: Encoding, store: impl FnOnce(Glimpse<'_>) -> R) -> Option<R>
    where
        V: ?Sized + Serialize + ToOwned,
        V::Owned: Value,
    {
        if Raw::is::<V::Owned>() {
            return None;
        }
        if let Some(number) = crate::codec::integer::<V, V::Owned>(value) {
            return Some(store(Glimpse::Integer(number)));
        }
        encoding.lend::<V, V::Owned, R>(value, |encoded| store(Glimpse::Lent(encoding.codec, encoded))).ok()
    }

    /// The payload that a binding's value is.
    pub(crate) fn of_raw(value: Self, encoding: Encoding) -> Self {
        match value {
            Self::Bytes(codec, encoded) => Self::Bytes(codec, Box::new(encoding.packed(*encoded))),
            other => other,
        }
    }

    /// The payload of a shared value, which a store that keeps objects shares instead of copying it.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when it has to be encoded and the type refuses.
    pub(crate) fn of_arc<T: Value>(value: &Arc<T>, keep_objects: bool, encoding: Encoding) -> Result<Self> {
        if Raw::is::<T>() {
            return Ok(Self::of_raw(Raw::out_of(T::clone(value)), encoding));
        }
        Self::of_owned(&**value, keep_objects, encoding, |_| Arc::clone(value))
    }

    fn of_owned<V, T>(
        value: &V,
        keep_objects: bool,
        encoding: Encoding,
        keep: impl FnOnce(&V) -> Arc<T>,
    ) -> Result<Self>
    where
        V: ?Sized + Serialize,
        T: Value,
    {
        if let Some(number) = crate::codec::integer::<V, T>(value) {
            return Ok(Self::Integer(number));
        }
        if keep_objects {
            return Ok(Self::Object(keep(value)));
        }
        Ok(Self::Bytes(encoding.codec, Box::new(encoding.encode::<V, T>(value)?)))
    }

    /// The value, cloned out of an object or decoded.
    pub(crate) fn into_value<T: Value>(self) -> Result<T, Unreadable> {
        if Raw::is::<T>() {
            return Ok(Raw::of(self.into_encoded()?));
        }
        if let Self::Object(object) = &self
            && let Some(value) = opened::<T>(object)
        {
            return value.map(|value| T::clone(&value));
        }
        self.decode()
    }

    /// The value, shared with the store where it keeps objects.
    pub(crate) fn into_arc<T: Value>(self) -> Result<Arc<T>, Unreadable> {
        if Raw::is::<T>() {
            return Ok(Arc::new(Raw::of(self.into_encoded()?)));
        }
        if let Self::Object(object) = &self
            && let Some(value) = opened(object)
        {
            return value;
        }
        self.decode().map(Arc::new)
    }

    /// The payload as its codec made it, for who decodes it elsewhere: neither compressed, nor an object of a near tier.
    fn into_encoded(self) -> Result<Self, Undecodable> {
        let (codec, encoded) = match self {
            Self::Bytes(codec, encoded) => (codec, *encoded),
            Self::Object(object) => match Remembering::kept(&*object) {
                Some((codec, encoded)) => (codec, encoded),
                None => return Ok(Self::Object(object)),
            },
            integer => return Ok(integer),
        };
        let bytes = encoded.unpacked()?;
        Ok(Self::Bytes(codec, Box::new(Encoded { bytes, unpacked: None, ..encoded })))
    }

    /// Everything but an object of the very type.
    #[cold]
    #[inline(never)]
    fn decode<T: Value>(self) -> Result<T, Unreadable> {
        match self {
            Self::Integer(number) => {
                let from: I64Deserializer<SerdeError> = number.into_deserializer();
                Ok(T::deserialize(from).map_err(|error| Undecodable(error.to_string()))?)
            }
            Self::Bytes(codec, encoded) => decode_as(codec, EncodedRef::from(&*encoded)),
            Self::Object(object) => {
                // All backends behave alike: what a shared store would have decoded is decoded here too.
                let codec = Codec::default();
                let encoded = (*object).encoded(codec).map_err(|error| Undecodable(error.to_string()))?;
                decode_as(codec, EncodedRef::from(&encoded))
            }
        }
    }

    /// The payload in a form that can leave the process.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the object's type refuses.
    pub fn encoded(self, codec: Codec) -> Result<Self> {
        match self {
            Self::Object(object) => Ok(Self::Bytes(codec, Box::new((*object).encoded(codec)?))),
            other => Ok(other),
        }
    }

    /// About how many bytes the payload occupies.
    pub fn weight(&self) -> usize {
        match self {
            Self::Integer(_) => 8,
            Self::Bytes(_, bytes) => bytes.len(),
            Self::Object(object) => (**object).weight(),
        }
    }
}

/// The object, if it is a `T` or was decoded into one.
#[inline]
fn shared<T: Value>(object: &Arc<dyn Object>) -> Option<Arc<T>> {
    let any: Arc<dyn Any + Send + Sync> = Arc::<dyn Object>::clone(object);
    match any.downcast() {
        Ok(value) => Some(value),
        Err(other) => Remembering::remembered(&*other),
    }
}

/// The same, or decoded now; `None` for an object of another type.
fn opened<T: Value>(object: &Arc<dyn Object>) -> Option<Result<Arc<T>, Unreadable>> {
    if let Some(value) = shared(object) {
        return Some(Ok(value));
    }
    let any: &(dyn Any + Send + Sync) = &**object;
    Remembering::open(any)
}

/// A value where it lies in its store.
#[derive(Clone, Copy)]
pub enum Glimpse<'a> {
    /// See [`Payload::Integer`].
    Integer(i64),
    /// See [`Payload::Bytes`].
    Bytes(Codec, &'a Encoded),
    /// The same, of bytes that lie there only for now. No lock is held while they are shown.
    Lent(Codec, EncodedRef<'a>),
    /// See [`Payload::Object`].
    Object(&'a Arc<dyn Object>),
}

impl From<Glimpse<'_>> for Payload {
    fn from(glimpse: Glimpse<'_>) -> Self {
        match glimpse {
            Glimpse::Integer(number) => Self::Integer(number),
            Glimpse::Bytes(codec, encoded) => Self::Bytes(codec, Box::new(encoded.clone())),
            Glimpse::Lent(codec, encoded) => Self::Bytes(codec, Box::new(encoded.into())),
            Glimpse::Object(object) => Self::Object(Arc::clone(object)),
        }
    }
}

/// A value that was taken at a glance: nothing of the caller's runs until the store's lock is released.
pub(crate) enum Glanced<T> {
    /// An object of the very type: three words less to move than a payload.
    Shared(Arc<T>),
    /// Of bytes that were only lent, decoded at once: no lock was held.
    Decoded(Result<T, Unreadable>),
    /// Anything else, to be decoded.
    Other(Payload),
}

impl<T: Value> Glanced<T> {
    #[inline]
    pub(crate) fn take(glimpse: Glimpse<'_>) -> Self {
        match glimpse {
            _ if Raw::is::<T>() => {}
            Glimpse::Object(object) => {
                if let Some(value) = shared(object) {
                    return Self::Shared(value);
                }
            }
            Glimpse::Lent(codec, encoded) => return Self::Decoded(decode_as(codec, encoded)),
            Glimpse::Integer(_) | Glimpse::Bytes(..) => {}
        }
        Self::Other(glimpse.into())
    }
}
