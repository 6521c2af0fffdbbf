//! What this process last saw of the scopes: a guess that every write has confirmed by the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use super::names;
use crate::clock::Clock;
use crate::entry::Generation;
use crate::key::Scope;

/// The lowest bit of a scope's record: what a clearing left behind has not been swept yet.
const PENDING: u64 = 1;

/// The record of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScopeRecord(u64);

impl ScopeRecord {
    pub(super) fn of(number: u64) -> Self {
        Self(number)
    }

    /// The record as it lies on the server.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    /// The generation that entries carry.
    pub(super) fn generation(self) -> Generation {
        Generation(self.0 & !PENDING)
    }

    /// Whether plain integers may be from before a clearing.
    pub(super) fn is_pending(self) -> bool {
        self.0 & PENDING != 0
    }

    pub(super) fn pending(self) -> Self {
        Self(self.0 | PENDING)
    }

    pub(super) fn settled(self) -> Self {
        Self(self.0 & !PENDING)
    }
}

/// One scope of the store.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) scope: Scope,
    /// Where its record lies.
    pub(super) name: Arc<str>,
    /// The last record seen; 0 for none.
    seen: AtomicU64,
    /// Since when it has been seen pending, in milliseconds of the store's clock; 0 for not.
    pending_since: AtomicU64,
    clock: Clock,
}

impl Known {
    fn now_millis(&self) -> u64 {
        (self.clock.now().as_nanos() / 1_000_000).max(1)
    }

    pub(super) fn guess(&self) -> Option<ScopeRecord> {
        Some(self.seen.load(Ordering::Relaxed)).filter(|&seen| seen != 0).map(ScopeRecord)
    }

    /// The record, if it has been seen pending for so long; not again before as long has passed once more.
    pub(super) fn long_pending(&self, long: Duration) -> Option<ScopeRecord> {
        let (since, now) = (self.pending_since.load(Ordering::Relaxed), self.now_millis());
        if since == 0 || Duration::from_millis(now.saturating_sub(since)) < long {
            return None;
        }
        self.pending_since.store(now, Ordering::Relaxed);
        self.guess().filter(|record| record.is_pending())
    }

    /// Notes a record; what it was when it is none.
    pub(super) fn note(&self, record: Option<&[u8]>) -> Option<ScopeRecord> {
        let number = names::generation(&self.name, record);
        self.seen.store(number.unwrap_or(0), Ordering::Relaxed);
        let record = number.map(ScopeRecord);
        if !record.is_some_and(ScopeRecord::is_pending) {
            self.pending_since.store(0, Ordering::Relaxed);
        } else if self.pending_since.load(Ordering::Relaxed) == 0 {
            self.pending_since.store(self.now_millis(), Ordering::Relaxed);
        }
        record
    }
}

/// The scopes that were asked for, by their numbers.
#[derive(Debug)]
pub(super) struct Scopes {
    known: RwLock<Vec<Option<Arc<Known>>>>,
    clock: Clock,
}

impl Scopes {
    pub(super) fn new(clock: Clock) -> Self {
        Self { known: RwLock::default(), clock }
    }

    pub(super) fn of(&self, scope: &Scope) -> Arc<Known> {
        let index = scope.index() as usize;
        if let Some(Some(known)) = self.known.read().get(index) {
            return Arc::clone(known);
        }
        let mut scopes = self.known.write();
        if scopes.len() <= index {
            scopes.resize_with(index + 1, || None);
        }
        let make = || {
            Arc::new(Known {
                scope: scope.clone(),
                name: names::of_scope(scope),
                seen: AtomicU64::new(0),
                pending_since: AtomicU64::new(0),
                clock: self.clock.clone(),
            })
        };
        Arc::clone(scopes[index].get_or_insert_with(make))
    }
}
