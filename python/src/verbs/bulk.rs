//! `get_many`, `set_many`, `delete_many`, `get_or_set_many`.

use std::collections::{HashMap, HashSet};

use keepwarm::cache::SetMany;
use keepwarm::{Cache, Raw, Timeout};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping};

use super::at_version;
use super::fetch::Loading;
use super::read::{at_hand, hit, nothing};
use crate::arguments::{TimeoutArgument, tags};
use crate::core::{Core, Names, stored};
use crate::errors::Failure;
use crate::face::{Face, both_faces, shown};
use crate::values::Unopened;

type Any<'py> = Bound<'py, PyAny>;

both_faces! {
    /// The values of those keys that are there, in one round trip, under the caller's own names.
    #[pyo3(signature = (keys, version = None))]
    fn get_many | aget_many(slf: &Bound<'py, Self>, keys: &Any<'py>, version: Option<&Any<'py>>) |face| {
        get_many(slf, face, keys, version)
    }

    /// Stores many values in one round trip; gives the keys that the store refused.
    #[pyo3(signature = (data, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn set_many | aset_many(
        slf: &Bound<'py, Self>,
        data: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        set_many(slf, face, data, timeout, version, tags)
    }

    /// Removes many keys in one round trip.
    #[pyo3(signature = (keys, version = None))]
    fn delete_many | adelete_many(slf: &Bound<'py, Self>, keys: &Any<'py>, version: Option<&Any<'py>>) |face| {
        delete_many(slf, face, keys, version)
    }

    /// Reads many keys, and computes those that are missing with one call of `loader`, which gets a list of them and gives
    /// a dict. Each missing key is computed once among all callers. Awaited, `loader` may be an `async def`.
    #[pyo3(signature = (keys, loader, timeout = TimeoutArgument::LEFT_OUT, version = None, *, tags = None))]
    fn get_or_set_many | aget_or_set_many(
        slf: &Bound<'py, Self>,
        keys: &Any<'py>,
        loader: &Any<'py>,
        timeout: TimeoutArgument,
        version: Option<&Any<'py>>,
        tags: Option<&Any<'py>>,
    ) |face| {
        get_or_set_many(slf, face, keys, loader, timeout, version, tags)
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
    let values = slf.get().alias()?.values.clone();
    let asked = Core::names(slf, &rest, version)?;
    let Names { cache, keys: names, version } = asked.clone();
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
            for ((key, name), raw) in rest.iter().zip(&asked.keys).zip(read) {
                let stored = || stored(py, &asked.cache, name, asked.version.as_ref());
                let Some(raw) = raw else { continue };
                if let Some(value) = hit(&asked.cache, values.open(py, &raw.0, stored))? {
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
    let values = &slf.get().alias()?.values;
    let (keys, given): (Vec<Any<'py>>, Vec<Any<'py>>) = match data.cast::<PyDict>() {
        Ok(dict) => {
            let (mut keys, mut values) = (Vec::with_capacity(dict.len()), Vec::with_capacity(dict.len()));
            for (key, value) in dict.iter() {
                keys.push(key);
                values.push(value);
            }
            (keys, values)
        }
        Err(_) => {
            let items = data.cast::<PyMapping>()?.items()?;
            let items = items.iter().map(|item| item.extract::<(Any<'py>, Any<'py>)>());
            items.collect::<PyResult<Vec<_>>>()?.into_iter().unzip()
        }
    };
    if keys.is_empty() {
        return face.ready(py, Ok(PyList::empty(py).into_any()));
    }
    let lent = Core::lend_many(slf, &keys, version)?;
    let mut raws = Vec::with_capacity(given.len());
    for (name, value) in lent.keys.iter().zip(&given) {
        raws.push(values.pack(value, || stored(py, lent.cache, name, lent.version.as_ref()))?);
    }
    let (tags, timeout) = (tags(given_tags)?, timeout.0);
    if lent.cache.abilities().never_waits {
        let set = set_of(lent.cache, &lent.keys, raws, timeout, tags);
        let refused = match lent.version {
            Some(version) => set.version(version).wait(),
            None => set.wait(),
        };
        let refused = refused.map_err(Failure::from).map(|refused| places(&lent.keys, &refused));
        return face.ready(py, shown(py, refused, |py, places| at_places(py, &places, |place| keys[place].clone())));
    }
    let (store, Names { cache, keys: names, version }) = (lent.cache, lent.own());
    // Lent by the keys themselves.
    let keys: Vec<Py<PyAny>> = keys.iter().map(|key| key.clone().unbind()).collect();
    face.wait_for(
        py,
        store,
        move || async move {
            let refused = at_version!(set_of(&cache, &names, raws, timeout, tags), version)?;
            Ok::<_, Failure>(places(&names, &refused))
        },
        move |py, places| at_places(py, &places, |place| keys[place].bind(py).clone()),
    )
}

/// The verb itself.
fn set_of<'a, N: AsRef<str>>(
    cache: &'a Cache,
    names: &'a [N],
    raws: Vec<Raw>,
    timeout: Timeout,
    tags: Vec<String>,
) -> SetMany<'a> {
    cache.set_many_raw(names.iter().map(N::as_ref).zip(raws)).timeout(timeout).tags(tags)
}

/// Where among the names of a call the refused ones are: the caller gets keys back as it gave them.
fn places<N: AsRef<str>>(names: &[N], refused: &[String]) -> Vec<usize> {
    if refused.is_empty() {
        return Vec::new();
    }
    let refused: HashSet<&str> = refused.iter().map(String::as_str).collect();
    let places = names.iter().enumerate().filter(|(_, name)| refused.contains(name.as_ref()));
    places.map(|(place, _)| place).collect()
}

fn at_places<'py>(py: Python<'py>, places: &[usize], key: impl Fn(usize) -> Any<'py>) -> PyResult<Any<'py>> {
    Ok(PyList::new(py, places.iter().map(|&place| key(place)))?.into_any())
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
    let values = slf.get().alias()?.values.clone();
    let asked_for = Core::names(slf, &keys, version)?;
    let Names { cache, keys: names, version } = asked_for.clone();
    let (tags, timeout) = (tags(given_tags)?, timeout.0);
    let keys: Vec<Py<PyAny>> = keys.into_iter().map(Bound::unbind).collect();
    let own: HashMap<String, Py<PyAny>> = names.iter().cloned().zip(keys.iter().map(|key| key.clone_ref(py))).collect();
    let loader = loader.clone().unbind();
    let asked = names.clone();
    let (loaded_for, opening) = (asked_for.clone(), values.clone());
    let reader = values.reader();
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
            let (names, values) = (loaded_for.clone(), values.clone());
            async move { loading.many(missing, names, values).await }
        };
        let fetch = cache.get_or_try_set_many(asked, load).read_with(reader).timeout(timeout).tags(tags);
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
            let stored = || stored(py, &asked_for.cache, name, asked_for.version.as_ref());
            if let Some(raw) = fetched.remove(name) {
                found.set_item(key, opening.open(py, &raw.0, stored).map_err(Unopened::raise)?)?;
            }
        }
        Ok(found.into_any())
    })
}
