//! Settings: which aliases there are, on which backend, with which options.
//!
//! The same structure comes from a TOML file, from Django's `CACHES` as JSON, from the environment, from a URL or from
//! code; the same names and the same checks hold for all of them, and the same file configures the Python package.
//!
//! ```
//! let caches = keepwarm::Caches::from_toml(r#"
//!     [caches.default]
//!     backend = "memory"
//!     timeout = 300
//!     key_prefix = "myapp"
//!
//!     [caches.sessions]
//!     backend = "memory"
//!     timeout = "1d"
//!     key_prefix = "session"
//! "#)?;
//! caches.get("sessions")?.set("user", "Ada").wait()?;
//! # Ok::<(), keepwarm::Error>(())
//! ```
//!
//! Option names are read in any case (`timeout`, Django's `TIMEOUT`), beside `BACKEND` or inside `OPTIONS`. An unknown
//! name, an unknown backend, a value that an option does not take, and two spellings of one option with different values
//! are errors that list what is known; nothing is replaced by a default.
//!
#![doc = include_str!("settings.md")]

mod alias;
mod build;
mod check;
mod environment;
mod options;
mod read;
#[cfg(feature = "redis")]
mod redis;
#[cfg(not(feature = "redis"))]
#[path = "no_redis.rs"]
mod redis;
mod reference;
mod registry;
mod resilience;
mod secret;
mod sources;
mod suggest;
mod url;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};

pub use alias::AliasSettings;
pub(crate) use build::{Builder, DJANGO_CULL_FREQUENCY, DJANGO_MAX_ENTRIES};
pub(crate) use check::{Plan, check};
pub use options::Options;
pub use read::parse_timeout;
pub use reference::reference;
pub(crate) use registry::Registry;
pub use url::is_url;
pub use value::SettingValue;

/// The aliases and what is said of each, as written. [`Caches`](crate::Caches) checks them and builds the caches.
///
/// Without any alias there is one: `default`, in memory, with a timeout of 300 seconds. Settings that name aliases but not
/// `default` are refused.
///
/// It can be part of a program's own settings, as a map from alias to options:
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     caches: keepwarm::settings::Settings,
/// }
///
/// let mine: Mine = serde_json::from_str(r#"{"caches": {"default": {"BACKEND": "memory", "TIMEOUT": null}}}"#)?;
/// let caches = keepwarm::Caches::builder().settings(mine.caches).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Settings {
    /// Each alias with its options.
    pub caches: BTreeMap<String, AliasSettings>,
}

impl Settings {
    /// No aliases yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an alias, in place of one that had its name.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>, settings: AliasSettings) -> Self {
        self.caches.insert(name.into(), settings);
        self
    }
}

/// Shows names and values, without secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(&self.caches).finish()
    }
}

/// From a table of aliases, or from a table with `caches` (or `CACHES`) that holds one.
impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        sources::settle(SettingValue::deserialize(deserializer)?, sources::Wrapping::Optional).map_err(D::Error::custom)
    }
}
