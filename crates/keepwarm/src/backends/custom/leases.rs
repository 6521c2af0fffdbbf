//! One writer per key at a time, and the leases on missing keys, behind the same locks.
//!
//! The locks are tokio's: fair, free of the runtime (they are wakers and a queue), let go when a future is dropped, and
//! not poisoned by a panic. A plain mutex cannot be held while the user's store is waited for.

use std::collections::HashMap;
use std::hash::BuildHasher;

use tokio::sync::{Mutex, MutexGuard};

use crate::clock::Moment;
use crate::entry::{Generation, Stamp};

/// How many keys can be written at once. Two keys that share a lock merely wait for each other.
const STRIPES: usize = 64;

/// The locks of one store.
#[derive(Debug, Default)]
pub(super) struct Stripes {
    keys: Striped<Leases>,
    /// Locks of their own, always taken last: a writer may have to make a marker while it holds its key.
    markers: Striped<()>,
}

#[derive(Debug)]
struct Striped<T> {
    stripes: Box<[Mutex<T>]>,
    hasher: foldhash::fast::RandomState,
}

impl<T: Default> Default for Striped<T> {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect(), hasher: Default::default() }
    }
}

impl<T> Striped<T> {
    async fn lock(&self, name: &str) -> MutexGuard<'_, T> {
        self.stripes[self.hasher.hash_one(name) as usize % STRIPES].lock().await
    }
}

impl Stripes {
    /// The right to write a key, and the leases there.
    pub(super) async fn lock(&self, key: &str) -> MutexGuard<'_, Leases> {
        self.keys.lock(key).await
    }

    /// The right to write a marker.
    pub(super) async fn lock_marker(&self, name: &str) -> MutexGuard<'_, ()> {
        self.markers.lock(name).await
    }
}

/// The leases of the keys of one stripe.
///
/// They lie in the process, not in the store: no other process could be held off by them, because the store has no
/// conditional write. A lease ends before the write that ends it begins, so that a write that is cancelled half-way
/// leaves no lease behind that could store something older over it.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: HashMap<Box<str>, Held>,
    /// At this many the table looks for leases that have run out and that nobody gave back.
    prune_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    stamp: Stamp,
    until: Moment,
    /// The generation of the key's scope at the grant: clearing the scope ends the lease, from any process.
    scope: Generation,
}

impl Leases {
    /// Whether somebody is computing the key now.
    pub(super) fn is_held(&self, key: &str, now: Moment, scope: Generation) -> bool {
        self.held.get(key).is_some_and(|held| held.until > now && held.scope == scope)
    }

    /// Whether the lease on the key is still the one with this stamp. One that ran out but that nobody took over still
    /// is: whatever invalidates the key would have ended it.
    pub(super) fn is_unchanged(&self, key: &str, stamp: Stamp, scope: Generation) -> bool {
        self.held.get(key).is_some_and(|held| held.stamp == stamp && held.scope == scope)
    }

    /// Whether the lease on the key has this stamp, valid or not.
    pub(super) fn has(&self, key: &str, stamp: Stamp) -> bool {
        self.held.get(key).is_some_and(|held| held.stamp == stamp)
    }

    pub(super) fn grant(&mut self, key: &str, stamp: Stamp, now: Moment, until: Moment, scope: Generation) {
        if self.held.len() >= self.prune_at {
            self.held.retain(|_, held| held.until > now);
            self.prune_at = self.held.len() * 2 + 16;
        }
        self.held.insert(key.into(), Held { stamp, until, scope });
    }

    pub(super) fn end(&mut self, key: &str) {
        self.held.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_leases_do_not_pile_up() {
        let mut leases = Leases::default();
        for second in 0..10_000 {
            let now = Moment::from_nanos(second * 1_000_000_000);
            let until = Moment::from_nanos((second + 5) * 1_000_000_000);
            leases.grant(&format!("key{second}"), Stamp(second), now, until, Generation(1));
        }
        assert!(leases.held.len() < 50, "{} leases are kept", leases.held.len());
        assert!(leases.has("key9999", Stamp(9999)));
    }
}
