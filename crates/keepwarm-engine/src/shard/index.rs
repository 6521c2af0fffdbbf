//! Index words, and finding a key under the lock.

use std::sync::atomic::Ordering::{Acquire, Release};

use super::Shard;
use crate::hash::NameHash;
use crate::record::Record;
use crate::spot::{Spot, of_short};
use crate::words::Words;

const SPOT_BITS: u32 = 48;
const SPOT: u64 = (1 << SPOT_BITS) - 1;

/// The tag of a key in its index word: bits of its hash that choose no bucket. Never 0.
#[inline]
pub(super) fn tag(hash: u64) -> u64 {
    (hash >> SPOT_BITS).max(1)
}

/// A word of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(pub(super) u64);

impl Entry {
    pub(super) const EMPTY: Self = Self(0);

    pub(super) fn new(hash: u64, spot: Spot) -> Self {
        Self(tag(hash) << SPOT_BITS | spot.short())
    }

    /// What remains of a key that was evicted: when it comes back soon, it was worth keeping.
    pub(super) fn ghost(self) -> Self {
        Self(self.0 & !SPOT)
    }

    #[inline]
    pub(super) fn tag(self) -> u64 {
        self.0 >> SPOT_BITS
    }

    #[inline]
    pub(super) fn short(self) -> u64 {
        self.0 & SPOT
    }

    #[inline]
    pub(super) fn points(self) -> bool {
        self.short() != 0
    }
}

/// A key's place in the index, and its record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) slot: usize,
    pub(super) record: Record,
}

impl<W: Words> Shard<W> {
    #[inline]
    pub(super) fn entry(&self, slot: usize) -> Entry {
        Entry(self.words.load(slot, Acquire))
    }

    /// Makes a record, or none, what its key leads to. The record is complete by then, and who reads the word sees all of it.
    pub(super) fn set_entry(&self, slot: usize, entry: Entry) {
        self.words.store(slot, entry.0, Release);
    }

    /// Has the processor fetch what is needed for a key, as far as the index leads, while the caller does something else.
    #[inline]
    pub(crate) fn prefetch(&self, hash: NameHash) {
        let wanted = tag(hash.low);
        for slot in self.slots(hash.low, self.mask()) {
            let entry = self.entry(slot);
            if entry.tag() == wanted && entry.points() {
                let (ring, offset) = of_short(entry.short());
                return self.prefetch_record(self.bounds(ring).0 + offset);
            }
        }
    }

    /// The lines of a record's head and key: one after the other, each would be waited for.
    #[inline]
    fn prefetch_record(&self, at: usize) {
        self.words.prefetch(at);
        self.words.prefetch(at + 64);
        self.words.prefetch(at + 128);
        self.words.prefetch(at + 192);
    }

    /// The record that an index word points to, if it is the one that the word means.
    #[inline]
    pub(super) fn record(&self, entry: Entry) -> Option<Record> {
        let (ring, offset) = of_short(entry.short());
        let (start, end) = self.bounds(ring);
        let at = start.checked_add(offset).filter(|at| *at < end)?;
        self.prefetch_record(at);
        let record = Record::read(&self.words, at, end)?;
        (record.spot.short() == entry.short()).then_some(record)
    }

    /// The key's record, with the lock held. Whether it is live is another question.
    pub(super) fn find(&self, hash: NameHash, key: &[u8]) -> Option<Found> {
        let wanted = tag(hash.low);
        self.slots(hash.low, self.mask()).find_map(|slot| {
            let entry = self.entry(slot);
            if entry.tag() != wanted || !entry.points() {
                return None;
            }
            let record = self.record(entry)?;
            let same = record.hash == hash.low && self.is_intact(record.spot) && record.is_of(&self.words, key);
            same.then_some(Found { slot, record })
        })
    }

    /// The index word that points to a record, with the lock held.
    pub(super) fn slot_of(&self, record: &Record) -> Option<usize> {
        let entry = Entry::new(record.hash, record.spot);
        self.slots(record.hash, self.mask()).find(|slot| self.entry(*slot) == entry)
    }
}
