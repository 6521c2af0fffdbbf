//! What an entry carries: an integer, encoded bytes, or (in stores that keep objects in the process) a shared object.
//!
//! Above the backend door there are values, below it payloads; this file is where one becomes the other.

mod encoded;
mod raw;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use encoded::Encoded;
pub use raw::Raw;
use serde::Serialize;
use serde::de::value::{Error as SerdeError, I64Deserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::codec::Codec;
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
}

impl<T: Value> Object for T {
    fn encode(&self, codec: Codec) -> Result<Bytes> {
        codec.encode(self)
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
    Bytes(Codec, Box<Bytes>),
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

impl Payload {
    /// A value in the form of its codec.
    pub fn bytes(codec: Codec, bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(codec, Box::new(bytes.into()))
    }

    /// The payload of a borrowed value.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when it has to be encoded and the type refuses.
    pub(crate) fn of<V>(value: &V, keep_objects: bool, codec: Codec) -> Result<Self>
    where
        V: ?Sized + Serialize + ToOwned,
        V::Owned: Value,
    {
        Self::of_owned(value, keep_objects, codec, |value| Arc::new(value.to_owned()))
    }

    /// The payload of a shared value, which a store that keeps objects shares instead of copying it.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when it has to be encoded and the type refuses.
    pub(crate) fn of_arc<T: Value>(value: &Arc<T>, keep_objects: bool, codec: Codec) -> Result<Self> {
        Self::of_owned(&**value, keep_objects, codec, |_| Arc::clone(value))
    }

    fn of_owned<V, T>(value: &V, keep_objects: bool, codec: Codec, keep: impl FnOnce(&V) -> Arc<T>) -> Result<Self>
    where
        V: ?Sized + Serialize,
        T: Value,
    {
        if Raw::is::<T>() {
            return Ok(Raw::out_of(keep(value)));
        }
        if let Some(number) = crate::codec::integer::<V, T>(value) {
            return Ok(Self::Integer(number));
        }
        if keep_objects {
            return Ok(Self::Object(keep(value)));
        }
        Ok(Self::bytes(codec, codec.encode(value)?))
    }

    /// The value, cloned out of an object or decoded.
    pub(crate) fn into_value<T: Value>(self) -> Result<T, Undecodable> {
        if Raw::is::<T>() {
            return Ok(Raw::of(self));
        }
        if let Self::Object(object) = &self
            && let Some(value) = opened::<T>(object)
        {
            return value.map(|value| T::clone(&value));
        }
        self.decode()
    }

    /// The value, shared with the store where it keeps objects.
    pub(crate) fn into_arc<T: Value>(self) -> Result<Arc<T>, Undecodable> {
        if Raw::is::<T>() {
            return Ok(Arc::new(Raw::of(self)));
        }
        if let Self::Object(object) = &self
            && let Some(value) = opened(object)
        {
            return value;
        }
        self.decode().map(Arc::new)
    }

    /// Everything but an object of the very type.
    #[cold]
    #[inline(never)]
    fn decode<T: Value>(self) -> Result<T, Undecodable> {
        match self {
            Self::Integer(number) => {
                let from: I64Deserializer<SerdeError> = number.into_deserializer();
                T::deserialize(from).map_err(|error| Undecodable(error.to_string()))
            }
            Self::Bytes(codec, bytes) => codec.decode(&bytes),
            Self::Object(object) => {
                // All backends behave alike: what a shared store would have decoded is decoded here too.
                let codec = Codec::default();
                let bytes = object.encode(codec).map_err(|error| Undecodable(error.to_string()))?;
                codec.decode(&bytes)
            }
        }
    }

    /// The payload in a form that can leave the process.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the object's type refuses.
    pub fn encoded(self, codec: Codec) -> Result<Self> {
        match self {
            Self::Object(object) => Ok(Self::bytes(codec, (*object).encode(codec)?)),
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
        Err(other) => Encoded::remembered(&*other),
    }
}

/// The same, or decoded now; `None` for an object of another type.
fn opened<T: Value>(object: &Arc<dyn Object>) -> Option<Result<Arc<T>, Undecodable>> {
    if let Some(value) = shared(object) {
        return Some(Ok(value));
    }
    let any: &(dyn Any + Send + Sync) = &**object;
    Encoded::open(any)
}

/// A value where it lies in its store.
#[derive(Clone, Copy)]
pub enum Glimpse<'a> {
    /// See [`Payload::Integer`].
    Integer(i64),
    /// See [`Payload::Bytes`].
    Bytes(Codec, &'a Bytes),
    /// See [`Payload::Object`].
    Object(&'a Arc<dyn Object>),
}

impl From<Glimpse<'_>> for Payload {
    fn from(glimpse: Glimpse<'_>) -> Self {
        match glimpse {
            Glimpse::Integer(number) => Self::Integer(number),
            Glimpse::Bytes(codec, bytes) => Self::bytes(codec, bytes.clone()),
            Glimpse::Object(object) => Self::Object(Arc::clone(object)),
        }
    }
}

/// A value that was taken at a glance: nothing of the caller's runs until the store's lock is released.
pub(crate) enum Glanced<T> {
    /// An object of the very type: three words less to move than a payload.
    Shared(Arc<T>),
    /// Anything else, to be decoded.
    Other(Payload),
}

impl<T: Value> Glanced<T> {
    #[inline]
    pub(crate) fn take(glimpse: Glimpse<'_>) -> Self {
        if !Raw::is::<T>()
            && let Glimpse::Object(object) = glimpse
            && let Some(value) = shared(object)
        {
            return Self::Shared(value);
        }
        Self::Other(glimpse.into())
    }
}
