//! A store of four methods that is written in Python, under Rust's adapter for such stores: what they give is one behaviour.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use crate::awaitable::Awaiter;
use crate::verbs::Done;

/// The store of one object, or of all that share its class and settings: its locks and leases are here.
#[pyclass(frozen, module = "keepwarm._native")]
pub(crate) struct CustomStore(pub(crate) Adapter<Methods>);

#[pymethods]
impl CustomStore {
    /// `methods`: has `get(key)`, `set(key, value, timeout)`, `delete(key)`, `clear()`, each answering or giving something to
    /// await, and `start(loop, awaitable, done)`.
    #[new]
    fn new(methods: Py<PyAny>) -> Self {
        Self(Adapter::new(Methods(Arc::new(methods))))
    }
}

pub(crate) struct Methods(Arc<Py<PyAny>>);

impl Custom for Methods {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        let answer = self.call("get", |py| (key,).into_pyobject(py)).await?;
        read(|py| {
            let answer = answer.bind(py);
            if answer.is_none() {
                return Ok(None);
            }
            answer.extract::<Vec<u8>>().map(Some).map_err(|_| {
                let class = answer.get_type().fully_qualified_name();
                let class = class.map_or_else(|_| "something else".to_owned(), |name| format!("a {name}"));
                PyTypeError::new_err(format!(
                    "`get` of a store gives the bytes that `set` was given, or None where there are none, not {class}"
                ))
            })
        })
    }

    async fn set(&self, key: &str, value: Vec<u8>, timeout: Option<Duration>) -> Result<(), CustomError> {
        let timeout = timeout.map(|timeout| timeout.as_secs_f64());
        self.call("set", |py| (key, PyBytes::new(py, &value), timeout).into_pyobject(py)).await.map(drop)
    }

    async fn delete(&self, key: &str) -> Result<bool, CustomError> {
        let answer = self.call("delete", |py| (key,).into_pyobject(py)).await?;
        // One that says nothing may have removed something; the adapter knows what was live.
        read(|py| Ok(answer.bind(py).is_none() || answer.bind(py).is_truthy()?))
    }

    async fn clear(&self) -> Result<(), CustomError> {
        self.call("clear", |py| ().into_pyobject(py)).await.map(drop)
    }
}

impl Methods {
    /// Calls a method, and waits for what it gives if that has to be awaited.
    async fn call<E: Into<PyErr>>(
        &self,
        name: &str,
        arguments: impl for<'py> FnOnce(Python<'py>) -> Result<Bound<'py, PyTuple>, E>,
    ) -> Result<Py<PyAny>, CustomError> {
        let begun = off_the_runtime(|| {
            Python::attach(|py| {
                let arguments = arguments(py).map_err(Into::into)?;
                let answer = self.0.bind(py).call_method1(name, arguments)?;
                if !answer.hasattr("__await__")? {
                    return Ok(Begun::Answered(answer.unbind()));
                }
                let (sender, receiver) = oneshot::channel();
                let done = Py::new(py, Done(Mutex::new(Some(sender))))?;
                let event_loop = Awaiter::of_this_work().map(|awaiter| awaiter.event_loop(py).clone().unbind());
                let task = self.0.bind(py).call_method1("start", (event_loop, answer, done))?;
                Ok(Begun::Awaited(receiver, Cancelling(Some(task.unbind()))))
            })
        });
        match begun.map_err(failed)? {
            Begun::Answered(answer) => Ok(answer),
            Begun::Awaited(receiver, mut cancelling) => {
                let answer = receiver.await;
                cancelling.0 = None;
                let gone = || PyRuntimeError::new_err("the event loop ended before the store's method did");
                answer.unwrap_or_else(|_| Err(gone())).map_err(failed)
            }
        }
    }
}

enum Begun {
    Answered(Py<PyAny>),
    Awaited(oneshot::Receiver<PyResult<Py<PyAny>>>, Cancelling),
}

/// Ends the method of a call that nobody waits for any more: it must not write after the lock of its key was given to another.
struct Cancelling(Option<Py<PyAny>>);

impl Drop for Cancelling {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            // Not while the interpreter shuts down: nothing runs then that could be ended.
            Python::try_attach(|py| {
                let _ = task.call_method0(py, "cancel");
            });
        }
    }
}

/// A plain method may take its time: on the runtime, other calls are carried out elsewhere meanwhile.
fn off_the_runtime<T>(call: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(call),
        _ => call(),
    }
}

fn read<T>(read: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, CustomError> {
    Python::attach(read).map_err(failed)
}

/// Python's own words for a connection that broke are the system's, which the layers around a store go by.
fn failed(error: PyErr) -> CustomError {
    let is_of_the_system = Python::attach(|py| error.is_instance_of::<pyo3::exceptions::PyOSError>(py));
    if is_of_the_system { Box::new(io::Error::from(error)) } else { Box::new(error) }
}
