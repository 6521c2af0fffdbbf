//! What the verbs that change do to shards: conditional writes, counters and leases, each one visit under the lock.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::options::Lru;
use super::shard::{Held, Inner, Shard};
use super::shelf::{Gone, Shelf};
use super::slot::{Probe, Slot, SplitProbe, Tied, WEIGHT_UNIT, written_tenths};
use super::store::Store;
use crate::backend::{Claim, Count, Fence, Lease, Put, Refusal, When};
use crate::clock::Moment;
use crate::entry::{Entry, Marker, Stamp};
use crate::expiry::Deadline;
use crate::key::{Key, Parts};
use crate::payload::Payload;

/// What an entry costs beside its key and value: its slot, its place in the tables, and the allocator's share.
const ENTRY_OVERHEAD: u64 = 128;

impl Store {
    /// The way of a count on a number that is there. `None` where it takes more: a lease that ends with it, the exact LRU,
    /// or anything but a live number whose sum fits.
    #[inline]
    pub(super) fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        let probe = SplitProbe::new(key);
        let now = self.clock.now();
        let epoch = self.epochs.of(key.scope().index());
        let mut inner = self.enter(self.shard(probe.hash), now);
        let inner = &mut *inner;
        if !inner.leases.is_empty() {
            return None;
        }
        let stamp = inner.next_stamp();
        let Shelf::Clock(shelf) = &mut inner.shelf else { return None };
        let mut slot = shelf.get_mut(&probe)?;
        if slot.dead(now, epoch).is_some() {
            return None;
        }
        slot.add(delta, stamp).ok()
    }

    /// The way of a delete. `None` where it takes more: a lease that ends with it, or the exact LRU.
    #[inline]
    pub(super) fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool> {
        let probe = SplitProbe::new(key);
        let now = self.clock.now();
        let mut inner = self.enter(self.shard(probe.hash), now);
        if !inner.leases.is_empty() {
            return None;
        }
        let epoch = self.epochs.of(key.scope().index());
        let Shelf::Clock(shelf) = &mut inner.shelf else { return None };
        let gone = shelf.remove(&probe);
        drop(inner);
        Some(gone.is_some_and(|(_, slot)| slot.dead(now, epoch).is_none()))
    }

    pub(super) fn put(&self, key: &Key<'_>, entry: Entry, when: When, lru: Option<Lru>) -> Put {
        let probe = Probe::new(key);
        let now = self.clock.now();
        let shard = self.shard(probe.hash);
        let weight = self.weigh(&probe, &entry.payload);
        let tied = match self.tie(&entry) {
            Ok(tied) => tied,
            Err(refusal) => {
                if when == When::Always {
                    // What is there is older than what was refused.
                    self.remove(key, When::Always);
                }
                return Put::Refused(refusal);
            }
        };
        let mut gone = Gone::default();
        let mut inner = self.enter(shard, now);
        let epoch = self.epochs.of(key.scope().index());
        if !holds(&inner, &probe, now, epoch, when) {
            return Put::Refused(Refusal::Condition);
        }
        inner.end_lease(&probe);
        if self.plan.largest.is_some_and(|largest| weight > largest) || entry.deadline.has_passed(now) {
            let old = inner.shelf.remove(&probe);
            drop(inner);
            drop(old);
            let too_large = self.plan.largest.is_some_and(|largest| weight > largest);
            return Put::Refused(if too_large { Refusal::TooLarge } else { Refusal::NotKept });
        }
        let slot = Slot {
            kept: entry.payload.into(),
            deadline: entry.deadline,
            stamp: inner.next_stamp(),
            tied,
            epoch,
            scope: key.scope().index(),
            written: written_tenths(self.origin, now),
            weight: u32::try_from(weight.div_ceil(WEIGHT_UNIT)).unwrap_or(u32::MAX),
        };
        self.lay_down(shard, &mut inner, &probe, slot, lru, &mut gone);
        drop(inner);
        self.count_evicted(&gone);
        Put::Stored
    }

    /// Nothing is the rule, and adding it to a counter of all threads would cost what a lookup does.
    #[inline]
    fn count_evicted(&self, gone: &Gone) {
        if gone.evicted > 0 {
            self.evictions.fetch_add(gone.evicted, Ordering::Relaxed);
        }
    }

    fn lay_down(
        &self,
        shard: &Shard,
        inner: &mut Inner,
        probe: &Probe<'_>,
        slot: Slot,
        lru: Option<Lru>,
        gone: &mut Gone,
    ) {
        if let Some(moment) = slot.deadline.moment() {
            shard.sweep_after(moment, inner);
        }
        inner.shelf.insert(probe, slot, lru, gone);
    }

    fn weigh(&self, probe: &Probe<'_>, payload: &Payload) -> u64 {
        if !self.plan.by_bytes {
            return 0;
        }
        (probe.text.len() as u64 + ENTRY_OVERHEAD + payload.weight() as u64).max(self.plan.entry_floor)
    }

    /// Ties the entry to its markers, unless one has moved on since its generation was captured. One that moves on from
    /// here on is seen by every reader of the slot.
    fn tie(&self, entry: &Entry) -> Result<Option<Arc<Tied>>, Refusal> {
        let Some(marks) = entry.marks.as_deref().filter(|marks| !marks.is_empty()) else { return Ok(None) };
        let live = self.markers.tie(marks, self.clock.now());
        if live.iter().zip(marks).any(|(live, mark)| live.generation() != mark.generation) {
            return Err(Refusal::Overtaken);
        }
        Ok(Some(Arc::new(Tied { marks: entry.marks.clone(), live })))
    }

    pub(super) fn remove(&self, key: &Key<'_>, when: When) -> bool {
        let probe = Probe::new(key);
        let now = self.clock.now();
        let mut inner = self.enter(self.shard(probe.hash), now);
        let epoch = self.epochs.of(key.scope().index());
        if !holds(&inner, &probe, now, epoch, when) {
            return false;
        }
        inner.end_lease(&probe);
        let gone = inner.shelf.remove(&probe);
        drop(inner);
        gone.is_some_and(|slot| slot.dead(now, epoch).is_none())
    }

    pub(super) fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>, lru: Option<Lru>) -> Count {
        let probe = Probe::new(key);
        let now = self.clock.now();
        let shard = self.shard(probe.hash);
        let mut gone = Gone::default();
        let mut inner = self.enter(shard, now);
        let epoch = self.epochs.of(key.scope().index());
        let stamp = inner.next_stamp();
        let counted = inner.shelf.change(&probe, |slot| {
            if slot.dead(now, epoch).is_some() {
                return Count::Missing;
            }
            slot.add(delta, stamp).map_or_else(|refused| refused, Count::Now)
        });
        let counted = counted.unwrap_or(Count::Missing);
        if matches!(counted, Count::Now(_)) {
            // A refresh under way has read what was there before.
            inner.end_lease(&probe);
        }
        let (Count::Missing, Some(entry)) = (counted, create) else { return counted };
        let Payload::Integer(initial) = entry.payload else { return Count::NotAnInteger };
        let Some(sum) = initial.checked_add(delta) else { return Count::Overflow };
        inner.end_lease(&probe);
        if entry.deadline.has_passed(now) {
            return Count::Now(sum);
        }
        let Ok(tied) = self.tie(&entry) else { return Count::Now(sum) };
        let slot = Slot {
            kept: Payload::Integer(sum).into(),
            deadline: entry.deadline,
            stamp,
            tied,
            epoch,
            scope: key.scope().index(),
            written: written_tenths(self.origin, now),
            weight: u32::try_from(self.weigh(&probe, &entry.payload).div_ceil(WEIGHT_UNIT)).unwrap_or(u32::MAX),
        };
        self.lay_down(shard, &mut inner, &probe, slot, lru, &mut gone);
        drop(inner);
        self.count_evicted(&gone);
        Count::Now(sum)
    }

    pub(super) fn touch(&self, key: &Key<'_>, deadline: Deadline) -> bool {
        let probe = Probe::new(key);
        let now = self.clock.now();
        let shard = self.shard(probe.hash);
        let mut inner = self.enter(shard, now);
        let epoch = self.epochs.of(key.scope().index());
        let touched = inner.shelf.change(&probe, |slot| {
            let live = slot.dead(now, epoch).is_none();
            if live {
                slot.deadline = deadline;
            }
            live
        });
        if let Some(moment) = deadline.moment() {
            shard.sweep_after(moment, &inner);
        }
        touched.unwrap_or(false)
    }

    pub(super) fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Lease {
        // Before the lease: an invalidation that falls between makes the fill a refusal, never a wrong hit.
        let generations = self.markers.generations(markers, self.clock.now());
        let probe = Probe::new(key);
        let now = self.clock.now();
        let shard = self.shard(probe.hash);
        let mut inner = self.enter(shard, now);
        let epoch = self.epochs.of(key.scope().index());
        let stamp = inner.next_stamp();
        let live = inner.shelf.peek(&probe).filter(|slot| slot.dead(now, epoch).is_none());
        match (claim, live) {
            (Claim::Missing, Some(slot)) => return Lease::Hit(slot.payload()),
            (Claim::Missing, None) => {
                if inner.leases.get(probe.text).is_some_and(|held| held.until > now && held.epoch == epoch) {
                    return Lease::Held;
                }
            }
            (Claim::Refresh, Some(_)) => {
                inner.shelf.change(&probe, |slot| slot.stamp = stamp);
            }
            (Claim::Refresh, None) => {}
        }
        let until = now.saturating_add(length);
        inner.leases.insert(probe.text.into(), Held { stamp, until, epoch });
        shard.sweep_after(until, &inner);
        Lease::Granted(Fence { stamp, generations })
    }

    pub(super) fn release(&self, key: &Key<'_>, stamp: Stamp) {
        let probe = Probe::new(key);
        let mut inner = self.enter(self.shard(probe.hash), self.clock.now());
        if inner.leases.get(probe.text).is_some_and(|held| held.stamp == stamp) {
            inner.end_lease(&probe);
        }
    }
}

/// Whether `when` holds for the key now.
fn holds(inner: &Inner, probe: &Probe<'_>, now: Moment, epoch: u32, when: When) -> bool {
    if when == When::Always {
        return true;
    }
    let live = inner.shelf.peek(probe).filter(|slot| slot.dead(now, epoch).is_none());
    match when {
        When::Always => true,
        When::Absent => live.is_none(),
        When::Present => live.is_some(),
        When::Unchanged(stamp) => match live {
            Some(slot) => slot.stamp == stamp,
            // A lease that ran out but that nobody took over still fences: whatever invalidates would have ended it.
            None => inner.leases.get(probe.text).is_some_and(|held| held.stamp == stamp && held.epoch == epoch),
        },
    }
}
