//! Reading without a lock.

use std::sync::atomic::Ordering::Acquire;

use super::Shard;
use super::index::tag;
use crate::hash::{NameHash, checksum};
use crate::markers::{MarkerName, Markers};
use crate::marks::{self, MarkRef};
use crate::record::{ALWAYS_CHECKED, Record, Side, State};
use crate::words::Words;

/// What is read from a record.
#[derive(Debug)]
pub(crate) enum Found {
    Integer(i64),
    /// Its bytes are in the vector that the reader gave.
    Bytes {
        codec: u8,
    },
    /// In a file that is still to be read.
    Side {
        codec: u8,
        side: Side,
    },
}

/// A live entry.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) found: Found,
    pub(crate) deadline: u64,
    pub(crate) stamp: u64,
    pub(crate) written: u64,
    /// As they lie in the record; empty where they were not asked for.
    pub(crate) marks: Vec<u8>,
}

/// Why there is no live entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dead {
    Expired,
    Cleared,
    /// A mark of this kind has moved on.
    Mark(u8),
    Torn,
}

/// What a look found.
#[derive(Debug)]
pub(crate) enum Seen {
    Live(Reading),
    Dead(Dead),
    Absent,
    /// Writers were in the way each time; under the lock there will be an answer.
    Unsettled,
}

/// What a reader brings.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'r, W> {
    pub(crate) markers: &'r Markers<W>,
    pub(crate) scope: MarkerName,
    pub(crate) now: u64,
    pub(crate) session: u16,
    /// Whether the marks are wanted with the entry.
    pub(crate) marks: bool,
    /// Whether it counts as a use.
    pub(crate) counts: bool,
    /// Whether the shard's lock is held, so that nothing is under way: what is wrong is damaged.
    pub(crate) locked: bool,
    /// Whether a dead entry's content is wanted as well.
    pub(crate) dead_too: bool,
}

/// A reader that finds a writer in the way so many times asks for the lock.
const ATTEMPTS: usize = 16;

impl<W: Words> Shard<W> {
    /// Looks a key up without a lock. Its value's bytes are all that is left in `bytes`; without a live entry what is there is
    /// worth nothing.
    #[inline]
    pub(crate) fn look(&self, reader: &Reader<'_, W>, hash: NameHash, key: &[u8], bytes: &mut Vec<u8>) -> Seen {
        for _ in 0..ATTEMPTS {
            match self.look_once(reader, hash, key, bytes) {
                (_, Seen::Unsettled) => std::hint::spin_loop(),
                (_, seen) => return seen,
            }
        }
        Seen::Unsettled
    }

    /// One attempt: what was found, and with a dead entry its reading if it was wanted.
    #[inline]
    pub(crate) fn look_once(
        &self,
        reader: &Reader<'_, W>,
        hash: NameHash,
        key: &[u8],
        bytes: &mut Vec<u8>,
    ) -> (Option<Reading>, Seen) {
        let mask = self.mask();
        let wanted = tag(hash.low);
        for slot in self.slots(hash.low, mask) {
            let entry = self.entry(slot);
            if entry.tag() != wanted || !entry.points() {
                continue;
            }
            let record = self.record(entry).filter(|record| record.hash == hash.low && record.is_of(&self.words, key));
            let Some(record) = record else {
                // Another key with the same tag, or bytes that are being written over.
                self.words.fence(Acquire);
                if !reader.locked && (self.entry(slot) != entry || !self.is_intact_short(entry)) {
                    return (None, Seen::Unsettled);
                }
                continue;
            };
            let (reading, seen) = self.judge(reader, &record, bytes);
            if !self.is_intact(record.spot) {
                if reader.locked {
                    continue;
                }
                return (None, Seen::Unsettled);
            }
            if record.state(&self.words, reader.now) == State::Gone {
                // Replaced or removed just now: the word says so already, or will.
                let left = self.entry(slot) == entry;
                return (None, if left { Seen::Absent } else { Seen::Unsettled });
            }
            if reader.counts && matches!(seen, Seen::Live(_)) {
                record.count_use(&self.words);
            }
            return (reading, seen);
        }
        // The index may have been doubled meanwhile, and the key moved.
        let settled = self.mask() == mask;
        (None, if settled { Seen::Absent } else { Seen::Unsettled })
    }

    /// Why a record is no live entry of the reader's scope, by what does not need its value.
    fn death(&self, reader: &Reader<'_, W>, record: &Record, marks: &[u8]) -> Option<Dead> {
        match record.state(&self.words, reader.now) {
            State::Live => {}
            State::Expired => return Some(Dead::Expired),
            State::Gone | State::Torn => return Some(Dead::Torn),
        }
        // What cannot be cleared is not trusted: a prefix whose generation was lost counts as cleared.
        if record.epoch != reader.markers.epoch() || reader.markers.scope(reader.scope) != Some(record.scope) {
            return Some(Dead::Cleared);
        }
        moved_on(reader.markers, marks)
    }

    /// Reads a record and decides whether it is live. All of it is worth nothing unless it is intact afterwards.
    #[inline]
    fn judge(&self, reader: &Reader<'_, W>, record: &Record, bytes: &mut Vec<u8>) -> (Option<Reading>, Seen) {
        let marks = record.marks(&self.words);
        let death = self.death(reader, record, &marks);
        if let Some(dead) = death
            && !reader.dead_too
        {
            return (None, Seen::Dead(dead));
        }
        let Some(reading) = self.reading(reader, record, marks, bytes) else { return (None, Seen::Dead(Dead::Torn)) };
        match death {
            None => (None, Seen::Live(reading)),
            Some(dead) => (Some(reading), Seen::Dead(dead)),
        }
    }

    /// The content of a record; `None` when its bytes are torn.
    #[inline]
    fn reading(&self, reader: &Reader<'_, W>, record: &Record, marks: Vec<u8>, bytes: &mut Vec<u8>) -> Option<Reading> {
        let words = &self.words;
        let doubted = record.session() != reader.session;
        let mut stamp = record.stamp(words);
        let codec = record.codec;
        let (found, content) = if record.is_integer() {
            let (number, its_stamp) = record.number(words)?;
            stamp = its_stamp;
            (Found::Integer(number), 0)
        } else if record.is_side() {
            let side = record.side(words);
            (Found::Side { codec, side }, crate::record::Body::Side(side).content())
        } else {
            record.copy_value(words, bytes);
            if !doubted && record.value_length > ALWAYS_CHECKED {
                let found = Found::Bytes { codec };
                let deadline = record.deadline(words)?;
                return Some(Reading { found, deadline, stamp, written: record.written(), marks });
            }
            (Found::Bytes { codec }, checksum(0, bytes))
        };
        let whole = record.is_whole(words, content, &marks);
        let deadline = record.deadline(words)?;
        let marks = if reader.marks { marks } else { Vec::new() };
        whole.then_some(Reading { found, deadline, stamp, written: record.written(), marks })
    }

    /// The live keys in a stretch of the index from a bucket on, and where to go on.
    pub(crate) fn scan(&self, reader: &Reader<'_, W>, from: u64, keys: &mut Vec<Vec<u8>>) -> Option<u64> {
        const STRETCH: u64 = 1024;
        let scope = reader.markers.scope(reader.scope)?;
        let buckets = self.mask() + 1;
        let end = from.saturating_add(STRETCH).min(buckets);
        for bucket in from..end {
            let [first, _] = self.bucket(bucket, buckets - 1);
            for slot in (first..first + crate::options::BUCKET).step_by(crate::words::WORD) {
                for _ in 0..ATTEMPTS {
                    let entry = self.entry(slot);
                    let record = entry.points().then(|| self.record(entry)).flatten();
                    // A key of another scope is not copied.
                    let own = record.filter(|record| record.scope == scope && record.epoch == reader.markers.epoch());
                    let key = own.and_then(|record| {
                        let marks = record.marks(&self.words);
                        let key = record.key(&self.words);
                        let live = self.death(reader, &record, &marks).is_none();
                        (live && self.is_intact(record.spot)).then_some((key, record.hash))
                    });
                    if self.entry(slot) == entry {
                        keys.extend(key.map(|(key, _)| key));
                        break;
                    }
                }
            }
        }
        (end < self.mask() + 1).then_some(end)
    }
}

/// The first kind of mark that has moved on, or whose marker is lost.
pub(super) fn moved_on<W: Words>(markers: &Markers<W>, marks: &[u8]) -> Option<Dead> {
    marks::read(marks).find_map(|mark| match mark {
        None => Some(Dead::Torn),
        Some(MarkRef { kind, name_hash, generation, .. }) => {
            (markers.generation(name_hash) != Some(generation)).then_some(Dead::Mark(kind))
        }
    })
}
