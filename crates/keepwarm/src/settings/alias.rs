//! What settings say of one alias, as written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::secret::{is_secret, without_passwords};
use super::{SettingValue, url};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timeout;

/// The settings of one alias, as written: names in any case, values in any form, checked against the backend's own list
/// of options when the [`Caches`](crate::Caches) are built.
///
/// ```
/// use keepwarm::settings::AliasSettings;
/// use keepwarm::{Caches, mins};
///
/// let sessions = AliasSettings::new("memory").timeout(mins(30)).with("key_prefix", "session").with("max_bytes", "64MB");
/// let caches = Caches::builder().alias("default", AliasSettings::new("memory")).alias("sessions", sessions).build()?;
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct AliasSettings {
    /// As spelt, in the order they came; the same option may be there several times.
    pub(super) given: Vec<Given>,
}

/// One option as given.
#[derive(Clone, PartialEq)]
pub(super) struct Given {
    /// As it was spelt, with where it stood (`OPTIONS.MAX_ENTRIES`).
    pub(super) spelling: String,
    /// In lower case, without the place.
    pub(super) name: String,
    pub(super) value: SettingValue,
}

impl AliasSettings {
    /// An alias on this backend: `memory`, `dummy`, one of Django's dotted names, or a name that the program registered.
    pub fn new(backend: impl Into<String>) -> Self {
        Self::default().with("backend", backend.into())
    }

    /// An alias by its URL: `memory://name?max_entries=1000&timeout=60`.
    ///
    /// The scheme names the backend, the query holds options. Everything may be percent-encoded; a `+` is a plus.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when it is not such a URL. Whether the backend and
    /// its options exist is checked when the caches are built.
    pub fn from_url(url: &str) -> Result<Self> {
        url::parse(url)
    }

    /// Gives an option, in place of whatever was said of it before, however that was spelt.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<SettingValue>) -> Self {
        let spelling = name.into();
        self.given.retain(|given| given.name != canonical(&spelling));
        self.push(spelling, value.into());
        self
    }

    /// Gives the timeout of calls that have none; [`Timeout::Default`] takes back what was said of it.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        match timeout.into() {
            Timeout::Never => self.with("timeout", SettingValue::Null),
            Timeout::After(duration) => self.with("timeout", duration),
            Timeout::Default => {
                self.given.retain(|given| given.name != "timeout");
                self
            }
        }
    }

    /// The options as they were given, by their names in lower case; one that was given twice comes twice. For who hands them on to
    /// another program: values are shown as they are, passwords too.
    ///
    /// ```
    /// use keepwarm::settings::{AliasSettings, SettingValue};
    ///
    /// let alias = AliasSettings::from_url("memory://main?max_entries=10")?;
    /// assert!(alias.options().any(|(name, value)| name == "location" && *value == SettingValue::Text("main".to_owned())));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    pub fn options(&self) -> impl Iterator<Item = (&str, &SettingValue)> {
        self.given.iter().map(|given| (given.name.as_str(), &given.value))
    }

    /// From a table of options, or from the text of a URL.
    pub(super) fn from_value(value: SettingValue) -> Result<Self> {
        match value {
            SettingValue::Text(url) => Self::from_url(&url),
            SettingValue::Table(entries) => {
                let mut alias = Self::default();
                for (spelling, value) in entries {
                    alias.push(spelling, value);
                }
                Ok(alias)
            }
            other => Err(Error::new(
                ErrorKind::Configuration,
                format!("an alias is a table of options or the text of a URL, not {}", other.describe()),
            )),
        }
    }

    /// Whether the option was given, in any spelling.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.name == name)
    }

    /// Adds an option beside what is there; options inside `OPTIONS` are options like any other.
    pub(super) fn push(&mut self, spelling: String, value: SettingValue) {
        let name = canonical(&spelling);
        match value {
            SettingValue::Table(entries) if NESTED.contains(&name.as_str()) => {
                for (inner, value) in entries {
                    self.push_nested(&spelling, &inner, value);
                }
            }
            SettingValue::Null if NESTED.contains(&name.as_str()) => {}
            value => self.given.push(Given { spelling, name, value }),
        }
    }

    fn push_nested(&mut self, outer: &str, inner: &str, value: SettingValue) {
        match value {
            SettingValue::Table(entries) if canonical(inner) == "connection_pool_kwargs" => {
                for (innermost, value) in entries {
                    self.push_nested(&format!("{outer}.{inner}"), &innermost, value);
                }
            }
            value => {
                self.given.push(Given { spelling: format!("{outer}.{inner}"), name: canonical(inner), value });
            }
        }
    }
}

/// Tables whose entries are options like any other: Django's, and inside it django-redis'.
const NESTED: [&str; 2] = ["options", "connection_pool_kwargs"];

fn canonical(spelling: &str) -> String {
    spelling.trim().to_ascii_lowercase()
}

/// Shows names, and values without secrets.
impl fmt::Debug for AliasSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = formatter.debug_map();
        for Given { spelling, name, value } in &self.given {
            map.key(spelling);
            match value {
                _ if is_secret(name) => map.value(&"(hidden)"),
                SettingValue::Text(text) => map.value(&without_passwords(text)),
                SettingValue::Whole(number) => map.value(number),
                SettingValue::Decimal(number) => map.value(number),
                SettingValue::Flag(flag) => map.value(flag),
                SettingValue::Duration(duration) => map.value(duration),
                SettingValue::Null | SettingValue::List(_) | SettingValue::Table(_) => map.value(value),
            };
        }
        map.finish()
    }
}

/// From a table of options, or from the text of a URL.
impl<'de> Deserialize<'de> for AliasSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(SettingValue::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
