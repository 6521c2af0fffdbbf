//! Locks with an owner, as context managers of both faces.

use std::sync::Arc;
use std::time::Duration;

use keepwarm::cache::LockGuard;
use keepwarm::{Cache, ErrorKind};
use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arguments::{TimeoutArgument, duration, text};
use crate::core::Core;
use crate::errors::Failure;
use crate::face::Face;
use crate::runtime::with_runtime;

type Any<'py> = Bound<'py, PyAny>;

/// A lock by name: `with` and `async with` hold it for as long as their body runs, and at most for its timeout. Each object
/// is one owner.
#[pyclass(frozen, module = "keepwarm._native")]
pub(crate) struct Lock {
    cache: Cache,
    name: String,
    timeout: Duration,
    patience: Patience,
    held: Arc<Mutex<Option<Held>>>,
}

/// A lock that is held. One that nobody is left to release, because whoever got it was cancelled or forgot it, is released when
/// it is dropped.
struct Held(Option<LockGuard>);

impl Held {
    fn guard(mut self) -> Option<LockGuard> {
        self.0.take()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(guard) = self.0.take() {
            with_runtime(|| drop(guard));
        }
    }
}

/// How long to wait for the lock.
#[derive(Clone, Copy)]
enum Patience {
    None,
    Some(Duration),
    Endless,
}

#[pymethods]
impl Core {
    /// A lock by name, held by one owner at a time. `timeout`: after how many seconds it ends by itself; `blocking` and
    /// `blocking_timeout`: whether to wait for it, and how long.
    #[pyo3(signature = (name, timeout = None, blocking = true, blocking_timeout = None))]
    fn lock(
        &self,
        name: &Any<'_>,
        timeout: Option<TimeoutArgument>,
        blocking: bool,
        blocking_timeout: Option<TimeoutArgument>,
    ) -> PyResult<Lock> {
        let seconds = |name: &str, given: Option<TimeoutArgument>| given.map(|given| duration(name, given)).transpose();
        let patience = match (blocking, seconds("a blocking timeout", blocking_timeout)?) {
            (false, _) => Patience::None,
            (true, Some(patience)) => Patience::Some(patience),
            (true, None) => Patience::Endless,
        };
        Ok(Lock {
            cache: self.alias()?.cache.clone(),
            name: text(name)?,
            timeout: seconds("a lock's timeout", timeout)?.unwrap_or(Duration::from_secs(30)),
            patience,
            held: Arc::default(),
        })
    }
}

#[pymethods]
impl Lock {
    /// Takes the lock; whether it was free in time.
    fn acquire<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        self.take(py, Face::Sync, None)
    }

    /// `acquire`, to be awaited.
    fn aacquire<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        self.take(py, Face::Async, None)
    }

    /// Gives the lock back; whether it was still held.
    fn release<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        self.free(py, Face::Sync)
    }

    /// `release`, to be awaited.
    fn arelease<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        self.free(py, Face::Async)
    }

    /// The number to pass on to what is written under the lock: a later owner's is always larger.
    #[getter]
    fn fence(&self) -> Option<u64> {
        self.held.lock().as_ref()?.0.as_ref().map(LockGuard::fence)
    }

    /// The owner's token, while the lock is held.
    #[getter]
    fn token(&self) -> Option<String> {
        self.held.lock().as_ref()?.0.as_ref().map(|guard| guard.token().to_owned())
    }

    fn __enter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        slf.get().take(slf.py(), Face::Sync, Some(slf.clone().unbind()))?;
        Ok(slf)
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Any<'_>) -> PyResult<bool> {
        self.free(py, Face::Sync)?;
        Ok(false)
    }

    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Any<'py>> {
        slf.get().take(slf.py(), Face::Async, Some(slf.clone().unbind()))
    }

    #[pyo3(signature = (*_raised))]
    fn __aexit__<'py>(&self, py: Python<'py>, _raised: &Any<'py>) -> PyResult<Any<'py>> {
        // What a body raised goes on.
        self.freeing(py, Face::Async, |_| false)
    }
}

impl Lock {
    /// Takes the lock: whether it was free in time, or, for who `enters` it, the lock, and an error where it was not.
    fn take<'py>(&self, py: Python<'py>, face: Face, enters: Option<Py<Self>>) -> PyResult<Any<'py>> {
        let raises = enters.is_some();
        if self.held.lock().is_some() {
            return Err(PyTypeError::new_err("this lock is held already; another owner is another object"));
        }
        let (cache, name, timeout, patience) = (self.cache.clone(), self.name.clone(), self.timeout, self.patience);
        let place = Arc::clone(&self.held);
        let work = async move {
            let lock = cache.lock(&name).timeout(timeout);
            let taken = match patience {
                Patience::None => lock.try_now().await?,
                Patience::Some(patience) => match lock.within(patience).await {
                    Ok(guard) => Some(guard),
                    Err(error) if error.kind() == ErrorKind::Timeout && !raises => None,
                    Err(error) => return Err(error.into()),
                },
                Patience::Endless => Some(lock.await?),
            };
            if taken.is_none() && raises {
                let error = keepwarm::Error::new(ErrorKind::Timeout, format!("the lock {name:?} is not free"));
                return Err(Failure::Cache(error.with_verb("lock")));
            }
            Ok(taken.map(|guard| Held(Some(guard))))
        };
        // It is put down only where somebody is told that it is held: who was cancelled in that moment is not.
        face.wait(
            py,
            |_| work,
            move |py, held| {
                let got = held.is_some();
                let before = std::mem::replace(&mut *place.lock(), held);
                // Two tasks took one object at once: the one that came first holds it no longer.
                drop(before);
                match enters {
                    Some(lock) => Ok(lock.into_bound(py).into_any()),
                    None => Ok(got.into_pyobject(py)?.to_owned().into_any()),
                }
            },
        )
    }

    fn free<'py>(&self, py: Python<'py>, face: Face) -> PyResult<Any<'py>> {
        self.freeing(py, face, |freed| freed)
    }

    fn freeing<'py>(&self, py: Python<'py>, face: Face, answer: fn(bool) -> bool) -> PyResult<Any<'py>> {
        let place = Arc::clone(&self.held);
        let work = async move {
            let held = place.lock().take();
            match held.and_then(Held::guard) {
                Some(guard) => Ok::<_, Failure>(guard.release().await?),
                None => Ok(false),
            }
        };
        face.wait(py, |_| work, move |py, freed| Ok(answer(freed).into_pyobject(py)?.to_owned().into_any()))
    }
}
