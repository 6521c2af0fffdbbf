//! Keys that are made of several parts.

use keepwarm::key;
use pyo3::prelude::*;

use crate::arguments::text;

fn texts(parts: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    parts.try_iter()?.map(|part| text(&part?)).collect()
}

/// A key of 64 hexadecimal digits out of any number of parts, each as `str` gives it; two different lists of parts never give
/// the same key, and Rust gives the same one.
#[pyfunction]
pub(crate) fn make_hashed_key(parts: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(key::make_hashed_key(texts(parts)?))
}

/// The key of a template fragment, as Django makes it.
#[pyfunction]
#[pyo3(signature = (fragment_name, vary_on = None))]
pub(crate) fn make_template_fragment_key(fragment_name: &str, vary_on: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    let vary_on = vary_on.filter(|given| !given.is_none()).map(texts).transpose()?.unwrap_or_default();
    Ok(key::make_template_fragment_key(fragment_name, vary_on))
}

/// The key itself, if every backend takes it; `InvalidCacheKey`, a `ValueError`, says why not.
#[pyfunction]
pub(crate) fn validate_cache_key(key: &Bound<'_, PyAny>) -> PyResult<String> {
    let made = text(key)?;
    key::validate_key(&made).map_err(|error| crate::errors::raise(key.py(), &error))?;
    Ok(made)
}
