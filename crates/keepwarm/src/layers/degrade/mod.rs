//! Degrading: while the store is down the cache is empty, and nothing fails.
//!
//! Reads are misses, writes are dropped and counted, computing verbs compute for their caller. What was to be taken away
//! is kept ([`pending`]) and delivered when the store is back; until then what it covers is a miss, so that nothing old
//! comes back.

mod deliver;
mod pending;
mod report;
mod verbs;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use pending::{Pending, Sureness, Undo};
use report::Reporter;

use super::background::Post;
use super::breaker::TurnedAway;
use super::{Layer, Stack};
use crate::backend::Health;
use crate::clock::Clock;
use crate::entry::{Generation, Marker};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Scope};

/// Turns failures of a store into misses and dropped writes (django-redis' `IGNORE_EXCEPTIONS`).
///
/// | verb | while the store fails |
/// |---|---|
/// | `get`, `get_many`, `ttl`, `has_key`, `keys`, `explain` | as if there were nothing; the reason is [`StoreDown`](crate::entry::MissReason::StoreDown) |
/// | `set`, `add`, `replace`, `update`, `touch`, `set_many` | dropped: [`Refusal::StoreDown`](crate::Refusal::StoreDown) or `false` |
/// | `get_or_set`, `refresh` and their kin | each caller's loader runs, once, and its value is its caller's alone |
/// | `delete`, `delete_many`, `clear`, `invalidate_tags`, and what a dropped write would have replaced | kept, and delivered when the store is back |
/// | `incr` | as on a missing key: an error, or the initial number |
/// | `lock` | as if another owner held it; an error where that would be waited for without an end |
/// | `clear_store`, `delete_pattern` | an error: what they cover cannot be kept |
///
/// Swallowed are [`ErrorKind::Connection`], [`ErrorKind::Timeout`] and [`ErrorKind::Backend`]; a mistake of the caller
/// or of the settings is raised. Each one is counted, and told to `tracing` once in a [`period`](Self::period).
///
/// What is kept for delivery belongs to this process: it is lost when the process ends, and other processes see old
/// values until it is delivered. Lay it around a [`Breaker`](super::Breaker) around a [`CallDeadline`](super::CallDeadline).
///
/// ```
/// use keepwarm::Cache;
/// use keepwarm::layers::{Breaker, CallDeadline, Degrade};
///
/// # let store = keepwarm::backends::dummy::Dummy;
/// let cache = Cache::builder()
///     .backend(store)
///     .layer(CallDeadline::default())
///     .layer(Breaker::new())
///     .layer(Degrade::new())
///     .build()?;
/// assert_eq!(cache.stats().wait()?.health.dropped_writes, 0);
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Degrade {
    name: String,
    period: Duration,
    most: usize,
    settle: Duration,
    clock: Clock,
}

impl Default for Degrade {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            period: Duration::from_secs(10),
            most: 10_000,
            settle: Duration::from_secs(1),
            clock: Clock::system(),
        }
    }
}

impl Degrade {
    /// With its defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the alias, for what is logged.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Failures are logged once in such a period; 10 seconds where this is not called.
    #[must_use]
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// So many invalidations are kept one by one, 10,000 where this is not called. Beyond that whole prefixes are cleared
    /// in their place.
    #[must_use]
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// How long after the store is back it may still carry out what it was sent before; 1 second where this is not called.
    /// What was sent and not answered is removed again after that time, and not read until then.
    #[must_use]
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Goes by this clock instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

impl Layer for Degrade {
    type Wrapped = Degraded;

    fn wrap(self, inner: Stack) -> Degraded {
        Degraded(Arc::new(Shared {
            inner,
            pending: Mutex::new(Pending::new(self.most)),
            owes: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            swallowed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            reporter: Reporter::new(&self),
            deliverer: Post::default(),
            options: self,
        }))
    }
}

/// A stack that degrades.
#[derive(Clone)]
pub struct Degraded(Arc<Shared>);

impl fmt::Debug for Degraded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Degraded").field("kind", &self.0.inner.kind()).finish_non_exhaustive()
    }
}

struct Shared {
    inner: Stack,
    options: Degrade,
    pending: Mutex<Pending>,
    /// Whether anything is pending, so that a healthy store costs its readers no lock.
    owes: AtomicBool,
    /// Whether the last call failed.
    failing: AtomicBool,
    swallowed: AtomicU64,
    dropped: AtomicU64,
    reporter: Reporter,
    deliverer: Post,
}

impl Shared {
    /// Whether what the store says of the key is not to be trusted yet.
    fn covers(self: &Arc<Self>, key: &Key<'_>) -> bool {
        // Who delivers may have got lost: whoever comes looks after it.
        self.keep_delivering();
        self.owes.load(Ordering::SeqCst) && self.pending.lock().covers(key)
    }

    /// Takes a failure of the store for no answer; `Ok(None)`. What is not the store's failure is raised.
    fn answer<T>(self: &Arc<Self>, answer: Result<T>) -> Result<Result<T, Sureness>> {
        self.keep_delivering();
        match answer {
            Ok(answer) => {
                if self.failing.load(Ordering::Relaxed) {
                    self.failing.store(false, Ordering::Relaxed);
                }
                Ok(Ok(answer))
            }
            Err(error) if is_failure(&error) => {
                self.failing.store(true, Ordering::Relaxed);
                let swallowed = self.swallowed.fetch_add(1, Ordering::Relaxed) + 1;
                self.reporter.failed(&error, swallowed, self.options.clock.now());
                Ok(Err(sureness(&error)))
            }
            Err(error) => Err(error),
        }
    }

    /// Counts writes that are lost.
    fn drop_writes(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Keeps the removal of a key until it can be delivered.
    fn owe(self: &Arc<Self>, key: &Key<'_>, undo: Undo, sureness: Sureness) {
        self.owe_some(|pending| {
            pending.key(key, undo, sureness, self.options.clock.now());
            true
        });
    }

    fn owe_markers(self: &Arc<Self>, markers: &[Marker]) -> Result<()> {
        let kept = self.owe_some(|pending| pending.markers(markers));
        let reason = "the store is down, and no more invalidations can be kept for it";
        kept.then_some(()).ok_or_else(|| Error::new(ErrorKind::Connection, reason))
    }

    fn owe_scope(self: &Arc<Self>, scope: &Scope) {
        self.owe_some(|pending| {
            pending.scope(scope);
            true
        });
    }

    fn owe_some(self: &Arc<Self>, owe: impl FnOnce(&mut Pending) -> bool) -> bool {
        let kept = {
            let mut pending = self.pending.lock();
            let kept = owe(&mut pending);
            self.owes.store(!pending.is_empty(), Ordering::SeqCst);
            kept
        };
        self.keep_delivering();
        kept
    }

    fn health(&self, health: &mut Health) {
        health.swallowed += self.swallowed.load(Ordering::Relaxed);
        health.dropped_writes += self.dropped.load(Ordering::Relaxed);
        health.undelivered += self.pending.lock().len() as u64;
        health.failing |= self.failing.load(Ordering::Relaxed);
    }
}

/// Whether the error says that the store failed, and not that its caller asked for what cannot be.
fn is_failure(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Backend)
}

fn sureness(error: &Error) -> Sureness {
    use std::error::Error as _;
    let cause = error.source().and_then(|cause| cause.downcast_ref::<TurnedAway>());
    if cause == Some(&TurnedAway::NotAsked) || !error.is_transient() { Sureness::Sure } else { Sureness::Unsure }
}

/// Generations that no marker ever had: what is written under them is a miss for everybody.
fn no_generations(markers: &[Marker]) -> Vec<Generation> {
    markers.iter().map(|_| Generation(fastrand::u64(..))).collect()
}
