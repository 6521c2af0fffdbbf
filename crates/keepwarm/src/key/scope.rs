//! A scope is what `clear()` clears: all entries of one key prefix in one store.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

/// The part of a store that belongs to one key prefix; cheap to clone.
///
/// Scopes of one prefix are equal and carry the same small number in the whole process, so that a backend can find what
/// it knows about a scope by an index instead of a search.
#[derive(Debug, Clone)]
pub struct Scope {
    prefix: Arc<str>,
    index: u32,
}

/// Every prefix this process has seen. It only grows, by one entry for each distinct prefix of the settings.
static INDEXES: LazyLock<Mutex<HashMap<Arc<str>, u32>>> = LazyLock::new(Mutex::default);

impl Scope {
    /// The scope of a key prefix.
    pub fn new(prefix: &str) -> Self {
        let mut indexes = INDEXES.lock();
        if let Some((prefix, index)) = indexes.get_key_value(prefix) {
            return Self { prefix: Arc::clone(prefix), index: *index };
        }
        let index = u32::try_from(indexes.len()).expect("fewer than 2^32 key prefixes in a process");
        let prefix: Arc<str> = prefix.into();
        indexes.insert(Arc::clone(&prefix), index);
        Self { prefix, index }
    }

    /// The key prefix, without the separator.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The number of this prefix in this process.
    #[inline]
    pub fn index(&self) -> u32 {
        self.index
    }
}
