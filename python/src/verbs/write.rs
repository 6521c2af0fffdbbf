//! `set`, `add`, `replace`, `delete`, `touch`, `once`.

use keepwarm::{Raw, Timeout};
use pyo3::prelude::*;

use super::read::{nothing, truth};
use crate::arguments::{TimeoutArgument, tags, text};
use crate::core::Core;
use crate::errors::Failure;
use crate::face::{Face, answer_lent};

type Any<'py> = Bound<'py, PyAny>;

/// What a write is to do where there is, or is not, a live entry.
#[derive(Clone, Copy)]
enum Write {
    Set,
    Add,
    Replace,
}

/// Everything that the writing verbs take.
struct Given<'a, 'py> {
    key: &'a Any<'py>,
    value: &'a Any<'py>,
    timeout: Timeout,
    version: Option<&'a Any<'py>>,
    tags: Option<&'a Any<'py>>,
}

#[pymethods]
impl Core {
    /// Stores a value in any case.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn set<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Sync, Write::Set, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// `set`, to be awaited.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn aset<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Async, Write::Set, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// Stores a value only if there is no live entry: of many callers at once, one gets `True`.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn add<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Sync, Write::Add, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// `add`, to be awaited.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn aadd<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Async, Write::Add, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// Stores a value only if there is a live entry; whether there was.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn replace<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Sync, Write::Replace, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// `replace`, to be awaited.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn areplace<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Async, Write::Replace, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// Removes an entry; whether there was a live one.
    #[pyo3(signature = (key, version = None))]
    fn delete<'py>(slf: &Bound<'py, Self>, key: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
        delete(slf, Face::Sync, key, version)
    }

    /// `delete`, to be awaited.
    #[pyo3(signature = (key, version = None))]
    fn adelete<'py>(slf: &Bound<'py, Self>, key: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
        delete(slf, Face::Async, key, version)
    }

    /// Lets a live entry live this long from now; whether there was one.
    #[pyo3(signature = (key, timeout = TimeoutArgument::LEFT_OUT, version = None))]
    fn touch<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        touch(slf, Face::Sync, key, timeout, version)
    }

    /// `touch`, to be awaited.
    #[pyo3(signature = (key, timeout = TimeoutArgument::LEFT_OUT, version = None))]
    fn atouch<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        touch(slf, Face::Async, key, timeout, version)
    }

    /// `True` for the first caller of this name, as long as the store lives and keeps it; survives `clear`.
    fn once<'py>(slf: &Bound<'py, Self>, name: &Any<'py>) -> PyResult<Any<'py>> {
        once(slf, Face::Sync, name)
    }

    /// `once`, to be awaited.
    fn aonce<'py>(slf: &Bound<'py, Self>, name: &Any<'py>) -> PyResult<Any<'py>> {
        once(slf, Face::Async, name)
    }
}

fn write<'py>(slf: &Bound<'py, Core>, face: Face, write: Write, given: Given<'_, 'py>) -> PyResult<Any<'py>> {
    let py = slf.py();
    let lent = Core::lend(slf, given.key, given.version)?;
    let raw: Raw = slf.get().alias()?.values.pack(given.value, || lent.stored(py))?;
    let (tags, timeout) = (tags(given.tags)?, given.timeout);
    match write {
        Write::Set => {
            answer_lent!(face, py, lent, |cache, key| cache.set(key, &raw).timeout(timeout).tags(tags), nothing)
        }
        Write::Add => {
            answer_lent!(face, py, lent, |cache, key| cache.add(key, &raw).timeout(timeout).tags(tags), truth)
        }
        Write::Replace => {
            answer_lent!(face, py, lent, |cache, key| cache.replace(key, &raw).timeout(timeout).tags(tags), truth)
        }
    }
}

fn delete<'py>(slf: &Bound<'py, Core>, face: Face, key: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
    let lent = Core::lend(slf, key, version)?;
    answer_lent!(face, slf.py(), lent, |cache, key| cache.delete(key), truth)
}

fn touch<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    key: &Any<'py>,
    timeout: TimeoutArgument,
    version: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let lent = Core::lend(slf, key, version)?;
    answer_lent!(face, slf.py(), lent, |cache, key| cache.touch(key, timeout.0), truth)
}

fn once<'py>(slf: &Bound<'py, Core>, face: Face, name: &Any<'py>) -> PyResult<Any<'py>> {
    let name = text(name)?;
    let cache = slf.get().alias()?.cache.clone();
    face.answer(slf.py(), &cache, |cache| async move { Ok::<_, Failure>(cache.once(&name).await?) }, truth)
}
