//! Reading.

use std::cell::Cell;
use std::time::Duration;

use super::{Store, opened};
use crate::error::Result;
use crate::hash::NameHash;
use crate::map::Map;
use crate::marks;
use crate::shard::{Dead, Found, Reader, Reading, Seen};
use crate::state::State;
use crate::types::{Entry, Inspection, Lookup, Mark, Marker, Miss, Page, Scope, Value, ValueRef};

/// A reader that needs the lock does not wait longer for it than this: it may answer that there is nothing.
const READER_PATIENCE: Duration = Duration::from_millis(100);

/// The memory that a thread keeps for its reads is no larger than this ...
const KEPT: usize = 4 << 20;
/// ... and no larger than this when so many reads in a row have not needed more.
const SMALL: usize = 64 << 10;
const IDLE: u32 = 256;

thread_local! {
    static LENT: Cell<(Vec<u8>, u32)> = const { Cell::new((Vec::new(), 0)) };
}

/// Lends this thread's memory for a read: to give a large value's back and have it anew each time costs more than its copy.
/// A read within a read gets new memory.
#[inline]
fn lent_bytes<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let (mut bytes, mut idle) = LENT.take();
    let answer = work(&mut bytes);
    idle = if bytes.len() > SMALL { 0 } else { idle.saturating_add(1) };
    if bytes.capacity() <= if idle > IDLE { SMALL } else { KEPT } {
        LENT.set((bytes, idle));
    }
    answer
}

/// A value whose bytes, if it has some, lie elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lent {
    Integer(i64),
    Bytes(u8),
}

impl Lent {
    /// With its bytes.
    pub(super) fn taken(self, bytes: &mut Vec<u8>) -> Value {
        match self {
            Self::Integer(number) => Value::Integer(number),
            Self::Bytes(codec) => Value::Bytes { codec, bytes: std::mem::take(bytes) },
        }
    }

    fn shown(self, bytes: &[u8]) -> ValueRef<'_> {
        match self {
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Bytes(codec) => ValueRef::Bytes { codec, bytes },
        }
    }
}

impl Store {
    pub(super) fn reader<'r>(state: &'r State, scope: Scope, now: u64) -> Reader<'r, Map> {
        Reader {
            markers: &state.markers.inner,
            scope: scope.0,
            now,
            session: state.run.session as u16,
            marks: false,
            counts: true,
            dead_too: false,
            locked: false,
        }
    }

    /// Looks a key up, with the lock if it cannot be settled without.
    #[inline]
    fn look(
        &self,
        state: &State,
        reader: &Reader<'_, Map>,
        hash: NameHash,
        key: &[u8],
        bytes: &mut Vec<u8>,
    ) -> (Option<Reading>, Seen) {
        let shard = state.shard(hash.low);
        let first = if reader.dead_too {
            shard.inner.look_once(reader, hash, key, bytes)
        } else {
            (None, shard.inner.look(reader, hash, key, bytes))
        };
        if !matches!(first.1, Seen::Unsettled) {
            return first;
        }
        self.look_with_lock(state, reader, hash, key, bytes)
    }

    #[cold]
    fn look_with_lock(
        &self,
        state: &State,
        reader: &Reader<'_, Map>,
        hash: NameHash,
        key: &[u8],
        bytes: &mut Vec<u8>,
    ) -> (Option<Reading>, Seen) {
        let shard = state.shard(hash.low);
        let patience = READER_PATIENCE.min(self.options.patience);
        let reader = Reader { locked: true, ..*reader };
        let locked =
            self.visit_shard(state, shard, reader.now, patience, |_| shard.inner.look_once(&reader, hash, key, bytes));
        // Writers hold on to it for so long: a miss is always allowed.
        locked.unwrap_or((None, Seen::Absent))
    }

    /// The live entry under a key, opened where it was found. Bytes of a value are left in `bytes`.
    #[inline]
    pub(super) fn read<T>(
        &self,
        reader: Reader<'_, Map>,
        state: &State,
        key: &[u8],
        bytes: &mut Vec<u8>,
        open: impl Fn(Reading, Lent, &mut Vec<u8>) -> T,
    ) -> Lookup<T> {
        let hash = self.hash(state, key);
        // A side file may be replaced between the look and its reading.
        for _ in 0..4 {
            let reading = match self.look(state, &reader, hash, key, bytes).1 {
                Seen::Live(reading) => reading,
                Seen::Dead(dead) => return Lookup::Miss(dead.into()),
                Seen::Absent | Seen::Unsettled => return Lookup::Miss(Miss::Absent),
            };
            if let Some(lent) = Self::lent(state, hash, &reading.found, bytes) {
                return Lookup::Hit(open(reading, lent, bytes));
            }
        }
        Lookup::Miss(Miss::Torn)
    }

    /// The value that was found; `None` when it is in a side file that is gone or torn.
    #[inline]
    fn lent(state: &State, hash: NameHash, found: &Found, bytes: &mut Vec<u8>) -> Option<Lent> {
        match *found {
            Found::Integer(number) => Some(Lent::Integer(number)),
            Found::Bytes { codec } => Some(Lent::Bytes(codec)),
            Found::Side { codec, side } => {
                *bytes = state.side.read(hash.low, side)?;
                Some(Lent::Bytes(codec))
            }
        }
    }

    /// The value of the live entry under a key, counted as a use of it.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    #[inline]
    pub fn get(&self, scope: Scope, key: &[u8], now: u64) -> Result<Lookup<Value>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let reader = Self::reader(state, scope, now);
        Ok(self.read(reader, state, key, &mut Vec::new(), |_, lent, bytes| lent.taken(bytes)))
    }

    /// The same, shown to `see` where it was copied to: memory of this thread that serves one read after the other, so that
    /// a small value is not allocated. `see` is called at most once, with no lock held, and may use the store.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    #[inline]
    pub fn see<T>(&self, scope: Scope, key: &[u8], now: u64, see: impl FnOnce(ValueRef<'_>) -> T) -> Result<Lookup<T>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let reader = Self::reader(state, scope, now);
        lent_bytes(|bytes| {
            Ok(match self.read(reader, state, key, bytes, |_, lent, _| lent) {
                Lookup::Hit(lent) => Lookup::Hit(see(lent.shown(bytes))),
                Lookup::Miss(miss) => Lookup::Miss(miss),
            })
        })
    }

    /// The live entry under a key, with all that belongs to it.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn entry(&self, scope: Scope, key: &[u8], now: u64) -> Result<Lookup<Entry>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let reader = Reader { marks: true, ..Self::reader(state, scope, now) };
        let open = |reading: Reading, lent: Lent, bytes: &mut Vec<u8>| entry(&reading, lent.taken(bytes));
        Ok(self.read(reader, state, key, &mut Vec::new(), open))
    }

    /// What lies under a key, dead or alive, without counting it as a use.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn inspect(&self, scope: Scope, key: &[u8], now: u64) -> Result<Option<Inspection>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let reader = Reader { marks: true, counts: false, dead_too: true, ..Self::reader(state, scope, now) };
        let hash = self.hash(state, key);
        let mut bytes = Vec::new();
        let (reading, dead) = match self.look(state, &reader, hash, key, &mut bytes) {
            (_, Seen::Live(reading)) => (reading, None),
            (Some(reading), Seen::Dead(dead)) => (reading, Some(dead.into())),
            _ => return Ok(None),
        };
        let Some(lent) = Self::lent(state, hash, &reading.found, &mut bytes) else { return Ok(None) };
        let entry = entry(&reading, lent.taken(&mut bytes));
        let current = |mark: &Mark| state.markers.inner.generation(Marker::of(mark.kind, &mark.name).0);
        let generations = entry.marks.iter().map(current).collect();
        Ok(Some(Inspection { entry, dead, generations }))
    }

    /// A part of the live keys of a scope, from `from` on.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn scan(&self, scope: Scope, from: u64, now: u64) -> Result<Page> {
        let state = self.state(now)?;
        let state = opened(&state);
        let (index, bucket) = ((from >> 32) as usize, from & u64::from(u32::MAX));
        let Some(shard) = state.shards.get(index) else { return Ok(Page::default()) };
        let reader = Reader { counts: false, ..Self::reader(state, scope, now) };
        let mut keys = Vec::new();
        let next = match shard.inner.scan(&reader, bucket, &mut keys) {
            Some(bucket) => Some((index as u64) << 32 | bucket),
            None => (index + 1 < state.shards.len()).then_some((index as u64 + 1) << 32),
        };
        Ok(Page { keys, next })
    }
}

fn entry(reading: &Reading, value: Value) -> Entry {
    let marks = marks::read(&reading.marks).flatten().map(|mark| Mark {
        kind: mark.kind,
        name: String::from_utf8_lossy(mark.name).into_owned(),
        generation: mark.generation,
    });
    Entry { value, deadline: reading.deadline, stamp: reading.stamp, written: reading.written, marks: marks.collect() }
}

impl From<Dead> for Miss {
    fn from(dead: Dead) -> Self {
        match dead {
            Dead::Expired => Self::Expired,
            Dead::Cleared => Self::Cleared,
            Dead::Mark(kind) => Self::Mark(kind),
            Dead::Torn => Self::Torn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_lent_again_and_a_large_one_not_for_ever() {
        let lend = |length: usize| {
            lent_bytes(|bytes| {
                bytes.clear();
                bytes.resize(length, 1);
                // A read within a read has its own.
                lent_bytes(|inner| inner.clear());
                (bytes.as_ptr(), bytes.capacity())
            })
        };
        let large = lend(1 << 20);
        assert_eq!(lend(1 << 20), large, "the same memory");
        for _ in 0..IDLE {
            assert!(lend(10).1 >= 1 << 20);
        }
        lend(10);
        assert!(lend(10).1 <= SMALL, "nobody has needed it for long");
        lend(KEPT + 1);
        assert!(lend(10).1 <= KEPT, "too large to be kept at all");
    }
}
