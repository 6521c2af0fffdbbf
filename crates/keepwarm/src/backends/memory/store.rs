//! The store itself, without a future in sight: its shards, their sweeps, markers and clearing. What the verbs do to shards is
//! in `reading` and `writing`.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLockWriteGuard;

use super::epochs::Epochs;
use super::markers::Markers;
use super::options::{MemoryOptions, Plan};
use super::shard::{Inner, Shard};
use super::shelf::Shelf;
use crate::backend::{Housekeeping, Size};
use crate::clock::{Clock, Moment};
use crate::entry::{Generation, Marker};
use crate::key::Scope;

pub(super) struct Store {
    pub(super) shards: Box<[Shard]>,
    pub(super) plan: Plan,
    pub(super) lru: bool,
    pub(super) clock: Clock,
    pub(super) origin: Moment,
    pub(super) markers: Markers,
    pub(super) epochs: Epochs,
    /// Counts invalidations, so that writers know when a sweep finds something that no deadline announced.
    pub(super) invalidations: AtomicU64,
    pub(super) evictions: AtomicU64,
    pub(super) expirations: AtomicU64,
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
            epochs: Epochs::new(),
            invalidations: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            expirations: AtomicU64::new(0),
        }
    }

    pub(super) fn largest_value(&self) -> Option<u64> {
        self.plan.largest
    }

    #[inline]
    pub(super) fn shard(&self, hash: u64) -> &Shard {
        // The bits in the middle: the table inside the shard takes those at both ends.
        &self.shards[(hash >> 24) as usize & (self.shards.len() - 1)]
    }

    /// The shard for writing, swept if it is time.
    pub(super) fn enter<'s>(&self, shard: &'s Shard, now: Moment) -> RwLockWriteGuard<'s, Inner> {
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
    pub(super) fn sweep_if_free(&self, shard: &Shard, now: Moment) {
        if let Some(mut inner) = shard.try_write() {
            self.sweep(shard, &mut inner, now);
        }
    }

    #[cold]
    fn sweep(&self, shard: &Shard, inner: &mut Inner, now: Moment) {
        let swept = shard.sweep(inner, now, |slot| slot.dead(now, self.epochs.of(slot.scope)).is_some());
        self.count_expired(swept);
    }

    pub(super) fn count_expired(&self, count: u64) {
        self.expirations.fetch_add(count, Ordering::Relaxed);
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
