//! The options of one alias as a backend's constructor reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

use super::SettingValue;
use super::read::{Reading, read};
use super::secret::shown;
use super::suggest::known;
use crate::backend::Takes;
use crate::error::{Error, ErrorKind, Result};

/// The options that one alias gives its backend, in lower case; those of every alias (`timeout`, `key_prefix` ...) are not
/// among them.
///
/// A constructor reads what it knows; what it did not read is unknown, and refused with the names that it did read.
///
/// ```
/// use keepwarm::settings::{AliasSettings, Options};
/// use keepwarm::{Caches, MemoryOptions};
/// # use keepwarm::backends::memory::Memory;
/// # use keepwarm::clock::Clock;
///
/// fn build(options: &Options) -> keepwarm::Result<Memory> {
///     let rows = options.whole("rows", 1)?.unwrap_or(1000);
///     Ok(Memory::new(&MemoryOptions::new().max_entries(rows), Clock::system()))
/// }
///
/// let alias = |settings: AliasSettings| Caches::builder().register("mycache", build).alias("default", settings).build();
/// alias(AliasSettings::new("mycache").with("ROWS", 500))?.get("default")?;
/// let error = alias(AliasSettings::new("mycache").with("rosw", 500))?.get("default").unwrap_err();
/// assert!(error.to_string().contains("did you mean `rows`?"), "{error}");
/// # Ok::<(), keepwarm::Error>(())
/// ```
pub struct Options {
    alias: String,
    values: BTreeMap<String, SettingValue>,
    /// What was asked for, given or not.
    asked: Mutex<BTreeSet<String>>,
}

impl Options {
    pub(super) fn new(alias: &str, values: BTreeMap<String, SettingValue>) -> Self {
        Self { alias: alias.to_owned(), values, asked: Mutex::default() }
    }

    /// The alias that is being built.
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// The names that were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// An option that is text; `None` when it was not given.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is something else, as for each of these methods.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        match self.read(name, Takes::Text)? {
            Some(Reading::Text(text)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// An option that is one of some words, in any case; the answer is spelt as in `words`.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn one_of(&self, name: &str, words: &'static [&'static str]) -> Result<Option<String>> {
        match self.read(name, Takes::OneOf(words))? {
            Some(Reading::Text(word)) => Ok(Some(word)),
            _ => Ok(None),
        }
    }

    /// An option that is a whole number of at least `least`.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn whole(&self, name: &str, least: u64) -> Result<Option<u64>> {
        match self.read(name, Takes::Whole { least })? {
            Some(Reading::Whole(number)) => Ok(Some(number)),
            _ => Ok(None),
        }
    }

    /// An option that is a number of bytes, or one with a unit (`64MB`).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn size(&self, name: &str) -> Result<Option<u64>> {
        match self.read(name, Takes::Size)? {
            Some(Reading::Whole(bytes)) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    /// An option that is a length of time above zero.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn duration(&self, name: &str) -> Result<Option<Duration>> {
        match self.read(name, Takes::Duration)? {
            Some(Reading::Duration(duration)) => Ok(Some(duration)),
            _ => Ok(None),
        }
    }

    /// An option that is true or false.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.read(name, Takes::Flag)? {
            Some(Reading::Flag(flag)) => Ok(Some(flag)),
            _ => Ok(None),
        }
    }

    /// An option as it was written, for what the other methods do not cover (lists, tables).
    pub fn value(&self, name: &str) -> Option<&SettingValue> {
        self.asked.lock().insert(name.to_owned());
        self.values.get(name)
    }

    fn read(&self, name: &str, takes: Takes) -> Result<Option<Reading>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => read(takes, value).map_err(|()| not_taken(&self.alias, name, name, takes, value)),
        }
    }

    /// Refuses what was given and never asked for.
    pub(super) fn refuse_unread(&self) -> Result<()> {
        let asked = self.asked.lock();
        let Some(name) = self.values.keys().find(|name| !asked.contains(*name)) else { return Ok(()) };
        let known = known(name, asked.iter().map(String::as_str));
        Err(Error::new(
            ErrorKind::Configuration,
            format!("alias `{}`: the option `{name}` is not known to its backend{known}", self.alias),
        ))
    }
}

/// Shows names and no values.
impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("alias", &self.alias).field("values", &self.values).finish()
    }
}

/// The error for a value that an option does not take.
pub(super) fn not_taken(alias: &str, name: &str, spelling: &str, takes: Takes, value: &SettingValue) -> Error {
    let given = match value {
        SettingValue::Text(text) => shown(name, text),
        SettingValue::Whole(number) => shown(name, &number.to_string()),
        SettingValue::Decimal(number) => shown(name, &number.to_string()),
        SettingValue::Flag(flag) => shown(name, &flag.to_string()),
        other => other.describe().to_owned(),
    };
    Error::new(
        ErrorKind::Configuration,
        format!("alias `{alias}`: {spelling} cannot be {given}; it takes {}", takes.describe()),
    )
}
