//! What awaited verbs return: coroutines of our own, so that `await`, `asyncio.create_task`, `gather` and `wait_for` take
//! them. One that is ready never meets the event loop.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::runtime;

/// Shows what a verb answered, with the interpreter at hand.
pub(crate) type Show = Box<dyn for<'py> FnOnce(Python<'py>) -> PyResult<Py<PyAny>> + Send>;

type Work = Pin<Box<dyn Future<Output = Show> + Send>>;

/// What begins when it is first awaited.
type Begin = Box<dyn FnOnce(Awaiter) -> Work + Send>;

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

    /// The loop that runs now.
    fn now(py: Python<'_>) -> PyResult<Self> {
        static NOW: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
        let (running_loop, copy_context) = NOW.get_or_try_init(py, || {
            let running_loop = py.import("asyncio")?.getattr("get_running_loop")?;
            Ok::<_, PyErr>((running_loop.unbind(), py.import("contextvars")?.getattr("copy_context")?.unbind()))
        })?;
        Ok(Self(Arc::new((running_loop.call0(py)?, copy_context.call0(py)?))))
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

    fn finish(&self) -> PyErr {
        match self.0.lock().take() {
            Some(Ok(value)) => done(value),
            Some(Err(error)) => error,
            None => again(),
        }
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

    fn __next__(&self) -> PyResult<Py<PyAny>> {
        Err(self.finish())
    }

    fn send(&self, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Err(self.finish())
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

/// Where the runtime leaves an answer for the event loop.
#[derive(Default)]
struct Delivery(Mutex<Option<Show>>);

enum State {
    /// Nothing was done yet.
    New(Begin),
    /// It is under way; `inner` is the iterator of the future that the loop waits for.
    Waiting {
        inner: Py<PyAny>,
        task: AbortHandle,
        delivery: Arc<Delivery>,
    },
    Over,
}

/// The awaitable of an answer that has to be waited for.
#[pyclass(frozen, module = "keepwarm._native")]
pub(crate) struct Pending(Mutex<State>);

impl Pending {
    /// The awaitable of this work, which begins when it is first awaited.
    pub(crate) fn start(
        py: Python<'_>,
        begin: impl FnOnce(Awaiter) -> Work + Send + 'static,
    ) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, Self(Mutex::new(State::New(Box::new(begin)))))?.into_any())
    }

    fn step(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        // Taken out: nothing of Python's runs under the lock.
        let state = std::mem::replace(&mut *self.0.lock(), State::Over);
        let (inner, task, delivery) = match state {
            State::New(work) => begin(py, work)?,
            State::Waiting { inner, task, delivery } => (inner, task, delivery),
            State::Over => return Err(again()),
        };
        match inner.call_method0(py, "__next__") {
            Ok(waited_for) => {
                *self.0.lock() = State::Waiting { inner, task, delivery };
                Ok(waited_for)
            }
            Err(stop) if stop.is_instance_of::<PyStopIteration>(py) => {
                let show = delivery.0.lock().take();
                match show {
                    Some(show) => Err(done(show(py)?)),
                    None => Err(PyRuntimeError::new_err("the runtime of awaited calls was shut down")),
                }
            }
            Err(error) => {
                task.abort();
                Err(error)
            }
        }
    }

    fn abort(&self) -> Option<Py<PyAny>> {
        match std::mem::replace(&mut *self.0.lock(), State::Over) {
            State::Waiting { inner, task, .. } => {
                task.abort();
                Some(inner)
            }
            State::New(_) | State::Over => None,
        }
    }
}

/// Spawns the work, and makes the future that the running loop waits for meanwhile.
fn begin(py: Python<'_>, work: Begin) -> PyResult<(Py<PyAny>, AbortHandle, Arc<Delivery>)> {
    let awaiter = Awaiter::now(py)?;
    let event_loop = awaiter.event_loop(py).clone();
    let asked_for = ASKED_FOR.load(Ordering::Relaxed).then(|| awaiter.clone());
    let work = work(awaiter);
    let work = match asked_for {
        Some(awaiter) => {
            *LAST.lock() = Some(awaiter.clone());
            Box::pin(WORKS_FOR.scope(awaiter, work))
        }
        None => work,
    };
    let future = event_loop.call_method0("create_future")?;
    let inner = future.call_method0("__await__")?.unbind();
    let delivery = Arc::<Delivery>::default();
    let wake = Py::new(py, Wake(future.unbind()))?;
    let (event_loop, place) = (event_loop.unbind(), Arc::clone(&delivery));
    let task = runtime::handle()?.spawn(async move {
        let show = work.await;
        *place.0.lock() = Some(show);
        // Not while the interpreter shuts down: nobody waits any more.
        Python::try_attach(|py| {
            // A loop that was closed has nobody who waits either.
            let _ = event_loop.call_method1(py, "call_soon_threadsafe", (&wake,));
            drop((event_loop, wake));
        });
    });
    Ok((inner, task.abort_handle(), delivery))
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
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let thrown = thrown(kind, value, traceback)?;
        match self.abort() {
            Some(inner) => inner.call_method1(py, "throw", (thrown.value(py),)),
            None => Err(thrown),
        }
    }

    fn close(&self) {
        self.abort();
    }
}

/// Ends the future that a loop waits for; called by that loop.
#[pyclass(frozen, module = "keepwarm._native")]
struct Wake(Py<PyAny>);

#[pymethods]
impl Wake {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let future = self.0.bind(py);
        if !future.call_method0("done")?.is_truthy()? {
            future.call_method1("set_result", (py.None(),))?;
        }
        Ok(())
    }
}
