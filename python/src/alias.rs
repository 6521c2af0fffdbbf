//! What a Python object is a handle on: an alias by its settings. Objects with the same settings share one cache, so that
//! Django's object per thread and request costs nothing and has one flight table and one set of counters.

use std::collections::HashMap;
use std::sync::Arc;

use keepwarm::backend::KINDS;
use keepwarm::backends::memory::Memory;
use keepwarm::clock::Clock;
use keepwarm::codec::Codec;
use keepwarm::settings::{AliasSettings, SettingValue};
use keepwarm::{Cache, Caches, Result};
use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::awaitable::Awaiter;
use crate::custom::CustomStore;
use crate::values::{Models, Pickling, Signing, Values};

/// The name under which stored keys are taken as they are: whoever made them has a way of their own.
const VERBATIM: &str = "keepwarm.verbatim";

/// A handle on one alias.
#[derive(Clone)]
pub(crate) struct Alias {
    pub(crate) cache: Cache,
    /// The same store for keys that are made in Python.
    pub(crate) verbatim: Cache,
    /// Whether keys are made in the one way that Rust knows.
    pub(crate) plain: bool,
    pub(crate) values: Values,
    /// Whether it goes by Python's `time.time`.
    pub(crate) python_clock: bool,
}

/// What only Python's aliases can be told.
#[derive(Default)]
pub(crate) struct More {
    /// The store itself, where it is written in Python.
    pub(crate) store: Option<Py<CustomStore>>,
    pub(crate) python_clock: bool,
    /// Whether trees are kept as objects.
    pub(crate) live: bool,
    pub(crate) models: Models,
}

impl More {
    /// From a dict of these words.
    pub(crate) fn read(given: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let Some(given) = given else { return Ok(Self::default()) };
        let word = |name: &str| given.get_item(name).map(|value| value.filter(|value| !value.is_none()));
        let store = word("store")?.map(|store| store.cast_into::<CustomStore>()).transpose()?.map(Bound::unbind);
        let flag = |name: &str| word(name).map(|flag| flag.is_some_and(|flag| flag.is_truthy().unwrap_or(false)));
        let models = word("model_policy")?.map(|word| Models::named(&word)).transpose()?.unwrap_or_default();
        Ok(Self { store, python_clock: flag("python_clock")?, live: flag("live")?, models })
    }
}

/// The caches of the process by what their settings say.
static OPENED: Mutex<Option<HashMap<String, (Cache, Cache)>>> = Mutex::new(None);

impl Alias {
    /// The alias of these settings, built when it is first asked for; `own`: one that is nobody else's.
    pub(crate) fn open(
        name: &str,
        settings: &Bound<'_, PyDict>,
        plain: bool,
        pickling: Option<(bool, Vec<String>)>,
        own: bool,
        more: &More,
    ) -> PyResult<Self> {
        let table = match setting(settings.as_any())? {
            SettingValue::Table(table) => table,
            _ => return Err(PyTypeError::new_err("the settings of an alias are a dict")),
        };
        let (cache, verbatim) =
            opened(name, &table, own, more).map_err(|error| crate::errors::raise(settings.py(), &error))?;
        let values = Values { models: more.models, ..values(&cache, &table, pickling, more.live) };
        Ok(Self { values, cache, verbatim, plain, python_clock: more.python_clock })
    }

    /// The alias' part that a namespace is.
    pub(crate) fn namespace(&self, name: &str) -> Self {
        let cache = Cache::clone(&self.cache.namespace(name));
        let values = self.values.clone();
        Self { verbatim: cache.clone(), cache, plain: true, values, python_clock: self.python_clock }
    }
}

fn opened(name: &str, table: &[(String, SettingValue)], own: bool, more: &More) -> Result<(Cache, Cache)> {
    let mut identity = format!("{name} {}", more.python_clock);
    if let Some(store) = &more.store {
        identity.push_str(&format!(" {:p}", store.as_ptr()));
    }
    for (option, value) in table {
        identity.push_str(&format!("\n{option:?}="));
        spell(&mut identity, value);
    }
    let mut opened = OPENED.lock();
    if let Some(pair) = opened.as_ref().and_then(|opened| opened.get(&identity)).filter(|_| !own) {
        return Ok(pair.clone());
    }
    let settings = table
        .iter()
        .fold(AliasSettings::default(), |settings, (option, value)| settings.with(option.clone(), value.clone()));
    // Both in one set of caches: they share the store.
    let mut builder = Caches::builder();
    if more.python_clock {
        builder = builder.clock(Clock::following(&crate::clock::PYTHON));
    }
    if let Some(store) = &more.store {
        Awaiter::is_asked_for();
        let adapter = store.get().0.clone().clock(if more.python_clock {
            Clock::following(&crate::clock::PYTHON)
        } else {
            Clock::system()
        });
        let backend = table.iter().find(|(option, _)| option == "backend");
        if let Some((_, SettingValue::Text(backend))) = backend {
            builder = builder.register(backend, move |_| Ok(adapter.clone()));
        }
    }
    let built = builder
        .key_function(VERBATIM, |key: &str, _: &str, _: &keepwarm::key::Version| key.to_owned())
        // Settings have to name one; it is built when it is asked for, and nobody does.
        .alias("default", settings.clone())
        .alias(name, settings.clone())
        .alias(VERBATIM, settings.with("key_function", VERBATIM))
        .build()?;
    let pair = (built.get(name)?, built.get(VERBATIM)?);
    if !own {
        opened.get_or_insert_default().insert(identity, pair.clone());
    }
    Ok(pair)
}

/// Says what a setting is, so that no two of different meaning say the same; `Debug` hides what may be secret.
fn spell(text: &mut String, value: &SettingValue) {
    match value {
        SettingValue::Text(value) => text.push_str(&format!("{value:?}")),
        SettingValue::Whole(value) => text.push_str(&value.to_string()),
        SettingValue::Decimal(value) => text.push_str(&format!("{value:?}")),
        SettingValue::Flag(value) => text.push_str(&value.to_string()),
        SettingValue::Duration(value) => text.push_str(&format!("{value:?}")),
        SettingValue::List(items) => {
            text.push('[');
            items.iter().for_each(|item| {
                spell(text, item);
                text.push(',');
            });
            text.push(']');
        }
        SettingValue::Table(entries) => {
            text.push('{');
            entries.iter().for_each(|(name, value)| {
                text.push_str(&format!("{name:?}:"));
                spell(text, value);
                text.push(',');
            });
            text.push('}');
        }
        _ => text.push_str("none"),
    }
}

fn values(
    cache: &Cache,
    table: &[(String, SettingValue)],
    pickling: Option<(bool, Vec<String>)>,
    live: bool,
) -> Values {
    let json = table.iter().any(|(option, value)| {
        option == "codec" && matches!(value, SettingValue::Text(name) if name == Codec::Json.name())
    });
    let codec = if json { Codec::Json } else { Codec::MessagePack };
    let (pickling, keys) = match pickling {
        None => (Pickling::Never, Vec::new()),
        Some((false, keys)) => (Pickling::Fallback, keys),
        Some((true, keys)) => (Pickling::Always, keys),
    };
    let signing = Arc::new(Signing::new(keys.iter().map(String::as_str)));
    Values { keeps_objects: cache.abilities().keeps_objects, live, codec, pickling, signing, models: Models::default() }
}

/// A setting as Rust reads it.
fn setting(value: &Bound<'_, PyAny>) -> PyResult<SettingValue> {
    if value.is_none() {
        Ok(SettingValue::Null)
    } else if value.is_instance_of::<PyBool>() {
        Ok(SettingValue::Flag(value.extract()?))
    } else if value.is_instance_of::<PyInt>() {
        Ok(SettingValue::Whole(value.extract()?))
    } else if value.is_instance_of::<PyFloat>() {
        Ok(SettingValue::Decimal(value.extract()?))
    } else if value.is_instance_of::<PyString>() {
        Ok(SettingValue::Text(value.extract()?))
    } else if let Ok(items) = value.cast::<PyList>() {
        Ok(SettingValue::List(items.iter().map(|item| setting(&item)).collect::<PyResult<_>>()?))
    } else if let Ok(items) = value.cast::<PyTuple>() {
        Ok(SettingValue::List(items.iter().map(|item| setting(&item)).collect::<PyResult<_>>()?))
    } else if let Ok(table) = value.cast::<PyDict>() {
        let entry = |(name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            Ok((name.str()?.to_str()?.to_owned(), setting(&value)?))
        };
        Ok(SettingValue::Table(table.iter().map(entry).collect::<PyResult<_>>()?))
    } else if let Some(seconds) = value.getattr_opt("total_seconds")? {
        let seconds: f64 = seconds.call0()?.extract()?;
        Ok(SettingValue::Duration(std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()))
    } else {
        // A path, say: what it is as text.
        Ok(SettingValue::Text(value.call_method0("__fspath__").unwrap_or_else(|_| value.clone()).str()?.to_string()))
    }
}

/// Whether the store in memory of this name counts its entries as Django does; `None` where there is none.
#[pyfunction]
pub(crate) fn memory_counts_as_django(location: &str) -> Option<bool> {
    Memory::counts_as_django(location)
}

/// Every name under which settings can ask for a backend of this library.
#[pyfunction]
pub(crate) fn known_backends() -> Vec<&'static str> {
    KINDS.iter().flat_map(|kind| std::iter::once(kind.name).chain(kind.dotted.iter().copied())).collect()
}
