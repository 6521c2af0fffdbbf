//! What the verbs that look do to shards.

use super::shard::Shard;
use super::shelf::Shelf;
use super::slot::{Probe, Slot, SplitProbe};
use super::store::Store;
use crate::backend::{Inspection, Lookup, Page};
use crate::clock::Moment;
use crate::entry::{Entry, MissReason};
use crate::key::{Key, KeyBuffer, Parts, Pattern, Scope};

impl Store {
    /// The way of a hit. `None` where a dead entry has to be removed.
    #[inline]
    pub(super) fn glance(&self, key: &Parts<'_>, see: impl FnOnce(&Slot)) -> Option<Lookup<()>> {
        let probe = SplitProbe::new(key);
        let now = self.clock.now();
        let epoch = self.epochs.of(key.scope().index());
        let shard = self.shard(probe.hash);
        if self.lru {
            return self.glance_at_lru(key, shard, (now, epoch), see);
        }
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

    /// The same on the exact LRU, which moves what it reads and searches by joined keys.
    fn glance_at_lru(
        &self,
        key: &Parts<'_>,
        shard: &Shard,
        (now, epoch): (Moment, u32),
        see: impl FnOnce(&Slot),
    ) -> Option<Lookup<()>> {
        let mut joined = KeyBuffer::new();
        joined.push(key.lead());
        joined.push(key.name());
        let mut inner = self.enter(shard, now);
        match inner.shelf.use_by_text(joined.as_str()) {
            None => Some(Lookup::Miss(MissReason::Absent)),
            Some(slot) if slot.dead(now, epoch).is_none() => {
                see(slot);
                Some(Lookup::Hit(()))
            }
            Some(_) => None,
        }
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
}
