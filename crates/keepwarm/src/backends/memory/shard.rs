//! One shard: a shelf of slots, the leases on missing keys, and the time of the next sweep, behind one lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::shelf::Shelf;
use super::slot::{Probe, Slot};
use crate::clock::Moment;
use crate::entry::Stamp;

/// A shard is swept at most this often.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Shard {
    inner: RwLock<Inner>,
    /// The first operation at or after this moment sweeps. Outside the lock, so that readers see it without writing.
    sweep_at: AtomicU64,
}

pub(super) struct Inner {
    pub(super) shelf: Shelf,
    pub(super) leases: HashMap<Box<str>, Held>,
    /// The last stamp given out. A key always lies in the same shard, so that its stamps never come twice.
    stamp: u64,
    swept: Moment,
    /// How many invalidations of the store this shard has swept after.
    pub(super) seen_invalidations: u64,
}

/// A lease on a missing key. It lies beside the shelf, so that it can neither be evicted nor displace a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) stamp: Stamp,
    pub(super) until: Moment,
    pub(super) epoch: u32,
}

impl Shard {
    pub(super) fn new(shelf: Shelf, now: Moment) -> Self {
        let inner = Inner { shelf, leases: HashMap::new(), stamp: 0, swept: now, seen_invalidations: 0 };
        Self { inner: RwLock::new(inner), sweep_at: AtomicU64::new(u64::MAX) }
    }

    #[inline]
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read()
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write()
    }

    pub(super) fn try_write(&self) -> Option<RwLockWriteGuard<'_, Inner>> {
        self.inner.try_write()
    }

    #[inline]
    pub(super) fn wants_sweep(&self, now: Moment) -> bool {
        now.as_nanos() >= self.sweep_at.load(Ordering::Relaxed)
    }

    /// Makes sure that somebody sweeps soon after `deadline`, but not twice within the pause.
    pub(super) fn sweep_after(&self, deadline: Moment, inner: &Inner) {
        let at = deadline.max(inner.swept.saturating_add(SWEEP_PAUSE)).as_nanos();
        // Looked at first, for it seldom changes: it is put off only by a sweep, which holds the shard as who calls this does.
        if at < self.sweep_at.load(Ordering::Relaxed) {
            self.sweep_at.fetch_min(at, Ordering::Relaxed);
        }
    }

    /// Drops every slot and lease that `dead` says is dead, and sets the time of the next sweep; how many slots.
    pub(super) fn sweep(&self, inner: &mut Inner, now: Moment, dead: impl Fn(&Slot) -> bool) -> u64 {
        inner.swept = now;
        self.sweep_at.store(u64::MAX, Ordering::Relaxed);
        let swept = inner.shelf.retain(|slot| !dead(slot));
        inner.leases.retain(|_, held| held.until > now);
        let mut soonest = Moment::MAX;
        inner.shelf.for_each(|_, slot| soonest = soonest.min(slot.deadline.moment().unwrap_or(Moment::MAX)));
        for held in inner.leases.values() {
            soonest = soonest.min(held.until);
        }
        if soonest != Moment::MAX {
            self.sweep_after(soonest, inner);
        }
        swept
    }
}

impl Inner {
    pub(super) fn next_stamp(&mut self) -> Stamp {
        self.stamp += 1;
        Stamp(self.stamp)
    }

    pub(super) fn end_lease(&mut self, probe: &Probe<'_>) {
        if !self.leases.is_empty() {
            self.leases.remove(probe.text);
        }
    }
}
