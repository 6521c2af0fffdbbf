//! The blocking face: the same futures, driven on the caller's own thread.
//!
//! Every verb's builder has `.wait()`. A future that is ready at its first poll costs a few nanoseconds this way and no
//! allocation, where a runtime's `block_on` costs a hundred; one that really waits parks the thread until it is woken
//! or the earliest deadline that it sleeps until. No runtime is needed, and one that is running is not in the way.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::backend::{CalledOff, Limit, Withdrawable};
use crate::clock::{Driving, earliest_deadline, look_again_by};

/// Polls a future that promised never to wait.
///
/// # Panics
/// When it does wait: the backend's `never_waits` is a promise, and a silent hang would be the alternative.
#[inline]
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a backend whose abilities say `never_waits` waited"),
    }
}

/// Wakes a parked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Wakes this thread.
fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

thread_local! {
    static WAKER: Waker = waker();
}

/// Drives a future of several verbs to its end on this thread, as `.wait()` drives one: without a runtime, parked while it
/// waits. A store behind a network is reached by a socket of the thread's own.
///
/// ```
/// # let cache = keepwarm::Cache::memory();
/// let doubled = keepwarm::wait(async {
///     cache.set("number", &21).await?;
///     Ok::<_, keepwarm::Error>(cache.get::<i32>("number").await?.map(|number| number * 2))
/// });
/// assert_eq!(doubled?, Some(42));
/// # Ok::<(), keepwarm::Error>(())
/// ```
///
/// A future that needs a runtime of its own kind, as those of tokio's sockets, panics here as it would on any other thread
/// without one.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    drive(future)
}

/// So often who waits is asked whether to go on: no person notices, and a waiting thread is woken twenty times a second.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(50);

/// The same for a caller who may think better of it: while the future waits, `called_off` is asked every 50 ms or so, on
/// this thread, and when it says yes the future is dropped and the answer is `None`. A call that is answered at once never asks.
///
/// For bindings, whose callers may be interrupted by a signal. What a dropped verb leaves behind is what one that was
/// dropped elsewhere does: no lease, no waiter, no half a write. A store that blocks this thread inside one poll gives its
/// call up as soon as it asks, and the future may then end with an error before it is dropped: `called_off` has said yes
/// all the same, and knows it.
///
/// ```
/// use std::sync::Arc;
///
/// # let cache = keepwarm::Cache::memory();
/// let _held = cache.lock("report").wait()?;
/// let second = keepwarm::wait_unless(async { cache.lock("report").await }, &(Arc::new(|| true) as _));
/// assert!(second.is_none());
/// # Ok::<(), keepwarm::Error>(())
/// ```
pub fn wait_unless<T>(future: impl Future<Output = T>, called_off: &CalledOff) -> Option<T> {
    let mut future = pin!(future);
    let mut limit = Limit::asking(called_off);
    let _withdrawable = Withdrawable::begin();
    let mut asked = None;
    driven(|context| {
        if let Poll::Ready(answer) = limit.hold(|| future.as_mut().poll(context)) {
            return Poll::Ready(Some(answer));
        }
        let now = Instant::now();
        let next = *asked.get_or_insert(now + BETWEEN_QUESTIONS);
        if now >= next {
            asked = Some(now + BETWEEN_QUESTIONS);
            if called_off() {
                return Poll::Ready(None);
            }
        }
        look_again_by(asked.unwrap_or(next));
        Poll::Pending
    })
}

/// Drives a future to its end on this thread.
pub(crate) fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    driven(|context| future.as_mut().poll(context))
}

/// Polls until there is an answer, parked between.
fn driven<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    // One for each thread: making it would cost a short call an allocation.
    let waker = WAKER.try_with(Waker::clone).unwrap_or_else(|_| waker());
    let mut context = Context::from_waker(&waker);
    let driving = Driving::begin();
    loop {
        driving.forget_deadlines();
        if let Poll::Ready(answer) = poll(&mut context) {
            return answer;
        }
        // A wake-up that came since the poll has left its token: the park then returns at once.
        match earliest_deadline() {
            Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
            None => thread::park(),
        }
    }
}
