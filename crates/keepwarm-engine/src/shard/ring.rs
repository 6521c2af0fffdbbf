//! The two logs: making room at their heads, and what becomes of what lies at their tails.
//!
//! A log is a ring of records. Its writer moves `reserve` on before it writes, and `head` when it has written; a reader
//! copies first and then looks whether `reserve` has come past what it copied. This is a sequence lock whose sequence is
//! the ring's own position: a release fence between the move of `reserve` and the first write, an acquire fence between
//! the last read and the look. Who read a word of the new record sees the reserve that was moved before it.
//!
//! Eviction is S3-FIFO. What is new goes to the small log, and from its tail to the main log if it was used more than once
//! by then. The main log gives what was used since another round. What leaves either way leaves its tag in the index, and
//! a key that comes back to it goes to the main log at once.

use std::sync::atomic::Ordering::{Relaxed, Release};

use super::index::Entry;
use super::{CAPACITY, HEAD, LIVE_COUNT, LIVE_UNITS, PREVIOUS_END, RESERVE, TAIL, Visit};
use crate::options::PAGE;
use crate::record::{Record, State, write_pad};
use crate::spot::{Position, Ring, Spot, UNIT};
use crate::words::Words;

/// A log's bytes are wrong: the shard is emptied.
#[derive(Debug)]
pub(super) struct Corrupt;

/// How much may be carried from a log's tail to its head for one write, so that a write has a longest time.
const CARRIED: u64 = (4 << 20) / UNIT as u64;

/// Units that are to be written at a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) at: usize,
    pub(super) spot: Spot,
    pub(super) units: u64,
}

impl<W: Words> Visit<'_, W> {
    fn capacity(&self, ring: Ring) -> u64 {
        self.shard.ring(ring, CAPACITY) / UNIT as u64
    }

    /// Makes room for so many units at a log's head. `None` when there cannot be: the disk is full, or the ring too small.
    pub(super) fn room(&mut self, ring: Ring, units: u64) -> Result<Option<Room>, Corrupt> {
        let mut budget = CARRIED.max(units * 4);
        self.tidy(ring, units, &mut budget)?;
        loop {
            let head = self.shard.position(ring, HEAD);
            let tail = self.shard.position(ring, TAIL);
            if head.offset + units > self.capacity(ring) {
                // The end of this lap. What is left of the lap before goes first.
                if tail.lap != head.lap {
                    self.step(ring, &mut budget, false)?;
                } else if !self.grow(ring, units) {
                    if units > self.capacity(ring) {
                        return Ok(None);
                    }
                    self.end_lap(ring);
                }
                continue;
            }
            if tail.lap != head.lap && tail.offset < head.offset + units {
                self.step(ring, &mut budget, false)?;
                continue;
            }
            let spot = Spot { ring, position: head };
            return Ok(Some(Room { at: self.shard.place(spot), spot, units }));
        }
    }

    /// In a log that is mostly garbage, goes ahead of the head by a few times of what is to be written: entries that
    /// happen to lie together are then carried over many writes and not in one.
    fn tidy(&mut self, ring: Ring, units: u64, budget: &mut u64) -> Result<(), Corrupt> {
        let capacity = self.capacity(ring);
        if self.shard.ring(ring, LIVE_UNITS) * 2 >= capacity {
            return Ok(());
        }
        let mut passed = 0;
        while passed < units * 4 {
            let (head, tail) = (self.shard.position(ring, HEAD), self.shard.position(ring, TAIL));
            if tail.lap == head.lap || tail.offset - head.offset.min(tail.offset) > capacity / 4 {
                break;
            }
            self.step(ring, budget, false)?;
            let after = self.shard.position(ring, TAIL);
            passed += if after.lap == tail.lap { after.offset - tail.offset } else { 1 };
        }
        Ok(())
    }

    /// Moves reserve and head together, where nothing is written.
    fn advance(&self, ring: Ring, reserve: Position, head: Position) {
        self.shard.set_position(ring, RESERVE, reserve);
        self.shard.set_position(ring, HEAD, head);
    }

    /// Goes round. The tail is in the same lap, which becomes the lap before.
    fn end_lap(&self, ring: Ring) {
        let head = self.shard.position(ring, HEAD);
        self.shard.set_ring(ring, PREVIOUS_END, head.offset);
        self.advance(ring, head.next_lap(), head.next_lap());
    }

    /// Fills a room: `write` writes, and then the record counts. Its index word is the caller's.
    pub(super) fn fill(&mut self, room: Room, write: impl FnOnce(&W, usize, Spot)) {
        let Spot { ring, position } = room.spot;
        let end = Position { offset: position.offset + room.units, ..position };
        self.shard.set_position(ring, RESERVE, end);
        self.shard.words().fence(Release);
        write(self.shard.words(), room.at, room.spot);
        self.shard.words().store(super::ring_at(ring) + HEAD, end.word(), Release);
    }

    /// Covers what a writer had reserved when it died.
    pub(super) fn pad_over(&mut self, ring: Ring) {
        let (head, reserve) = (self.shard.position(ring, HEAD), self.shard.position(ring, RESERVE));
        if reserve.lap != head.lap {
            // It died between the two stores that begin a lap.
            self.shard.set_position(ring, HEAD, reserve);
        } else if reserve != head {
            let spot = Spot { ring, position: head };
            write_pad(self.shard.words(), self.shard.place(spot), spot, reserve.offset - head.offset);
            self.shard.words().store(super::ring_at(ring) + HEAD, reserve.word(), Release);
        }
    }

    /// Counts a record in or out.
    pub(super) fn count(&self, ring: Ring, units: u64, in_: bool) {
        let change = |at, by: u64| {
            let now = self.shard.ring(ring, at);
            self.shard.set_ring(ring, at, if in_ { now.saturating_add(by) } else { now.saturating_sub(by) });
        };
        change(LIVE_UNITS, units);
        change(LIVE_COUNT, 1);
    }

    /// Lets a ring grow at the end of its lap, if more than half of it is live or the record would not fit.
    fn grow(&mut self, ring: Ring, units: u64) -> bool {
        let capacity = self.shard.ring(ring, CAPACITY) as usize;
        let most = self.shard.most(ring);
        let live = self.shard.ring(ring, LIVE_UNITS) as usize * UNIT;
        let needed = (self.shard.position(ring, HEAD).offset + units) as usize * UNIT;
        let fits = units as usize * UNIT * 2 <= capacity;
        if capacity >= most || needed > most || (fits && live * 2 <= capacity) {
            return false;
        }
        let larger = (capacity * 2).max(needed.next_multiple_of(PAGE)).min(most);
        let start = self.shard.bounds(ring).0;
        if !(self.shard.allocate)(start + capacity, larger - capacity) {
            return false;
        }
        self.shard.set_ring(ring, CAPACITY, larger as u64);
        true
    }

    /// Whether the main log can take so many units without evicting for them.
    fn main_is_free(&self, units: u64) -> bool {
        let (head, tail) = (self.shard.position(Ring::Main, HEAD), self.shard.position(Ring::Main, TAIL));
        let most = (self.shard.most(Ring::Main) / UNIT) as u64;
        let first_lap = head.lap == tail.lap && tail.offset == 0 && head.offset + units <= most;
        first_lap || (self.shard.ring(Ring::Main, LIVE_UNITS) + units) * 2 <= most
    }

    /// Takes the record at a log's tail away: carried on, evicted, or gone already. `evict` is for want of entries: then
    /// nothing is carried merely because there is room for its bytes. Whether an entry went.
    pub(super) fn step(&mut self, ring: Ring, budget: &mut u64, evict: bool) -> Result<bool, Corrupt> {
        let (head, tail) = (self.shard.position(ring, HEAD), self.shard.position(ring, TAIL));
        let of_lap_before = tail.is_lap_before(head);
        if !of_lap_before && (tail.lap != head.lap || tail.offset >= head.offset) {
            return if tail == head { Ok(false) } else { Err(Corrupt) };
        }
        if of_lap_before && tail.offset == self.shard.ring(ring, PREVIOUS_END) {
            self.shard.set_position(ring, TAIL, Position { lap: head.lap, offset: 0 });
            return Ok(false);
        }
        let lap_end = if of_lap_before { self.shard.ring(ring, PREVIOUS_END) } else { head.offset };
        let spot = Spot { ring, position: tail };
        let end = self.shard.bounds(ring).0 + lap_end as usize * UNIT;
        let stretch = Record::stretch(self.shard.words(), self.shard.place(spot), end, spot);
        let Some((units, record)) = stretch else { return Err(Corrupt) };
        let mut went = false;
        // What was buried the index has let go of before, mostly what was written again since: its bucket is not asked for.
        if let Some(record) = record
            && record.state(self.shard.words(), 0) != State::Gone
            && let Some(slot) = self.shard.slot_of(&record)
        {
            let uses = record.uses(self.shard.words());
            if self.is_dead(&record) {
                self.expire(slot, &record);
                went = true;
            } else {
                let carried = match ring {
                    Ring::Small => {
                        (uses > 1 || !evict && self.main_is_free(units)) && self.promote(slot, &record, budget)?
                    }
                    Ring::Main => {
                        let sparse = self.shard.ring(ring, LIVE_UNITS) * 2 < self.capacity(ring);
                        let again = uses > 0 || (sparse && !evict);
                        again && self.carry(slot, &record, uses.saturating_sub(1), budget)
                    }
                };
                if !carried {
                    self.evict(slot, &record);
                    went = true;
                }
            }
        }
        self.shard.set_position(ring, TAIL, Position { offset: tail.offset + units, ..tail });
        Ok(went)
    }

    /// Moves a record from the small log to the main log.
    fn promote(&mut self, slot: usize, record: &Record, budget: &mut u64) -> Result<bool, Corrupt> {
        if *budget < record.units {
            return Ok(false);
        }
        *budget -= record.units;
        let Some(room) = self.room(Ring::Main, record.units)? else { return Ok(false) };
        self.relocate(slot, record, room, 0);
        Ok(true)
    }

    /// Moves a record from its log's tail to its head. There is always room for it: its own, if nothing else. A reader that
    /// comes upon it while it is written over itself finds it unsettled, and waits for the lock.
    fn carry(&mut self, slot: usize, record: &Record, uses: u64, budget: &mut u64) -> bool {
        let (ring, units) = (record.spot.ring, record.units);
        if *budget < units {
            return false;
        }
        *budget -= units;
        let mut head = self.shard.position(ring, HEAD);
        if head.lap == record.spot.position.lap && head.offset + units > self.capacity(ring) {
            self.end_lap(ring);
            head = self.shard.position(ring, HEAD);
        }
        let spot = Spot { ring, position: head };
        self.relocate(slot, record, Room { at: self.shard.place(spot), spot, units }, uses);
        true
    }

    fn relocate(&mut self, slot: usize, record: &Record, room: Room, uses: u64) {
        self.fill(room, |words, at, spot| record.copy_to(words, at, spot, uses));
        self.shard.set_entry(slot, Entry::new(record.hash, room.spot));
        if self.shard.is_intact(record.spot) {
            record.bury(self.shard.words());
        }
        self.count(record.spot.ring, record.units, false);
        self.count(room.spot.ring, record.units, true);
        self.moved = true;
    }

    /// Evicts a live entry, whose tag stays.
    pub(super) fn evict(&mut self, slot: usize, record: &Record) {
        let ghost = self.shard.entry(slot).ghost();
        self.leave(slot, record, ghost);
        self.gone.evicted += 1;
        self.moved = true;
    }

    /// Takes a dead entry away.
    pub(super) fn expire(&mut self, slot: usize, record: &Record) {
        self.leave(slot, record, Entry::EMPTY);
        self.gone.expired += 1;
        self.moved = true;
    }

    /// Takes a record out of the index: nobody finds it from here on.
    pub(super) fn leave(&mut self, slot: usize, record: &Record, instead: Entry) {
        self.shard.set_entry(slot, instead);
        self.forget(record);
    }

    /// What is to be done with a record that the index has let go of.
    pub(super) fn forget(&mut self, record: &Record) {
        if record.is_side() {
            self.gone.side.push((record.hash, record.side(self.shard.words()).id));
        }
        record.bury(self.shard.words());
        self.count(record.spot.ring, record.units, false);
    }

    /// Drops everything in the shard. Laps go on, so that nothing old is taken for new.
    #[cold]
    pub(super) fn reset(&mut self) {
        let words = self.shard.words();
        for slot in 0..(self.shard.mask() as usize + 1) * (crate::options::BUCKET / crate::words::WORD) {
            words.store(crate::options::INDEX_AT + slot * crate::words::WORD, 0, Relaxed);
        }
        crate::leases::end_all(words);
        for ring in [Ring::Small, Ring::Main] {
            let start = self.shard.position(ring, RESERVE).next_lap().next_lap();
            self.advance(ring, start, start);
            self.shard.set_position(ring, TAIL, start);
            for at in [LIVE_UNITS, LIVE_COUNT, PREVIOUS_END] {
                self.shard.set_ring(ring, at, 0);
            }
        }
        self.moved = true;
    }
}
