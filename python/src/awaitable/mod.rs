//! What awaited verbs return: coroutines of our own, so that `await`, `asyncio.create_task`, `gather` and `wait_for` take
//! them. One that is ready never meets the event loop.

mod mailbox;
mod pending;
mod polled;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
pub(crate) use pending::{Begin, Pending};
pub(crate) use polled::Show;
use polled::Work;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// `asyncio.get_running_loop`, and `contextvars.copy_context`.
fn functions(py: Python<'_>) -> PyResult<&'static (Py<PyAny>, Py<PyAny>)> {
    static FUNCTIONS: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    FUNCTIONS.get_or_try_init(py, || {
        let running_loop = py.import("asyncio")?.getattr("get_running_loop")?.unbind();
        Ok((running_loop, py.import("contextvars")?.getattr("copy_context")?.unbind()))
    })
}

/// Looks up what awaiting takes. While the package is imported: later an import would be made by whatever frame awaits first, in whose
/// globals Python may find no builtins.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    functions(py).map(|_| ())
}

/// Who awaits: an event loop, and the context of its task.
#[derive(Clone)]
pub(crate) struct Awaiter(Arc<(Py<PyAny>, Py<PyAny>)>);

tokio::task_local! {
    /// Who awaits the work that a task of the runtime does.
    static WORKS_FOR: Awaiter;
}

/// Whether there is a store whose methods are awaited; only then is it worth knowing who awaits.
static ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// Who awaited last: what a computation asks of a store is asked by a task of its own.
static LAST: Mutex<Option<Awaiter>> = Mutex::new(None);

impl Awaiter {
    /// From now on it is known who awaits; see [`Awaiter::of_this_work`].
    pub(crate) fn is_asked_for() {
        ASKED_FOR.store(true, Ordering::Relaxed);
    }

    /// Who awaits what is being done here: for a verb, its caller; for a computation, whoever called last; nobody, where a
    /// thread waits.
    pub(crate) fn of_this_work() -> Option<Self> {
        let known = WORKS_FOR.try_with(Self::clone).ok();
        known.or_else(|| tokio::runtime::Handle::try_current().ok().and_then(|_| LAST.lock().clone()))
    }

    /// The work, where it may be asked for whom it is done.
    fn known_to(self, work: impl FnOnce(Self) -> Work) -> Work {
        if !ASKED_FOR.load(Ordering::Relaxed) {
            return work(self);
        }
        *LAST.lock() = Some(self.clone());
        let work = work(self.clone());
        Box::pin(WORKS_FOR.scope(self, work))
    }

    /// This loop, and the context that it runs in now.
    fn on(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        let (_, copy_context) = functions(py)?;
        Ok(Self(Arc::new((event_loop.clone().unbind(), copy_context.call0(py)?))))
    }

    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.0.0.bind(py)
    }

    pub(crate) fn context(&self) -> &Py<PyAny> {
        &self.0.1
    }
}

fn done(value: Py<PyAny>) -> PyErr {
    // In a tuple: a value that is one itself would be taken for arguments.
    PyStopIteration::new_err((value,))
}

fn again() -> PyErr {
    PyRuntimeError::new_err("cannot reuse already awaited coroutine")
}

/// The awaitable of an answer that is there.
#[pyclass(frozen, module = "keepwarm._native")]
pub(crate) struct Ready(Mutex<Option<PyResult<Py<PyAny>>>>);

impl Ready {
    pub(crate) fn awaitable<'py>(py: Python<'py>, answer: PyResult<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        Ok(Bound::new(py, Self(Mutex::new(Some(answer.map(Bound::unbind)))))?.into_any())
    }

    fn finish(&self) -> PyResult<Py<PyAny>> {
        self.0.lock().take().ok_or_else(again)?
    }
}

#[pymethods]
impl Ready {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Nothing to be said is the end without a value, which costs no exception.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let value = self.finish()?;
        if value.is_none(py) { Ok(None) } else { Err(done(value)) }
    }

    fn send(&self, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Err(done(self.finish()?))
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.0.lock().take();
        Err(thrown(kind, value, traceback)?)
    }

    fn close(&self) {
        self.0.lock().take();
    }
}

/// The exception of a `throw` in its old and its new form.
fn thrown(
    kind: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
    traceback: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyErr> {
    let exception = match value.filter(|value| !value.is_none()) {
        Some(value) => value.clone(),
        None if kind.is_callable() => kind.call0()?,
        None => kind.clone(),
    };
    if let Some(traceback) = traceback.filter(|traceback| !traceback.is_none()) {
        exception.call_method1("with_traceback", (traceback,))?;
    }
    Ok(PyErr::from_value(exception))
}
