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
mod models;
mod pickle;
mod repeats;
mod scratch;
mod texts;
mod types;

use std::sync::Arc;

use held::Held;
use keepwarm::cache::{Reader, Rewriter};
use keepwarm::codec::{Codec, Encoded};
use keepwarm::{Glimpse, Payload, Raw, Undecodable};
pub(crate) use models::Models;
pub(crate) use pickle::Signing;
use pickle::{pickled, unpickled};
use pyo3::exceptions::{PyException, PyMemoryError};
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
    pub(crate) models: Models,
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
            let held = Held::new(value, self.live)?;
            if let Held::Pickle(pickle) = &held {
                self.models.judge(value, pickle.bind(value.py()))?;
            }
            return Ok(Raw(held.into()));
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
        self.models.judge(value, &pickle)?;
        match self.signing.signed(&stored_key()?, pickle.as_bytes()) {
            Some(signed) => Ok(Raw(Payload::bytes(Codec::Pickle, signed))),
            None => {
                Err(refused("and a pickle in a store that others can write to has to be signed: set `signing_key`"))
            }
        }
    }

    /// The value of a payload that lies under a stored key, or why it is none. The cause of an exception that is no mere
    /// [`Exception`](PyException) goes on: an interrupt while a class of the program's own was being restored, say.
    pub(crate) fn open<'py>(
        &self,
        py: Python<'py>,
        payload: &Payload,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> Result<Bound<'py, PyAny>, Unopened> {
        match payload {
            Payload::Integer(number) => Ok(number.into_pyobject(py).map_err(PyErr::from)?.into_any()),
            Payload::Object(object) => match Held::of(object) {
                Some(held) => Ok(held.open(py)?),
                // Encoded by a layer of the store, as the tier near a shared one does.
                None => {
                    let codecs = [Codec::MessagePack, Codec::Pickle, Codec::Json, Codec::Raw];
                    let encoded = codecs.into_iter().find_map(|codec| Some((codec, object.encoded(codec).ok()?)));
                    let (codec, encoded) = encoded.ok_or_else(|| Unopened::why("an object of another program"))?;
                    self.read(py, codec, &encoded, stored_key)
                }
            },
            Payload::Bytes(codec, encoded) => self.read(py, *codec, encoded, stored_key),
        }
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        codec: Codec,
        encoded: &Encoded,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> Result<Bound<'py, PyAny>, Unopened> {
        let bytes = encoded.unpacked().map_err(|Undecodable(why)| Unopened::Unreadable(why))?;
        match codec {
            Codec::MessagePack => Ok(decode::decode(py, &bytes)?),
            Codec::Json => Ok(json::decode(py, &bytes)?),
            Codec::Raw => Ok(PyBytes::new(py, &bytes).into_any()),
            Codec::Pickle if self.pickling != Pickling::Never => {
                let pickle = self.signing.checked(&stored_key()?, &bytes);
                let pickle = pickle.ok_or_else(|| Unopened::why("a pickle that none of the alias' keys signed"))?;
                Ok(unpickled(&PyBytes::new(py, pickle))?)
            }
            Codec::Pickle => Err(Unopened::why("a pickle, which this alias does not load")),
            _ => Err(Unopened::Unreadable(format!("of the codec {}, which Python does not read", codec.name()))),
        }
    }

    /// How a value is moved to another stored key: a pickle is signed for the key it lies under.
    pub(crate) fn rewriter(&self) -> Rewriter {
        let signing = Arc::clone(&self.signing);
        Arc::new(move |old, new, payload| {
            let signed = match &payload {
                Payload::Bytes(Codec::Pickle, encoded) => encoded.unpacked().ok().and_then(|bytes| {
                    let pickle = signing.checked(old, &bytes)?;
                    signing.signed(new, pickle)
                }),
                _ => None,
            };
            // What nobody here signed is moved as it is, and is there what it was here.
            signed.map_or(payload, |signed| Payload::bytes(Codec::Pickle, signed))
        })
    }

    /// How a computation reads what it finds: the value is left in the payload, so that it is decoded once.
    pub(crate) fn reader(&self) -> Reader {
        let values = self.clone();
        Arc::new(move |key, payload| {
            Python::attach(|py| match values.open(py, &payload, || Ok(key.to_owned())) {
                Ok(value) => Ok(Payload::Object(Arc::new(Held::Opened(value.unbind())))),
                Err(Unopened::Unreadable(why)) => Err(Undecodable(why).into()),
                // It is raised where the value is shown, which is on the thread of who asked.
                Err(Unopened::Raised(_)) => Ok(payload),
            })
        })
    }
}

/// Why there is no value.
pub(crate) enum Unopened {
    /// It cannot be read: to its caller it is not there.
    Unreadable(String),
    /// Something that nobody may keep to himself.
    Raised(PyErr),
}

impl Unopened {
    fn why(why: &str) -> Self {
        Self::Unreadable(why.to_owned())
    }

    /// What is left of it where a value has to be there: the one that was just computed.
    pub(crate) fn raise(self) -> PyErr {
        match self {
            Self::Raised(error) => error,
            Self::Unreadable(why) => Python::attach(|py| {
                let message = format!("the value was computed and stored, and cannot be read: {why}");
                named(py, "SerializationError", &message).unwrap_or_else(|error| error)
            }),
        }
    }
}

impl From<PyErr> for Unopened {
    fn from(error: PyErr) -> Self {
        Python::attach(|py| {
            let mere = error.is_instance_of::<PyException>(py) && !error.is_instance_of::<PyMemoryError>(py);
            if mere { Self::Unreadable(error.to_string()) } else { Self::Raised(error) }
        })
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
            Glimpse::Bytes(..) | Glimpse::Lent(..) => Self::Payload(glimpse.into()),
        }
    }

    /// The value for a reader, outside of the store's lock, or why it is none.
    #[inline]
    pub(crate) fn open(
        self,
        py: Python<'py>,
        values: &Values,
        stored_key: impl FnOnce() -> PyResult<String>,
    ) -> Result<Bound<'py, PyAny>, Unopened> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Dict(dict) => Ok(dict.copy()?.into_any()),
            Self::Integer(number) => Ok(number.into_pyobject(py).map_err(PyErr::from)?.into_any()),
            Self::Payload(payload) => values.open(py, &payload, stored_key),
        }
    }
}
