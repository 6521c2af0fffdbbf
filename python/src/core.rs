//! The class under every cache in Python: a handle on an alias. Its verbs lie in `verbs/`, a file a topic.

use std::sync::OnceLock;

use keepwarm::Cache;
use keepwarm::key::Version;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::alias::Alias;
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
pub(crate) struct Name {
    pub(crate) cache: Cache,
    pub(crate) key: String,
    pub(crate) version: Option<Version>,
}

/// The keys of one call.
pub(crate) struct Names {
    pub(crate) cache: Cache,
    pub(crate) keys: Vec<String>,
    pub(crate) version: Option<Version>,
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
    pub(crate) fn name(
        slf: &Bound<'_, Self>,
        key: &Bound<'_, PyAny>,
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Name> {
        let alias = slf.get().alias()?;
        if let Some(text) = Self::plain(alias, key) {
            return Ok(Name {
                cache: alias.cache.clone(),
                key: text.to_owned(),
                version: arguments::version(version)?,
            });
        }
        match slf.getattr_opt("make_and_validate_key")? {
            Some(make) => {
                let made = make.call1((key, version))?;
                Ok(Name { cache: alias.verbatim.clone(), key: arguments::text(&made)?, version: None })
            }
            None => {
                let version = arguments::version(version)?;
                Ok(Name { cache: alias.cache.clone(), key: arguments::text(key)?, version })
            }
        }
    }
}

impl Core {
    /// The keys of a call, all made in Rust or all in Python.
    pub(crate) fn names(
        slf: &Bound<'_, Self>,
        keys: &[Bound<'_, PyAny>],
        version: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Names> {
        let alias = slf.get().alias()?;
        let plain: Option<Vec<String>> = keys.iter().map(|key| Self::plain(alias, key).map(str::to_owned)).collect();
        if let Some(keys) = plain {
            return Ok(Names { cache: alias.cache.clone(), keys, version: arguments::version(version)? });
        }
        match slf.getattr_opt("make_and_validate_key")? {
            Some(make) => {
                let made = keys.iter().map(|key| arguments::text(&make.call1((key, version))?));
                Ok(Names { cache: alias.verbatim.clone(), keys: made.collect::<PyResult<_>>()?, version: None })
            }
            None => {
                let keys = keys.iter().map(arguments::text).collect::<PyResult<_>>()?;
                Ok(Names { cache: alias.cache.clone(), keys, version: arguments::version(version)? })
            }
        }
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
    fn _open(&self, name: &str, settings: &Bound<'_, PyDict>, plain: bool) -> PyResult<()> {
        let mut link = Link { alias: Alias::open(name, settings, plain)?, next: OnceLock::new() };
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
