//! The two faces of a verb: one body, answered on this thread or awaited.

use std::future::Future;

use keepwarm::Cache;
use pyo3::prelude::*;

use crate::awaitable::{Awaiter, Pending, Ready};
use crate::errors::Failure;

/// How a caller wants to be answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// With the answer.
    Sync,
    /// With something to await.
    Async,
}

impl Face {
    /// An answer that is at hand.
    pub(crate) fn ready<'py>(
        self,
        py: Python<'py>,
        answer: PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Sync => answer,
            Self::Async => Ready::new(py, answer),
        }
    }

    /// Carries out a verb. On a store that never waits it is done here and now, without letting other threads run; on any
    /// other this thread waits without holding the interpreter up, or whoever awaits it does.
    pub(crate) fn answer<'py, T, F>(
        self,
        py: Python<'py>,
        cache: &Cache,
        verb: impl FnOnce(Cache) -> F,
        show: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let future = verb(cache.clone());
        if cache.abilities().never_waits {
            let answer = keepwarm::wait(future);
            return self.ready(py, shown(py, answer, show));
        }
        self.wait(py, |_| future, show)
    }

    /// The same for a verb that may wait on any store; it is begun with who awaits it, where somebody does.
    pub(crate) fn wait<'py, T, F>(
        self,
        py: Python<'py>,
        verb: impl FnOnce(Option<Awaiter>) -> F + Send + 'static,
        show: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        match self {
            Self::Sync => {
                let answer = py.detach(|| keepwarm::wait(verb(None)));
                shown(py, answer, show)
            }
            Self::Async => Pending::start(py, |awaiter| {
                let future = verb(Some(awaiter));
                Box::pin(async move {
                    let answer = future.await;
                    Box::new(move |py: Python<'_>| shown(py, answer, show).map(Bound::unbind)) as _
                })
            }),
        }
    }
}

fn shown<'py, T>(
    py: Python<'py>,
    answer: Result<T, Failure>,
    show: impl FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match answer {
        Ok(answer) => show(py, answer),
        Err(failure) => Err(failure.raise(py)),
    }
}
