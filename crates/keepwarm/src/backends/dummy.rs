//! The dummy backend keeps nothing, for development and for switching a cache off (Django's `DummyCache`).
//!
//! Reads miss, `add` says that it added, `touch`, `delete` and `has_key` say that there was nothing, counters miss.
//! Keys and values are still checked. A computing verb computes every time, each caller for itself.

use std::time::Duration;

use crate::backend::{
    Abilities, Backend, Claim, Count, Fence, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put,
    Refusal, Sharing, Size, When,
};
use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// A store that keeps nothing.
///
/// ```
/// let cache = keepwarm::Cache::dummy();
/// assert!(cache.add("key", "value").wait()?);
/// assert_eq!(cache.get::<String>("key").wait()?, None);
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Dummy;

impl Backend for Dummy {
    fn kind(&self) -> &'static str {
        "dummy"
    }

    #[inline]
    fn abilities(&self) -> Abilities {
        Abilities {
            sharing: Sharing::Process,
            atomic: Sharing::Process,
            durable: false,
            never_waits: true,
            keeps_objects: true,
            keeps: false,
            scans: true,
            markers: true,
            resolution: Duration::ZERO,
            largest_value: None,
            strict_keys: None,
        }
    }

    fn glance(&self, _key: &Parts<'_>, _see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        Some(Lookup::Miss(MissReason::Absent))
    }

    fn add_in_place(&self, _key: &Parts<'_>, _delta: i64) -> Option<i64> {
        None
    }

    fn remove_at_once(&self, _key: &Parts<'_>) -> Option<bool> {
        None
    }

    fn put_at_once(&self, _key: &Parts<'_>, _value: Glimpse<'_>, _deadline: Deadline) -> Option<Result<Put>> {
        None
    }

    async fn get(&self, _key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Payload>> {
        Ok(Lookup::Miss(MissReason::Absent))
    }

    async fn get_many(&self, keys: &[Key<'_>], _hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        Ok(keys.iter().map(|_| Lookup::Miss(MissReason::Absent)).collect())
    }

    async fn entry(&self, _key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Entry>> {
        Ok(Lookup::Miss(MissReason::Absent))
    }

    async fn entries(&self, keys: &[Key<'_>], _hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        Ok(keys.iter().map(|_| Lookup::Miss(MissReason::Absent)).collect())
    }

    async fn put(&self, _key: &Key<'_>, _entry: Entry, when: When) -> Result<Put> {
        Ok(match when {
            When::Always | When::Absent => Put::Refused(Refusal::NotKept),
            When::Present | When::Unchanged(_) => Put::Refused(Refusal::Condition),
        })
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        Ok(vec![Put::Refused(Refusal::NotKept); entries.len()])
    }

    async fn remove(&self, _key: &Key<'_>, _when: When) -> Result<bool> {
        Ok(false)
    }

    async fn remove_many(&self, _keys: &[Key<'_>]) -> Result<usize> {
        Ok(0)
    }

    async fn add_to(&self, _key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        let created = create.and_then(|entry| match entry.payload {
            Payload::Integer(initial) => Some(initial),
            _ => None,
        });
        Ok(match created {
            None => Count::Missing,
            Some(initial) => initial.checked_add(delta).map_or(Count::Overflow, Count::Now),
        })
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        let deadline = create.deadline;
        Ok((self.add_to(key, delta, Some(create)).await?, deadline))
    }

    async fn lock(&self, _key: &Key<'_>, _owner: &str, _locking: Locking) -> Result<Locked> {
        // The front says that there are no locks here; whoever asks all the same is not told that it holds one.
        Ok(Locked::Refused)
    }

    async fn touch(&self, _key: &Key<'_>, _deadline: Deadline) -> Result<bool> {
        Ok(false)
    }

    async fn lease(&self, _key: &Key<'_>, markers: &[Marker], _length: Duration, _claim: Claim) -> Result<Lease> {
        // Everybody is granted one: there is nothing that a second computation could overtake.
        Ok(Lease::Granted(Fence { stamp: Stamp(0), generations: vec![Generation(0); markers.len()] }))
    }

    async fn release(&self, _key: &Key<'_>, _stamp: Stamp) -> Result<()> {
        Ok(())
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        Ok(vec![Generation(0); markers.len()])
    }

    async fn renew(&self, _markers: &[Marker]) -> Result<()> {
        Ok(())
    }

    async fn clear(&self, _scope: &Scope) -> Result<()> {
        Ok(())
    }

    async fn clear_store(&self) -> Result<()> {
        Ok(())
    }

    async fn scan(&self, _scope: &Scope, _pattern: &Pattern, _from: u64) -> Result<Page> {
        Ok(Page::default())
    }

    async fn inspect(&self, _key: &Key<'_>) -> Result<Option<Inspection>> {
        Ok(None)
    }

    async fn size(&self) -> Result<Size> {
        Ok(Size { entries: Some(0), bytes: Some(0) })
    }

    fn housekeeping(&self) -> Housekeeping {
        Housekeeping::default()
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
