//! `get_many`, `set_many`, `delete_many`, `get_or_set_many`.

use std::collections::HashMap;

use keepwarm::Raw;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping};

use super::at_version;
use super::fetch::Loading;
use super::read::{at_hand, nothing};
use crate::arguments::{TimeoutArgument, tags};
use crate::core::{Core, Names};
use crate::errors::Failure;
use crate::face::Face;

type Any<'py> = Bound<'py, PyAny>;

#[pymethods]
impl Core {
    /// The values of those keys that are there, in one round trip, under the caller's own names.
    #[pyo3(signature = (keys, version = None))]
    fn get_many<'py>(slf: &Bound<'py, Self>, keys: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
        get_many(slf, Face::Sync, keys, version)
    }

    /// `get_many`, to be awaited.
    #[pyo3(signature = (keys, version = None))]
    fn aget_many<'py>(slf: &Bound<'py, Self>, keys: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
        get_many(slf, Face::Async, keys, version)
    }

    /// Stores many values in one round trip; gives the keys that the store refused.
    #[pyo3(signature = (data, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn set_many<'py>(
        slf: &Bound<'py, Self>,
        data: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        set_many(slf, Face::Sync, data, timeout, version, tags)
    }

    /// `set_many`, to be awaited.
    #[pyo3(signature = (data, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn aset_many<'py>(
        slf: &Bound<'py, Self>,
        data: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        set_many(slf, Face::Async, data, timeout, version, tags)
    }

    /// Removes many keys in one round trip.
    #[pyo3(signature = (keys, version = None))]
    fn delete_many<'py>(slf: &Bound<'py, Self>, keys: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
        delete_many(slf, Face::Sync, keys, version)
    }

    /// `delete_many`, to be awaited.
    #[pyo3(signature = (keys, version = None))]
    fn adelete_many<'py>(slf: &Bound<'py, Self>, keys: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
        delete_many(slf, Face::Async, keys, version)
    }

    /// Reads many keys, and computes those that are missing with one call of `loader`, which gets a list of them and gives
    /// a dict. Each missing key is computed once among all callers.
    #[pyo3(signature = (keys, loader, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn get_or_set_many<'py>(
        slf: &Bound<'py, Self>,
        keys: &Any<'py>,
        loader: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        get_or_set_many(slf, Face::Sync, keys, loader, timeout, version, tags)
    }

    /// `get_or_set_many`, to be awaited; `loader` may be an `async def`.
    #[pyo3(signature = (keys, loader, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn aget_or_set_many<'py>(
        slf: &Bound<'py, Self>,
        keys: &Any<'py>,
        loader: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        get_or_set_many(slf, Face::Async, keys, loader, timeout, version, tags)
    }
}

fn get_many<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    keys: &Any<'py>,
    version: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let found = PyDict::new(py);
    let mut rest: Vec<Any<'py>> = Vec::new();
    for key in keys.try_iter()? {
        let key = key?;
        match at_hand(slf, &key, version) {
            Some(Ok(Some(value))) => found.set_item(&key, value)?,
            Some(Ok(None)) => {}
            Some(Err(error)) => return Err(error),
            None => rest.push(key),
        }
    }
    if rest.is_empty() {
        return face.ready(py, Ok(found.into_any()));
    }
    let values = slf.get().alias()?.values;
    let Names { cache, keys: names, version } = Core::names(slf, &rest, version)?;
    let rest: Vec<Py<PyAny>> = rest.into_iter().map(Bound::unbind).collect();
    let found = found.unbind();
    face.answer(
        py,
        &cache,
        |cache| async move {
            let mut read = at_version!(cache.get_many::<Raw, _>(&names), version)?;
            Ok::<_, Failure>(names.iter().map(|name| read.remove(name)).collect::<Vec<Option<Raw>>>())
        },
        move |py, read| {
            let found = found.into_bound(py);
            for (key, raw) in rest.iter().zip(read) {
                if let Some(value) = raw.map(|raw| values.open(py, &raw.0)).transpose()?.flatten() {
                    found.set_item(key, value)?;
                }
            }
            Ok(found.into_any())
        },
    )
}

fn set_many<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    data: &Any<'py>,
    timeout: TimeoutArgument,
    version: Option<&Any<'py>>,
    given_tags: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let values = slf.get().alias()?.values;
    let items = match data.cast::<PyDict>() {
        Ok(dict) => dict.items(),
        Err(_) => data.cast::<PyMapping>()?.items()?,
    };
    let (mut keys, mut raws) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items.iter() {
        let (key, value) = item.extract::<(Any<'py>, Any<'py>)>()?;
        raws.push(values.pack(&value)?);
        keys.push(key);
    }
    if keys.is_empty() {
        return face.ready(py, Ok(PyList::empty(py).into_any()));
    }
    let Names { cache, keys: names, version } = Core::names(slf, &keys, version)?;
    let keys: Vec<Py<PyAny>> = keys.into_iter().map(Bound::unbind).collect();
    let (tags, timeout) = (tags(given_tags)?, timeout.0);
    face.answer(
        py,
        &cache,
        |cache| async move {
            let set = cache.set_many(names.iter().map(String::as_str).zip(&raws)).timeout(timeout).tags(tags);
            let refused = at_version!(set, version)?;
            let places = names.iter().enumerate().filter(|(_, name)| refused.contains(name));
            Ok::<_, Failure>(places.map(|(place, _)| place).collect::<Vec<usize>>())
        },
        move |py, refused| Ok(PyList::new(py, refused.into_iter().map(|place| keys[place].bind(py)))?.into_any()),
    )
}

fn delete_many<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    keys: &Any<'py>,
    version: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let keys = keys.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let Names { cache, keys: names, version } = Core::names(slf, &keys, version)?;
    face.answer(
        py,
        &cache,
        |cache| async move { Ok::<_, Failure>(at_version!(cache.delete_many(names), version)?) },
        nothing,
    )
}

fn get_or_set_many<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    keys: &Any<'py>,
    loader: &Any<'py>,
    timeout: TimeoutArgument,
    version: Option<&Any<'py>>,
    given_tags: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    if !loader.is_callable() {
        return Err(PyTypeError::new_err("the loader of many keys is a function of a list of them"));
    }
    let keys = keys.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let values = slf.get().alias()?.values;
    let Names { cache, keys: names, version } = Core::names(slf, &keys, version)?;
    let (tags, timeout) = (tags(given_tags)?, timeout.0);
    let keys: Vec<Py<PyAny>> = keys.into_iter().map(Bound::unbind).collect();
    let own: HashMap<String, Py<PyAny>> = names.iter().cloned().zip(keys.iter().map(|key| key.clone_ref(py))).collect();
    let loader = loader.clone().unbind();
    let asked = names.clone();
    let work = move |awaiter| async move {
        let loading = Loading::new(loader, awaiter);
        let load = move |missing: Vec<String>| {
            let loading = loading.clone();
            let missing: Vec<(String, Py<PyAny>)> = Python::attach(|py| {
                missing
                    .into_iter()
                    .filter_map(|name| own.get(&name).map(|key| (name.clone(), key.clone_ref(py))))
                    .collect()
            });
            async move { loading.many(missing, values).await }
        };
        let fetch = cache.get_or_try_set_many(asked, load).timeout(timeout).tags(tags);
        let fetched = match (face, version) {
            (Face::Sync, Some(version)) => fetch.version(version).inline().await?,
            (Face::Sync, None) => fetch.inline().await?,
            (Face::Async, Some(version)) => fetch.version(version).await?,
            (Face::Async, None) => fetch.await?,
        };
        Ok::<HashMap<String, Raw>, Failure>(fetched)
    };
    face.wait(py, work, move |py, mut fetched| {
        let found = PyDict::new(py);
        for (key, name) in keys.iter().zip(&names) {
            if let Some(value) = fetched.remove(name).map(|raw| values.open(py, &raw.0)).transpose()?.flatten() {
                found.set_item(key, value)?;
            }
        }
        Ok(found.into_any())
    })
}
