//! Values and loaders that cases use.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

/// A small record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
}

impl Person {
    pub(crate) fn alice() -> Self {
        Self { id: 7, name: "Алиса".to_owned(), email: None }
    }
}

/// A nested one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Team {
    pub(crate) lead: Person,
    pub(crate) members: Vec<Person>,
    pub(crate) scores: BTreeMap<String, Vec<f64>>,
    pub(crate) state: State,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {
    Idle,
    Busy { since: i64, with: (u8, String) },
}

impl Team {
    pub(crate) fn nested() -> Self {
        Self {
            lead: Person::alice(),
            members: vec![
                Person::alice(),
                Person { id: 8, name: String::new(), email: Some("b@example.org".to_owned()) },
            ],
            scores: BTreeMap::from([("empty".to_owned(), vec![]), ("some".to_owned(), vec![0.5, -1.25e300])]),
            state: State::Busy { since: i64::MIN, with: (255, "♜".to_owned()) },
        }
    }
}

/// What a read of many keys found, in the order of the names.
pub(crate) fn in_order<K: AsRef<str>, T>(found: impl IntoIterator<Item = (K, T)>) -> BTreeMap<String, T> {
    found.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value)).collect()
}

/// A map from names, to compare with.
pub(crate) fn map<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    in_order(entries)
}

/// Makes loaders and counts how often they ran. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Counts one run; a number for each, from 0.
    pub(crate) fn one(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// A loader that gives this value.
    pub(crate) fn giving<T: Send + 'static>(&self, value: T) -> impl FnOnce() -> Ready<T> + Send + 'static {
        let runs = self.clone();
        move || {
            runs.one();
            ready(value)
        }
    }

    /// How often its loaders ran.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
