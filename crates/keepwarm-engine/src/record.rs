//! A record: an entry as it lies in a log.
//!
//! ```text
//!  0  spot        ring, lap and offset: its own place, which no other record ever has
//!  8  sizes       length in units (28) | key length (20) | codec (8) | flags (8)
//! 16  lengths     value length (48) | words of marks (16)
//! 24  hash        of the key
//! 32  epoch       of the store: dropping everything moves it on
//! 40  scope       the generation that the key's prefix had: clearing it moves it on
//! 48  written     milliseconds (48) | session (16)
//! 56  checksum    over 8 to 55, value and marks, and the spot
//! 64  deadline    milliseconds (48) | its own check (16)                                 changes in place
//! 72  stamp       identity of the write (61) | which half of a number (1) | uses (2)     changes in place
//! 80  key, value, marks, each from a whole word on: what is compared lies beside what it is compared for
//! ```
//!
//! An integer's value is two halves of number and check. One of them counts; the other is written first and then
//! selected, together with a new stamp, in one store.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::hash::{NameHash, checksum, checksum_words, mix};
use crate::spot::{Spot, UNIT};
use crate::words::{WORD, Words, padded};

pub(crate) const HEADER: usize = 80;
const SIZES: usize = 8;
const LENGTHS: usize = 16;
const HASH: usize = 24;
const EPOCH: usize = 32;
const SCOPE: usize = 40;
const WRITTEN: usize = 48;
const CHECKSUM: usize = 56;
const DEADLINE: usize = 64;
const STAMP: usize = 72;

const FLAG_PAD: u8 = 1;
const FLAG_INTEGER: u8 = 2;
const FLAG_SIDE: u8 = 4;

/// The bytes of an integer's value.
const INTEGER_LENGTH: usize = 4 * WORD;
/// The bytes that stand for a value in a side file.
const SIDE_LENGTH: usize = 2 * WORD;

const MILLIS_BITS: u32 = 48;
/// The deadline of what never expires, and the end of time, in milliseconds.
pub const NEVER: u64 = (1 << MILLIS_BITS) - 1;
/// The deadline of a record that was replaced or removed.
const GONE: u64 = 0;

/// The longest key.
pub(crate) const LONGEST_KEY: usize = (1 << 20) - 1;
const UNITS: u64 = (1 << 28) - 1;
/// The longest marks, in words.
const LONGEST_MARKS: usize = u16::MAX as usize;

/// Values above this are not checked again by those who share memory with their writer: it takes long, and what could
/// have torn them, a lost page, takes a new session with it.
pub(crate) const ALWAYS_CHECKED: u64 = 64 << 10;

const USES: u64 = 0b11;
const HALF: u64 = 0b100;
const STAMP_SHIFT: u32 = 3;
/// Stamps have so many bits.
pub(crate) const STAMP_BITS: u32 = 61;

/// A value to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    Bytes(&'a [u8]),
    Integer(i64),
    Side(Side),
}

/// A value in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) id: u64,
    pub(crate) length: u64,
    pub(crate) checksum: u64,
}

/// A record to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft<'a> {
    pub(crate) hash: NameHash,
    pub(crate) key: &'a [u8],
    pub(crate) codec: u8,
    pub(crate) body: Body<'a>,
    pub(crate) marks: &'a [u8],
    pub(crate) epoch: u64,
    pub(crate) scope: u64,
    pub(crate) written: u64,
    pub(crate) session: u16,
    pub(crate) deadline: u64,
    pub(crate) stamp: u64,
    pub(crate) uses: u64,
    /// The checksum of the body's bytes, which was made before the lock was taken.
    pub(crate) content: u64,
}

impl Body<'_> {
    fn stored(self) -> usize {
        match self {
            Self::Bytes(bytes) => padded(bytes.len()),
            Self::Integer(_) => INTEGER_LENGTH,
            Self::Side(_) => SIDE_LENGTH,
        }
    }

    /// The checksum of the bytes, which takes the longest: made outside of locks.
    pub(crate) fn content(self) -> u64 {
        match self {
            Self::Bytes(bytes) => checksum(0, bytes),
            Self::Integer(_) => 0,
            Self::Side(side) => checksum_words([side.id, side.length, side.checksum]),
        }
    }
}

impl Draft<'_> {
    /// How many units it takes, or `None` when no record can be like that.
    pub(crate) fn units(&self) -> Option<u64> {
        if self.key.len() > LONGEST_KEY || self.marks.len() > LONGEST_MARKS * WORD {
            return None;
        }
        let bytes = HEADER + self.body.stored() + padded(self.key.len()) + self.marks.len();
        Some(bytes.div_ceil(UNIT) as u64).filter(|units| *units <= UNITS)
    }

    /// Writes it where nobody looks yet: the place is reserved, and no index word points there.
    pub(crate) fn write(&self, words: &impl Words, at: usize, spot: Spot) {
        let units = self.units().expect("room was made for it");
        let (flags, value_length) = match self.body {
            Body::Bytes(bytes) => (0, bytes.len() as u64),
            Body::Integer(_) => (FLAG_INTEGER, INTEGER_LENGTH as u64),
            Body::Side(side) => (FLAG_SIDE, side.length),
        };
        let sizes = units | (self.key.len() as u64) << 28 | u64::from(self.codec) << 48 | u64::from(flags) << 56;
        let lengths = value_length | ((self.marks.len() / WORD) as u64) << 48;
        let written = self.written.min(NEVER) << 16 | u64::from(self.session);
        let fixed = [sizes, lengths, self.hash.low, self.epoch, self.scope, written];
        let sum = seal(fixed, self.content, self.marks, spot);
        words.store(at, spot.word(), Relaxed);
        for (index, word) in fixed.into_iter().chain([sum]).enumerate() {
            words.store(at + SIZES + index * WORD, word, Relaxed);
        }
        words.store(at + DEADLINE, deadline_word(self.deadline, spot), Relaxed);
        words.store(at + STAMP, self.stamp << STAMP_SHIFT | self.uses & USES, Relaxed);
        let value = at + HEADER + padded(self.key.len());
        words.copy_in(at + HEADER, self.key);
        match self.body {
            Body::Bytes(bytes) => words.copy_in(value, bytes),
            Body::Integer(number) => {
                for half in 0..2 {
                    words.store(value + half * 2 * WORD, number.cast_unsigned(), Relaxed);
                    words.store(value + (half * 2 + 1) * WORD, number_check(number, self.hash.low), Relaxed);
                }
            }
            Body::Side(side) => {
                words.store(value, side.id, Relaxed);
                words.store(value + WORD, side.checksum, Relaxed);
            }
        }
        words.copy_in(value + self.body.stored(), self.marks);
    }
}

fn seal(fixed: [u64; 6], content: u64, marks: &[u8], spot: Spot) -> u64 {
    let mut sum = checksum_words(fixed) ^ mix(content);
    if !marks.is_empty() {
        sum = checksum(sum, marks);
    }
    sum ^ mix(spot.word())
}

fn deadline_word(deadline: u64, spot: Spot) -> u64 {
    deadline << 16 | mix(deadline ^ mix(spot.word())) & 0xffff
}

fn number_check(number: i64, hash: u64) -> u64 {
    mix(number.cast_unsigned() ^ hash.rotate_left(17))
}

/// Fills a stretch of a log with nothing.
pub(crate) fn write_pad(words: &impl Words, at: usize, spot: Spot, units: u64) {
    words.store(at, spot.word(), Relaxed);
    words.store(at + SIZES, units | u64::from(FLAG_PAD) << 56, Relaxed);
}

/// What a record's first words say, each length checked to lie inside of its ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// Where it lies in memory.
    pub(crate) at: usize,
    pub(crate) spot: Spot,
    pub(crate) units: u64,
    pub(crate) key_length: usize,
    pub(crate) codec: u8,
    flags: u8,
    pub(crate) value_length: u64,
    marks_words: usize,
    pub(crate) hash: u64,
    pub(crate) epoch: u64,
    pub(crate) scope: u64,
    written: u64,
    checksum: u64,
}

/// Why what lies there is not a live entry, as far as the record itself can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Expired,
    /// Replaced or removed.
    Gone,
    /// Its deadline is torn.
    Torn,
}

impl Record {
    /// Reads the head of a record that begins at `at`; `end` is the end of its ring in memory. `None` for what cannot be
    /// a record, whatever the bytes are.
    #[inline]
    pub(crate) fn read(words: &impl Words, at: usize, end: usize) -> Option<Self> {
        if at + HEADER > end {
            return None;
        }
        let word = |offset| words.load(at + offset, Relaxed);
        let (sizes, lengths) = (word(SIZES), word(LENGTHS));
        let record = Self {
            at,
            spot: Spot::from_word(word(0)),
            units: sizes & UNITS,
            key_length: (sizes >> 28) as usize & LONGEST_KEY,
            codec: (sizes >> 48) as u8,
            flags: (sizes >> 56) as u8,
            value_length: lengths & NEVER,
            marks_words: (lengths >> 48) as usize,
            hash: word(HASH),
            epoch: word(EPOCH),
            scope: word(SCOPE),
            written: word(WRITTEN),
            checksum: word(CHECKSUM),
        };
        let bytes = record.units as usize * UNIT;
        let needed = HEADER + record.stored() + padded(record.key_length) + record.marks_words * WORD;
        (bytes <= end - at && needed <= bytes && record.flags & FLAG_PAD == 0).then_some(record)
    }

    /// How many units what begins here takes, record or pad; `None` for neither.
    pub(crate) fn stretch(words: &impl Words, at: usize, end: usize, spot: Spot) -> Option<(u64, Option<Self>)> {
        if words.load(at, Relaxed) != spot.word() {
            return None;
        }
        let sizes = words.load(at + SIZES, Relaxed);
        let units = sizes & UNITS;
        if (sizes >> 56) as u8 & FLAG_PAD != 0 {
            return (units > 0 && units as usize * UNIT <= end - at).then_some((units, None));
        }
        let record = Self::read(words, at, end)?;
        (record.units > 0).then_some((units, Some(record)))
    }

    fn stored(&self) -> usize {
        if self.is_integer() {
            INTEGER_LENGTH
        } else if self.is_side() {
            SIDE_LENGTH
        } else {
            padded(self.value_length as usize)
        }
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.flags & FLAG_INTEGER != 0
    }

    pub(crate) fn is_side(&self) -> bool {
        self.flags & FLAG_SIDE != 0
    }

    pub(crate) fn has_marks(&self) -> bool {
        self.marks_words > 0
    }

    /// When it was written, in milliseconds.
    pub(crate) fn written(&self) -> u64 {
        self.written >> 16
    }

    pub(crate) fn session(&self) -> u16 {
        self.written as u16
    }

    fn key_at(&self) -> usize {
        self.at + HEADER
    }

    fn value_at(&self) -> usize {
        self.key_at() + padded(self.key_length)
    }

    #[inline]
    pub(crate) fn is_of(&self, words: &impl Words, key: &[u8]) -> bool {
        self.key_length == key.len() && words.holds(self.key_at(), key)
    }

    pub(crate) fn key(&self, words: &impl Words) -> Vec<u8> {
        let mut key = Vec::new();
        words.copy_out(self.key_at(), self.key_length, &mut key);
        key
    }

    pub(crate) fn marks(&self, words: &impl Words) -> Vec<u8> {
        let mut marks = Vec::new();
        if self.has_marks() {
            words.copy_out(self.value_at() + self.stored(), self.marks_words * WORD, &mut marks);
        }
        marks
    }

    /// The value's bytes, those of a side file excepted, in place of what is in `into`.
    #[inline]
    pub(crate) fn copy_value(&self, words: &impl Words, into: &mut Vec<u8>) {
        into.clear();
        words.copy_out(self.value_at(), self.value_length as usize, into);
    }

    pub(crate) fn side(&self, words: &impl Words) -> Side {
        let value = self.value_at();
        Side { id: words.load(value, Relaxed), length: self.value_length, checksum: words.load(value + WORD, Relaxed) }
    }

    /// Whether the record is as it was written, given the checksum of its content.
    pub(crate) fn is_whole(&self, words: &impl Words, content: u64, marks: &[u8]) -> bool {
        let fixed = [SIZES, LENGTHS, HASH, EPOCH, SCOPE, WRITTEN].map(|offset| words.load(self.at + offset, Relaxed));
        seal(fixed, content, marks, self.spot) == self.checksum
    }

    /// The number in an integer's record and the stamp it belongs to; `None` when the bytes are no number.
    pub(crate) fn number(&self, words: &impl Words) -> Option<(i64, u64)> {
        loop {
            let stamp = words.load(self.at + STAMP, Acquire);
            let half = self.value_at() + if stamp & HALF == 0 { 0 } else { 2 * WORD };
            let number = words.load(half, Relaxed).cast_signed();
            let check = words.load(half + WORD, Relaxed);
            words.fence(Acquire);
            let again = words.load(self.at + STAMP, Relaxed);
            // A use that was counted meanwhile changes nothing about the number.
            if again & !USES != stamp & !USES {
                continue;
            }
            return (check == number_check(number, self.hash)).then_some((number, stamp >> STAMP_SHIFT));
        }
    }

    /// Gives the record another number, under the lock: in the half that does not count, which is then selected.
    pub(crate) fn set_number(&self, words: &impl Words, number: i64, stamp: u64) {
        let current = words.load(self.at + STAMP, Relaxed);
        let other = if current & HALF == 0 { HALF } else { 0 };
        let half = self.value_at() + if other == 0 { 0 } else { 2 * WORD };
        // Who still reads this half, selected two counts ago, notices the stamp that it has by then.
        words.fence(Release);
        words.store(half, number.cast_unsigned(), Relaxed);
        words.store(half + WORD, number_check(number, self.hash), Relaxed);
        words.store(self.at + STAMP, stamp << STAMP_SHIFT | other | current & USES, Release);
    }

    /// Writes a number's words alone, as a new record has them, for the model of the protocol.
    #[cfg(all(test, not(miri)))]
    pub(crate) fn copy_number_words(&self, words: &impl Words, number: i64, stamp: u64) {
        for half in 0..2 {
            words.store(self.value_at() + half * 2 * WORD, number.cast_unsigned(), Relaxed);
            words.store(self.value_at() + (half * 2 + 1) * WORD, number_check(number, self.hash), Relaxed);
        }
        words.store(self.at + STAMP, stamp << STAMP_SHIFT, Relaxed);
    }

    pub(crate) fn stamp(&self, words: &impl Words) -> u64 {
        words.load(self.at + STAMP, Relaxed) >> STAMP_SHIFT
    }

    /// Gives the entry another identity, under the lock.
    pub(crate) fn set_stamp(&self, words: &impl Words, stamp: u64) {
        let current = words.load(self.at + STAMP, Relaxed);
        words.store(self.at + STAMP, stamp << STAMP_SHIFT | current & (HALF | USES), Relaxed);
    }

    pub(crate) fn uses(&self, words: &impl Words) -> u64 {
        words.load(self.at + STAMP, Relaxed) & USES
    }

    /// Counts a use, up to three. One that is lost to a writer or another reader does not matter.
    #[inline]
    pub(crate) fn count_use(&self, words: &impl Words) {
        let current = words.load(self.at + STAMP, Relaxed);
        if current & USES < USES {
            words.exchange(self.at + STAMP, current, current + 1);
        }
    }

    /// Its deadline in milliseconds; `None` when it is torn.
    #[inline]
    pub(crate) fn deadline(&self, words: &impl Words) -> Option<u64> {
        let word = words.load(self.at + DEADLINE, Relaxed);
        let deadline = word >> 16;
        (deadline_word(deadline, self.spot) == word).then_some(deadline)
    }

    pub(crate) fn set_deadline(&self, words: &impl Words, deadline: u64) {
        words.store(self.at + DEADLINE, deadline_word(deadline, self.spot), Relaxed);
    }

    /// Marks it as replaced or removed: nothing that finds it by accident takes it for current.
    pub(crate) fn bury(&self, words: &impl Words) {
        self.set_deadline(words, GONE);
    }

    #[inline]
    pub(crate) fn state(&self, words: &impl Words, now: u64) -> State {
        match self.deadline(words) {
            None => State::Torn,
            Some(GONE) => State::Gone,
            Some(NEVER) => State::Live,
            Some(deadline) if deadline <= now => State::Expired,
            Some(_) => State::Live,
        }
    }

    /// Copies the record to another place that nobody looks at yet, with so many uses.
    pub(crate) fn copy_to(&self, words: &impl Words, at: usize, spot: Spot, uses: u64) {
        let mut bytes = Vec::new();
        words.copy_out(self.at + HEADER, self.units as usize * UNIT - HEADER, &mut bytes);
        let deadline = self.deadline(words).unwrap_or(GONE);
        let stamp = words.load(self.at + STAMP, Relaxed) & !USES;
        let fixed = [SIZES, LENGTHS, HASH, EPOCH, SCOPE, WRITTEN].map(|offset| words.load(self.at + offset, Relaxed));
        words.store(at, spot.word(), Relaxed);
        for (index, word) in fixed.into_iter().enumerate() {
            words.store(at + SIZES + index * WORD, word, Relaxed);
        }
        words.store(at + CHECKSUM, self.checksum ^ mix(self.spot.word()) ^ mix(spot.word()), Relaxed);
        words.store(at + DEADLINE, deadline_word(deadline, spot), Relaxed);
        words.store(at + STAMP, stamp | uses & USES, Relaxed);
        words.copy_in(at + HEADER, &bytes);
    }
}
