//! What a store in this process keeps of a Python value. Changing what went in or what came out changes none of it.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use keepwarm::codec::{Codec, Encoded};
use keepwarm::{Error, ErrorKind, Object, Payload};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::immutable::{is_atom, is_immutable};
use super::live::Tree;
use super::pickle::{pickled, unpickled};
use super::{decode, encode};

/// Larger dicts and lists are encoded: copies of many references cost memory that a collector has to walk.
const LARGEST_DICT: usize = 64;
const LARGEST_LIST: usize = 1024;

pub(super) enum Held {
    /// Immutable through and through: shared.
    Shared(Py<PyAny>),
    /// A dict of immutable values: a copy that nobody else knows, and each reader gets a copy of that.
    Dict(Py<PyDict>),
    /// A list of such, as the tuple of its items: the garbage collector need not look at it again.
    List(Py<PyTuple>),
    /// Any other tree of plain values, where the alias wants it so: a copy, of which each reader gets one.
    Live(Tree),
    /// Any other tree of plain values, as MessagePack with extensions and with texts that come again written once.
    Plain(Box<[u8]>),
    /// Everything else.
    Pickle(Py<PyBytes>),
    /// A value that a computation has read for its one caller; no store ever holds it.
    Opened(Py<PyAny>),
}

impl Held {
    /// Takes up a value.
    pub(super) fn new(value: &Bound<'_, PyAny>, live: bool) -> PyResult<Self> {
        if let Ok(dict) = value.cast_exact::<PyDict>() {
            if dict.len() <= LARGEST_DICT && all_atoms(dict) {
                return Ok(Self::Dict(dict.copy()?.unbind()));
            }
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            if list.len() <= LARGEST_LIST && list.iter().all(|item| is_atom(&item)) {
                return Ok(Self::List(list.to_tuple().unbind()));
            }
        } else if is_immutable(value)? {
            return Ok(Self::Shared(value.clone().unbind()));
        }
        if live && let Some(tree) = Tree::of(value)? {
            return Ok(Self::Live(tree));
        }
        match encode::encode_here(value)? {
            Some(bytes) => Ok(Self::Plain(bytes)),
            None => Ok(Self::Pickle(pickled(value)?.unbind())),
        }
    }

    /// The value for one reader.
    pub(super) fn open<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Shared(value) | Self::Opened(value) => Ok(value.bind(py).clone()),
            Self::Dict(dict) => dict.bind(py).copy().map(Bound::into_any),
            Self::List(items) => Ok(items.bind(py).to_list().into_any()),
            Self::Live(tree) => tree.copied(py),
            Self::Plain(bytes) => decode::decode_here(py, bytes),
            Self::Pickle(pickle) => unpickled(pickle.bind(py)),
        }
    }

    /// The object, if a store holds one of ours.
    #[inline]
    pub(super) fn of(object: &Arc<dyn Object>) -> Option<&Self> {
        let any: &(dyn Any + Send + Sync) = &**object;
        any.downcast_ref()
    }
}

fn all_atoms(dict: &Bound<'_, PyDict>) -> bool {
    dict.iter().all(|(key, value)| is_atom(&key) && is_atom(&value))
}

impl Object for Held {
    fn encode(&self, codec: Codec) -> keepwarm::Result<Bytes> {
        let refused = |why: String| Error::new(ErrorKind::Encode, why);
        let encoded = Python::attach(|py| match (codec, self) {
            (Codec::MessagePack, Self::Pickle(_)) => Ok(None),
            (Codec::MessagePack, _) => self.open(py).and_then(|value| encode::encode(&value)),
            _ => Ok(None),
        });
        match encoded {
            Ok(Some(bytes)) => Ok(bytes.into()),
            Ok(None) => Err(refused(format!("this Python value has no exact form in {}", codec.name()))),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    fn encoded(&self, codec: Codec) -> keepwarm::Result<Encoded> {
        Object::encode(self, codec).map(Encoded::new)
    }

    fn weight(&self) -> usize {
        let size = |object: &Py<PyAny>| {
            Python::attach(|py| {
                let size = py.import("sys").and_then(|sys| sys.call_method1("getsizeof", (object,)));
                size.and_then(|size| size.extract::<usize>()).unwrap_or(64)
            })
        };
        match self {
            Self::Shared(value) | Self::Opened(value) => size(value),
            // Their items are counted as small ones: they may well be shared with others.
            Self::Dict(dict) => Python::attach(|py| size(dict.as_any()) + 32 * dict.bind(py).len()),
            Self::List(items) => Python::attach(|py| size(items.as_any()) + 32 * items.bind(py).len()),
            Self::Live(tree) => tree.weight(),
            Self::Plain(bytes) => bytes.len(),
            Self::Pickle(pickle) => size(pickle.as_any()),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Shared(_) | Self::Opened(_) => "Python object (shared)",
            Self::Dict(_) => "Python dict",
            Self::List(_) => "Python list",
            Self::Live(_) => "Python tree",
            Self::Plain(_) => "Python tree (MessagePack)",
            Self::Pickle(_) => "Python object (pickle)",
        }
    }
}

impl From<Held> for Payload {
    fn from(held: Held) -> Self {
        Self::Object(Arc::new(held))
    }
}
