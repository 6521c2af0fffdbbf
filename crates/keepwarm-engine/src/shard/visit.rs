//! The writers' verbs: each is one visit under the shard's lock.

use std::sync::atomic::Ordering::Release;

use super::index::{Entry, Found};
use super::read::moved_on;
use super::ring::{Corrupt, Room};
use super::{DIRTY, LIVE_COUNT, STAMPS, Shard, TAIL};
use crate::hash::NameHash;
use crate::leases::{self, Lease};
use crate::markers::{MarkerName, Markers};
use crate::record::{Draft, NEVER, Record, State};
use crate::spot::{Ring, Spot, UNIT};
use crate::words::Words;

/// A line of the processor's cache.
const LINE: usize = 64;
/// So much is fetched ahead at most.
const FETCHED_AHEAD: usize = 2048;

/// What went while writing, for whoever has to clean up after it or counts.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    /// Side files that nothing leads to any more, by their key's hash and their own number.
    pub(crate) side: Vec<(u64, u64)>,
    pub(crate) evicted: u64,
    pub(crate) expired: u64,
}

/// When a write takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// In any case.
    Always,
    /// There is no live entry.
    Absent,
    /// There is a live entry.
    Present,
    /// The entry, or the lease, still has this stamp.
    Unchanged(u64),
}

/// A write.
pub(crate) struct Put<'p> {
    /// Stamp and uses are given in the visit.
    pub(crate) draft: Draft<'p>,
    pub(crate) name: MarkerName,
    pub(crate) condition: Condition,
    /// Not to be stored, but only to take the place of what was there.
    pub(crate) too_large: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Stored,
    Condition,
    Overtaken,
    TooLarge,
    NotKept,
    /// The disk is full.
    NoRoom,
    /// The generation of the prefix has moved on since the draft was made, or was lost.
    ScopeMoved,
}

/// A writer in a shard, with its lock.
pub(crate) struct Visit<'v, W: Words> {
    pub(super) shard: &'v Shard<W>,
    pub(super) markers: &'v Markers<W>,
    pub(super) now: u64,
    pub(crate) gone: Gone,
    /// Whether records or index words may lie elsewhere than they did.
    pub(super) moved: bool,
}

impl<W: Words> Drop for Visit<'_, W> {
    fn drop(&mut self) {
        // A panic in between leaves the books to be put in order by the next one.
        if !std::thread::panicking() {
            self.shard.words().store(DIRTY, 0, Release);
        }
    }
}

impl<W: Words> Visit<'_, W> {
    /// A stamp that nobody had before.
    fn stamp(&self) -> u64 {
        let stamp = self.shard.load(STAMPS) + 1;
        self.shard.save(STAMPS, stamp);
        stamp
    }

    /// The current generation of a prefix; 0, which no entry has, for a lost one.
    fn scope(&self, name: MarkerName) -> u64 {
        self.markers.scope(name).unwrap_or(0)
    }

    /// The key's record and whether it is live under this generation of its prefix.
    fn find(&self, hash: NameHash, key: &[u8], scope: u64) -> (Option<Found>, bool) {
        let found = self.shard.find(hash, key);
        let live = found.is_some_and(|found| self.is_live(&found.record, scope));
        (found, live)
    }

    fn is_live(&self, record: &Record, scope: u64) -> bool {
        record.state(self.shard.words(), self.now) == State::Live
            && record.epoch == self.markers.epoch()
            && record.scope == scope
            && (!record.has_marks() || moved_on(self.markers, &record.marks(self.shard.words())).is_none())
    }

    fn holds(&self, condition: Condition, hash: NameHash, found: Option<Found>, live: bool, scope: u64) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Absent => !live,
            Condition::Present => live,
            Condition::Unchanged(stamp) => match found.filter(|_| live) {
                Some(found) => found.record.stamp(self.shard.words()) == stamp,
                // A lease that ran out but that nobody took over still fences: whatever invalidates would have ended it.
                None => leases::find(self.shard.words(), hash).is_some_and(|lease| {
                    lease.stamp == stamp && lease.scope == scope && lease.epoch == self.markers.epoch()
                }),
            },
        }
    }

    /// Removes what is there, if there is something.
    fn clear_away(&mut self, found: Option<Found>) {
        if let Some(found) = found {
            self.leave(found.slot, &found.record, Entry::EMPTY);
        }
    }

    /// Writes an entry when its condition holds.
    pub(crate) fn put(&mut self, put: &Put<'_>) -> Outcome {
        self.sweep();
        let Put { draft, condition, .. } = put;
        // Read in this visit: a clearing that takes effect later is seen by every reader of what is written here.
        if self.markers.scope(put.name) != Some(draft.scope) || self.markers.epoch() != draft.epoch {
            return Outcome::ScopeMoved;
        }
        let (found, live) = self.find(draft.hash, draft.key, draft.scope);
        if moved_on(self.markers, draft.marks).is_some() {
            if *condition == Condition::Always {
                // What is there is older than what is refused.
                leases::end(self.shard.words(), draft.hash);
                self.clear_away(found);
            }
            return Outcome::Overtaken;
        }
        if !self.holds(*condition, draft.hash, found, live, draft.scope) {
            return Outcome::Condition;
        }
        leases::end(self.shard.words(), draft.hash);
        let refused = match draft.units() {
            _ if put.too_large => Some(Outcome::TooLarge),
            _ if draft.deadline != NEVER && draft.deadline <= self.now => Some(Outcome::NotKept),
            Some(units) if units <= self.shard.layout.longest_record() => None,
            _ => Some(Outcome::TooLarge),
        };
        if let Some(refused) = refused {
            self.clear_away(found);
            return refused;
        }
        self.lay(*draft, found)
    }

    /// Writes a record in place of what was found. An older one is gone also when there was no room for the newer.
    fn lay(&mut self, mut draft: Draft<'_>, found: Option<Found>) -> Outcome {
        draft.stamp = self.stamp();
        draft.uses = found.map_or(0, |found| found.record.uses(self.shard.words()));
        match self.try_lay(&draft, found) {
            Ok(true) => Outcome::Stored,
            Ok(false) => {
                let found = self.shard.find(draft.hash, draft.key);
                self.clear_away(found);
                Outcome::NoRoom
            }
            Err(Corrupt) => {
                // The shard was emptied: what was found is gone with the rest.
                self.reset();
                if matches!(self.try_lay(&draft, None), Ok(true)) { Outcome::Stored } else { Outcome::NoRoom }
            }
        }
    }

    fn try_lay(&mut self, draft: &Draft<'_>, found: Option<Found>) -> Result<bool, Corrupt> {
        let Some(units) = draft.units() else { return Ok(false) };
        self.moved = false;
        if found.is_none() {
            self.make_place()?;
        }
        let ring = self.choose_ring(draft.hash, units, found);
        let Some(room) = self.room(ring, units)? else { return Ok(false) };
        // Making room may have carried or evicted what was found.
        let found = if self.moved { self.shard.find(draft.hash, draft.key) } else { found };
        let slot = match found {
            Some(found) => found.slot,
            None => self.free_slot(draft.hash)?,
        };
        self.write(draft, room, slot, found);
        Ok(true)
    }

    fn write(&mut self, draft: &Draft<'_>, room: Room, slot: usize, found: Option<Found>) {
        self.fill(room, |words, at, spot| draft.write(words, at, spot));
        self.shard.set_entry(slot, Entry::new(draft.hash.low, room.spot));
        self.count(room.spot.ring, draft.units().unwrap_or(0), true);
        if let Some(found) = found {
            self.forget(&found.record);
        }
        self.sweep_after(draft.deadline);
        self.prefetch_ahead(room);
    }

    /// Has the processor fetch what the next write to this shard will write over, and look at before that: it was touched a
    /// lap ago, and is in no near cache any more.
    fn prefetch_ahead(&self, room: Room) {
        let from = room.at + room.units as usize * UNIT;
        let end = self.shard.bounds(room.spot.ring).1;
        let ahead = (room.units as usize * UNIT + LINE).min(FETCHED_AHEAD).min(end - from);
        for at in (from..from + ahead).step_by(LINE) {
            self.shard.words().prefetch(at);
        }
        // The tail may be further ahead, and is what the next write has to pass.
        let ring = room.spot.ring;
        let tail = self.shard.place(Spot { ring, position: self.shard.position(ring, TAIL) });
        self.shard.words().prefetch(tail);
        self.shard.words().prefetch(tail + LINE);
    }

    /// New keys begin in the small log, unless they were evicted a short while ago; known ones stay where they are.
    fn choose_ring(&self, hash: NameHash, units: u64, found: Option<Found>) -> Ring {
        let small = self.shard.most(Ring::Small) / UNIT;
        if units > small as u64 / 4 {
            return Ring::Main;
        }
        if let Some(found) = found {
            return found.record.spot.ring;
        }
        let tag = super::index::tag(hash.low);
        let ghost = self.shard.slots(hash.low, self.shard.mask()).map(|slot| self.shard.entry(slot));
        let known = ghost.into_iter().any(|entry| entry.tag() == tag && !entry.points());
        if known { Ring::Main } else { Ring::Small }
    }

    /// Evicts while the shard holds as many entries as it may.
    fn make_place(&mut self) -> Result<(), Corrupt> {
        self.evict_to(self.shard.layout.entries.saturating_sub(1), self.shard.layout.entries)
    }

    /// Evicts until so many entries are left, of `most` that there may be.
    fn evict_to(&mut self, left: u64, most: u64) -> Result<(), Corrupt> {
        let count = |ring| self.shard.ring(ring, LIVE_COUNT);
        let mut budget = u64::MAX;
        // Each goes by at a tail a few times at most.
        let (small, main) = (count(Ring::Small), count(Ring::Main));
        let rounds = small.saturating_add(main).saturating_mul(8).max(1 << 20);
        for _ in 0..rounds {
            let (small, main) = (count(Ring::Small), count(Ring::Main));
            if small.saturating_add(main) <= left {
                return Ok(());
            }
            let ring = if small > 0 && (small * 10 >= most || main == 0) { Ring::Small } else { Ring::Main };
            self.step(ring, &mut budget, true)?;
        }
        Err(Corrupt)
    }

    /// Evicts so many entries, or all there are.
    pub(crate) fn evict_many(&mut self, many: u64) {
        let (count, _) = self.shard.size();
        if self.evict_to(count.saturating_sub(many), count).is_err() {
            self.reset();
        }
    }

    /// An index word for a new key: empty, or a ghost's, or made by doubling the index or by evicting.
    fn free_slot(&mut self, hash: NameHash) -> Result<usize, Corrupt> {
        loop {
            let slots = self.shard.slots(hash.low, self.shard.mask());
            // Its own ghost first: it has done its work.
            let tag = super::index::tag(hash.low);
            let rank = |entry: Entry| match entry {
                entry if entry.points() => 3,
                entry if entry.tag() == tag => 0,
                Entry::EMPTY => 1,
                _ => 2,
            };
            let ranked = slots.clone().map(|slot| (rank(self.shard.entry(slot)), slot));
            let (best, slot) = ranked.min_by_key(|(rank, _)| *rank).ok_or(Corrupt)?;
            if best < 3 {
                return Ok(slot);
            }
            if self.double() {
                continue;
            }
            // As large as it gets: somebody has to go, and one that nobody used since it came, if there is one.
            let found = slots.map(|slot| (slot, self.shard.record(self.shard.entry(slot))));
            let (slot, record) = found
                .min_by_key(|(_, record)| record.map_or(0, |record| 1 + record.uses(self.shard.words())))
                .ok_or(Corrupt)?;
            match record {
                Some(record) => self.evict(slot, &record),
                None => self.shard.set_entry(slot, Entry::EMPTY),
            }
        }
    }

    /// Removes an entry when the condition holds, and ends a lease on its key. Whether a live one was removed.
    pub(crate) fn remove(&mut self, hash: NameHash, key: &[u8], name: MarkerName, condition: Condition) -> bool {
        self.sweep();
        let scope = self.scope(name);
        let (found, live) = self.find(hash, key, scope);
        if !self.holds(condition, hash, found, live, scope) {
            return false;
        }
        leases::end(self.shard.words(), hash);
        self.clear_away(found);
        live
    }

    /// Adds to a live integer. The outer `None`: there is no live entry.
    pub(crate) fn add(&mut self, hash: NameHash, key: &[u8], name: MarkerName, delta: i64) -> Option<Added> {
        self.sweep();
        let scope = self.scope(name);
        let (found, live) = self.find(hash, key, scope);
        let record = found.filter(|_| live)?.record;
        if !record.is_integer() {
            return Some(Added::NotAnInteger);
        }
        let words = self.shard.words();
        let Some((number, _)) = record.number(words) else {
            // Torn, and not to be counted on.
            self.clear_away(found);
            return None;
        };
        let Some(sum) = number.checked_add(delta) else { return Some(Added::Overflow) };
        // First: a refresh under way has read what was there before, and must not put it back once the number has expired.
        leases::end(words, hash);
        // Another identity: a compare-and-swap that read the old number must fail.
        record.set_number(words, sum, self.stamp());
        record.count_use(words);
        Some(Added::Now(sum))
    }

    /// Gives a live entry another deadline.
    pub(crate) fn touch(&mut self, hash: NameHash, key: &[u8], name: MarkerName, deadline: u64) -> bool {
        self.sweep();
        let scope = self.scope(name);
        let (found, live) = self.find(hash, key, scope);
        let Some(found) = found.filter(|_| live) else { return false };
        if deadline <= self.now {
            self.clear_away(Some(found));
        } else {
            found.record.set_deadline(self.shard.words(), deadline);
            self.sweep_after(deadline);
        }
        true
    }

    /// Asks for the right to compute a key.
    pub(crate) fn lease(&mut self, hash: NameHash, key: &[u8], name: MarkerName, wish: &Wish) -> Leased {
        self.sweep();
        let scope = self.scope(name);
        let (found, live) = self.find(hash, key, scope);
        let words = self.shard.words();
        let epoch = self.markers.epoch();
        if !wish.refresh {
            if live {
                return Leased::Live;
            }
            let holds = |held: &Lease| held.until > self.now && held.scope == scope && held.epoch == epoch;
            if let Some(held) = leases::find(words, hash).filter(holds) {
                return Leased::Held { holder: held.holder, stamp: held.stamp };
            }
        }
        let stamp = self.stamp();
        if let Some(found) = found.filter(|_| live) {
            found.record.set_stamp(words, stamp);
        }
        leases::grant(words, Lease { hash, stamp, until: wish.until, scope, epoch, holder: wish.holder });
        Leased::Granted(stamp)
    }

    /// Gives back the lease with this stamp.
    pub(crate) fn release(&mut self, hash: NameHash, stamp: u64) {
        if leases::find(self.shard.words(), hash).is_some_and(|lease| lease.stamp == stamp) {
            leases::end(self.shard.words(), hash);
        }
    }

    /// Evicts the entry whose value lies in this side file; whether there is one.
    pub(crate) fn evict_side(&mut self, hash: u64, id: u64) -> bool {
        let slots: Vec<usize> = self.shard.slots(hash, self.shard.mask()).collect();
        for slot in slots {
            let entry = self.shard.entry(slot);
            let record = entry.points().then(|| self.shard.record(entry)).flatten();
            if let Some(record) = record
                && record.is_side()
                && record.side(self.shard.words()).id == id
            {
                self.evict(slot, &record);
                return true;
            }
        }
        false
    }

    /// Whether an entry leads to this side file.
    pub(crate) fn has_side(&self, hash: u64, id: u64) -> bool {
        self.shard.slots(hash, self.shard.mask()).any(|slot| {
            let entry = self.shard.entry(slot);
            let record = entry.points().then(|| self.shard.record(entry)).flatten();
            record.is_some_and(|record| record.is_side() && record.side(self.shard.words()).id == id)
        })
    }
}

/// What became of an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Now(i64),
    NotAnInteger,
    Overflow,
}

/// A wish to compute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// For how long.
    pub(crate) until: u64,
    /// Whether a live entry is no answer.
    pub(crate) refresh: bool,
    /// Whose wish it is.
    pub(crate) holder: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leased {
    Live,
    Held { holder: u64, stamp: u64 },
    Granted(u64),
}
