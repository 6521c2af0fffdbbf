//! The key of a cached call in Python: the canonical form is Rust's own, and here stands what Python's values are in it.
//!
//! Built-in values of exact types are written here; what other values are made of says `keepwarm._forms` in Python.

use std::cell::RefCell;

use keepwarm::key::ArgumentKey;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};
use serde::ser::{SerializeMap, SerializeSeq, SerializeTuple, SerializeTupleStruct};
use serde::{Serialize, Serializer};

/// So deep may an argument be; a list that holds itself is deeper.
const DEPTH: usize = 64;

/// The key of a call of this function with these arguments, by name, in the order of its parameters.
///
/// The same in every process. Raises `InvalidCacheKey`, naming the argument, for one without a stable form.
#[pyfunction]
pub(crate) fn argument_key(
    py: Python<'_>,
    function: &str,
    arguments: Vec<(String, Bound<'_, PyAny>)>,
) -> PyResult<String> {
    let refused = RefCell::new(None);
    let mut key = ArgumentKey::new(function);
    for (name, value) in &arguments {
        key = key.argument(name, &Part { value, depth: 0, refused: &refused });
        if let Some(reason) = refused.take() {
            let message = format!("argument `{name}` of {function} cannot be part of a key: {}", reason.value(py));
            let error = crate::errors::named(py, "InvalidCacheKey", &message)?;
            error.set_cause(py, Some(reason));
            return Err(error);
        }
    }
    key.finish().map_err(|error| crate::errors::raise(py, &error))
}

/// A value inside an argument.
struct Part<'a, 'py> {
    value: &'a Bound<'py, PyAny>,
    depth: usize,
    refused: &'a RefCell<Option<PyErr>>,
}

impl<'a, 'py> Part<'a, 'py> {
    fn inside<'b>(&'b self, value: &'b Bound<'py, PyAny>) -> Part<'b, 'py> {
        Part { value, depth: self.depth + 1, refused: self.refused }
    }

    /// Keeps why it cannot be; serde's own error carries only text.
    fn allow<T, E: serde::ser::Error>(&self, answer: PyResult<T>) -> Result<T, E> {
        answer.map_err(|error| {
            self.refused.borrow_mut().get_or_insert(error);
            E::custom("a Python value without a stable form")
        })
    }

    /// A set: sorted by the form of its members, as the keys of a map are.
    fn set<S: Serializer>(
        &self,
        serializer: S,
        kind: &'static str,
        members: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> Result<S::Ok, S::Error> {
        let members: Vec<_> = members.collect();
        serializer.serialize_newtype_struct(kind, &Members { members, part: self })
    }
}

struct Members<'a, 'b, 'py> {
    members: Vec<Bound<'py, PyAny>>,
    part: &'a Part<'b, 'py>,
}

impl Serialize for Members<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.members.iter().map(|member| (self.part.inside(member), ())))
    }
}

impl Serialize for Part<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.value;
        if self.depth > DEPTH {
            return self.allow(Err(PyTypeError::new_err(format!("it is nested deeper than {DEPTH} levels"))));
        }
        if value.is_none() {
            serializer.serialize_none()
        } else if value.is_exact_instance_of::<PyBool>() {
            serializer.serialize_bool(self.allow(value.extract())?)
        } else if value.is_exact_instance_of::<PyInt>() {
            match value.extract::<i64>() {
                Ok(number) => serializer.serialize_i64(number),
                // In hexadecimal: Python limits the length of decimal ones.
                Err(_) => {
                    let digits: String =
                        self.allow(value.call_method1("__format__", ("x",)).and_then(|text| text.extract()))?;
                    serializer.serialize_newtype_struct("int", &digits)
                }
            }
        } else if value.is_exact_instance_of::<PyFloat>() {
            serializer.serialize_f64(self.allow(value.extract())?)
        } else if let Ok(text) = value.cast_exact::<PyString>() {
            serializer.serialize_str(self.allow(text.to_str())?)
        } else if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            serializer.serialize_bytes(bytes.as_bytes())
        } else if let Ok(items) = value.cast_exact::<PyTuple>() {
            let mut form = serializer.serialize_tuple(items.len())?;
            for item in items {
                form.serialize_element(&self.inside(&item))?;
            }
            form.end()
        } else if let Ok(items) = value.cast_exact::<PyList>() {
            let mut form = serializer.serialize_seq(Some(items.len()))?;
            for item in items {
                form.serialize_element(&self.inside(&item))?;
            }
            form.end()
        } else if let Ok(entries) = value.cast_exact::<PyDict>() {
            let mut form = serializer.serialize_map(Some(entries.len()))?;
            // A list of its own: what Python runs for a member may change the dict.
            for (key, entry) in entries.iter().collect::<Vec<_>>() {
                form.serialize_entry(&self.inside(&key), &self.inside(&entry))?;
            }
            form.end()
        } else if let Ok(members) = value.cast_exact::<PySet>() {
            self.set(serializer, "set", members.iter())
        } else if let Ok(members) = value.cast_exact::<PyFrozenSet>() {
            self.set(serializer, "frozenset", members.iter())
        } else {
            let (kind, made_of) = self.allow(made_of(value))?;
            let mut form = serializer.serialize_tuple_struct("object", 2)?;
            form.serialize_field(&kind)?;
            form.serialize_field(&self.inside(&made_of))?;
            form.end()
        }
    }
}

/// What Python says that another value is made of: the name of its kind, and parts.
fn made_of<'py>(value: &Bound<'py, PyAny>) -> PyResult<(String, Bound<'py, PyAny>)> {
    static MADE_OF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    let made_of =
        MADE_OF.get_or_try_init(py, || Ok::<_, PyErr>(py.import("keepwarm._forms")?.getattr("made_of")?.unbind()))?;
    made_of.bind(py).call1((value,))?.extract()
}
