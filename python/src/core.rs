//! The class under every cache in Python: a handle on an alias. Its verbs lie in `verbs/`, a file a topic.

use std::borrow::Cow;
use std::sync::OnceLock;

use keepwarm::Cache;
use keepwarm::key::Version;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::alias::{Alias, More};
use crate::arguments;

/// A handle on an alias; base of every cache class. `_open` says which.
#[pyclass(subclass, frozen, weakref, module = "keepwarm._native")]
pub(crate) struct Core {
    first: OnceLock<Link>,
}

/// What a handle is on, and what it was changed to later: few are ever changed, and reading one costs a hit nothing.
struct Link {
    alias: Alias,
    next: OnceLock<Box<Self>>,
}

/// A key of one call, and where it is looked up.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) cache: Cache,
    pub(crate) key: String,
    pub(crate) version: Option<Version>,
}

/// The same, lent by the caller for as long as the call is on its thread: a store that never waits needs no more.
pub(crate) struct Lent<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) key: Cow<'a, str>,
    pub(crate) version: Option<Version>,
}

impl Lent<'_> {
    /// For who outlives the call.
    pub(crate) fn own(self) -> Name {
        Name { cache: self.cache.clone(), key: self.key.into_owned(), version: self.version }
    }

    /// The whole key as the store knows it.
    pub(crate) fn stored(&self, py: Python<'_>) -> PyResult<String> {
        stored(py, self.cache, &self.key, self.version.as_ref())
    }
}

impl Name {
    /// The whole key as the store knows it.
    pub(crate) fn stored(&self, py: Python<'_>) -> PyResult<String> {
        stored(py, &self.cache, &self.key, self.version.as_ref())
    }
}

/// The whole key as a store knows it.
pub(crate) fn stored(py: Python<'_>, cache: &Cache, key: &str, version: Option<&Version>) -> PyResult<String> {
    cache.make_key(key, version.cloned()).map_err(|error| crate::errors::raise(py, &error))
}

/// The keys of one call.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) cache: Cache,
    pub(crate) keys: Vec<String>,
    pub(crate) version: Option<Version>,
}

/// The keys of one call, lent as [`Lent`] is.
pub(crate) struct LentMany<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) keys: Vec<Cow<'a, str>>,
    pub(crate) version: Option<Version>,
}

impl LentMany<'_> {
    /// For who outlives the call.
    pub(crate) fn own(self) -> Names {
        let keys = self.keys.into_iter().map(Cow::into_owned).collect();
        Names { cache: self.cache.clone(), keys, version: self.version }
    }
}

impl Core {
    pub(crate) fn of(alias: Alias) -> Self {
        let link = Link { alias, next: OnceLock::new() };
        Self { first: OnceLock::from(link) }
    }

    /// What it is a handle on.
    #[inline]
    pub(crate) fn alias(&self) -> PyResult<&Alias> {
        let mut link = self.first.get().ok_or_else(unopened)?;
        while let Some(next) = link.next.get() {
            link = next;
        }
        if link.alias.python_clock {
            Python::attach(crate::clock::tell)?;
        }
        Ok(&link.alias)
    }

    /// The text of a key that Rust can make, checked so that nobody has to be warned of it.
    #[inline]
    pub(crate) fn plain<'a>(alias: &Alias, key: &'a Bound<'_, PyAny>) -> Option<&'a str> {
        if !alias.plain {
            return None;
        }
        let text = key.cast_exact::<PyString>().ok()?.to_str().ok()?;
        is_portable(text).then_some(text)
    }

    /// A key of a call: made by Rust where it is made in the one way that Rust knows, and in Python otherwise.
    #[inline]
    pub(crate) fn lend<'a>(
        slf: &'a Bound<'_, Self>,
        key: &'a Bound<'_, PyAny>,
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lent<'a>> {
        let alias = slf.get().alias()?;
        if let Some(text) = Self::plain(alias, key) {
            return Ok(Lent { cache: &alias.cache, key: Cow::Borrowed(text), version: arguments::version(version)? });
        }
        Self::lend_made(slf, alias, key, version)
    }

    /// A key that Rust does not make, or that is no plain text.
    #[cold]
    fn lend_made<'a>(
        slf: &Bound<'_, Self>,
        alias: &'a Alias,
        key: &Bound<'_, PyAny>,
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lent<'a>> {
        match slf.getattr_opt("make_and_validate_key")? {
            Some(make) => {
                let made = make.call1((key, version))?;
                Ok(Lent { cache: &alias.verbatim, key: arguments::text(&made)?.into(), version: None })
            }
            None => {
                let version = arguments::version(version)?;
                Ok(Lent { cache: &alias.cache, key: arguments::text(key)?.into(), version })
            }
        }
    }

    /// The same for who outlives the call.
    pub(crate) fn name(
        slf: &Bound<'_, Self>,
        key: &Bound<'_, PyAny>,
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Name> {
        Self::lend(slf, key, version).map(Lent::own)
    }
}

impl Core {
    /// The keys of a call, all made in Rust or all in Python.
    pub(crate) fn lend_many<'a>(
        slf: &'a Bound<'_, Self>,
        keys: &'a [Bound<'_, PyAny>],
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<LentMany<'a>> {
        let alias = slf.get().alias()?;
        let mut plain = Vec::with_capacity(keys.len());
        plain.extend(keys.iter().map_while(|key| Self::plain(alias, key).map(Cow::Borrowed)));
        if plain.len() == keys.len() {
            return Ok(LentMany { cache: &alias.cache, keys: plain, version: arguments::version(version)? });
        }
        match slf.getattr_opt("make_and_validate_key")? {
            Some(make) => {
                let made = keys.iter().map(|key| arguments::text(&make.call1((key, version))?).map(Cow::from));
                Ok(LentMany { cache: &alias.verbatim, keys: made.collect::<PyResult<_>>()?, version: None })
            }
            None => {
                let keys = keys.iter().map(|key| arguments::text(key).map(Cow::from)).collect::<PyResult<_>>()?;
                Ok(LentMany { cache: &alias.cache, keys, version: arguments::version(version)? })
            }
        }
    }

    /// The same for who outlives the call.
    pub(crate) fn names(
        slf: &Bound<'_, Self>,
        keys: &[Bound<'_, PyAny>],
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Names> {
        Self::lend_many(slf, keys, version).map(LentMany::own)
    }
}

/// What every store takes as it is, with room for a prefix: others are looked at, and warned of, in Python.
#[inline]
fn is_portable(text: &str) -> bool {
    text.len() <= 180 && !text.bytes().fold(false, |found, byte| found | (byte <= b' ') | (byte == 0x7f))
}

fn unopened() -> PyErr {
    PyRuntimeError::new_err("this cache was not opened: its `__init__` did not call that of its base class")
}

#[pymethods]
impl Core {
    #[new]
    #[pyo3(signature = (*_arguments, **_options))]
    fn new(_arguments: &Bound<'_, PyAny>, _options: Option<&Bound<'_, PyDict>>) -> Self {
        Self { first: OnceLock::new() }
    }

    /// Makes this a handle on the alias of these settings. `plain`: whether its keys are `prefix:version:key`.
    /// `pickling`: whether values may be pickled for a store that others can write to, and the keys that then sign.
    /// `own`: not the one of everybody who has the same settings. `more`: `store`, a store written in Python; `python_clock`,
    /// whether it goes by `time.time`; `live`, whether trees are kept as objects; `model_policy`.
    #[pyo3(signature = (name, settings, plain, pickling = None, own = false, more = None))]
    fn _open(
        &self,
        name: &str,
        settings: &Bound<'_, PyDict>,
        plain: bool,
        pickling: Option<(bool, Vec<String>)>,
        own: bool,
        more: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let alias = Alias::open(name, settings, plain, pickling, own, &More::read(more)?)?;
        let mut link = Link { alias, next: OnceLock::new() };
        let mut place = &self.first;
        // Of two threads that change one handle at once, each comes after the other.
        while let Err(taken) = place.set(link) {
            link = taken;
            let mut last = place.get().expect("it is taken");
            while let Some(next) = last.next.get() {
                last = next;
            }
            match last.next.set(Box::new(link)) {
                Ok(()) => return Ok(()),
                Err(taken) => link = *taken,
            }
            place = &self.first;
        }
        Ok(())
    }

    /// The kind of backend: `memory`, `file`, `redis` ...
    #[getter]
    fn backend(&self) -> PyResult<&'static str> {
        Ok(self.alias()?.cache.backend_kind())
    }

    /// The name of the alias in settings.
    #[getter]
    fn alias_name(&self) -> PyResult<&str> {
        Ok(self.alias()?.cache.name())
    }

    /// A part of the key space with keys, statistics and an invalidation of its own.
    fn namespace(&self, name: &str) -> PyResult<Self> {
        Ok(Self::of(self.alias()?.namespace(name)))
    }
}
