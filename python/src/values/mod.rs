//! Python's values as payloads, and back.
//!
//! | value | in this process | in a shared store |
//! |---|---|---|
//! | `int` of 64 bits | the integer that counters are | the same |
//! | immutable through and through | shared | MessagePack |
//! | small flat `dict` or `list` | a private copy, copied for each reader | MessagePack |
//! | any other plain tree | MessagePack, with texts that come again written once; with `serializer = "live"` a copy as well | MessagePack |
//! | everything else | pickle | refused, unless it may be pickled and signed |

mod decode;
mod encode;
mod extension;
mod held;
mod immutable;
mod json;
mod live;
mod pickle;
mod repeats;
mod scratch;
mod texts;
mod types;

use std::sync::Arc;

use held::Held;
use keepwarm::codec::{Codec, Encoded};
use keepwarm::{Glimpse, Payload, Raw};
pub(crate) use pickle::Signing;
use pickle::{pickled, unpickled};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt};

use crate::errors::named;

/// When values are pickled for a store that others can write to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pickling {
    /// Never, neither written nor read.
    Never,
    /// Where they have no exact plain form.
    Fallback,
    /// Always.
    Always,
}

/// How the values of an alias are kept.
#[derive(Clone)]
pub(crate) struct Values {
    /// Whether its store keeps objects of this process.
    pub(crate) keeps_objects: bool,
    /// Whether trees of plain values are kept as objects there.
    pub(crate) live: bool,
    /// How they are encoded where it does not.
    pub(crate) codec: Codec,
    pub(crate) pickling: Pickling,
    pub(crate) signing: Arc<Signing>,
}

impl Values {
    /// Takes up a value that is to lie under a stored key. Python code of the value's own may run.
    pub(crate) fn pack(
        &self,
        value: &Bound<'_, PyAny>,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> PyResult<Raw> {
        if let Ok(number) = value.cast_exact::<PyInt>()
            && let Ok(number) = number.extract::<i64>()
        {
            return Ok(Raw(Payload::Integer(number)));
        }
        if self.keeps_objects {
            return Ok(Raw(Held::new(value, self.live)?.into()));
        }
        let bytes = match self.codec {
            _ if self.pickling == Pickling::Always => None,
            Codec::MessagePack => encode::encode(value)?,
            Codec::Json => Some(json::encode(value)?),
            _ => None,
        };
        match bytes {
            Some(bytes) => Ok(Raw(Payload::bytes(self.codec, bytes))),
            None => self.pickle(value, stored_key),
        }
    }

    fn pickle(&self, value: &Bound<'_, PyAny>, stored_key: impl FnOnce() -> PyResult<String>) -> PyResult<Raw> {
        let refused = |why: &str| {
            let class = value.get_type().fully_qualified_name();
            let class = class.map_or_else(|_| "this class".to_owned(), |name| name.to_string());
            let message = format!("a value of {class} has no exact form in {}, {why}", self.codec.name());
            named(value.py(), "SerializationError", &message).unwrap_or_else(|error| error)
        };
        if self.pickling == Pickling::Never {
            return Err(refused("and this alias does not pickle (`serializer`)"));
        }
        let pickle = pickled(value)?;
        match self.signing.signed(&stored_key()?, pickle.as_bytes()) {
            Some(signed) => Ok(Raw(Payload::bytes(Codec::Pickle, signed))),
            None => {
                Err(refused("and a pickle in a store that others can write to has to be signed: set `signing_key`"))
            }
        }
    }

    /// The value of a payload that lies under a stored key; `None` where it cannot be read.
    pub(crate) fn open<'py>(
        &self,
        py: Python<'py>,
        payload: &Payload,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match payload {
            Payload::Integer(number) => Ok(Some(number.into_pyobject(py)?.into_any())),
            Payload::Object(object) => match Held::of(object) {
                // What we kept ourselves is ours to raise of: a class that refuses to be unpickled, say.
                Some(held) => held.open(py).map(Some),
                // Encoded by a layer of the store, as the tier near a shared one does.
                None => {
                    let codecs = [Codec::MessagePack, Codec::Pickle, Codec::Json, Codec::Raw];
                    let encoded = codecs.into_iter().find_map(|codec| Some((codec, object.encoded(codec).ok()?)));
                    Ok(encoded.and_then(|(codec, encoded)| self.read(py, codec, &encoded, stored_key)))
                }
            },
            Payload::Bytes(codec, encoded) => Ok(self.read(py, *codec, encoded, stored_key)),
        }
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        codec: Codec,
        encoded: &Encoded,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> Option<Bound<'py, PyAny>> {
        let bytes = encoded.unpacked().ok()?;
        match codec {
            Codec::MessagePack => decode::decode(py, &bytes).ok(),
            Codec::Json => json::decode(py, &bytes).ok(),
            Codec::Raw => Some(PyBytes::new(py, &bytes).into_any()),
            Codec::Pickle if self.pickling != Pickling::Never => {
                let pickle = self.signing.checked(&stored_key().ok()?, &bytes)?;
                unpickled(&PyBytes::new(py, pickle)).ok()
            }
            _ => None,
        }
    }
}

/// What a glance at a value in its store took along.
pub(crate) enum Glanced<'py> {
    /// The value.
    Value(Bound<'py, PyAny>),
    /// A dict of immutable values, to be copied for its reader.
    Dict(Bound<'py, PyDict>),
    /// A number.
    Integer(i64),
    /// Something to be opened outside of the store's lock.
    Payload(Payload),
}

impl<'py> Glanced<'py> {
    /// Runs under the store's lock: it shares or refers, and makes nothing.
    #[inline]
    pub(crate) fn take(py: Python<'py>, glimpse: Glimpse<'_>) -> Self {
        match glimpse {
            Glimpse::Integer(number) => Self::Integer(number),
            Glimpse::Object(object) => match Held::of(object) {
                Some(Held::Shared(value)) => Self::Value(value.bind(py).clone()),
                // Not the object that holds it, whose count is an atomic one.
                Some(Held::Dict(dict)) => Self::Dict(dict.bind(py).clone()),
                _ => Self::Payload(glimpse.into()),
            },
            Glimpse::Bytes(..) => Self::Payload(glimpse.into()),
        }
    }

    /// The value for a reader, outside of the store's lock; `None` where it cannot be read.
    #[inline]
    pub(crate) fn open(
        self,
        py: Python<'py>,
        values: &Values,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Value(value) => Ok(Some(value)),
            Self::Dict(dict) => Ok(Some(dict.copy()?.into_any())),
            Self::Integer(number) => Ok(Some(number.into_pyobject(py)?.into_any())),
            Self::Payload(payload) => values.open(py, &payload, stored_key),
        }
    }
}
