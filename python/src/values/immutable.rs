//! Which values may be shared as they are: those that nobody can change, and neither anything inside them.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyComplex, PyFloat, PyInt, PyString, PyTuple};

use super::types::{Types, is_exactly};

/// So deep are tuples looked through; deeper ones are encoded.
const DEPTH: usize = 8;

/// Whether nobody can change the value. Exact types only: an instance of a subclass has attributes of its own.
pub(super) fn is_immutable(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    is_immutable_to(value, DEPTH)
}

fn is_immutable_to(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<bool> {
    if is_atom(value) {
        return Ok(true);
    }
    if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        if depth == 0 {
            return Ok(false);
        }
        for item in tuple {
            if !is_immutable_to(&item, depth - 1)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let types = Types::get(value.py())?;
    if [&types.date, &types.timedelta, &types.decimal, &types.uuid].into_iter().any(|class| is_exactly(value, class)) {
        return Ok(true);
    }
    if is_exactly(value, &types.datetime) || is_exactly(value, &types.time) {
        // A zone may be anybody's class.
        let zone = value.getattr("tzinfo")?;
        return Ok(zone.is_none() || zone.is(&types.utc));
    }
    Ok(false)
}

/// Whether it is one of the built-in values that refer to nothing.
#[inline]
pub(super) fn is_atom(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_none()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyBytes>()
        || value.is_exact_instance_of::<PyComplex>()
}
