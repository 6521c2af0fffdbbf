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
use std::time::Instant;

use crate::clock::{Driving, earliest_deadline};

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

/// Drives a future to its end on this thread.
pub(crate) fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let driving = Driving::begin();
    loop {
        driving.forget_deadlines();
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
        // A wake-up that came since the poll has left its token: the park then returns at once.
        match earliest_deadline() {
            Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
            None => thread::park(),
        }
    }
}
