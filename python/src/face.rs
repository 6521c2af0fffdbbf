//! The two faces of a verb: one body, answered on this thread or awaited.

use std::future::Future;

use keepwarm::Cache;
use keepwarm::backend::Sharing;
use pyo3::prelude::*;

use crate::awaitable::{Awaiter, Begin, Pending, Ready, Show};
use crate::errors::Failure;
use crate::interrupt;

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
            Self::Async => Ready::awaitable(py, answer),
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
        self.wait_for(py, cache, || future, show)
    }

    /// The same for a verb of the store alone, which calls nothing of Python's: what waits for a network is polled by the event
    /// loop that awaits it, what waits for a disk by the runtime.
    pub(crate) fn wait_for<'py, T, F>(
        self,
        py: Python<'py>,
        cache: &Cache,
        verb: impl FnOnce() -> F + Send + 'static,
        show: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        // A store of Python's own methods is asked where it is known who awaits.
        let here = cache.abilities().sharing == Sharing::Network && cache.backend_kind() != "custom";
        if self == Self::Sync || !here {
            return self.wait(py, |_| verb(), show);
        }
        Pending::start(py, Begin::Here(Box::new(|| Box::pin(shown_later(verb(), show)))))
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
                let answer = interrupt::wait(py, verb(None))?;
                shown(py, answer, show)
            }
            Self::Async => {
                let begin = |awaiter| Box::pin(shown_later(verb(Some(awaiter)), show)) as _;
                Pending::start(py, Begin::Elsewhere(Box::new(begin)))
            }
        }
    }
}

/// What shows the answer of a verb, once that is there.
async fn shown_later<T: Send + 'static>(
    verb: impl Future<Output = Result<T, Failure>>,
    show: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
) -> Show {
    let answer = verb.await;
    Box::new(move |py: Python<'_>| shown(py, answer, show).map(Bound::unbind))
}

/// Carries out one verb of the cache on what the caller lent: `|cache, key| builder`, as Rust's callers write it. On a store that
/// never waits nothing is copied for it; on any other it takes what it needs along.
macro_rules! answer_lent {
    ($face:expr, $py:expr, $lent:expr, |$cache:ident, $key:ident| $builder:expr, $show:expr) => {{
        let (face, py, lent) = ($face, $py, $lent);
        if lent.cache.abilities().never_waits {
            let ($cache, version) = (lent.cache, lent.version);
            let $key = &*lent.key;
            let answer = match version {
                Some(version) => $builder.version(version).wait(),
                None => $builder.wait(),
            };
            face.ready(py, $crate::face::shown(py, answer.map_err($crate::errors::Failure::from), $show))
        } else {
            let (cache, name) = (lent.cache, lent.own());
            let verb = move || async move {
                let ($cache, $key) = (&name.cache, name.key.as_str());
                Ok::<_, $crate::errors::Failure>($crate::verbs::at_version!($builder, name.version)?)
            };
            face.wait_for(py, cache, verb, $show)
        }
    }};
}

pub(crate) use answer_lent;

/// Methods of [`Core`](crate::core::Core) in both faces: written once, and there under their name and, to be awaited, under the second
/// one. `face` is a constant in each of the two.
macro_rules! both_faces {
    ($($(#[$attribute:meta])* fn $name:ident | $awaited:ident $arguments:tt |$face:ident| $body:block)*) => {
        #[pyo3::pymethods]
        impl $crate::core::Core {
            $(
                $(#[$attribute])*
                fn $name<'py> $arguments -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                    let $face = $crate::face::Face::Sync;
                    $body
                }

                $(#[$attribute])*
                fn $awaited<'py> $arguments -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                    let $face = $crate::face::Face::Async;
                    $body
                }
            )*
        }
    };
}

pub(crate) use both_faces;

/// Shows an answer, or raises.
#[inline]
pub(crate) fn shown<'py, T>(
    py: Python<'py>,
    answer: Result<T, Failure>,
    show: impl FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match answer {
        Ok(answer) => show(py, answer),
        Err(failure) => Err(failure.raise(py)),
    }
}
