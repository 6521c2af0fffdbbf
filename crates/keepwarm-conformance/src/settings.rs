//! The settings that every behaviour must hold under.

/// A variant of an alias' settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) name: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) version: i64,
    pub(crate) key_function: Option<fn(&str, &str, &str) -> String>,
    pub(crate) capacity: Option<u64>,
}

const PLAIN: Settings = Settings { name: "plain", prefix: "", version: 1, key_function: None, capacity: None };

/// How many entries fit under the tiny capacity.
const TINY: u64 = 24;

/// Every variant.
pub(crate) const SETTINGS: &[Settings] = &[
    PLAIN,
    // A prefix full of what patterns treat specially.
    Settings { name: "prefix", prefix: "my*[a]?\\app", ..PLAIN },
    Settings { name: "version", version: 2, ..PLAIN },
    Settings { name: "key-function", prefix: "app", key_function: Some(reversed), ..PLAIN },
    Settings { name: "tiny-capacity", capacity: Some(TINY), ..PLAIN },
];

impl Settings {
    pub(crate) fn is_plain(&self) -> bool {
        self.name == PLAIN.name
    }
}

/// A key function that shares nothing with the built-in one.
fn reversed(key: &str, prefix: &str, version: &str) -> String {
    format!("{}#{version}#{prefix}", key.chars().rev().collect::<String>())
}
