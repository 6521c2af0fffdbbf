//! A shard: an index and two logs in one file, with one lock for its writers and none for its readers.
//!
//! ```text
//! 0       head: see the constants below
//! 4096    leases
//! ...     index: buckets of eight words of tag (16) and short spot (48), doubled as it fills
//! ...     small log
//! ...     main log
//! ```
//!
//! Everything but the logs is a hint: what an index word points to is looked at before it is believed.

mod grow;
mod index;
mod read;
mod repair;
mod ring;
mod sweep;
mod visit;

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

pub(crate) use read::{Dead, Found, Reader, Reading, Seen};
pub use visit::Condition;
pub(crate) use visit::{Added, Gone, Leased, Outcome, Put, Visit, Wish};

use crate::locked::Lockable;
use crate::markers::Markers;
use crate::options::{BUCKET, INDEX_AT, Layout, PAGE};
use crate::record::STAMP_BITS;
use crate::spot::{Position, Ring, Spot, UNIT};
use crate::sys::random;
use crate::words::{WORD, Words};

// The first line is read by everybody and seldom written, the second is the writers' own, and each log's reserve has a line
// to itself: a reader is disturbed by no more than it must be.
const MAGIC: usize = 0;
const OWNER: usize = 8;
const MASK: usize = 16;
const DIRTY: usize = 64;
const STAMPS: usize = 72;
const CURSOR: usize = 80;
const NEXT_SWEEP: usize = 88;
const ROUND_MIN: usize = 96;
const SEEN_CHANGES: usize = 104;
const LOCK: usize = 112;
const RINGS: usize = 128;
const RING: usize = 128;

// Of each ring.
const RESERVE: usize = 0;
const HEAD: usize = 64;
const TAIL: usize = 72;
const CAPACITY: usize = 80;
const PREVIOUS_END: usize = 88;
const LIVE_UNITS: usize = 96;
const LIVE_COUNT: usize = 104;

/// What a shard's file begins with.
pub(crate) const SHARD_MAGIC: u64 = u64::from_le_bytes(*b"kwshard1");

/// What an index begins with, and the rings.
const FIRST_BUCKETS: usize = PAGE / BUCKET;
const FIRST_SMALL: usize = 64 << 10;
const FIRST_MAIN: usize = 256 << 10;

/// Takes room in the shard's file: from where, and how many bytes. False when the disk is full.
pub(crate) type Allocate = Box<dyn Fn(usize, usize) -> bool + Send + Sync>;

/// A shard as its readers see it.
pub(crate) struct Shard<W> {
    words: W,
    layout: Layout,
    allocate: Allocate,
}

impl<W: Words> Lockable for Shard<W> {
    type Words = W;

    fn lock(&self) -> (&W, usize) {
        (&self.words, LOCK)
    }
}

impl<W: Words> Shard<W> {
    pub(crate) fn new(words: W, layout: Layout, allocate: Allocate) -> Self {
        Self { words, layout, allocate }
    }

    pub(crate) fn words(&self) -> &W {
        &self.words
    }

    /// Whether the head is one that this store made, with numbers that lie inside of the file.
    pub(crate) fn is_sound(&self, owner: u64) -> bool {
        let mask = self.load(MASK) as usize;
        let table = mask.wrapping_add(1).is_power_of_two() && (FIRST_BUCKETS - 1..self.layout.buckets).contains(&mask);
        let ring = |ring: Ring| {
            let capacity = self.ring(ring, CAPACITY) as usize;
            let inside = |position: Position| position.offset as usize * UNIT <= capacity;
            let (head, tail) = (self.position(ring, HEAD), self.position(ring, TAIL));
            let (reserve, end) = (self.position(ring, RESERVE), self.ring(ring, PREVIOUS_END) as usize);
            capacity <= self.most(ring)
                && capacity.is_multiple_of(PAGE)
                && [head, tail, reserve].into_iter().all(inside)
                && end.saturating_mul(UNIT) <= capacity
                && ((tail.lap == head.lap && tail.offset <= head.offset) || tail.is_lap_before(head))
                && ((reserve.lap == head.lap && reserve.offset >= head.offset)
                    || (reserve == head.next_lap() && tail.lap == head.lap))
        };
        self.load(MAGIC) == SHARD_MAGIC && self.load(OWNER) == owner && table && ring(Ring::Small) && ring(Ring::Main)
    }

    /// Makes an empty shard in a file of zeros, alone with it. False when the disk is full.
    pub(crate) fn make(&self, owner: u64) -> bool {
        let small = FIRST_SMALL.min(self.layout.small);
        let main = FIRST_MAIN.min(self.layout.main);
        let room = (self.allocate)(0, INDEX_AT + FIRST_BUCKETS * BUCKET)
            && (self.allocate)(self.layout.small_at(), small)
            && (self.allocate)(self.layout.main_at(), main);
        if !room {
            return false;
        }
        self.save(MASK, FIRST_BUCKETS as u64 - 1);
        self.save(STAMPS, random() >> (64 - STAMP_BITS + 1));
        for (ring, capacity) in [(Ring::Small, small), (Ring::Main, main)] {
            let start = Position { lap: 1, offset: 0 };
            for at in [RESERVE, HEAD, TAIL] {
                self.set_position(ring, at, start);
            }
            self.set_ring(ring, CAPACITY, capacity as u64);
        }
        self.save(NEXT_SWEEP, u64::MAX);
        self.save(ROUND_MIN, u64::MAX);
        self.save(OWNER, owner);
        self.words.store(MAGIC, SHARD_MAGIC, Release);
        true
    }

    /// Begins writing, with the shard's lock held.
    pub(crate) fn enter<'v>(&'v self, markers: &'v Markers<W>, now: u64) -> Visit<'v, W> {
        let mut visit = Visit { shard: self, markers, now, gone: Gone::default(), moved: false };
        if self.load(DIRTY) != 0 {
            visit.repair();
        }
        self.words.store(DIRTY, 1, Relaxed);
        self.words.fence(Release);
        visit
    }

    /// How many entries there are, dead ones that were not swept yet included, and how many bytes they take.
    pub(crate) fn size(&self) -> (u64, u64) {
        let both = |at| self.ring(Ring::Small, at).saturating_add(self.ring(Ring::Main, at));
        (both(LIVE_COUNT), both(LIVE_UNITS) * UNIT as u64)
    }

    #[inline]
    fn load(&self, at: usize) -> u64 {
        self.words.load(at, Relaxed)
    }

    #[inline]
    fn save(&self, at: usize, value: u64) {
        self.words.store(at, value, Relaxed);
    }

    #[inline]
    fn ring(&self, ring: Ring, at: usize) -> u64 {
        self.load(ring_at(ring) + at)
    }

    #[inline]
    fn set_ring(&self, ring: Ring, at: usize, value: u64) {
        self.save(ring_at(ring) + at, value);
    }

    #[inline]
    fn position(&self, ring: Ring, at: usize) -> Position {
        Position::from_word(self.ring(ring, at))
    }

    #[inline]
    fn set_position(&self, ring: Ring, at: usize, position: Position) {
        self.set_ring(ring, at, position.word());
    }

    /// Where a ring begins and ends in memory, the end being the furthest that it may grow to.
    #[inline]
    fn bounds(&self, ring: Ring) -> (usize, usize) {
        match ring {
            Ring::Small => (self.layout.small_at(), self.layout.main_at()),
            Ring::Main => (self.layout.main_at(), self.layout.shard_length()),
        }
    }

    fn most(&self, ring: Ring) -> usize {
        let (start, end) = self.bounds(ring);
        end - start
    }

    /// Where a spot lies in memory.
    fn place(&self, spot: Spot) -> usize {
        self.bounds(spot.ring).0 + spot.position.offset as usize * UNIT
    }

    /// Whether nobody has begun to write over what lies at a spot. Asked after the bytes were read: see `ring.rs`.
    #[inline]
    fn is_intact(&self, spot: Spot) -> bool {
        self.words.fence(Acquire);
        let reserve = self.position(spot.ring, RESERVE);
        let position = spot.position;
        (position.lap == reserve.lap && position.offset < reserve.offset)
            || (position.is_lap_before(reserve) && position.offset >= reserve.offset)
    }

    /// The same for what an index word points to.
    fn is_intact_short(&self, entry: index::Entry) -> bool {
        let (ring, _) = crate::spot::of_short(entry.short());
        let reserve = self.position(ring, RESERVE);
        // The word has the lap cut short: it is this lap, the one before, or the word is out of date.
        let offset = Spot::from_word(entry.short()).position.offset;
        let before = reserve.previous_lap();
        let at = |position: Position| Spot { ring, position: Position { offset, ..position } }.short() == entry.short();
        (at(reserve) && offset < reserve.offset) || (at(before) && offset >= reserve.offset)
    }

    #[inline]
    fn bucket(&self, hash: u64, mask: u64) -> [usize; 2] {
        let first = hash & mask;
        [first, first ^ 1].map(|bucket| INDEX_AT + bucket as usize * BUCKET)
    }

    /// The addresses of the sixteen words in which a key may be.
    #[inline]
    fn slots(&self, hash: u64, mask: u64) -> impl Iterator<Item = usize> + Clone + use<W> {
        let buckets = self.bucket(hash, mask);
        const WAYS: usize = BUCKET / WORD;
        (0..2 * WAYS).map(move |way| buckets[way / WAYS] + way % WAYS * WORD)
    }

    /// The index' mask: never one that leads out of it, whatever the bytes say.
    #[inline]
    fn mask(&self) -> u64 {
        self.words.load(MASK, Acquire) & (self.layout.buckets as u64 - 1)
    }
}

const fn ring_at(ring: Ring) -> usize {
    match ring {
        Ring::Small => RINGS,
        Ring::Main => RINGS + RING,
    }
}

#[cfg(all(test, not(miri)))]
mod model;
#[cfg(test)]
mod tests;
