//! The extension types of Python's values in MessagePack, and those whose data is more than an array of values.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyComplex, PyComplexMethods, PyInt, PyString};

use super::types::{Types, is_exactly};

pub(super) const TUPLE: i8 = 1;
pub(super) const SET: i8 = 2;
pub(super) const FROZEN_SET: i8 = 3;
pub(super) const INTEGER: i8 = 4;
pub(super) const DECIMAL: i8 = 5;
pub(super) const DATETIME: i8 = 6;
pub(super) const DATE: i8 = 7;
pub(super) const TIME: i8 = 8;
pub(super) const TIMEDELTA: i8 = 9;
pub(super) const UUID: i8 = 10;
pub(super) const COMPLEX: i8 = 11;
pub(super) const BYTE_ARRAY: i8 = 12;
pub(super) const MEMBER: i8 = 13;

/// An integer in two's complement, the highest byte first, in as few bytes as it takes.
pub(super) fn big_integer(number: &Bound<'_, PyInt>) -> PyResult<Vec<u8>> {
    let positive = if number.lt(0)? { number.call_method0("__invert__")? } else { number.clone().into_any() };
    let bytes = positive.call_method0("bit_length")?.extract::<usize>()? / 8 + 1;
    let options = pyo3::types::PyDict::new(number.py());
    options.set_item("signed", true)?;
    number.call_method("to_bytes", (bytes, "big"), Some(&options))?.extract()
}

pub(super) fn read_integer<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let options = pyo3::types::PyDict::new(py);
    options.set_item("signed", true)?;
    py.get_type::<PyInt>().call_method("from_bytes", (PyBytes::new(py, data), "big"), Some(&options))
}

pub(super) fn complex(number: &Bound<'_, PyComplex>) -> [u8; 16] {
    let mut data = [0; 16];
    data[..8].copy_from_slice(&number.real().to_be_bytes());
    data[8..].copy_from_slice(&number.imag().to_be_bytes());
    data
}

pub(super) fn read_complex<'py>(py: Python<'py>, data: &[u8]) -> Option<Bound<'py, PyAny>> {
    let (real, imaginary) = data.split_at_checked(8)?;
    let real = f64::from_be_bytes(real.try_into().ok()?);
    let imaginary = f64::from_be_bytes(imaginary.try_into().ok()?);
    Some(PyComplex::from_doubles(py, real, imaginary).into_any())
}

/// The text of a datetime or time: its ISO form, and in brackets what that does not say. `None` for a zone of another kind.
pub(super) fn moment(value: &Bound<'_, PyAny>, types: &Types) -> PyResult<Option<String>> {
    let mut text = value.call_method0("isoformat")?.str()?.to_str()?.to_owned();
    let zone = value.getattr("tzinfo")?;
    if is_exactly(&zone, &types.zone) {
        let key = zone.getattr("key")?;
        let Ok(key) = key.cast_into::<PyString>() else { return Ok(None) };
        text.push_str(&format!("[{}]", key.to_str()?));
    } else if is_exactly(&zone, &types.timezone) {
        // With a name of its own it takes two arguments.
        if zone.call_method0("__getinitargs__")?.len()? != 1 {
            return Ok(None);
        }
    } else if !zone.is_none() {
        return Ok(None);
    }
    if value.getattr("fold")?.extract::<u8>()? == 1 {
        text.push_str("[_fold=1]");
    }
    Ok(Some(text))
}

/// Reads what [`moment`] wrote.
pub(super) fn read_moment<'py>(
    py: Python<'py>,
    class: &Py<pyo3::types::PyType>,
    text: &str,
    types: &Types,
) -> PyResult<Bound<'py, PyAny>> {
    let (text, folded) = text.strip_suffix("[_fold=1]").map_or((text, false), |text| (text, true));
    let (text, zone) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        Some((text, zone)) => (text, Some(zone)),
        None => (text, None),
    };
    let read = class.bind(py).call_method1("fromisoformat", (text,))?;
    if zone.is_none() && !folded {
        return Ok(read);
    }
    let parts = pyo3::types::PyDict::new(py);
    if let Some(zone) = zone {
        parts.set_item("tzinfo", types.zone.bind(py).call1((zone,))?)?;
    }
    parts.set_item("fold", u8::from(folded))?;
    read.call_method("replace", (), Some(&parts))
}

/// The text of a timedelta: exact seconds in the form of ISO 8601.
pub(super) fn timedelta(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let part = |name: &str| value.getattr(name)?.extract::<i64>();
    let micros = (i128::from(part("days")?) * 86_400 + i128::from(part("seconds")?)) * 1_000_000
        + i128::from(part("microseconds")?);
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    Ok(if rest == 0 { format!("{sign}PT{seconds}S") } else { format!("{sign}PT{seconds}.{rest:06}S") })
}

/// Reads what [`timedelta`] wrote; `None` for another text.
pub(super) fn read_timedelta<'py>(py: Python<'py>, text: &str, types: &Types) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (text, negative) = text.strip_prefix('-').map_or((text, false), |text| (text, true));
    let Some(text) = text.strip_prefix("PT").and_then(|text| text.strip_suffix('S')) else { return Ok(None) };
    let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
    let (Ok(seconds), Ok(micros)) = (seconds.parse::<i64>(), micros.parse::<i64>()) else { return Ok(None) };
    let sign = if negative { -1 } else { 1 };
    types.timedelta.bind(py).call1((0, sign * seconds, sign * micros)).map(Some)
}
