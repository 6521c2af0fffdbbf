//! What lies in a memory store under a key: 56 bytes beside the key and the value itself.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use quick_cache::Equivalent;

use super::markers::LiveMark;
use crate::backend::Count;
use crate::clock::Moment;
use crate::codec::{Codec, Encoded};
use crate::entry::{Entry, Marks, MissReason, Stamp};
use crate::expiry::Deadline;
use crate::key::{Key, Parts, hash_split};
use crate::payload::{Glimpse, Object, Payload};

/// A payload in 16 bytes: what is not an object goes behind a pointer.
pub(super) enum Kept {
    Object(Arc<dyn Object>),
    Plain(Box<Plain>),
}

/// A payload that is not an object.
pub(super) enum Plain {
    Integer(i64),
    Encoded(Codec, Box<Encoded>),
}

impl Kept {
    /// The number, if it is one.
    pub(super) fn integer(&mut self) -> Option<&mut i64> {
        match self {
            Self::Plain(plain) => match &mut **plain {
                Plain::Integer(number) => Some(number),
                Plain::Encoded(..) => None,
            },
            Self::Object(_) => None,
        }
    }
}

impl From<Payload> for Kept {
    fn from(payload: Payload) -> Self {
        match payload {
            Payload::Object(object) => Self::Object(object),
            Payload::Integer(number) => Self::Plain(Box::new(Plain::Integer(number))),
            Payload::Bytes(codec, bytes) => Self::Plain(Box::new(Plain::Encoded(codec, bytes))),
        }
    }
}

/// The marks of an entry, and where their current generations are looked at without a search.
pub(super) struct Tied {
    pub(super) marks: Marks,
    pub(super) live: Box<[Arc<LiveMark>]>,
}

/// An entry in the store.
pub(super) struct Slot {
    pub(super) kept: Kept,
    pub(super) deadline: Deadline,
    pub(super) stamp: Stamp,
    pub(super) tied: Option<Arc<Tied>>,
    /// The number of the scope it belongs to.
    pub(super) scope: u32,
    /// How often the scope had been cleared when this was written.
    pub(super) epoch: u32,
    /// When it was written, in tenths of a second of the store's life: exact enough to tell an age.
    pub(super) written: u32,
    /// What it weighs, in units of [`WEIGHT_UNIT`] bytes.
    pub(super) weight: u32,
}

/// The unit of a slot's weight; it lets 32 bits count to 64 GiB.
pub(super) const WEIGHT_UNIT: u64 = 16;

impl Slot {
    /// Why this entry is no longer live; `None` while it is.
    #[inline]
    pub(super) fn dead(&self, now: Moment, epoch: u32) -> Option<MissReason> {
        if self.deadline.has_passed(now) {
            return Some(MissReason::Expired);
        }
        if self.epoch != epoch {
            return Some(MissReason::Cleared);
        }
        self.tied.as_deref().and_then(Tied::moved_on)
    }

    /// Adds to the number, if it is one, and gives it another identity: a compare-and-swap that read the old number must
    /// fail.
    #[inline]
    pub(super) fn add(&mut self, delta: i64, stamp: Stamp) -> Result<i64, Count> {
        let number = self.kept.integer().ok_or(Count::NotAnInteger)?;
        let sum = number.checked_add(delta).ok_or(Count::Overflow)?;
        *number = sum;
        self.stamp = stamp;
        Ok(sum)
    }

    /// The value in place.
    #[inline]
    pub(super) fn glimpse(&self) -> Glimpse<'_> {
        match &self.kept {
            Kept::Object(object) => Glimpse::Object(object),
            Kept::Plain(plain) => match &**plain {
                Plain::Integer(number) => Glimpse::Integer(*number),
                Plain::Encoded(codec, bytes) => Glimpse::Bytes(*codec, bytes),
            },
        }
    }

    /// The value alone.
    #[inline]
    pub(super) fn payload(&self) -> Payload {
        self.glimpse().into()
    }

    /// The entry as it goes through the door.
    #[inline]
    pub(super) fn entry(&self, origin: Moment) -> Entry {
        Entry {
            payload: self.payload(),
            deadline: self.deadline,
            stamp: self.stamp,
            written: written_moment(origin, self.written),
            marks: self.tied.as_ref().and_then(|tied| tied.marks.clone()),
        }
    }
}

impl Tied {
    fn moved_on(&self) -> Option<MissReason> {
        let marks = self.marks.as_deref().unwrap_or_default();
        marks
            .iter()
            .zip(&self.live)
            .find(|(mark, live)| live.generation() != mark.generation)
            .map(|(mark, _)| mark.marker.kind().into())
    }
}

/// Tenths of a second of the store's life at `now`.
pub(super) fn written_tenths(origin: Moment, now: Moment) -> u32 {
    u32::try_from(now.since(origin).as_millis() / 100).unwrap_or(u32::MAX)
}

#[inline]
fn written_moment(origin: Moment, tenths: u32) -> Moment {
    Moment::from_nanos(origin.as_nanos() + u64::from(tenths) * 100_000_000)
}

/// How long a key may be to lie in the slot itself: the common ones then cost no allocation, and finding one touches two
/// neighbouring cache lines instead of two distant ones.
const INLINE: usize = 37;

/// A key in the store, with the length of its lead. Its hash is not stored: it is needed again only when a table grows or
/// an entry is evicted.
pub(super) enum StoredKey {
    Inline { lead: u8, length: u8, bytes: [u8; INLINE] },
    Long { lead: u8, bytes: Box<[u8]> },
}

impl StoredKey {
    pub(super) fn new(probe: &Probe<'_>) -> Self {
        let text = probe.text.as_bytes();
        let lead = probe.lead as u8;
        if text.len() > INLINE {
            return Self::Long { lead, bytes: text.into() };
        }
        let mut bytes = [0; INLINE];
        bytes[..text.len()].copy_from_slice(text);
        Self::Inline { lead, length: text.len() as u8, bytes }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes, .. } => &bytes[..usize::from(*length)],
            Self::Long { bytes, .. } => bytes,
        }
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("a key is made of text")
    }
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for StoredKey {}

impl Hash for StoredKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (Self::Inline { lead, .. } | Self::Long { lead, .. }) = self;
        state.write_u64(hash_split(self.bytes(), usize::from(*lead)));
    }
}

/// A key that is looked for, hashed once for choosing the shard and searching it.
pub(super) struct Probe<'a> {
    pub(super) text: &'a str,
    pub(super) hash: u64,
    lead: usize,
}

impl<'a> Probe<'a> {
    pub(super) fn new(key: &Key<'a>) -> Self {
        Self { text: key.as_str(), hash: key.hash(), lead: key.lead_length() }
    }
}

impl Hash for Probe<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<StoredKey> for Probe<'_> {
    #[inline]
    fn equivalent(&self, key: &StoredKey) -> bool {
        self.text.as_bytes() == key.bytes()
    }
}

/// A key that is looked for in its parts. It refers to them: copied, they would be read in pairs just after they were
/// written one by one, which holds the processor up.
pub(super) struct SplitProbe<'a> {
    key: &'a Parts<'a>,
    pub(super) hash: u64,
}

impl<'a> SplitProbe<'a> {
    #[inline]
    pub(super) fn new(key: &'a Parts<'a>) -> Self {
        Self { key, hash: key.hash() }
    }
}

impl Hash for SplitProbe<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<StoredKey> for SplitProbe<'_> {
    #[inline]
    fn equivalent(&self, key: &StoredKey) -> bool {
        let (bytes, lead, name) = (key.bytes(), self.key.lead().as_bytes(), self.key.name().as_bytes());
        if bytes.len() != lead.len() + name.len() {
            return false;
        }
        // The name first: it tells keys apart, the lead is nearly always the same, and too short to be worth a call.
        let (stored_lead, stored_name) = bytes.split_at(lead.len());
        stored_name == name && stored_lead.iter().zip(lead).all(|(one, other)| one == other)
    }
}

/// Hands the hash that was already made through to the table.
#[derive(Default)]
pub(super) struct PassThrough(u64);

impl Hasher for PassThrough {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("keys of the memory store write one hash");
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

pub(super) type Passing = BuildHasherDefault<PassThrough>;
