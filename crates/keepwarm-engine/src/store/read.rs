//! Reading.

use std::time::Duration;

use super::{Store, opened};
use crate::error::Result;
use crate::hash::NameHash;
use crate::map::Map;
use crate::marks;
use crate::shard::{Dead, Found, Reader, Reading, Seen};
use crate::state::State;
use crate::types::{Entry, Inspection, Lookup, Mark, Marker, Miss, Page, Scope, Value};

/// A reader that needs the lock does not wait longer for it than this: it may answer that there is nothing.
const READER_PATIENCE: Duration = Duration::from_millis(100);

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
    fn look(&self, state: &State, reader: &Reader<'_, Map>, hash: NameHash, key: &[u8]) -> (Option<Reading>, Seen) {
        let shard = state.shard(hash.low);
        let first = if reader.dead_too {
            shard.inner.look_once(reader, hash, key)
        } else {
            (None, shard.inner.look(reader, hash, key))
        };
        if !matches!(first.1, Seen::Unsettled) {
            return first;
        }
        let patience = READER_PATIENCE.min(self.options.patience);
        let reader = Reader { locked: true, ..*reader };
        let locked =
            self.visit_shard(state, shard, reader.now, patience, |_| shard.inner.look_once(&reader, hash, key));
        // Writers hold on to it for so long: a miss is always allowed.
        locked.unwrap_or((None, Seen::Absent))
    }

    pub(super) fn read<T>(
        &self,
        reader: Reader<'_, Map>,
        state: &State,
        key: &[u8],
        open: impl Fn(Reading, Value) -> T,
    ) -> Lookup<T> {
        let hash = self.hash(state, key);
        // A side file may be replaced between the look and its reading.
        for _ in 0..4 {
            let mut reading = match self.look(state, &reader, hash, key).1 {
                Seen::Live(reading) => reading,
                Seen::Dead(dead) => return Lookup::Miss(dead.into()),
                Seen::Absent | Seen::Unsettled => return Lookup::Miss(Miss::Absent),
            };
            let found = std::mem::replace(&mut reading.found, Found::Integer(0));
            if let Some(value) = Self::value(state, hash, found) {
                return Lookup::Hit(open(reading, value));
            }
        }
        Lookup::Miss(Miss::Torn)
    }

    /// The value that was found; `None` when it is in a side file that is gone or torn.
    fn value(state: &State, hash: NameHash, found: Found) -> Option<Value> {
        match found {
            Found::Integer(number) => Some(Value::Integer(number)),
            Found::Bytes { codec, bytes } => Some(Value::Bytes { codec, bytes }),
            Found::Side { codec, side } => state.side.read(hash.low, side).map(|bytes| Value::Bytes { codec, bytes }),
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
        Ok(self.read(Self::reader(state, scope, now), state, key, |_, value| value))
    }

    /// The live entry under a key, with all that belongs to it.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn entry(&self, scope: Scope, key: &[u8], now: u64) -> Result<Lookup<Entry>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let reader = Reader { marks: true, ..Self::reader(state, scope, now) };
        Ok(self.read(reader, state, key, |reading, value| entry(&reading, value)))
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
        let (mut reading, dead) = match self.look(state, &reader, hash, key) {
            (_, Seen::Live(reading)) => (reading, None),
            (Some(reading), Seen::Dead(dead)) => (reading, Some(dead.into())),
            _ => return Ok(None),
        };
        let found = std::mem::replace(&mut reading.found, Found::Integer(0));
        let Some(value) = Self::value(state, hash, found) else { return Ok(None) };
        let entry = entry(&reading, value);
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
