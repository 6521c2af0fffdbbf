//! What a Python object is a handle on: an alias by its settings. Objects with the same settings share one cache, so that
//! Django's object per thread and request costs nothing and has one flight table and one set of counters.

use std::collections::HashMap;
use std::sync::Arc;

use keepwarm::backend::KINDS;
use keepwarm::codec::Codec;
use keepwarm::settings::{AliasSettings, SettingValue};
use keepwarm::{Cache, Caches, Result};
use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::values::{Pickling, Signing, Values};

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
        live: bool,
    ) -> PyResult<Self> {
        let table = match setting(settings.as_any())? {
            SettingValue::Table(table) => table,
            _ => return Err(PyTypeError::new_err("the settings of an alias are a dict")),
        };
        let (cache, verbatim) =
            opened(name, &table, own).map_err(|error| crate::errors::raise(settings.py(), &error))?;
        Ok(Self { values: values(&cache, &table, pickling, live), cache, verbatim, plain })
    }

    /// The alias' part that a namespace is.
    pub(crate) fn namespace(&self, name: &str) -> Self {
        let cache = Cache::clone(&self.cache.namespace(name));
        Self { verbatim: cache.clone(), cache, plain: true, values: self.values.clone() }
    }
}

fn opened(name: &str, table: &[(String, SettingValue)], own: bool) -> Result<(Cache, Cache)> {
    let mut identity = name.to_owned();
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
    let built = Caches::builder()
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
    Values { keeps_objects: cache.abilities().keeps_objects, live, codec, pickling, signing }
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

/// Every name under which settings can ask for a backend of this library.
#[pyfunction]
pub(crate) fn known_backends() -> Vec<&'static str> {
    KINDS.iter().flat_map(|kind| std::iter::once(kind.name).chain(kind.dotted.iter().copied())).collect()
}
