//! A breaker: a store that is down or stalled is left alone, and its callers do not wait for it.
//!
//! After Nygard, "Release It!" (2007). Closed, it lets every call through and judges it by its error and by its latency.
//! Open, it turns every call away at once, and those that were waiting already are called off: a stalled store costs all
//! of its callers together one deadline. Half-open, it asks the store itself, one probe at a time and on nobody's time.

mod judge;
mod probe;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use judge::{Judge, Judgement};

use super::background::Post;
use super::guarded::{Guard, Guarded};
use super::{Layer, Stack};
use crate::backend::{BreakerState, Calls, Health, Limit, is_withdrawn};
use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind, Result};

/// Lays a breaker around a store: open, it turns calls away.
///
/// It opens
/// - at once, when a call ends in [`ErrorKind::Timeout`] and no other call was answered since that one began,
/// - after [`failures`](Self::failures) failures in a row,
/// - when half of the last 32 calls failed or took longer than [`slow`](Self::slow).
///
/// Failures are [`ErrorKind::Connection`] and [`ErrorKind::Timeout`]; an error that the store answered with shows that it is
/// there. While it is open every call is [`ErrorKind::Connection`] at once. Lay it around a
/// [`CallDeadline`](super::CallDeadline), which tells it what is too late.
///
/// ```
/// use keepwarm::Cache;
/// use keepwarm::layers::{Breaker, CallDeadline};
///
/// # let store = keepwarm::backends::dummy::Dummy;
/// let cache = Cache::builder().backend(store).layer(CallDeadline::default()).layer(Breaker::new()).build()?;
/// assert_eq!(cache.stats().wait()?.health.breaker.map(|state| state.name()), Some("closed"));
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Breaker {
    failures: u32,
    slow: Duration,
    pause: Duration,
    probe: Duration,
    clock: Clock,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: 3,
            slow: super::deadline::DEFAULT / 2,
            pause: Duration::from_millis(100),
            probe: super::deadline::DEFAULT,
            clock: Clock::system(),
        }
    }
}

impl Breaker {
    /// With its defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many failures in a row open it; 3 where this is not called, at least 1.
    #[must_use]
    pub fn failures(mut self, failures: u32) -> Self {
        self.failures = failures.max(1);
        self
    }

    /// From when on an answer counts as one that came too late; 125 milliseconds where this is not called.
    #[must_use]
    pub fn slow(mut self, slow: Duration) -> Self {
        self.slow = slow;
        self
    }

    /// How long it waits from one probe to the next; 100 milliseconds where this is not called.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// How long a probe may take; 250 milliseconds where this is not called.
    #[must_use]
    pub fn probe(mut self, probe: Duration) -> Self {
        self.probe = probe;
        self
    }

    /// Goes by this clock instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

impl Layer for Breaker {
    type Wrapped = Guarded<Breaking>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        let shared = Shared {
            inner: inner.clone(),
            options: self,
            open: AtomicBool::new(false),
            probing: AtomicBool::new(false),
            openings: Arc::default(),
            answers: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            called_off: Notify::new(),
            judge: Mutex::default(),
            prober: Post::default(),
        };
        Guarded::around(inner, Breaking(Arc::new(shared)))
    }
}

/// The guard of a [`Breaker`].
#[derive(Clone)]
pub struct Breaking(Arc<Shared>);

impl fmt::Debug for Breaking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Breaking").field("state", &self.0.state()).finish_non_exhaustive()
    }
}

struct Shared {
    inner: Stack,
    options: Breaker,
    open: AtomicBool,
    /// A probe is under way.
    probing: AtomicBool,
    /// How often it opened: calls that began before the last time are called off.
    openings: Arc<Calls>,
    /// How many calls were answered, to see whether any was while another waited.
    answers: AtomicU64,
    turned_away: AtomicU64,
    called_off: Notify,
    judge: Mutex<Judge>,
    prober: Post,
}

/// The cause of an error that comes from a breaker: whether the call had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnedAway {
    /// The store was not asked.
    NotAsked,
    /// It was asked and had not answered yet.
    CalledOff,
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAsked => "the breaker is open",
            Self::CalledOff => "the breaker opened while the store was being asked",
        })
    }
}

impl std::error::Error for TurnedAway {}

/// A call as it began.
struct Begun {
    /// How often the breaker had opened.
    openings: u64,
    /// How many calls had been answered.
    answers: u64,
    at: Moment,
}

impl Shared {
    fn state(&self) -> BreakerState {
        match (self.open.load(Ordering::SeqCst), self.probing.load(Ordering::SeqCst)) {
            (false, _) => BreakerState::Closed,
            (true, false) => BreakerState::Open,
            (true, true) => BreakerState::HalfOpen,
        }
    }

    fn turn_away<T>(self: &Arc<Self>, why: TurnedAway) -> Result<T> {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        // The prober may have got lost: whoever is turned away looks after it.
        self.keep_probing();
        Err(Error::new(ErrorKind::Connection, "the store is down").with_source(why))
    }

    fn judge<T>(self: &Arc<Self>, answer: &Result<T>, begun: &Begun) {
        if self.openings.times() != begun.openings {
            // It says nothing of the store as it is now.
            return;
        }
        let failure = answer.as_ref().err().filter(|error| error.is_transient()).map(Error::kind);
        let alone = self.answers.load(Ordering::Relaxed) == begun.answers;
        if failure.is_none() {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        let slow = self.options.clock.now().since(begun.at) > self.options.slow;
        let judgement = match failure {
            Some(ErrorKind::Timeout) if alone => Judgement::Open,
            Some(_) => self.judge.lock().failed(self.options.failures),
            None => self.judge.lock().answered(slow),
        };
        if judgement == Judgement::Open {
            self.open(begun.openings);
        }
    }

    /// Opens, unless it opened since; calls everybody off who waits.
    fn open(self: &Arc<Self>, openings: u64) {
        let judge = self.judge.lock();
        if self.openings.times() != openings || self.open.load(Ordering::SeqCst) {
            return;
        }
        self.open.store(true, Ordering::SeqCst);
        self.openings.call_off();
        drop(judge);
        self.openings.wake();
        self.called_off.notify_waiters();
        self.keep_probing();
    }

    fn close(&self) {
        let mut judge = self.judge.lock();
        *judge = Judge::default();
        self.open.store(false, Ordering::SeqCst);
    }
}

impl Guard for Breaking {
    async fn pass<T: Send + Unpin, F: Future<Output = Result<T>> + Send>(
        &self,
        begin: impl FnOnce() -> F + Send,
    ) -> Result<T> {
        let shared = &self.0;
        // Before the look: an opening that the look does not see calls this call off.
        let mut called_off = pin!(shared.called_off.notified());
        let begun = Begun {
            openings: shared.openings.times(),
            answers: shared.answers.load(Ordering::Relaxed),
            at: shared.options.clock.now(),
        };
        if shared.open.load(Ordering::SeqCst) {
            return shared.turn_away(TurnedAway::NotAsked);
        }
        let mut limit = Limit::called_off_by(&shared.openings, begun.openings);
        let mut call = pin!(limit.hold(begin));
        let answer = poll_fn(|context| match limit.hold(|| call.as_mut().poll(context)) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            // The store wakes it: looked at after it was seen to, so that none is missed.
            Poll::Pending if limit.wakes() => {
                if limit.is_called_off() {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                }
            }
            Poll::Pending => called_off.as_mut().poll(context).map(|()| None),
        })
        .await;
        let Some(answer) = answer else { return shared.turn_away(TurnedAway::CalledOff) };
        if !is_withdrawn() {
            shared.judge(&answer, &begun);
        }
        answer
    }

    fn health(&self, health: &mut Health) {
        health.breaker = Some(self.0.state());
        health.opened += self.0.openings.times();
        health.turned_away += self.0.turned_away.load(Ordering::Relaxed);
    }
}
