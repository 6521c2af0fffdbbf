//! The verbs. Reads take no lock; each write is one visit under the lock of one shard.

mod compute;
mod evict;
mod groups;
mod read;
mod write;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use crate::error::Result;
use crate::hash::NameHash;
use crate::locked::Locked;
use crate::map::Map;
use crate::options::Options;
use crate::shard::{Shard, Visit};
use crate::state::State;
use crate::sys::uptime;
use crate::types::{Housekeeping, Scope, Size};

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
    /// As every verb: [`Error`](crate::Error) says what can go wrong with the machine.
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
            && open.member.is_here()
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
            && open.member.is_here()
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

    /// Writes in a key's shard, and cleans up after it.
    fn visit<T>(&self, state: &State, hash: u64, now: u64, work: impl FnOnce(&mut Visit<'_, Map>) -> T) -> Result<T> {
        self.visit_shard(state, state.shard(hash), now, self.options.patience, work)
    }

    fn visit_shard<T>(
        &self,
        state: &State,
        shard: &Locked<Shard<Map>>,
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
