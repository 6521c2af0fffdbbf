//! Python's values as payloads, and back.
//!
//! | value | in this process | in a shared store |
//! |---|---|---|
//! | `int` of 64 bits | the integer that counters are | the same |
//! | immutable through and through | shared | MessagePack |
//! | small flat `dict` or `list` | a private copy, copied for each reader | MessagePack |
//! | any other plain tree | MessagePack | MessagePack |
//! | everything else | pickle | refused, unless it may be pickled and signed |

mod decode;
mod encode;
mod extension;
mod held;
mod immutable;
mod types;

use held::Held;
use keepwarm::codec::Codec;
use keepwarm::{Glimpse, Payload, Raw};
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::errors::named;

/// How the values of an alias are kept.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    /// Whether its store keeps objects of this process.
    pub(crate) keeps_objects: bool,
    /// How they are encoded where it does not.
    pub(crate) codec: Codec,
}

impl Values {
    /// Takes up a value. Python code of the value's own may run.
    pub(crate) fn pack(self, value: &Bound<'_, PyAny>) -> PyResult<Raw> {
        if let Ok(number) = value.cast_exact::<PyInt>()
            && let Ok(number) = number.extract::<i64>()
        {
            return Ok(Raw(Payload::Integer(number)));
        }
        if self.keeps_objects {
            return Ok(Raw(Held::new(value)?.into()));
        }
        match self.codec {
            Codec::MessagePack => match encode::encode(value)? {
                Some(bytes) => Ok(Raw(Payload::bytes(Codec::MessagePack, bytes))),
                None => Err(self.refused(value)),
            },
            Codec::Json => json(value),
            _ => Err(self.refused(value)),
        }
    }

    fn refused(self, value: &Bound<'_, PyAny>) -> PyErr {
        let class =
            value.get_type().fully_qualified_name().map_or_else(|_| "this class".into(), |name| name.to_string());
        let message = format!(
            "a value of {class} has no exact form in {}; pickles are not written to a store that others can write to",
            self.codec.name()
        );
        named(value.py(), "SerializationError", &message).unwrap_or_else(|error| error)
    }

    /// The value of a payload; `None` where it cannot be read.
    pub(crate) fn open<'py>(self, py: Python<'py>, payload: &Payload) -> PyResult<Option<Bound<'py, PyAny>>> {
        match payload {
            Payload::Integer(number) => Ok(Some(number.into_pyobject(py)?.into_any())),
            // What we kept ourselves is ours to raise of: a class that refuses to be unpickled, say.
            Payload::Object(object) => match Held::of(object) {
                Some(held) => held.open(py).map(Some),
                // Encoded by another layer of the store, as the tier near a shared one does.
                None => Ok(object.encode(self.codec).ok().and_then(|bytes| read(py, self.codec, &bytes))),
            },
            Payload::Bytes(codec, bytes) => Ok(read(py, *codec, bytes)),
        }
    }
}

fn read<'py>(py: Python<'py>, codec: Codec, bytes: &[u8]) -> Option<Bound<'py, PyAny>> {
    match codec {
        Codec::MessagePack => decode::decode(py, bytes).ok(),
        Codec::Json => {
            let text = std::str::from_utf8(bytes).ok()?;
            py.import("json").and_then(|json| json.call_method1("loads", (text,))).ok()
        }
        _ => None,
    }
}

/// JSON holds less than Python: what would come back as something else is refused.
fn json(value: &Bound<'_, PyAny>) -> PyResult<Raw> {
    let py = value.py();
    let module = py.import("json")?;
    let options = pyo3::types::PyDict::new(py);
    options.set_item("allow_nan", false)?;
    options.set_item("ensure_ascii", false)?;
    options.set_item("separators", (",", ":"))?;
    let refused = |error: PyErr| {
        let message = format!("json cannot hold this value: {error}");
        named(py, "SerializationError", &message).unwrap_or_else(|error| error)
    };
    let text = module.call_method("dumps", (value,), Some(&options)).map_err(refused)?;
    let back = module.call_method1("loads", (&text,))?;
    if !same(value, &back)? {
        let message = "json cannot hold this value: it would come back as another one";
        return Err(named(py, "SerializationError", message)?);
    }
    Ok(Raw(Payload::bytes(Codec::Json, text.extract::<String>()?.into_bytes())))
}

/// Whether two trees of what JSON has are the same in value and types.
fn same(one: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
    if !one.get_type().is(&other.get_type()) {
        return Ok(false);
    }
    if let (Ok(one), Ok(other)) = (one.cast::<pyo3::types::PyDict>(), other.cast::<pyo3::types::PyDict>()) {
        if one.len() != other.len() {
            return Ok(false);
        }
        for (key, value) in one.iter() {
            match other.get_item(&key)? {
                Some(found) if same(&value, &found)? => {}
                _ => return Ok(false),
            }
        }
        return Ok(true);
    }
    if let (Ok(one), Ok(other)) = (one.cast::<pyo3::types::PyList>(), other.cast::<pyo3::types::PyList>()) {
        for (value, found) in one.iter().zip(other.iter()) {
            if !same(&value, &found)? {
                return Ok(false);
            }
        }
        return Ok(one.len() == other.len());
    }
    one.eq(other)
}

/// What a glance at a value in its store took along.
pub(crate) enum Glanced<'py> {
    /// The value.
    Value(Bound<'py, PyAny>),
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
                _ => Self::Payload(glimpse.into()),
            },
            Glimpse::Bytes(..) => Self::Payload(glimpse.into()),
        }
    }
}
