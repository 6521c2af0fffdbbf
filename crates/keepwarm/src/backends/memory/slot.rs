//! What lies in a memory store under a key: 64 bytes beside the key and the value itself.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;
use std::sync::LazyLock;

use bytes::Bytes;
use quick_cache::Equivalent;

use super::markers::LiveMark;
use crate::clock::Moment;
use crate::codec::Codec;
use crate::entry::{Entry, Marks, MissReason, Stamp};
use crate::expiry::Deadline;
use crate::payload::{Object, Payload};

/// A payload in 24 bytes: encoded bytes are rare here and go behind a pointer.
#[derive(Clone)]
pub(super) enum Kept {
    Integer(i64),
    Object(Arc<dyn Object>),
    Encoded(Box<(Codec, Bytes)>),
}

impl Kept {
    #[inline]
    fn payload(&self) -> Payload {
        match self {
            Self::Integer(number) => Payload::Integer(*number),
            Self::Object(object) => Payload::Object(Arc::clone(object)),
            Self::Encoded(encoded) => Payload::Bytes(encoded.0, encoded.1.clone()),
        }
    }
}

impl From<Payload> for Kept {
    fn from(payload: Payload) -> Self {
        match payload {
            Payload::Integer(number) => Self::Integer(number),
            Payload::Object(object) => Self::Object(object),
            Payload::Bytes(codec, bytes) => Self::Encoded(Box::new((codec, bytes))),
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

    /// The entry as it goes through the door.
    #[inline]
    pub(super) fn entry(&self, origin: Moment) -> Entry {
        Entry {
            payload: self.kept.payload(),
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

/// Keys may come from users: a random seed keeps them from choosing their bucket.
static SEED: LazyLock<foldhash::fast::RandomState> = LazyLock::new(foldhash::fast::RandomState::default);

/// A key in the store. Its hash is not stored: it is needed again only when a table grows or an entry is evicted.
#[derive(PartialEq, Eq)]
pub(super) struct StoredKey(pub(super) Box<str>);

impl Hash for StoredKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(hash(&self.0));
    }
}

#[inline]
fn hash(text: &str) -> u64 {
    SEED.hash_one(text.as_bytes())
}

/// A key that is looked for, hashed once for choosing the shard and searching it.
pub(super) struct Probe<'a> {
    pub(super) text: &'a str,
    pub(super) hash: u64,
}

impl<'a> Probe<'a> {
    #[inline]
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, hash: hash(text) }
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
        *self.text == *key.0
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
