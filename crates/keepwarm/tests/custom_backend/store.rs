//! A user's four-method store over a `HashMap`, which remembers its calls, and can be told to fail, panic or stand still.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepwarm::backend::{Backend, Lookup, Put, When};
use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use keepwarm::clock::{Clock, ManualClock};
use keepwarm::entry::{Entry, Generation, Mark, Marker, MarkerKind, Marks, Stamp};
use keepwarm::key::{Key, Scope};
use keepwarm::{Deadline, Payload};
use tokio::sync::Notify;

/// The key that most tests use.
pub(crate) const KEY: &str = "myapp:1:key";

#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) entries: Mutex<HashMap<String, Vec<u8>>>,
    /// `get key`, `set key`, ... in the order they came.
    pub(crate) calls: Mutex<Vec<String>>,
    /// The timeouts that `set` was given.
    pub(crate) timeouts: Mutex<Vec<(String, Option<Duration>)>>,
    pub(crate) fails: AtomicBool,
    pub(crate) panics: AtomicBool,
    /// While set, `set` tells that it has begun, and never ends.
    pub(crate) stalls: AtomicBool,
    pub(crate) stalled: Notify,
}

impl Shelf {
    async fn called(&self, method: &str, key: &str) -> Result<(), CustomError> {
        // Gives way as a store on a network would, so that other tasks come in between.
        tokio::task::yield_now().await;
        self.calls.lock().unwrap().push(format!("{method} {key}"));
        assert!(!self.panics.load(Ordering::SeqCst), "the store panics");
        if self.fails.load(Ordering::SeqCst) { Err("the disk is on fire".into()) } else { Ok(()) }
    }

    /// The calls since the last time.
    pub(crate) fn taken_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The bytes behind the adapter's back.
    pub(crate) fn raw(&self, key: &str) -> Option<Vec<u8>> {
        self.entries.lock().unwrap().get(key).cloned()
    }

    /// Changes the bytes behind the adapter's back.
    pub(crate) fn put_raw(&self, key: &str, bytes: &[u8]) {
        self.entries.lock().unwrap().insert(key.to_owned(), bytes.to_owned());
    }

    /// Evicts behind the adapter's back.
    pub(crate) fn evict(&self, key: &str) {
        self.entries.lock().unwrap().remove(key).expect("there is something to evict");
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.entries.lock().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    }
}

impl Custom for Shelf {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        self.called("get", key).await?;
        Ok(self.raw(key))
    }

    async fn set(&self, key: &str, value: Vec<u8>, timeout: Option<Duration>) -> Result<(), CustomError> {
        self.called("set", key).await?;
        if self.stalls.load(Ordering::SeqCst) {
            self.stalled.notify_one();
            std::future::pending::<()>().await;
        }
        self.timeouts.lock().unwrap().push((key.to_owned(), timeout));
        self.entries.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<bool, CustomError> {
        self.called("delete", key).await?;
        Ok(self.entries.lock().unwrap().remove(key).is_some())
    }

    async fn clear(&self) -> Result<(), CustomError> {
        self.called("clear", "").await?;
        self.entries.lock().unwrap().clear();
        Ok(())
    }
}

/// A store, its adapter on a manual clock, and a scope.
pub(crate) struct Bench {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) backend: Adapter<Arc<Shelf>>,
    pub(crate) hand: ManualClock,
    pub(crate) clock: Clock,
    pub(crate) scope: Scope,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let (shelf, hand) = (Arc::<Shelf>::default(), ManualClock::new());
        let clock = Clock::manual(&hand);
        let backend = Adapter::new(Arc::clone(&shelf)).clock(clock.clone());
        Self { shelf, backend, hand, clock, scope: Scope::new("myapp") }
    }

    pub(crate) fn key<'a>(&'a self, text: &'a str) -> Key<'a> {
        Key::new(text, &self.scope)
    }

    pub(crate) fn integer(&self, number: i64) -> Entry {
        Entry {
            payload: Payload::Integer(number),
            deadline: Deadline::NEVER,
            stamp: Stamp(0),
            written: self.clock.now(),
            marks: None,
        }
    }

    pub(crate) fn integer_for(&self, number: i64, seconds: u64) -> Entry {
        Entry { deadline: self.after(seconds), ..self.integer(number) }
    }

    pub(crate) fn after(&self, seconds: u64) -> Deadline {
        Deadline::at(self.clock.now().saturating_add(Duration::from_secs(seconds)))
    }

    pub(crate) async fn put(&self, key: &str, entry: Entry, when: When) -> Put {
        self.backend.put(&self.key(key), entry, when).await.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Lookup<Entry> {
        self.backend.entry(&self.key(key), &[]).await.unwrap()
    }

    /// The integer of a hit, or the reason of a miss.
    pub(crate) async fn read(&self, key: &str) -> Result<i64, keepwarm::entry::MissReason> {
        match self.backend.get(&self.key(key), &[]).await.unwrap() {
            Lookup::Hit(Payload::Integer(number)) => Ok(number),
            Lookup::Hit(payload) => panic!("{payload:?} is not an integer"),
            Lookup::Miss(reason) => Err(reason),
        }
    }

    pub(crate) async fn stamp(&self, key: &str) -> Stamp {
        match self.get(key).await {
            Lookup::Hit(entry) => entry.stamp,
            Lookup::Miss(reason) => panic!("{key} is not there: {reason:?}"),
        }
    }

    /// The marks of an entry under these markers as they are now.
    pub(crate) async fn marks(&self, markers: &[Marker]) -> Marks {
        let generations = self.backend.generations(markers).await.unwrap();
        Some(markers.iter().cloned().zip(generations).map(|(marker, generation)| Mark { marker, generation }).collect())
    }
}

pub(crate) fn tag(name: &str) -> Marker {
    Marker::new(MarkerKind::Tag, format!("myapp:{name}"))
}

pub(crate) fn namespace(name: &str) -> Marker {
    Marker::new(MarkerKind::Namespace, format!("myapp:{name}"))
}

/// The marks of a fill under a fence.
pub(crate) fn fenced(markers: &[Marker], generations: &[Generation]) -> Marks {
    let marks = markers.iter().cloned().zip(generations);
    Some(marks.map(|(marker, generation)| Mark { marker, generation: *generation }).collect())
}
