//! `get`, `has_key`, `ttl`.

use keepwarm::{Cache, Raw, Ttl};
use pyo3::prelude::*;

use super::at_version;
use crate::core::{Core, stored};
use crate::errors::Failure;
use crate::face::{Face, answer_lent, both_faces};
use crate::values::{Glanced, Unopened};

type Any<'py> = Bound<'py, PyAny>;

both_faces! {
    /// The value of a key, or `default` where there is none. A stored `None` is a value.
    #[pyo3(signature = (key, default = None, version = None))]
    fn get | aget(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        default: Option<Any<'py>>,
        version: Option<&Any<'py>>,
    ) |face| {
        if let Some(found) = at_hand(slf, key, version) {
            let py = slf.py();
            let found = found.map(|found| found.or(default).unwrap_or_else(|| py.None().into_bound(py)));
            return face.ready(py, found);
        }
        get(slf, face, key, default, version)
    }

    /// Whether there is a live entry, whatever its value.
    #[pyo3(signature = (key, version = None))]
    fn has_key | ahas_key(slf: &Bound<'py, Self>, key: &Any<'py>, version: Option<&Any<'py>>) |face| {
        has_key(slf, face, key, version)
    }

    /// How many seconds an entry still lives: `None` for ever, 0 where there is none.
    #[pyo3(signature = (key, version = None))]
    fn ttl | attl(slf: &Bound<'py, Self>, key: &Any<'py>, version: Option<&Any<'py>>) |face| {
        ttl(slf, face, key, version)
    }
}

/// What `get` would answer where nothing has to be waited for, otherwise `NotImplemented`. A function and no method: those
/// of a base class are slower to call.
#[pyfunction]
#[pyo3(signature = (cache, key, default, version, /))]
pub(crate) fn get_at_hand<'py>(
    cache: &Bound<'py, Core>,
    key: &Any<'py>,
    default: &Any<'py>,
    version: &Any<'py>,
) -> PyResult<Any<'py>> {
    match at_hand(cache, key, Some(version)) {
        Some(found) => Ok(found?.unwrap_or_else(|| default.clone())),
        None => Ok(cache.py().NotImplemented().into_bound(cache.py())),
    }
}

/// A value that lies at hand, or that there is none; `None` where the store has to be asked.
#[inline]
pub(super) fn at_hand<'py>(
    slf: &Bound<'py, Core>,
    key: &Any<'py>,
    version: Option<&Any<'py>>,
) -> Option<PyResult<Option<Any<'py>>>> {
    if version.is_some_and(|version| !version.is_none()) {
        return None;
    }
    let py = slf.py();
    let alias = slf.get().alias().ok()?;
    let name = Core::plain(alias, key)?;
    let found = alias.cache.at_hand(name, |glimpse| Glanced::take(py, glimpse))?;
    Some(match found {
        None => Ok(None),
        Some(found) => hit(&alias.cache, found.open(py, &alias.values, || stored(py, &alias.cache, name, None))),
    })
}

/// A hit that lies at hand, counted. A miss is neither answered nor counted.
#[inline]
pub(super) fn hit_at_hand<'py>(
    slf: &Bound<'py, Core>,
    key: &Any<'py>,
    version: Option<&Any<'py>>,
) -> Option<PyResult<Any<'py>>> {
    if version.is_some_and(|version| !version.is_none()) {
        return None;
    }
    let py = slf.py();
    let alias = slf.get().alias().ok()?;
    let name = Core::plain(alias, key)?;
    let found = alias.cache.hit_at_hand(name, |glimpse| Glanced::take(py, glimpse))?;
    match found.open(py, &alias.values, || stored(py, &alias.cache, name, None)) {
        Ok(value) => Some(Ok(value)),
        Err(Unopened::Raised(error)) => Some(Err(error)),
        Err(Unopened::Unreadable(_)) => {
            alias.cache.unreadable(false);
            None
        }
    }
}

/// A hit that was counted, unless it cannot be read: then it is a miss.
pub(super) fn hit<'py>(cache: &Cache, opened: Result<Any<'py>, Unopened>) -> PyResult<Option<Any<'py>>> {
    match opened {
        Ok(value) => Ok(Some(value)),
        Err(Unopened::Raised(error)) => Err(error),
        Err(Unopened::Unreadable(_)) => {
            cache.unreadable(true);
            Ok(None)
        }
    }
}

fn get<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    key: &Any<'py>,
    default: Option<Any<'py>>,
    version: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let name = Core::name(slf, key, version)?;
    let values = slf.get().alias()?.values.clone();
    let (asked, default) = (name.clone(), default.map(Bound::unbind));
    face.answer(
        py,
        &name.cache.clone(),
        |cache| async move { Ok::<_, Failure>(at_version!(cache.get::<Raw>(&name.key), name.version)?) },
        move |py, found: Option<Raw>| {
            let value = match found {
                Some(raw) => hit(&asked.cache, values.open(py, &raw.0, || asked.stored(py)))?,
                None => None,
            };
            Ok(value.unwrap_or_else(|| default.unwrap_or_else(|| py.None()).into_bound(py)))
        },
    )
}

fn has_key<'py>(slf: &Bound<'py, Core>, face: Face, key: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
    let lent = Core::lend(slf, key, version)?;
    answer_lent!(face, slf.py(), lent, |cache, key| cache.has_key(key), truth)
}

fn ttl<'py>(slf: &Bound<'py, Core>, face: Face, key: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
    let lent = Core::lend(slf, key, version)?;
    answer_lent!(face, slf.py(), lent, |cache, key| cache.ttl(key), seconds_left)
}

/// Shows how long an entry lives still.
fn seconds_left(py: Python<'_>, left: Ttl) -> PyResult<Any<'_>> {
    match left {
        Ttl::Absent => Ok(0_i32.into_pyobject(py)?.into_any()),
        Ttl::Never => Ok(py.None().into_bound(py)),
        Ttl::Left(left) => Ok(left.as_secs_f64().into_pyobject(py)?.into_any()),
    }
}

/// Shows what is true or not.
pub(super) fn truth(py: Python<'_>, truth: bool) -> PyResult<Any<'_>> {
    Ok(truth.into_pyobject(py)?.to_owned().into_any())
}

/// Shows nothing.
pub(super) fn nothing<T>(py: Python<'_>, _: T) -> PyResult<Any<'_>> {
    Ok(py.None().into_bound(py))
}
