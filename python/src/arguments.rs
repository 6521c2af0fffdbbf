//! What callers pass: timeouts, versions, tags.

use keepwarm::Timeout;
use keepwarm::key::Version;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt, PyString};

/// The objects that mean "the timeout of the alias": our own, and Django's where its door was opened.
static DEFAULTS: [PyOnceLock<Py<PyAny>>; 2] = [const { PyOnceLock::new() }; 2];

/// Makes an object mean "the timeout of the alias" wherever a timeout is passed.
#[pyfunction]
pub(crate) fn use_default_timeout(py: Python<'_>, sentinel: Py<PyAny>) -> PyResult<()> {
    for place in &DEFAULTS {
        if place.get_or_init(py, || sentinel.clone_ref(py)).is(&sentinel) {
            return Ok(());
        }
    }
    Err(PyValueError::new_err("two objects stand for the default timeout already"))
}

/// A timeout as callers pass it: left out, `None` for never, seconds, or a `timedelta`.
#[derive(Clone, Copy)]
pub(crate) struct TimeoutArgument(pub(crate) Timeout);

impl TimeoutArgument {
    /// Left out.
    pub(crate) const LEFT_OUT: Self = Self(Timeout::Default);
}

impl<'py> FromPyObject<'_, 'py> for TimeoutArgument {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = given.py();
        if given.is_none() {
            return Ok(Self(Timeout::Never));
        }
        if given.is_exact_instance_of::<PyInt>() || given.is_exact_instance_of::<PyFloat>() {
            return seconds(py, given.extract()?);
        }
        if DEFAULTS.iter().any(|place| place.get(py).is_some_and(|sentinel| given.is(sentinel))) {
            return Ok(Self::LEFT_OUT);
        }
        if given.is_instance_of::<PyString>() {
            return Err(refusal(&given));
        }
        let number = match given.getattr_opt("total_seconds")? {
            Some(total) => total.call0()?.extract(),
            None => given.extract::<f64>(),
        };
        seconds(py, number.map_err(|_| refusal(&given))?)
    }
}

fn seconds(py: Python<'_>, number: f64) -> PyResult<TimeoutArgument> {
    Timeout::from_secs(number).map(TimeoutArgument).map_err(|error| crate::errors::raise(py, &error))
}

fn refusal(given: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!(
        "a timeout is a number of seconds, a timedelta, or None for never, not {}",
        given.repr().map_or_else(|_| "this".to_owned(), |text| text.to_string())
    ))
}

/// A version as callers pass it; `None` is the alias' own.
pub(crate) fn version(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Version>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    match given.extract::<i64>() {
        Ok(number) => Ok(Some(Version::from(number))),
        Err(_) => Ok(Some(Version::from(given.str()?.to_string()))),
    }
}

/// Tags as callers pass them: an iterable of what `str` can name, but not one text.
pub(crate) fn tags(given: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Vec::new()) };
    if given.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("tags are a list or another iterable of names, not one text"));
    }
    given.try_iter()?.map(|tag| Ok(tag?.str()?.to_string())).collect()
}

/// The text of a key: what `str` gives, as Django's keys are.
pub(crate) fn text(key: &Bound<'_, PyAny>) -> PyResult<String> {
    match key.cast_exact::<PyString>() {
        Ok(text) => Ok(text.to_str()?.to_owned()),
        Err(_) => Ok(key.str()?.to_str()?.to_owned()),
    }
}

/// A length of time of a call, in seconds; not "never".
pub(crate) fn duration(name: &str, given: TimeoutArgument) -> PyResult<std::time::Duration> {
    match given.0 {
        Timeout::After(duration) => Ok(duration),
        _ => Err(PyTypeError::new_err(format!("{name} is a number of seconds, or a timedelta"))),
    }
}
