//! What a call may still take: said by the layers around a store, asked by a store that blocks its thread.
//!
//! A future that waits is dropped when its time is over, and needs to know nothing. A store that serves a blocking caller
//! on a socket of its own waits inside one poll, where nobody can drop it: it asks here how long it may.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::calls::Calls;

thread_local! {
    /// The limit of the call that is being polled on this thread.
    static CURRENT: RefCell<Limit> = const { RefCell::new(Limit { until: None, calls: None, asks: None, kept: false, wakes: false }) };
}

thread_local! {
    /// Whether the caller of this thread's call said that it is not to go on.
    static WITHDRAWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the call that is polled on this thread ended because its own caller wanted it to: that says nothing of the store.
pub(crate) fn is_withdrawn() -> bool {
    WITHDRAWN.get()
}

/// A wait of a caller who may withdraw; what an outer one on this thread had said comes back after it.
pub(crate) struct Withdrawable(bool);

impl Withdrawable {
    pub(crate) fn begin() -> Self {
        Self(WITHDRAWN.replace(false))
    }
}

impl Drop for Withdrawable {
    fn drop(&mut self) {
        WITHDRAWN.set(self.0);
    }
}

/// How long the call that runs on this thread may take, and whether it was called off.
///
/// Read it at the beginning of a verb, inside its future: it holds while that future is polled. Time is the process's
/// own, also where the cache goes by a manual clock, because sockets do.
///
/// ```
/// use keepwarm::backend::Limit;
///
/// let limit = Limit::current();
/// assert_eq!(limit.left(), None, "no layer limits this call");
/// assert!(!limit.is_over());
/// ```
#[derive(Clone, Default)]
pub struct Limit {
    until: Option<Instant>,
    calls: Option<(Arc<Calls>, u64)>,
    /// Whoever waits may think better of it: see [`wait_unless`](crate::wait_unless).
    asks: Option<CalledOff>,
    /// Whether the store that is polled sees to it that the call is woken when its time is over.
    kept: bool,
    /// Whether it sees to it that the call is woken when it is called off.
    wakes: bool,
}

/// Asked by who waits, now and then, whether it should stop.
pub type CalledOff = Arc<dyn Fn() -> bool + Send + Sync>;

impl fmt::Debug for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { until, calls, asks, kept, wakes } = self;
        let mut shown = formatter.debug_struct("Limit");
        shown
            .field("until", until)
            .field("calls", calls)
            .field("asks", &asks.is_some())
            .field("kept", kept)
            .field("wakes", wakes)
            .finish()
    }
}

impl Limit {
    /// The limit of the call that is being polled on this thread; without limits where none is set.
    pub fn current() -> Self {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Says that the store will wake the call that is being polled when its time is over, and gives that time. It holds for
    /// this poll, which is going to be pending; the layer whose limit it is then needs no timer of its own, which costs an
    /// awaited call as much as all the rest.
    pub fn keep() -> Option<Instant> {
        CURRENT.with_borrow_mut(|current| {
            current.kept = true;
            current.until
        })
    }

    /// As [`keep`](Self::keep), and says as well that the store will wake the call when it is called off: `watch` is shown which
    /// calls these are, and adds itself to those that wake them unless it has. To be told of them by a notification of its own
    /// costs each call a place in a list.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "no other store wakes its callers together"))]
    pub(crate) fn keep_and_wake(watch: impl FnOnce(&Arc<Calls>)) -> Option<Instant> {
        CURRENT.with_borrow_mut(|current| {
            (current.kept, current.wakes) = (true, true);
            if let Some((calls, _)) = &current.calls {
                watch(calls);
            }
            current.until
        })
    }

    /// Whether the store said in the last poll under this limit that it wakes the call when it is called off.
    pub(crate) fn wakes(&self) -> bool {
        self.wakes
    }

    /// Whether the store said so in the last poll under this limit.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }

    /// When the call has to be over.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// How long it may still take; zero when it is over, `None` when nothing limits it.
    pub fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Whether nobody waits for the answer any more: its time has passed, or it was called off because the store was
    /// found to be down. A store that blocks looks every few milliseconds.
    pub fn is_over(&self) -> bool {
        self.is_called_off() || self.left().is_some_and(|left| left.is_zero())
    }

    /// Whether the calls of the time when this one began were called off.
    pub fn is_called_off(&self) -> bool {
        self.calls.as_ref().is_some_and(|(calls, then)| calls.times() != *then)
            || self.asks.as_ref().is_some_and(|called_off| {
                let said = called_off();
                if said {
                    WITHDRAWN.set(true);
                }
                said
            })
    }

    /// The limit of this thread, but not beyond `until`.
    pub(crate) fn within(until: Instant) -> Self {
        let mut limit = Self { kept: false, wakes: false, ..Self::current() };
        limit.until = Some(limit.until.map_or(until, |known| known.min(until)));
        limit
    }

    /// The limit of this thread, called off when `calls` moves on from `then`.
    pub(crate) fn called_off_by(calls: &Arc<Calls>, then: u64) -> Self {
        Self { calls: Some((Arc::clone(calls), then)), kept: false, wakes: false, ..Self::current() }
    }

    /// The limit of this thread, called off when this says so.
    pub(crate) fn asking(called_off: &CalledOff) -> Self {
        Self { asks: Some(Arc::clone(called_off)), kept: false, wakes: false, ..Self::current() }
    }

    /// Polls under this limit.
    pub(crate) fn hold<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        (self.kept, self.wakes) = (false, false);
        let _held = Held::swap(self);
        poll()
    }
}

/// Puts the limit of the thread back, also when the poll panics.
struct Held<'a>(&'a mut Limit);

impl<'a> Held<'a> {
    fn swap(limit: &'a mut Limit) -> Self {
        CURRENT.with_borrow_mut(|current| std::mem::swap(current, limit));
        Self(limit)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|current| {
            std::mem::swap(current, self.0);
            // Who is woken when these calls are called off is so for all whose calls they are.
            let same = matches!((&current.calls, &self.0.calls), (Some(ours), Some(theirs)) if Arc::ptr_eq(&ours.0, &theirs.0));
            current.wakes |= same && self.0.wakes;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::backend::calls::Wakes;

    #[test]
    fn a_limit_holds_while_it_is_held_and_an_inner_one_only_shortens_it() {
        let now = Instant::now();
        let (near, far) = (now + Duration::from_secs(5), now + Duration::from_secs(50));
        let mut outer = Limit::within(near);
        outer.hold(|| {
            assert_eq!(Limit::current().until(), Some(near));
            let mut inner = Limit::within(far);
            inner.hold(|| assert_eq!(Limit::current().until(), Some(near)));
        });
        assert_eq!(Limit::current().until(), None);
    }

    #[test]
    fn a_limit_is_put_back_when_the_poll_panics() {
        let mut limit = Limit::within(Instant::now());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| limit.hold(|| panic!("on purpose"))));
        assert!(panicked.is_err());
        assert_eq!(Limit::current().until(), None);
        assert!(limit.is_over(), "and is still that of its call");
    }

    #[test]
    fn a_limit_is_kept_by_who_says_so_and_only_for_that_poll() {
        let until = Instant::now() + Duration::from_secs(5);
        let (mut outer, mut inner) = (Limit::within(until), Limit::default());
        outer.hold(|| {
            inner = Limit::within(until + Duration::from_secs(1));
            inner.hold(|| assert_eq!(Limit::keep(), Some(until)));
        });
        assert!(inner.is_kept() && !outer.is_kept());
        inner.hold(|| assert_eq!(Limit::current().until(), Some(until)));
        assert!(!inner.is_kept());
    }

    #[test]
    fn a_call_is_over_when_who_waits_says_so() {
        let stop = Arc::new(AtomicU64::new(0));
        let asked = Arc::clone(&stop);
        let called_off: CalledOff = Arc::new(move || asked.load(Ordering::Acquire) > 0);
        let mut limit = Limit::asking(&called_off);
        limit.hold(|| assert!(!Limit::current().is_over()));
        stop.store(1, Ordering::Release);
        let _waits = Withdrawable::begin();
        assert!(!is_withdrawn());
        limit.hold(|| assert!(Limit::within(Instant::now() + Duration::from_secs(5)).is_over(), "also further in"));
        assert!(is_withdrawn(), "and the store is not to blame");
    }

    #[test]
    fn calls_of_an_earlier_time_are_called_off() {
        let calls = Arc::new(Calls::default());
        let mut early = Limit::called_off_by(&calls, 0);
        early.hold(|| assert!(!Limit::current().is_over()));
        calls.call_off();
        early.hold(|| assert!(Limit::current().is_over() && Limit::current().left().is_none()));
        assert!(!Limit::called_off_by(&calls, 1).is_over());
    }

    #[test]
    fn who_wakes_them_is_told_through_inner_limits_of_the_same_calls_and_no_others() {
        struct Counts(AtomicU64);
        impl Wakes for Counts {
            fn wake_all(&self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let (calls, others) = (Arc::new(Calls::default()), Arc::new(Calls::default()));
        let counts: Arc<Counts> = Arc::new(Counts(AtomicU64::new(0)));
        let waker: Weak<dyn Wakes> = Arc::downgrade(&(Arc::clone(&counts) as Arc<dyn Wakes>));
        let mut outer = Limit::called_off_by(&calls, 0);
        outer.hold(|| Limit::within(Instant::now()).hold(|| Limit::keep_and_wake(|calls| calls.add(waker.clone()))));
        assert!(outer.wakes());
        outer.hold(|| Limit::called_off_by(&others, 0).hold(|| Limit::keep_and_wake(|_| ())));
        assert!(!outer.wakes(), "those of an inner breaker are others");
        calls.wake();
        others.wake();
        assert_eq!(counts.0.load(Ordering::Relaxed), 1);
        drop(counts);
        calls.wake();
        assert!(calls.wakers.lock().is_empty());
    }
}
