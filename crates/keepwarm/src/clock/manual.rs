//! A clock for tests: it stands still until it is moved, and wakes who sleeps on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;

use super::Moment;

/// A clock that only moves when told to; clones share the same time.
///
/// See [`Clock`](super::Clock) for its use.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    monotonic: AtomicU64,
    /// Wall time runs along but can be stepped on its own, as an administrator would.
    wall_offset_millis: AtomicU64,
    sleepers: Mutex<Vec<(Moment, Waker)>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            // Not zero: a test must not pass because "nothing yet" and "now" look alike.
            monotonic: AtomicU64::new(1_000_000_000_000),
            wall_offset_millis: AtomicU64::new(1_700_000_000_000),
            sleepers: Mutex::new(Vec::new()),
        }
    }
}

impl ManualClock {
    /// A clock of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The current moment.
    pub fn now(&self) -> Moment {
        Moment::from_nanos(self.0.monotonic.load(Ordering::SeqCst))
    }

    /// Wall time in milliseconds since 1970.
    pub fn unix_millis(&self) -> u64 {
        self.0.wall_offset_millis.load(Ordering::SeqCst) + self.now().as_nanos() / 1_000_000
    }

    /// Moves the clock on and wakes the sleepers whose time has come.
    pub fn advance(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.0.monotonic.fetch_add(nanoseconds, Ordering::SeqCst);
        let now = self.now();
        let mut due = Vec::new();
        self.0.sleepers.lock().retain(|(until, waker)| {
            let sleeps_on = *until > now;
            if !sleeps_on {
                due.push(waker.clone());
            }
            sleeps_on
        });
        due.into_iter().for_each(Waker::wake);
    }

    /// Steps the wall clock alone, forwards: what an administrator or a time server does.
    pub fn step_wall(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.wall_offset_millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// How many calls sleep on this clock now; a test waits for this before it advances.
    pub fn sleepers(&self) -> usize {
        self.0.sleepers.lock().len()
    }

    /// Registers `waker` for `until`. False, and nothing registered, when the moment has already come.
    pub(super) fn register(&self, until: Moment, waker: &Waker) -> bool {
        let mut sleepers = self.0.sleepers.lock();
        // Looked at under the lock that `advance` takes, so that no wake-up falls between.
        if self.now() >= until {
            return false;
        }
        match sleepers.iter_mut().find(|(at, known)| *at == until && known.will_wake(waker)) {
            Some(_) => {}
            None => sleepers.push((until, waker.clone())),
        }
        true
    }
}
