//! `get_or_set` and `refresh`: Python computes, Rust decides who does, and whether the value may be kept.

use std::collections::HashMap;
use std::sync::Arc;

use keepwarm::Raw;
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};
use tokio::sync::oneshot;

use super::read::hit_at_hand;
use crate::arguments::{TimeoutArgument, tags};
use crate::awaitable::Awaiter;
use crate::core::{Core, Name, Names, stored};
use crate::errors::Failure;
use crate::face::{Face, both_faces};
use crate::values::{Unopened, Values};

type Any<'py> = Bound<'py, PyAny>;

both_faces! {
    /// The value of a key; on a miss, what `default` is or, called, gives, stored. Of all callers who miss it at once, one
    /// computes; a value that an invalidation overtook meanwhile is not kept. Awaited, `default` may be an `async def`.
    #[pyo3(signature = (key, default, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn get_or_set | aget_or_set(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        default: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        fetch(slf, face, false, key, default, timeout, version, tags)
    }

    /// Computes a value anew and swaps it in; readers see the old one until then. Awaited, `default` may be an `async def`.
    #[pyo3(signature = (key, default, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn refresh | arefresh(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        default: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        fetch(slf, face, true, key, default, timeout, version, tags)
    }
}

#[expect(clippy::too_many_arguments, reason = "what the verbs take, once")]
fn fetch<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    refresh: bool,
    key: &Any<'py>,
    default: &Any<'py>,
    timeout: TimeoutArgument,
    version: Option<&Any<'py>>,
    given_tags: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let values = slf.get().alias()?.values.clone();
    let name = Core::name(slf, key, version)?;
    // A hit is answered here, with nothing prepared for a miss.
    if !refresh && let Some(value) = hit_at_hand(slf, key, version) {
        return face.ready(py, value);
    }
    let default = default.clone().unbind();
    let (tags, timeout) = (tags(given_tags)?, timeout.0);
    let (asked, opening) = (name.clone(), values.clone());
    let reader = values.reader();
    let work = move |awaiter| async move {
        let loading = Loading::new(default, awaiter);
        let loaded_for = name.clone();
        let load = move || async move { loading.one(loaded_for, values).await };
        let cache = name.cache;
        let fetch = match refresh {
            false => cache.get_or_try_set(&name.key, load),
            true => cache.try_refresh(&name.key, load),
        };
        let fetch = fetch.read_with(reader).timeout(timeout).tags(tags);
        let fetched = match (face, name.version) {
            (Face::Sync, Some(version)) => fetch.version(version).inline().await?,
            (Face::Sync, None) => fetch.inline().await?,
            (Face::Async, Some(version)) => fetch.version(version).await?,
            (Face::Async, None) => fetch.await?,
        };
        Ok::<Raw, Failure>(fetched)
    };
    face.wait(py, work, move |py, raw| {
        // What was found has been read; what was computed may be of a class that cannot be restored.
        opening.open(py, &raw.0, || asked.stored(py)).map_err(Unopened::raise)
    })
}

/// A Python loader: called on the thread that waits, or by the event loop of who awaits.
#[derive(Clone)]
pub(super) struct Loading(Arc<Loader>);

struct Loader {
    /// What is called, or is the value itself.
    default: Py<PyAny>,
    awaiter: Option<Awaiter>,
}

/// What an event loop sends back.
type Sent = oneshot::Sender<PyResult<Py<PyAny>>>;

impl Loading {
    pub(super) fn new(default: Py<PyAny>, awaiter: Option<Awaiter>) -> Self {
        Self(Arc::new(Loader { default, awaiter }))
    }

    /// The value of one key.
    pub(super) async fn one(self, name: Name, values: Values) -> PyResult<Raw> {
        match self.0.awaiter {
            None => Python::attach(|py| {
                let default = self.0.default.bind(py);
                let value = if default.is_callable() { default.call0()? } else { default.clone() };
                values.pack(&not_awaitable(value)?, || name.stored(py))
            }),
            Some(_) => {
                let value = self.by_the_loop(None).await?;
                Python::attach(|py| values.pack(value.bind(py), || name.stored(py)))
            }
        }
    }

    /// The values of these keys: those that the loader gave.
    pub(super) async fn many(
        self,
        missing: Vec<(String, Py<PyAny>)>,
        names: Names,
        values: Values,
    ) -> PyResult<HashMap<String, Raw>> {
        let keys =
            || Python::attach(|py| PyList::new(py, missing.iter().map(|(_, key)| key.bind(py))).map(Bound::unbind));
        let loaded = match self.0.awaiter {
            None => Python::attach(|py| not_awaitable(self.0.default.bind(py).call1((keys()?,))?).map(Bound::unbind)),
            Some(_) => self.by_the_loop(Some(keys()?.into_any())).await,
        }?;
        Python::attach(|py| {
            let loaded = loaded.bind(py);
            let mut raws = HashMap::new();
            for (name, key) in missing {
                if loaded.contains(&key)? {
                    let stored = || stored(py, &names.cache, &name, names.version.as_ref());
                    let raw = values.pack(&loaded.get_item(&key)?, stored)?;
                    raws.insert(name, raw);
                }
            }
            Ok(raws)
        })
    }

    /// Has the loop of who awaits call the loader, in the context of who awaits, and await what it gives.
    async fn by_the_loop(&self, argument: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let (sender, receiver) = oneshot::channel();
        Python::attach(|py| {
            let Some(awaiter) = &self.0.awaiter else { return Ok(()) };
            let start = Start { loading: self.clone(), argument, sender: Mutex::new(Some(sender)) };
            let options = PyDict::new(py);
            options.set_item("context", awaiter.context())?;
            awaiter.event_loop(py).call_method("call_soon_threadsafe", (Py::new(py, start)?,), Some(&options))?;
            Ok::<_, PyErr>(())
        })?;
        receiver.await.map_err(|_| PyRuntimeError::new_err("the event loop ended before the loader did"))?
    }
}

/// A loader that has to be awaited cannot be called by who does not.
fn not_awaitable(value: Any<'_>) -> PyResult<Any<'_>> {
    if value.hasattr("__await__")? {
        // An un-awaited coroutine would warn as well.
        let _ = value.call_method0("close");
        return Err(PyTypeError::new_err("the loader is an `async def`: await it through the async face of the cache"));
    }
    Ok(value)
}

/// Called by an event loop: starts the loader as a task of it.
#[pyclass(frozen, module = "keepwarm._native")]
struct Start {
    loading: Loading,
    argument: Option<Py<PyAny>>,
    sender: Mutex<Option<Sent>>,
}

#[pymethods]
impl Start {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        static RUN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let Some(sender) = self.sender.lock().take() else { return Ok(()) };
        let run =
            RUN.get_or_try_init(py, || Ok::<_, PyErr>(py.import("keepwarm._loading")?.getattr("run")?.unbind()))?;
        let arguments = (&self.loading.0.default, self.argument.as_ref(), self.argument.is_some());
        let coroutine = run.bind(py).call1(arguments)?;
        let Some(awaiter) = &self.loading.0.awaiter else { return Ok(()) };
        let options = PyDict::new(py);
        options.set_item("context", awaiter.context())?;
        let task = awaiter.event_loop(py).call_method("create_task", (coroutine,), Some(&options))?;
        task.call_method1("add_done_callback", (Py::new(py, Done(Mutex::new(Some(sender))))?,))?;
        Ok(())
    }
}

/// Called by an event loop when the loader's task is done.
#[pyclass(frozen, module = "keepwarm._native")]
pub(crate) struct Done(pub(crate) Mutex<Option<Sent>>);

#[pymethods]
impl Done {
    fn __call__(&self, task: &Any<'_>) {
        if let Some(sender) = self.0.lock().take() {
            // Nobody may wait any more.
            let _ = sender.send(task.call_method0("result").map(Bound::unbind));
        }
    }
}
