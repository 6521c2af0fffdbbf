//! `set`, `add`, `replace`, `delete`, `touch`, `once`.

use keepwarm::backend::{Put, Refusal};
use keepwarm::{Raw, Timeout};
use pyo3::prelude::*;

use super::read::{nothing, truth};
use crate::arguments::{TimeoutArgument, tags, text};
use crate::core::Core;
use crate::errors::Failure;
use crate::face::{Face, answer_lent, both_faces};

type Any<'py> = Bound<'py, PyAny>;

/// What a write is to do where there is, or is not, a live entry.
#[derive(Clone, Copy)]
enum Write {
    Set,
    /// The same, and says whether the store took it.
    SetTold,
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

both_faces! {
    /// Stores a value in any case.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn set | aset(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        write(slf, face, Write::Set, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// Stores a value only if there is no live entry: of many callers at once, one gets `True`.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn add | aadd(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        write(slf, face, Write::Add, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// Stores a value only if there is a live entry; whether there was.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn replace | areplace(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        write(slf, face, Write::Replace, Given { key, value, timeout: timeout.0, version, tags })
    }

    /// Removes an entry; whether there was a live one.
    #[pyo3(signature = (key, version = None))]
    fn delete | adelete(slf: &Bound<'py, Self>, key: &Any<'py>, version: Option<&Any<'py>>) |face| {
        delete(slf, face, key, version)
    }

    /// Lets a live entry live this long from now; whether there was one.
    #[pyo3(signature = (key, timeout = TimeoutArgument::LEFT_OUT, version = None))]
    fn touch | atouch(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
    ) |face| {
        touch(slf, face, key, timeout, version)
    }

    /// `True` for the first caller of this name, as long as the store lives and keeps it; survives `clear`.
    fn once | aonce(slf: &Bound<'py, Self>, name: &Any<'py>) |face| {
        once(slf, face, name)
    }
}

#[pymethods]
impl Core {
    /// `aset` of the face that is awaited, which answers `True` there, as FastDjango's `set` does: unless the store refused.
    #[pyo3(signature = (key, value, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn _aset_told<'py>(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        value: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        write(slf, Face::Async, Write::SetTold, Given { key, value, timeout: timeout.0, version, tags })
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
        Write::SetTold => {
            answer_lent!(face, py, lent, |cache, key| cache.set(key, &raw).timeout(timeout).tags(tags), taken)
        }
        Write::Add => {
            answer_lent!(face, py, lent, |cache, key| cache.add(key, &raw).timeout(timeout).tags(tags), truth)
        }
        Write::Replace => {
            answer_lent!(face, py, lent, |cache, key| cache.replace(key, &raw).timeout(timeout).tags(tags), truth)
        }
    }
}

/// Shows whether a value was taken; one whose timeout is zero was, and is over.
fn taken(py: Python<'_>, put: Put) -> PyResult<Any<'_>> {
    truth(py, matches!(put, Put::Stored | Put::Refused(Refusal::NotKept)))
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
