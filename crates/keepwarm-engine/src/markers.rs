//! Markers: the current generations of tags and namespaces, of key prefixes, and the epoch of the store.
//!
//! A table that all processes map. It is read without a lock: generations are random and never come back, so an entry's
//! generation that is found under its marker is proof enough that it is current. Whatever is torn, displaced or lost
//! reads as another generation or none, which is a miss.
//!
//! ```text
//! 0     magic | store | epoch | changes
//! 64    which granules of the table are allocated, a bit each
//! 256   the lock
//! 4096  generations of prefixes, 4096 bytes of (hash, generation)
//! 8192  generations of tags and namespaces, in buckets of four
//! ```

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::hash::NameHash;
use crate::locked::Lockable;
use crate::options::{BUCKET, PAGE};
use crate::sys::random;
use crate::words::{WORD, Words};

const EPOCH: usize = 16;
const CHANGES: usize = 24;
const GRANULES: usize = 64;
/// On a line of its own: all readers read the epoch's.
const LOCK: usize = 256;
/// Granules of the table, each with a bit.
const GRANULE_COUNT: usize = 1024;
const SCOPES_AT: usize = PAGE;
const SCOPE_SETS: usize = PAGE / BUCKET;
const TABLE_AT: usize = 2 * PAGE;
const PAIR: usize = 2 * WORD;

/// The table as its readers see it.
pub(crate) struct Markers<W> {
    words: W,
    buckets: usize,
}

/// The table's name for a prefix or a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MarkerName(pub(crate) NameHash);

/// Names are hashed alike by every store: what two names that met would cost is a needless miss.
const SEED: u64 = 0x6b65_6570_7761_726d;

impl MarkerName {
    pub(crate) fn of(kind: u8, name: &[u8]) -> Self {
        let hash = NameHash::of(SEED ^ u64::from(kind), name);
        // 0 is an empty slot.
        Self(NameHash { low: hash.low.max(1), ..hash })
    }
}

/// The length of the table's file.
pub(crate) fn length(buckets: usize) -> usize {
    TABLE_AT + buckets * BUCKET
}

/// What of it is allocated from the start.
pub(crate) const FIRST: usize = TABLE_AT;

impl<W: Words> Lockable for Markers<W> {
    type Words = W;

    fn lock(&self) -> (&W, usize) {
        (&self.words, LOCK)
    }
}

impl<W: Words> Markers<W> {
    pub(crate) fn new(words: W, buckets: usize) -> Self {
        Self { words, buckets }
    }

    pub(crate) fn words(&self) -> &W {
        &self.words
    }

    /// Everything that lies in the store under another epoch is dropped.
    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.words.load(EPOCH, Acquire)
    }

    /// Drops everything.
    pub(crate) fn renew_epoch(&self) {
        self.words.store(EPOCH, random(), Release);
        self.note_change();
    }

    /// A number that moves whenever something was invalidated.
    #[inline]
    pub(crate) fn changes(&self) -> u64 {
        self.words.load(CHANGES, Relaxed)
    }

    fn note_change(&self) {
        self.words.store(CHANGES, self.changes().wrapping_add(1), Relaxed);
    }

    fn scope_slots(name: MarkerName) -> impl Iterator<Item = usize> + Clone + use<W> {
        let first = name.0.high as usize % SCOPE_SETS;
        // Two sets: a store has a handful of prefixes, and one that is displaced is cleared.
        [first, first ^ 1]
            .into_iter()
            .flat_map(|set| (0..BUCKET / PAIR).map(move |way| SCOPES_AT + set * BUCKET + way * PAIR))
    }

    fn marker_slots(&self, name: MarkerName) -> impl Iterator<Item = usize> + Clone + use<W> {
        let first = name.0.high as usize & (self.buckets - 1);
        [first, first ^ 1]
            .into_iter()
            .flat_map(|set| (0..BUCKET / PAIR).map(move |way| TABLE_AT + set * BUCKET + way * PAIR))
    }

    #[inline]
    fn find(&self, slots: impl Iterator<Item = usize>, name: MarkerName) -> Option<(usize, u64)> {
        for at in slots {
            if self.words.load(at, Acquire) == name.0.low {
                let generation = self.words.load(at + WORD, Acquire);
                return (self.words.load(at, Relaxed) == name.0.low).then_some((at, generation));
            }
        }
        None
    }

    /// The current generation of a prefix.
    #[inline]
    pub(crate) fn scope(&self, name: MarkerName) -> Option<u64> {
        self.find(Self::scope_slots(name), name).map(|(_, generation)| generation)
    }

    /// The current generation of a tag or namespace; none for one that was lost.
    #[inline]
    pub(crate) fn generation(&self, name: MarkerName) -> Option<u64> {
        self.find(self.marker_slots(name), name).map(|(_, generation)| generation)
    }

    /// Whether this is the current generation of any prefix.
    pub(crate) fn is_any_scope(&self, generation: u64) -> bool {
        (0..SCOPE_SETS * BUCKET / PAIR)
            .map(|slot| SCOPES_AT + slot * PAIR)
            .any(|at| self.words.load(at, Relaxed) != 0 && self.words.load(at + WORD, Relaxed) == generation)
    }

    /// Moves a prefix on, under the table's lock; its new generation.
    pub(crate) fn renew_scope(&self, name: MarkerName) -> u64 {
        let generation = self.set(Self::scope_slots(name), name);
        self.note_change();
        generation
    }

    /// Moves a tag or namespace on, under the table's lock. `allocate` takes room for a part of the file; without room the
    /// marker stays lost, and what is under it a miss.
    pub(crate) fn renew(&self, name: MarkerName, allocate: impl FnOnce(usize, usize) -> bool) -> u64 {
        if !self.is_ready(name, allocate) {
            return random();
        }
        let generation = self.set(self.marker_slots(name), name);
        self.note_change();
        generation
    }

    fn set(&self, slots: impl Iterator<Item = usize> + Clone, name: MarkerName) -> u64 {
        let generation = random();
        if let Some((at, _)) = self.find(slots.clone(), name) {
            self.words.store(at + WORD, generation, Release);
            return generation;
        }
        let empty = slots.clone().find(|at| self.words.load(*at, Relaxed) == 0);
        let victim = || slots.clone().nth(generation as usize % slots.clone().count());
        let at = empty.or_else(victim).expect("a set has slots");
        // Never the new name with the displaced one's generation, nor the other way round.
        self.words.store(at, 0, Release);
        self.words.store(at + WORD, generation, Release);
        self.words.store(at, name.0.low, Release);
        generation
    }

    fn is_ready(&self, name: MarkerName, allocate: impl FnOnce(usize, usize) -> bool) -> bool {
        let bytes = self.buckets * BUCKET;
        let granule = bytes.div_ceil(GRANULE_COUNT).next_multiple_of(PAGE);
        let index = (name.0.high as usize & (self.buckets - 1)) * BUCKET / granule;
        let (at, bit) = (GRANULES + index / 64 * WORD, 1 << (index % 64));
        let known = self.words.load(at, Relaxed);
        if known & bit == 0 {
            let from = index * granule;
            if !allocate(TABLE_AT + from, granule.min(bytes - from)) {
                return false;
            }
            self.words.store(at, known | bit, Relaxed);
        }
        true
    }
}

const MAGIC_AT: usize = 0;
const OWNER_AT: usize = 8;
const MAGIC: u64 = u64::from_le_bytes(*b"kwmarks1");

impl<W: Words> Markers<W> {
    /// Makes an empty table in a file of zeros, alone with it.
    pub(crate) fn make(&self, owner: u64) {
        self.words.store(EPOCH, random(), Relaxed);
        self.words.store(OWNER_AT, owner, Relaxed);
        self.words.store(MAGIC_AT, MAGIC, Release);
    }

    /// Whether it is the table of this store.
    pub(crate) fn is_of(&self, owner: u64) -> bool {
        self.words.load(MAGIC_AT, Acquire) == MAGIC && self.words.load(OWNER_AT, Relaxed) == owner
    }
}
