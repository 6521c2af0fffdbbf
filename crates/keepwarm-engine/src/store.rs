//! The verbs. Reads take no lock; each write is one visit under the lock of one shard.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use crate::error::{Error, Result};
use crate::hash::NameHash;
use crate::map::Map;
use crate::marks;
use crate::options::Options;
use crate::record::{Body, Draft};
use crate::shard::{Added, Dead, Found, Leased, Outcome, Put, Reader, Reading, Seen, Shard, Visit};
use crate::state::State;
use crate::sys::uptime;
use crate::types::{
    Count, Entry, Housekeeping, Inspection, Lease, Lookup, Mark, Marker, Miss, Page, Scope, Size, Stored, Value,
    ValueRef, Write,
};
use crate::{Condition, NEVER};

/// A reader that needs the lock does not wait longer for it than this: it may answer that there is nothing.
const READER_PATIENCE: Duration = Duration::from_millis(100);

/// A store in a directory. It is opened by the first verb, opened anew after [`close`](Self::close), after a `fork`, and when
/// somebody removed the directory. All verbs may be called by any number of threads and processes at once.
///
/// `now` is the store's time, in milliseconds; see [`time`](Self::time).
pub struct Store {
    options: Options,
    state: ArcSwapOption<State>,
    evictions: AtomicU64,
    expirations: AtomicU64,
}

type Opened = Guard<Option<Arc<State>>>;

impl Store {
    /// A store; nothing is opened yet.
    pub fn new(options: Options) -> Self {
        Self { options, state: ArcSwapOption::empty(), evictions: AtomicU64::new(0), expirations: AtomicU64::new(0) }
    }

    /// How it is opened.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Opens it now, if it is not open.
    ///
    /// # Errors
    /// As every verb: [`Error`] says what can go wrong with the machine.
    pub fn open(&self) -> Result<()> {
        let state = self.state.load();
        if state.is_some() { Ok(()) } else { self.state(0).map(drop) }
    }

    /// The store's time in milliseconds: the time of the wall when the store was opened in this run of the machine, and
    /// from then on the machine's uptime. It never steps, and it is the same in all processes.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn time(&self) -> Result<u64> {
        Ok(self.time_nanos()? / 1_000_000)
    }

    /// The same in nanoseconds.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn time_nanos(&self) -> Result<u64> {
        let state = self.state.load();
        let state = if state.is_some() { state } else { self.state(0)? };
        let uptime = u64::try_from(uptime().as_nanos()).unwrap_or(u64::MAX);
        Ok(opened(&state).run.base.wrapping_mul(1_000_000).wrapping_add(uptime))
    }

    /// The state to work with now.
    #[inline]
    fn state(&self, now: u64) -> Result<Opened> {
        let state = self.state.load();
        if let Some(open) = &*state
            && open.here.is_same()
            && now.wrapping_sub(open.looked.load(Relaxed)) < self.options.look.as_millis() as u64
        {
            return Ok(state);
        }
        self.look_again(state, now)
    }

    /// Looks whether what is open is still the store, and opens it if not.
    #[cold]
    fn look_again(&self, state: Opened, now: u64) -> Result<Opened> {
        if let Some(open) = &*state
            && open.here.is_same()
            && open.is_current()
        {
            open.looked.store(now, Relaxed);
            return Ok(state);
        }
        let opened = State::open(&self.options)?;
        opened.looked.store(now, Relaxed);
        // Two threads may both have opened it: either state is good, and one of them is dropped.
        self.state.store(Some(Arc::new(opened)));
        let state = self.state.load();
        // `close` may have come between, in another thread.
        if state.is_some() { Ok(state) } else { self.look_again(state, now) }
    }

    fn hash(&self, state: &State, key: &[u8]) -> NameHash {
        NameHash::of(state.head.seed, key)
    }

    fn reader<'r>(state: &'r State, scope: Scope, now: u64) -> Reader<'r, Map> {
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

    /// Writes in a key's shard, and cleans up after it.
    fn visit<T>(&self, state: &State, hash: u64, now: u64, work: impl FnOnce(&mut Visit<'_, Map>) -> T) -> Result<T> {
        self.visit_shard(state, state.shard(hash), now, self.options.patience, work)
    }

    fn visit_shard<T>(
        &self,
        state: &State,
        shard: &crate::state::Locked<Shard<Map>>,
        now: u64,
        patience: Duration,
        work: impl FnOnce(&mut Visit<'_, Map>) -> T,
    ) -> Result<T> {
        let (answer, gone) = shard.with(patience, |shard| {
            let mut visit = shard.enter(&state.markers.inner, now);
            let answer = work(&mut visit);
            (answer, std::mem::take(&mut visit.gone))
        })?;
        if gone.evicted + gone.expired > 0 {
            self.evictions.fetch_add(gone.evicted, Relaxed);
            self.expirations.fetch_add(gone.expired, Relaxed);
        }
        for (hash, id) in gone.side {
            state.side.remove(hash, id);
        }
        Ok(answer)
    }

    /// The generation of a prefix, made if there is none.
    fn scope(&self, state: &State, scope: Scope) -> Result<u64> {
        let markers = &state.markers;
        if let Some(generation) = markers.inner.scope(scope.0) {
            return Ok(generation);
        }
        markers.with(self.options.patience, |table| table.scope(scope.0).unwrap_or_else(|| table.renew_scope(scope.0)))
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

    fn read<T>(
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

    /// Stores an entry when its condition holds, gives it a stamp of its own, and ends a lease on its key.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process holds the lock and does not go on; as [`open`](Self::open).
    pub fn put(&self, scope: Scope, key: &[u8], write: &Write<'_>, now: u64) -> Result<Stored> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        let marks = marks_of(write.marks);
        let side;
        let mut too_large = false;
        // Everything that takes long is done before the lock is taken.
        let (codec, body) = match write.value {
            ValueRef::Integer(number) => (0, Body::Integer(number)),
            ValueRef::Bytes { codec, bytes } if self.fits(state, key, bytes, &marks) => (codec, Body::Bytes(bytes)),
            ValueRef::Bytes { codec, bytes } => {
                // One that will be refused for another reason need not be written: the visit looks at that first.
                side = self.write_side(state, hash, bytes, now)?;
                too_large = side.is_none() && bytes.len() as u64 > state.head.layout.side_bytes;
                (codec, side.map_or(Body::Bytes(&[]), Body::Side))
            }
        };
        let no_room =
            matches!((write.value, body), (ValueRef::Bytes { bytes, .. }, Body::Bytes(b)) if bytes.len() != b.len());
        let stored = self.put_body(state, scope, key, hash, write, codec, body, &marks, too_large || no_room, now)?;
        if let Body::Side(side) = body
            && stored != Stored::Stored
        {
            state.side.remove(hash.low, side.id);
        }
        Ok(if stored == Stored::TooLarge && no_room && !too_large { Stored::NoRoom } else { stored })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one write, which nobody else puts together")]
    fn put_body(
        &self,
        state: &State,
        scope: Scope,
        key: &[u8],
        hash: NameHash,
        write: &Write<'_>,
        codec: u8,
        body: Body<'_>,
        marks: &[u8],
        too_large: bool,
        now: u64,
    ) -> Result<Stored> {
        let content = body.content();
        loop {
            let draft = Draft {
                hash,
                key,
                codec,
                body,
                marks,
                epoch: state.markers.inner.epoch(),
                scope: self.scope(state, scope)?,
                written: write.written,
                session: state.run.session as u16,
                deadline: write.deadline.min(NEVER),
                stamp: 0,
                uses: 0,
                content,
            };
            let put = Put { draft, name: scope.0, condition: write.condition, too_large };
            let stored = self.visit(state, hash.low, now, |visit| visit.put(&put))?;
            return Ok(match stored {
                Outcome::Stored => Stored::Stored,
                Outcome::Condition => Stored::Condition,
                Outcome::Overtaken => Stored::Overtaken,
                Outcome::TooLarge => Stored::TooLarge,
                Outcome::NotKept => Stored::NotKept,
                Outcome::NoRoom => Stored::NoRoom,
                // Cleared between the two: what is stored now is stored after the clearing.
                Outcome::ScopeMoved => continue,
            });
        }
    }

    fn fits(&self, state: &State, key: &[u8], bytes: &[u8], marks: &[u8]) -> bool {
        let whole = (bytes.len() + key.len() + marks.len() + 128) / crate::spot::UNIT;
        whole as u64 <= state.head.layout.longest_record()
    }

    fn write_side(&self, state: &State, hash: NameHash, bytes: &[u8], now: u64) -> Result<Option<crate::record::Side>> {
        let evict = |hash: u64, id: u64| {
            // Best effort: one that stays leads to a file that is gone, which is a miss.
            let _ = self.visit(state, hash, now, |visit| visit.evict_side(hash, id));
        };
        let failed = Error::io("write a value beside", &self.options.directory);
        state.side.write(hash.low, bytes, evict).map_err(failed)
    }

    /// Removes an entry when the condition holds, and ends a lease on its key. Whether a live one was removed.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn remove(&self, scope: Scope, key: &[u8], condition: Condition, now: u64) -> Result<bool> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        self.visit(state, hash.low, now, |visit| visit.remove(hash, key, scope.0, condition))
    }

    /// Adds to an integer in place, keeping its deadline. Where there is no live entry, stores `create` with `delta` added.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn add(&self, scope: Scope, key: &[u8], delta: i64, create: Option<&Write<'_>>, now: u64) -> Result<Count> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        loop {
            let added = self.visit(state, hash.low, now, |visit| visit.add(hash, key, scope.0, delta))?;
            match added {
                Some(Added::Now(number)) => return Ok(Count::Now(number)),
                Some(Added::NotAnInteger) => return Ok(Count::NotAnInteger),
                Some(Added::Overflow) => return Ok(Count::Overflow),
                None => {}
            }
            let Some(create) = create else { return Ok(Count::Missing) };
            let ValueRef::Integer(initial) = create.value else { return Ok(Count::NotAnInteger) };
            let Some(sum) = initial.checked_add(delta) else { return Ok(Count::Overflow) };
            // Only if it is still missing: somebody else may create it first, and is then added to.
            let write = Write { value: ValueRef::Integer(sum), condition: Condition::Absent, ..*create };
            if self.put(scope, key, &write, now)? != Stored::Condition {
                return Ok(Count::Now(sum));
            }
        }
    }

    /// Gives a live entry another deadline, in place; false when there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch(&self, scope: Scope, key: &[u8], deadline: u64, now: u64) -> Result<bool> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        self.visit(state, hash.low, now, |visit| visit.touch(hash, key, scope.0, deadline.min(NEVER)))
    }

    /// Asks for the right to compute a key until a time. With `refresh` a live entry does not answer, but gets the lease's
    /// stamp, and another's lease ends.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn lease(&self, scope: Scope, key: &[u8], until: u64, refresh: bool, now: u64) -> Result<Lease> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        for _ in 0..16 {
            // A lease carries the generation of its prefix, so there must be one.
            self.scope(state, scope)?;
            let leased = self.visit(state, hash.low, now, |visit| visit.lease(hash, key, scope.0, until, refresh))?;
            match leased {
                Leased::Held => return Ok(Lease::Held),
                Leased::Granted(stamp) => return Ok(Lease::Granted(stamp)),
                Leased::Live => match self.read(Self::reader(state, scope, now), state, key, |_, value| value) {
                    Lookup::Hit(value) => return Ok(Lease::Hit(value)),
                    // Its bytes are wrong, which only reading them shows: it is in the way of a fill.
                    Lookup::Miss(Miss::Torn) => {
                        self.remove(scope, key, Condition::Always, now)?;
                    }
                    Lookup::Miss(_) => {}
                },
            }
        }
        Ok(Lease::Held)
    }

    /// Gives back the lease with this stamp.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn release(&self, key: &[u8], stamp: u64, now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        self.visit(state, hash.low, now, |visit| visit.release(hash, stamp))
    }

    /// The current generations of markers, made where there were none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn generations(&self, markers: &[Marker], now: u64) -> Result<Vec<u64>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let table = &state.markers;
        let one = |marker: &Marker| match table.inner.generation(marker.0) {
            Some(generation) => Ok(generation),
            None => table.with(self.options.patience, |markers| {
                let known = markers.generation(marker.0);
                known.unwrap_or_else(|| markers.renew(marker.0, |at, length| table.allocate(at, length)))
            }),
        };
        markers.iter().map(one).collect()
    }

    /// Moves markers on: every entry under one of them is a miss when this returns.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn renew(&self, markers: &[Marker], now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        let table = &state.markers;
        table.with(self.options.patience, |inner| {
            // One that is not there is held by no live entry: it comes back with another generation.
            for marker in markers.iter().filter(|marker| inner.generation(marker.0).is_some()) {
                inner.renew(marker.0, |at, length| table.allocate(at, length));
            }
        })
    }

    /// Makes every entry of a scope a miss and ends its leases. O(1).
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn clear(&self, scope: Scope, now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        state.markers.with(self.options.patience, |markers| markers.renew_scope(scope.0)).map(drop)
    }

    /// Drops everything, and ends every lease. O(1), but for large values' files.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn clear_store(&self, now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        state.markers.with(self.options.patience, |markers| markers.renew_epoch())?;
        state.side.remove_all();
        Ok(())
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

    /// How full it is.
    ///
    /// # Errors
    /// As [`open`](Self::open), when it has to be opened.
    pub fn size(&self, now: u64) -> Result<Size> {
        let state = self.state(now)?;
        let state = opened(&state);
        let mut size = Size { entries: 0, bytes: state.side.bytes() };
        for shard in &state.shards {
            let (entries, bytes) = shard.inner.size();
            size.entries += entries;
            size.bytes += bytes;
        }
        Ok(size)
    }

    /// What the store did on its own, through this handle.
    pub fn housekeeping(&self) -> Housekeeping {
        Housekeeping { evictions: self.evictions.load(Relaxed), expirations: self.expirations.load(Relaxed) }
    }

    /// Gives the files back. Any later verb opens them again.
    pub fn close(&self) {
        self.state.store(None);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").field("options", &self.options).finish_non_exhaustive()
    }
}

#[inline]
fn opened(state: &Opened) -> &State {
    state.as_ref().expect("a state that was asked for is there")
}

fn marks_of(marks: &[crate::MarkRef<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mark in marks {
        marks::push(&mut bytes, mark.kind, mark.name.as_bytes(), mark.generation);
    }
    bytes
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
