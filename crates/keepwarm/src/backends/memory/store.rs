//! The store itself: what the verbs of the backend do to shards, without a future in sight.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{RwLock, RwLockWriteGuard};

use super::markers::Markers;
use super::options::{MemoryOptions, Plan};
use super::shard::{Held, Inner, Shard};
use super::shelf::{Gone, Shelf};
use super::slot::{Probe, Slot, SplitProbe, Tied, WEIGHT_UNIT, written_tenths};
use crate::backend::{Claim, Count, Fence, Housekeeping, Inspection, Lease, Lookup, Page, Put, Refusal, Size, When};
use crate::clock::{Clock, Moment};
use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::Payload;

/// What an entry costs beside its key and value: its slot, its place in the tables, and the allocator's share.
const ENTRY_OVERHEAD: u64 = 128;

/// So many scopes are found without a lock; a process has a handful of key prefixes.
const DIRECT_SCOPES: usize = 64;

pub(super) struct Store {
    shards: Box<[Shard]>,
    plan: Plan,
    lru: bool,
    clock: Clock,
    origin: Moment,
    pub(super) markers: Markers,
    epochs: Epochs,
    /// Counts invalidations, so that writers know when a sweep finds something that no deadline announced.
    invalidations: AtomicU64,
    evictions: AtomicU64,
    expirations: AtomicU64,
}

/// How often each scope was cleared.
struct Epochs {
    direct: [AtomicU32; DIRECT_SCOPES],
    /// The scopes beyond; an `Arc` each, so that the lock is held only to find it.
    more: RwLock<Vec<Arc<AtomicU32>>>,
}

impl Epochs {
    #[inline]
    fn of(&self, scope: u32) -> u32 {
        self.with(scope, |epoch| epoch.load(Ordering::SeqCst))
    }

    #[inline]
    fn with<T>(&self, scope: u32, look: impl FnOnce(&AtomicU32) -> T) -> T {
        match self.direct.get(scope as usize) {
            Some(epoch) => look(epoch),
            None => look(&self.beyond(scope as usize - DIRECT_SCOPES)),
        }
    }

    #[cold]
    fn beyond(&self, index: usize) -> Arc<AtomicU32> {
        if let Some(epoch) = self.more.read().get(index) {
            return Arc::clone(epoch);
        }
        let mut more = self.more.write();
        if more.len() <= index {
            more.resize_with(index + 1, Arc::default);
        }
        Arc::clone(&more[index])
    }
}

impl Store {
    pub(super) fn new(options: &MemoryOptions, clock: Clock) -> Self {
        let plan = options.plan();
        let now = clock.now();
        Self {
            shards: (0..plan.shards).map(|_| Shard::new(Shelf::new(&plan, options.lru), now)).collect(),
            plan,
            lru: options.lru.is_some(),
            clock,
            origin: now,
            markers: Markers::new(),
            epochs: Epochs { direct: [const { AtomicU32::new(0) }; DIRECT_SCOPES], more: RwLock::default() },
            invalidations: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            expirations: AtomicU64::new(0),
        }
    }

    pub(super) fn largest_value(&self) -> Option<u64> {
        self.plan.largest
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Shard {
        // The bits in the middle: the table inside the shard takes those at both ends.
        &self.shards[(hash >> 24) as usize & (self.shards.len() - 1)]
    }

    /// The way of a hit. `None` where a read has to write: the exact LRU moves what it reads, a dead entry is removed.
    #[inline]
    pub(super) fn glance(&self, key: &Parts<'_>, see: impl FnOnce(&Slot)) -> Option<Lookup<()>> {
        let probe = SplitProbe::new(key);
        let now = self.clock.now();
        let epoch = self.epochs.of(key.scope().index());
        let shard = self.shard(probe.hash);
        let inner = shard.read();
        let Shelf::Clock(shelf) = &inner.shelf else { return None };
        let found = match shelf.get(&probe) {
            None => Lookup::Miss(MissReason::Absent),
            Some(slot) => match slot.dead(now, epoch) {
                None => {
                    see(slot);
                    Lookup::Hit(())
                }
                Some(_) => return None,
            },
        };
        drop(inner);
        if shard.wants_sweep(now) {
            self.sweep_if_free(shard, now);
        }
        Some(found)
    }

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

    pub(super) fn get<T>(&self, key: &Key<'_>, take: impl FnOnce(&Slot) -> T) -> Lookup<T> {
        let probe = Probe::new(key);
        let now = self.clock.now();
        let epoch = self.epochs.of(key.scope().index());
        let shard = self.shard(probe.hash);
        let judge = |slot: &Slot| slot.dead(now, epoch).map_or_else(|| Ok(take(slot)), Err);
        let found = if self.lru {
            self.enter(shard, now).shelf.change(&probe, |slot| judge(slot))
        } else {
            shard.read().shelf.look(&probe).map(judge)
        };
        if shard.wants_sweep(now) {
            self.sweep_if_free(shard, now);
        }
        match found {
            None => Lookup::Miss(MissReason::Absent),
            Some(Ok(taken)) => Lookup::Hit(taken),
            Some(Err(reason)) => {
                self.bury(&probe, shard, key.scope());
                Lookup::Miss(reason)
            }
        }
    }

    /// Removes an entry that was found dead, unless it has been replaced since.
    #[cold]
    fn bury(&self, probe: &Probe<'_>, shard: &Shard, scope: &Scope) {
        let mut inner = shard.write();
        // Looked at again: since the read the alias may have been cleared and the entry written anew.
        let (now, epoch) = (self.clock.now(), self.epochs.of(scope.index()));
        let gone = if inner.shelf.peek(probe).is_some_and(|slot| slot.dead(now, epoch).is_some()) {
            self.count_expired(1);
            inner.shelf.remove(probe)
        } else {
            None
        };
        drop(inner);
        drop(gone);
    }

    /// The entry in a slot, as it goes through the door.
    pub(super) fn entry(&self, slot: &Slot) -> Entry {
        slot.entry(self.origin)
    }

    /// The shard for writing, swept if it is time.
    fn enter<'s>(&self, shard: &'s Shard, now: Moment) -> RwLockWriteGuard<'s, Inner> {
        let mut inner = shard.write();
        let invalidations = self.invalidations.load(Ordering::Relaxed);
        if inner.seen_invalidations != invalidations {
            inner.seen_invalidations = invalidations;
            shard.sweep_after(now, &inner);
        }
        if shard.wants_sweep(now) {
            self.sweep(shard, &mut inner, now);
        }
        inner
    }

    #[cold]
    fn sweep_if_free(&self, shard: &Shard, now: Moment) {
        if let Some(mut inner) = shard.try_write() {
            self.sweep(shard, &mut inner, now);
        }
    }

    #[cold]
    fn sweep(&self, shard: &Shard, inner: &mut Inner, now: Moment) {
        let swept = shard.sweep(inner, now, |slot| slot.dead(now, self.epochs.of(slot.scope)).is_some());
        self.count_expired(swept);
    }

    fn count_expired(&self, count: u64) {
        self.expirations.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Put {
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
        self.lay_down(shard, &mut inner, &probe, slot, &mut gone);
        drop(inner);
        self.evictions.fetch_add(gone.evicted, Ordering::Relaxed);
        Put::Stored
    }

    fn lay_down(&self, shard: &Shard, inner: &mut Inner, probe: &Probe<'_>, slot: Slot, gone: &mut Gone) {
        if let Some(moment) = slot.deadline.moment() {
            shard.sweep_after(moment, inner);
        }
        inner.shelf.insert(probe, slot, gone);
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

    pub(super) fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Count {
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
        self.lay_down(shard, &mut inner, &probe, slot, &mut gone);
        drop(inner);
        self.evictions.fetch_add(gone.evicted, Ordering::Relaxed);
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

    pub(super) fn generations(&self, markers: &[Marker]) -> Vec<Generation> {
        self.markers.generations(markers, self.clock.now())
    }

    pub(super) fn renew(&self, markers: &[Marker]) {
        self.markers.renew(markers);
        self.invalidations.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn clear(&self, scope: &Scope) {
        self.epochs.with(scope.index(), |epoch| epoch.fetch_add(1, Ordering::SeqCst));
        self.invalidations.fetch_add(1, Ordering::Relaxed);
        if self.lru {
            // Counted exactly, what is cleared takes nobody's place: there are a few hundred entries, behind one lock. What is
            // written meanwhile has the new epoch.
            let epoch = self.epochs.of(scope.index());
            for shard in &self.shards {
                shard.write().shelf.retain(|slot| slot.scope != scope.index() || slot.epoch == epoch);
            }
        }
    }

    pub(super) fn clear_store(&self) {
        for shard in &self.shards {
            let mut inner = shard.write();
            inner.leases.clear();
            inner.shelf.clear();
        }
    }

    /// The live keys of one shard: a scan goes shard by shard, and holds a lock no longer than one takes.
    pub(super) fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Page {
        let index = usize::try_from(from).unwrap_or(usize::MAX);
        let Some(shard) = self.shards.get(index) else { return Page::default() };
        let now = self.clock.now();
        let epoch = self.epochs.of(scope.index());
        let mut keys = Vec::new();
        shard.read().shelf.for_each(|key, slot| {
            if slot.scope == scope.index() && slot.dead(now, epoch).is_none() {
                keys.push(key.to_owned());
            }
        });
        // Outside the lock: a pattern may take its time.
        keys.retain(|key| pattern.matches(key));
        Page { keys, next: (index + 1 < self.shards.len()).then_some(from + 1) }
    }

    pub(super) fn inspect(&self, key: &Key<'_>) -> Option<Inspection> {
        let probe = Probe::new(key);
        let inner = self.shard(probe.hash).read();
        let slot = inner.shelf.peek(&probe)?;
        let dead = slot.dead(self.clock.now(), self.epochs.of(key.scope().index()));
        let entry = slot.entry(self.origin);
        drop(inner);
        let marks = entry.marks.as_deref().unwrap_or_default();
        let generations = marks.iter().map(|mark| self.markers.peek(&mark.marker)).collect();
        Some(Inspection { entry, dead, generations })
    }

    pub(super) fn size(&self) -> Size {
        let mut size = Size { entries: Some(0), bytes: self.plan.by_bytes.then_some(0) };
        for shard in &self.shards {
            let inner = shard.read();
            size.entries = size.entries.map(|entries| entries + inner.shelf.len() as u64);
            size.bytes = size.bytes.map(|bytes| bytes + inner.shelf.weight());
        }
        size
    }

    pub(super) fn housekeeping(&self) -> Housekeeping {
        Housekeeping {
            evictions: self.evictions.load(Ordering::Relaxed),
            expirations: self.expirations.load(Ordering::Relaxed),
            ..Housekeeping::default()
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
