//! One attempt to connect, for all who wait for it.
//!
//! It is made by a task of its own, and nobody of those who wait holds anything up: neither who gives up, nor whoever is not polled any
//! more, as all calls of an event loop that was left. (A lock of tokio's is handed to the next in line, who may be one of those.)

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::backends::redis::failure::Failure;

/// The attempt that is under way, if there is one.
pub(super) struct Attempts<T>(Mutex<Option<Arc<Attempt<T>>>>);

impl<T> Default for Attempts<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

pub(super) struct Attempt<T> {
    outcome: OnceLock<Result<T, Failure>>,
    done: Notify,
}

impl<T: Clone> Attempts<T> {
    /// What there is already, or the attempt to wait for: `begin` begins one where none is under way, with what has to be told of its end.
    pub(super) fn join(
        self: &Arc<Self>,
        there: impl FnOnce() -> Option<T>,
        begin: impl FnOnce(Ending<T>) -> Result<(), Failure>,
    ) -> Result<Joined<T>, Failure> {
        let mut under_way = self.0.lock();
        // Under the lock: an attempt that has just ended has left something.
        if let Some(there) = there() {
            return Ok(Joined::There(there));
        }
        if let Some(attempt) = &*under_way {
            return Ok(Joined::Attempt(Arc::clone(attempt)));
        }
        let attempt = Arc::new(Attempt { outcome: OnceLock::new(), done: Notify::new() });
        let ending = Ending { attempts: Arc::clone(self), attempt: Arc::clone(&attempt) };
        *under_way = Some(Arc::clone(&attempt));
        // One that could not be begun ends here, which takes the lock.
        drop(under_way);
        begin(ending)?;
        Ok(Joined::Attempt(attempt))
    }
}

pub(super) enum Joined<T> {
    There(T),
    Attempt(Arc<Attempt<T>>),
}

impl<T: Clone> Joined<T> {
    pub(super) async fn outcome(self) -> Result<T, Failure> {
        let attempt = match self {
            Self::There(there) => return Ok(there),
            Self::Attempt(attempt) => attempt,
        };
        // Made before the look: what ends after it wakes it.
        let ended = pin!(attempt.done.notified());
        if attempt.outcome.get().is_none() {
            ended.await;
        }
        attempt.outcome.get().cloned().unwrap_or_else(|| Err(abandoned()))
    }
}

/// Tells those who wait what came of the attempt; also when its task is dropped with its runtime.
pub(super) struct Ending<T> {
    attempts: Arc<Attempts<T>>,
    attempt: Arc<Attempt<T>>,
}

impl<T> Ending<T> {
    /// Makes the attempt; `keep` is called with its outcome before anybody is told.
    pub(super) async fn make(
        self,
        attempt: impl Future<Output = Result<T, Failure>>,
        keep: impl FnOnce(&Result<T, Failure>),
    ) {
        let outcome = attempt.await;
        keep(&outcome);
        let _ = self.attempt.outcome.set(outcome);
    }
}

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        let mut under_way = self.attempts.0.lock();
        if under_way.as_ref().is_some_and(|attempt| Arc::ptr_eq(attempt, &self.attempt)) {
            *under_way = None;
        }
        drop(under_way);
        let _ = self.attempt.outcome.set(Err(abandoned()));
        self.attempt.done.notify_waiters();
    }
}

fn abandoned() -> Failure {
    Failure::Unreachable(std::io::Error::other("the runtime that connected has ended").into())
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn begun(attempts: &Arc<Attempts<u8>>) -> (Joined<u8>, Ending<u8>) {
        let mut kept = None;
        let joined = attempts.join(
            || None,
            |ending| {
                kept = Some(ending);
                Ok(())
            },
        );
        (joined.unwrap(), kept.unwrap())
    }

    #[test]
    fn who_is_not_polled_any_more_holds_nobody_up() {
        let attempts = Arc::new(Attempts::default());
        let (first, ending) = begun(&attempts);
        let mut context = Context::from_waker(Waker::noop());
        let mut left = Box::pin(first.outcome());
        assert!(left.as_mut().poll(&mut context).is_pending());
        let second = attempts.join(|| None, |_| panic!("one is under way")).unwrap();
        let mut second = pin!(second.outcome());
        assert!(second.as_mut().poll(&mut context).is_pending());
        let mut made = pin!(ending.make(async { Ok(7) }, |outcome| assert!(outcome.is_ok())));
        assert!(made.as_mut().poll(&mut context).is_ready());
        assert!(matches!(second.as_mut().poll(&mut context), Poll::Ready(Ok(7))));
        // The first was never polled again; a later one begins anew.
        drop(begun(&attempts));
        drop(left);
    }

    #[test]
    fn one_whose_task_is_dropped_and_one_that_cannot_begin_end() {
        let attempts = Arc::new(Attempts::default());
        let (joined, ending) = begun(&attempts);
        drop(ending);
        let outcome = crate::wait(joined.outcome());
        assert!(matches!(outcome, Err(Failure::Unreachable(_))), "{outcome:?}");
        let refused = attempts.join(|| None, |_| Err(Failure::TimedOut));
        assert!(matches!(refused, Err(Failure::TimedOut)));
        begun(&attempts);
        let there = attempts.join(|| Some(1), |_| panic!("it is there"));
        assert!(matches!(there, Ok(Joined::There(1))));
    }
}
