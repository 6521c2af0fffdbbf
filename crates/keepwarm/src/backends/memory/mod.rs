//! Objects in this process: the fastest store, gone with the process.
//!
//! Entries lie in shards, each a quick_cache behind a read-write lock (measured against moka on a million keys: 3.5 to 4
//! times faster, 2.2 times less memory). A hit takes the read lock, compares a deadline, a clear epoch and the
//! generations of its tags, and shares the value. Every conditional verb and counter is one visit under the write lock.
//!
//! Expired and invalidated entries that nobody reads are swept without a thread, so that nothing breaks at a `fork`: the
//! first operation on a shard after an entry's deadline sweeps that shard, at most once a second, a few thousand entries
//! at a time.

mod epochs;
mod markers;
mod options;
mod reading;
mod shard;
mod shelf;
mod slot;
mod store;
mod writing;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use parking_lot::Mutex;

pub use options::MemoryOptions;
use store::Store;

use crate::backend::{
    Abilities, Backend, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put, Sharing,
    Size, When, derived,
};
use crate::clock::Clock;
use crate::entry::{Entry, Generation, Marker, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// A store in this process; clones share it.
#[derive(Clone)]
pub struct Memory(Arc<Store>);

/// The stores that have names. They live as long as the process: Django builds a backend object per thread and per
/// request context, and between two of them nobody holds the store.
static NAMED: LazyLock<Mutex<HashMap<String, Memory>>> = LazyLock::new(Mutex::default);

impl Memory {
    /// A store of its own, or the one that `options` names.
    pub fn new(options: &MemoryOptions, clock: Clock) -> Self {
        let make = || Self(Arc::new(Store::new(options, clock)));
        match &options.location {
            None => make(),
            Some(name) => NAMED.lock().entry(name.clone()).or_insert_with(make).clone(),
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memory").field("size", &self.0.size()).finish()
    }
}

impl Backend for Memory {
    fn kind(&self) -> &'static str {
        "memory"
    }

    #[inline]
    fn abilities(&self) -> Abilities {
        Abilities {
            sharing: Sharing::Process,
            atomic: Sharing::Process,
            durable: false,
            never_waits: true,
            keeps_objects: true,
            keeps: true,
            scans: true,
            markers: true,
            resolution: Duration::from_millis(4),
            largest_value: self.0.largest_value(),
            strict_keys: None,
        }
    }

    #[inline]
    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        self.0.glance(key, |slot| see(slot.glimpse()))
    }

    #[inline]
    fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        self.0.add_in_place(key, delta)
    }

    #[inline]
    fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool> {
        self.0.remove_at_once(key)
    }

    async fn get(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Payload>> {
        Ok(self.0.get(key, |slot| slot.payload()))
    }

    async fn get_many(&self, keys: &[Key<'_>], _hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        Ok(keys.iter().map(|key| self.0.get(key, |slot| slot.payload())).collect())
    }

    async fn entry(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Entry>> {
        Ok(self.0.get(key, |slot| self.0.entry(slot)))
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        derived::entries(self, keys, hint).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        Ok(self.0.put(key, entry, when))
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        Ok(entries.into_iter().map(|(key, entry)| self.0.put(&key, entry, When::Always)).collect())
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        Ok(self.0.remove(key, when))
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        Ok(keys.iter().filter(|key| self.0.remove(key, When::Always)).count())
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        Ok(self.0.add_to(key, delta, create))
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        derived::tally(self, key, delta, create).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        derived::lock(self, key, owner, locking).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        Ok(self.0.touch(key, deadline))
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        Ok(self.0.lease(key, markers, length, claim))
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.0.release(key, stamp);
        Ok(())
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        Ok(self.0.generations(markers))
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        self.0.renew(markers);
        Ok(())
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.0.clear(scope);
        Ok(())
    }

    async fn clear_store(&self) -> Result<()> {
        self.0.clear_store();
        Ok(())
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        Ok(self.0.scan(scope, pattern, from))
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        Ok(self.0.inspect(key))
    }

    async fn size(&self) -> Result<Size> {
        Ok(self.0.size())
    }

    fn housekeeping(&self) -> Housekeeping {
        self.0.housekeeping()
    }

    async fn close(&self) -> Result<()> {
        // Nothing to give back; the entries stay, as Django's do.
        Ok(())
    }
}
