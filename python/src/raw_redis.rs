//! Raw access to Redis: one command, and its answer as it came. What a command's answer means to Python is said in
//! `keepwarm/_redis.py`.

use keepwarm::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple};
use redis::{Cmd, RedisError, ServerErrorKind, Value};

use crate::core::Core;
use crate::errors::Failure;
use crate::face::Face;

type Any<'py> = Bound<'py, PyAny>;

#[pymethods]
impl Core {
    /// Sends one command to the server of this cache, and gives its answer.
    #[pyo3(signature = (*words))]
    fn _redis<'py>(slf: &Bound<'py, Self>, words: &Bound<'py, PyTuple>) -> PyResult<Any<'py>> {
        ask(slf, Face::Sync, words)
    }

    /// `_redis`, to be awaited.
    #[pyo3(signature = (*words))]
    fn _aredis<'py>(slf: &Bound<'py, Self>, words: &Bound<'py, PyTuple>) -> PyResult<Any<'py>> {
        ask(slf, Face::Async, words)
    }
}

fn ask<'py>(slf: &Bound<'py, Core>, face: Face, words: &Bound<'py, PyTuple>) -> PyResult<Any<'py>> {
    let py = slf.py();
    let mut command = Cmd::new();
    for word in words {
        add(&mut command, &word)?;
    }
    let store = slf.get().alias()?.cache.redis().map_err(|error| crate::errors::raise(py, &error))?;
    let work = move |_| async move {
        let answer = match face {
            Face::Sync => command.query::<Value>(&mut store.connection_wait()?),
            Face::Async => command.query_async::<Value>(&mut store.connection().await?).await,
        };
        answer.map_err(|error| Failure::Cache(failed(error)))
    };
    face.wait(py, work, shown)
}

/// A word of a command: text, bytes or a number.
fn add(command: &mut Cmd, word: &Any<'_>) -> PyResult<()> {
    if let Ok(bytes) = word.cast::<PyBytes>() {
        command.arg(bytes.as_bytes());
    } else if let Ok(text) = word.cast::<PyString>() {
        command.arg(text.to_str()?);
    } else if !word.is_instance_of::<PyBool>() && (word.is_instance_of::<PyInt>() || word.is_instance_of::<PyFloat>()) {
        command.arg(word.repr()?.to_str()?);
    } else if let Ok(bytes) = word.extract::<Vec<u8>>() {
        command.arg(bytes);
    } else {
        let class = word.get_type().fully_qualified_name()?;
        return Err(PyTypeError::new_err(format!("a word of a command is text, bytes or a number, not a {class}")));
    }
    Ok(())
}

fn failed(error: RedisError) -> Error {
    let kind = match error.kind() {
        _ if error.is_timeout() => ErrorKind::Timeout,
        _ if error.is_io_error() || error.is_connection_dropped() => ErrorKind::Connection,
        redis::ErrorKind::Server(ServerErrorKind::NoPerm) => ErrorKind::Unsupported,
        _ => ErrorKind::Backend,
    };
    Error::new(kind, error.to_string()).with_backend("redis").with_source(error)
}

fn shown(py: Python<'_>, answer: Value) -> PyResult<Any<'_>> {
    let list = |items: Vec<Value>| items.into_iter().map(|item| shown(py, item)).collect::<PyResult<Vec<_>>>();
    Ok(match answer {
        Value::Nil => py.None().into_bound(py),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Double(number) => number.into_pyobject(py)?.into_any(),
        Value::Boolean(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Value::BulkString(bytes) => PyBytes::new(py, &bytes).into_any(),
        Value::SimpleString(text) => PyBytes::new(py, text.as_bytes()).into_any(),
        Value::VerbatimString { text, .. } => PyBytes::new(py, text.as_bytes()).into_any(),
        Value::Okay => PyBytes::new(py, b"OK").into_any(),
        Value::Array(items) => PyList::new(py, list(items)?)?.into_any(),
        Value::Set(items) => PySet::new(py, list(items)?)?.into_any(),
        Value::Map(pairs) => {
            let map = PyDict::new(py);
            for (name, value) in pairs {
                map.set_item(shown(py, name)?, shown(py, value)?)?;
            }
            map.into_any()
        }
        other => PyString::new(py, &format!("{other:?}")).into_any(),
    })
}
