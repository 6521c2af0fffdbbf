//! The awaitable of an answer that has to be waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::mailbox::{mailbox, running_loop};
use super::polled::{Polled, Show, Work};
use super::{Awaiter, again, done, thrown};
use crate::runtime;

/// What begins when it is first awaited.
pub(crate) enum Begin {
    /// Work that never holds its thread up: the loop polls it itself.
    Here(Box<dyn FnOnce() -> Work + Send>),
    /// Any other, for the runtime; it may call back who awaits it.
    Elsewhere(Box<dyn FnOnce(Awaiter) -> Work + Send>),
}

enum State {
    /// Nothing was done yet.
    New(Begin),
    Waiting {
        polled: Arc<Polled>,
        /// The future that the loop waits for.
        future: Py<PyAny>,
    },
    Over,
}

#[pyclass(frozen, module = "keepwarm._native")]
pub(crate) struct Pending(Mutex<State>);

impl Pending {
    /// The awaitable of work that begins when it is first awaited.
    pub(crate) fn start(py: Python<'_>, begin: Begin) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, Self(Mutex::new(State::New(begin))))?.into_any())
    }

    fn step(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        // Taken out: nothing of Python's runs under the lock.
        let state = std::mem::replace(&mut *self.0.lock(), State::Over);
        let (polled, future) = match state {
            State::New(begin) => {
                let event_loop = running_loop(py)?;
                let runtime = runtime::handle()?;
                let polled = Polled::new(begin.work(&event_loop, &runtime)?, &mailbox(&event_loop)?, runtime);
                polled.poll();
                if let Some(show) = polled.answer() {
                    return Err(done(show(py)?));
                }
                let future = event_loop.call_method0(intern!(py, "create_future"))?.unbind();
                polled.ends(future.clone_ref(py));
                (polled, future)
            }
            State::Waiting { polled, future } => match polled.answer() {
                Some(show) => return Err(done(show(py)?)),
                None => (polled, future),
            },
            State::Over => return Err(again()),
        };
        // What `Future.__await__` does; a task then waits for it.
        future.setattr(py, intern!(py, "_asyncio_future_blocking"), true)?;
        *self.0.lock() = State::Waiting { polled, future: future.clone_ref(py) };
        Ok(future)
    }

    fn give_up(&self) {
        if let State::Waiting { polled, .. } = std::mem::replace(&mut *self.0.lock(), State::Over) {
            polled.give_up();
        }
    }
}

/// Dropped without an end, it is not waited for any more.
impl Drop for Pending {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Begin {
    fn work(self, event_loop: &Bound<'_, PyAny>, runtime: &Handle) -> PyResult<Work> {
        match self {
            Self::Here(begin) => Ok(begin()),
            Self::Elsewhere(begin) => {
                let work = Awaiter::on(event_loop)?.known_to(begin);
                Ok(Box::pin(Spawned(runtime.spawn(work))))
            }
        }
    }
}

/// Work that goes on in the runtime, and ends with who waits for it.
struct Spawned(JoinHandle<Show>);

impl Future for Spawned {
    type Output = Show;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Show> {
        Pin::new(&mut self.0).poll(context).map(|joined| {
            joined.unwrap_or_else(|error| {
                let why = format!("an awaited call ended without an answer: {error}");
                Box::new(move |_: Python<'_>| Err(PyRuntimeError::new_err(why)))
            })
        })
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[pymethods]
impl Pending {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.give_up();
        Err(thrown(kind, value, traceback)?)
    }

    fn close(&self) {
        self.give_up();
    }
}
