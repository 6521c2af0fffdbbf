//! JSON: what people and other programs read. It holds less than Python, and what would come back as something else is refused.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::errors::named;

pub(super) fn encode(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let py = value.py();
    let refused = |why: &str| {
        named(py, "SerializationError", &format!("json cannot hold this value: {why}")).unwrap_or_else(|error| error)
    };
    let options = PyDict::new(py);
    options.set_item("allow_nan", false)?;
    options.set_item("ensure_ascii", false)?;
    options.set_item("separators", (",", ":"))?;
    let module = py.import("json")?;
    let text = module.call_method("dumps", (value,), Some(&options)).map_err(|error| refused(&error.to_string()))?;
    if !is_same(value, &module.call_method1("loads", (&text,))?)? {
        return Err(refused("it would come back as another one"));
    }
    Ok(text.extract::<String>().map_err(|error| refused(&error.to_string()))?.into_bytes())
}

pub(super) fn decode<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (PyBytes::new(py, bytes),))
}

/// Whether two trees of what JSON has are the same in value and types.
fn is_same(one: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
    if !one.get_type().is(other.get_type()) {
        return Ok(false);
    }
    if let (Ok(one), Ok(other)) = (one.cast::<PyDict>(), other.cast::<PyDict>()) {
        for (key, value) in one.iter() {
            match other.get_item(&key)? {
                Some(found) if is_same(&value, &found)? => {}
                _ => return Ok(false),
            }
        }
        return Ok(one.len() == other.len());
    }
    if let (Ok(one), Ok(other)) = (one.cast::<PyList>(), other.cast::<PyList>()) {
        for (value, found) in one.iter().zip(other.iter()) {
            if !is_same(&value, &found)? {
                return Ok(false);
            }
        }
        return Ok(one.len() == other.len());
    }
    one.eq(other)
}
