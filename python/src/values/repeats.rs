//! Texts that come again. A store in this process keeps a tree as MessagePack with two additions that no other reader meets, so that
//! rows of a table keep their column names once:
//!
//! - where a key of a map stands, a byte below 128 is the text that was the key of that number; a number below 128 that is itself
//!   a key is written in two bytes;
//! - anywhere else `C1`, which MessagePack never uses, and a byte are the text of that number among the values.
//!
//! Texts of two to 255 bytes are numbered as they are written in full, keys and values apart, and each number begins again after
//! the last one. Texts are known by what they say: an address may be another text's a moment later, unless the text is held.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// So many keys and so many values can be referred to.
pub(super) const KEYS: usize = 128;
pub(super) const VALUES: usize = 256;

/// Stands before the number of a value.
pub(super) const REPEATED: u8 = 0xC1;

/// Whether a text of so many bytes is numbered.
#[inline]
pub(super) fn is_numbered(length: usize) -> bool {
    (2..=255).contains(&length)
}

/// A text by its length and both of its ends: up to sixteen bytes they are all of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    length: usize,
}

/// So long a text is known by its ends alone.
const KNOWN_BY_ENDS: usize = 16;

impl Ends {
    #[inline]
    fn of(text: &[u8]) -> Self {
        let length = text.len();
        let (first, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
                (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
                _ => (text.iter().fold(0, |all, &byte| all << 8 | u64::from(byte)), 0),
            },
        };
        Self { first, last, length }
    }

    /// A number of so many bits. Whoever makes texts fall together makes them be written or made again, nothing worse.
    #[inline]
    fn place(self, bits: u32) -> usize {
        let ends = self.first ^ self.last.rotate_left(29) ^ (self.length as u64) << 56;
        (ends.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - bits)) as usize
    }
}

/// A number of so many bits for a text.
#[inline]
pub(super) fn place(text: &[u8], bits: u32) -> usize {
    Ends::of(text).place(bits)
}

/// What a writer has numbered so far.
#[derive(Default)]
pub(super) struct Written {
    pub(super) keys: Numbered<KEYS>,
    pub(super) values: Numbered<VALUES>,
    objects: Objects,
}

impl Written {
    pub(super) fn begin(&mut self) {
        self.keys.begin();
        self.values.begin();
    }

    /// Lets go of what it refers to, with the interpreter at hand.
    pub(super) fn end(&mut self) {
        self.objects.held.clear();
    }

    /// What was written has moved: nothing of it can be referred to any more.
    pub(super) fn forget(&mut self) {
        self.keys.oldest = self.keys.next;
        self.values.oldest = self.values.next;
    }

    /// The number of a key whose very object was written: rows of one maker share their keys.
    #[inline]
    pub(super) fn known_key(&self, key: &Bound<'_, PyString>) -> Option<u8> {
        let address = key.as_ptr() as usize;
        let (known, count) = self.objects.places[Objects::place(address)];
        (known == address && self.keys.counts(count)).then(|| self.keys.number_of(count))
    }

    /// The number of a key that was written; otherwise it gets one, for it is written next, from `start` on.
    #[inline]
    pub(super) fn key(&mut self, out: &[u8], key: &Bound<'_, PyString>, text: &str, start: usize) -> Option<u8> {
        let number = self.keys.number(out, text, start);
        if number.is_none() && self.objects.held.len() < KEYS {
            let address = key.as_ptr() as usize;
            self.objects.places[Objects::place(address)] = (address, self.keys.next - 1);
            self.objects.held.push(key.clone().unbind());
        }
        number
    }
}

/// Keys by their addresses and counts. Each is held until the value is written, so that its address stays its own.
struct Objects {
    places: Box<[(usize, u64); 1 << PLACE_BITS]>,
    held: Vec<Py<PyString>>,
}

impl Default for Objects {
    fn default() -> Self {
        Self { places: Box::new([(0, 0); 1 << PLACE_BITS]), held: Vec::new() }
    }
}

impl Objects {
    #[inline]
    fn place(address: usize) -> usize {
        ((address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PLACE_BITS)) as usize
    }
}

const PLACE_BITS: u32 = 8;

/// The texts of one kind, `LAST` of which have a number at a time.
pub(super) struct Numbered<const LAST: usize> {
    places: Box<[Place; 1 << PLACE_BITS]>,
    /// Counted on from value to value, so that the places need not be emptied.
    first: u64,
    next: u64,
    /// What was counted earlier is not referred to.
    oldest: u64,
}

/// Where a text lies among the bytes written, and its count.
#[derive(Clone, Copy, Default)]
struct Place {
    count: u64,
    ends: Ends,
    start: usize,
}

impl<const LAST: usize> Default for Numbered<LAST> {
    fn default() -> Self {
        Self { places: Box::new([Place::default(); 1 << PLACE_BITS]), first: 1, next: 1, oldest: 1 }
    }
}

impl<const LAST: usize> Numbered<LAST> {
    fn begin(&mut self) {
        self.first = self.next;
        self.oldest = self.next;
    }

    /// Whether what was counted so can be referred to.
    #[inline]
    fn counts(&self, count: u64) -> bool {
        count >= self.oldest && self.next - count <= LAST as u64
    }

    #[inline]
    fn number_of(&self, count: u64) -> u8 {
        ((count - self.first) % LAST as u64) as u8
    }

    /// The number of a text that was written; otherwise it gets one, for it is written next, from `start` on.
    #[inline]
    pub(super) fn number(&mut self, out: &[u8], text: &str, start: usize) -> Option<u8> {
        let text = text.as_bytes();
        let ends = Ends::of(text);
        let place = &mut self.places[ends.place(PLACE_BITS)];
        let Place { count, start: from, .. } = *place;
        if place.ends == ends && count >= self.oldest && self.next - count <= LAST as u64 {
            let is_same = || out.get(from..from + text.len()) == Some(text);
            if text.len() <= KNOWN_BY_ENDS || is_same() {
                return Some(self.number_of(count));
            }
        }
        *place = Place { count: self.next, ends, start };
        self.next += 1;
        None
    }
}

/// What a reader has met so far of one kind.
pub(super) struct Met<'py, const LAST: usize> {
    texts: Vec<Bound<'py, PyAny>>,
    next: usize,
}

impl<'py, const LAST: usize> Met<'py, LAST> {
    pub(super) fn new() -> Self {
        Self { texts: Vec::new(), next: 0 }
    }

    /// Numbers a text that was written in full.
    #[inline]
    pub(super) fn meet(&mut self, text: &Bound<'py, PyAny>) {
        if self.texts.len() < LAST {
            self.texts.push(text.clone());
        } else {
            self.texts[self.next % LAST] = text.clone();
        }
        self.next += 1;
    }

    /// The text of a number.
    #[inline]
    pub(super) fn text(&self, number: u8) -> Option<Bound<'py, PyAny>> {
        self.texts.get(usize::from(number)).cloned()
    }
}
