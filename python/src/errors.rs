//! Rust's one error as Python's exceptions: the kinds that Django's callers catch, each with the classes they catch.

use keepwarm::{Error, ErrorKind, FetchError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// Why a verb failed: the cache, or Python code that it called.
pub(crate) enum Failure {
    Cache(Error),
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Cache(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<FetchError<PyErr>> for Failure {
    fn from(error: FetchError<PyErr>) -> Self {
        match error {
            FetchError::Cache(error) => Self::Cache(error),
            FetchError::Loader(error) => Self::Python(error),
        }
    }
}

impl Failure {
    pub(crate) fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Python(error) => error,
            Self::Cache(error) => raise(py, &error),
        }
    }
}

/// The class in `keepwarm.exceptions` for a kind.
fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "ConfigurationError",
        ErrorKind::InvalidBackend => "InvalidCacheBackendError",
        ErrorKind::InvalidKey => "InvalidCacheKey",
        ErrorKind::InvalidTimeout => "InvalidTimeout",
        ErrorKind::Missing => "KeyNotFound",
        ErrorKind::NotAnInteger => "NotAnInteger",
        ErrorKind::Overflow => "CounterOverflow",
        ErrorKind::Encode => "SerializationError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Connection => "ConnectionError",
        ErrorKind::Timeout => "TimeoutError",
        ErrorKind::LockLost => "LockLost",
        ErrorKind::Deadlock => "DeadlockError",
        _ => "CacheError",
    }
}

/// The exception of an error, with its parts as attributes.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    match named(py, class(error.kind()), &error.to_string()) {
        Ok(exception) => {
            let value = exception.value(py);
            let parts = [("verb", error.verb()), ("backend", error.backend()), ("key", error.key())];
            for (name, part) in parts {
                // An exception without its details is better than another one in its place.
                let _ = value.setattr(name, part);
            }
            if let Some(cause) = raised_by_python(error) {
                exception.set_cause(py, Some(cause.clone_ref(py)));
            }
            exception
        }
        Err(other) => other,
    }
}

/// What a store that is written in Python raised.
fn raised_by_python(error: &Error) -> Option<&PyErr> {
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        if let Some(raised) = found.downcast_ref::<PyErr>() {
            return Some(raised);
        }
        let inside = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(raised) = inside.and_then(|inside| inside.downcast_ref::<PyErr>()) {
            return Some(raised);
        }
        cause = found.source();
    }
    None
}

/// An exception of `keepwarm.exceptions` by its name.
pub(crate) fn named(py: Python<'_>, class: &str, message: &str) -> PyResult<PyErr> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("keepwarm.exceptions").map(Bound::unbind))?;
    let class = module.bind(py).getattr(class)?.cast_into::<PyType>()?;
    Ok(PyErr::from_type(class, (message.to_owned(),)))
}
