//! Settings from TOML, JSON and files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::Path;

use super::suggest::{known, list};
use super::{AliasSettings, SettingValue, Settings};
use crate::error::{Error, ErrorKind, Result};

/// Whether the aliases must stand inside a table named `caches`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// A settings file: what stands beside `caches` is a misspelt word.
    Required,
    /// Django's dict, bare or under its name.
    Optional,
}

impl Settings {
    /// Settings from TOML: `[caches.default]` tables, or `[CACHES.default]`.
    ///
    /// ```
    /// use keepwarm::settings::Settings;
    ///
    /// let settings = Settings::from_toml("[CACHES.default]\nBACKEND = 'memory'\nTIMEOUT = 'never'\n")?;
    /// assert!(settings.caches.contains_key("default"));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the text is not TOML or has another shape. What the options say is checked when
    /// the caches are built.
    pub fn from_toml(text: &str) -> Result<Self> {
        let value = toml::from_str(text).map_err(|error| {
            // Not the error's own rendering: it quotes the line, and the line may hold a password.
            let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            refusal(format!("line {line} is not TOML: {}", error.message().lines().next().unwrap_or_default()))
        })?;
        settle(value, Wrapping::Required)
    }

    /// Settings from Django's `CACHES` dict written as JSON, bare or as `{"CACHES": {...}}`. `null` is Django's `None`.
    ///
    /// ```
    /// use keepwarm::settings::Settings;
    ///
    /// let settings = Settings::from_json(
    ///     r#"{"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "TIMEOUT": null}}"#,
    /// )?;
    /// assert!(settings.caches.contains_key("default"));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_json(text: &str) -> Result<Self> {
        // Unlike TOML's, these messages give a place and never quote the text.
        let value = serde_json::from_str(text).map_err(|error| refusal(format!("not JSON: {error}")))?;
        settle(value, Wrapping::Optional)
    }

    /// Settings from a file, by its ending: `.toml`, or `.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it cannot be read, has another ending or does not hold settings; with the path.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let parse = match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("toml") => Self::from_toml,
            Some(ending) if ending.eq_ignore_ascii_case("json") => Self::from_json,
            _ => {
                let path = path.display();
                return Err(refusal(format!("the settings file {path} ends neither in .toml nor in .json")));
            }
        };
        let text = fs::read_to_string(path)
            .map_err(|error| refusal(format!("cannot read the settings file {}", path.display())).with_source(error))?;
        parse(&text).map_err(|error| refusal(format!("settings file {}", path.display())).with_source(error))
    }
}

pub(super) fn refusal(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

/// Finds the aliases in a value of any source.
pub(super) fn settle(value: SettingValue, wrapping: Wrapping) -> Result<Settings> {
    let SettingValue::Table(entries) = value else {
        return Err(refusal(format!("settings are a table, not {}", value.describe())));
    };
    let (wrapped, others): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case("caches"));
    let mut wrapped = wrapped.into_iter();
    let aliases = match (wrapped.next(), wrapping) {
        (None, Wrapping::Required) if others.is_empty() => return Ok(Settings::default()),
        (None, Wrapping::Optional) => others,
        (caches, _) => {
            if let Some((name, _)) = others.first() {
                let known = known(name, ["caches"]);
                return Err(refusal(format!("`{name}` is not known at the top of settings{known}")));
            }
            match caches.expect("the top of the table is not empty") {
                (name, first) if wrapped.any(|(_, again)| again != first) => {
                    return Err(refusal(format!(
                        "`{name}` is there twice, in different spellings, with different aliases"
                    )));
                }
                (_, SettingValue::Table(aliases)) => aliases,
                (name, other) => {
                    return Err(refusal(format!("`{name}` is a table of aliases, not {}", other.describe())));
                }
            }
        }
    };
    if aliases.is_empty() {
        return Err(refusal("the settings name no alias; they need at least `default`".to_owned()));
    }
    let mut caches = BTreeMap::new();
    for (name, value) in aliases {
        let alias =
            AliasSettings::from_value(value).map_err(|error| refusal(format!("alias `{name}`")).with_source(error))?;
        match caches.entry(name) {
            Entry::Vacant(place) => {
                place.insert(alias);
            }
            Entry::Occupied(place) if *place.get() == alias => {}
            Entry::Occupied(place) => {
                return Err(refusal(format!("the alias `{}` is there twice and says different things", place.key())));
            }
        }
    }
    Ok(Settings { caches })
}

/// What every complete set of aliases must have.
pub(super) fn needs_default<'a>(aliases: impl Iterator<Item = &'a str> + Clone) -> Result<()> {
    if aliases.clone().any(|alias| alias == "default") {
        return Ok(());
    }
    Err(refusal(format!("the settings lack the alias `default`; they name: {}", list(aliases))))
}
