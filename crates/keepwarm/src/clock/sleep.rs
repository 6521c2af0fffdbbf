//! Sleeping without owning a runtime.
//!
//! Three ways, chosen where the future is polled: inside tokio its timer; on a thread that drives a verb itself
//! (`.wait()`) a deadline that the driver parks until; anywhere else a short-lived thread. A timer thread of our own for
//! all three was not taken: it would not survive a `fork`, and pre-forking servers are where this must work.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{ManualClock, Moment};

thread_local! {
    /// Set while this thread drives a verb itself: the earliest moment at which it must look again.
    static DRIVER: Cell<Option<Option<Instant>>> = const { Cell::new(None) };
}

/// What the driver's next park may last until; `None` when nothing sleeps.
pub(crate) fn earliest_deadline() -> Option<Instant> {
    DRIVER.get().flatten()
}

/// Whether this thread drives a verb itself, so that a store may block it.
#[cfg(feature = "redis")]
pub(crate) fn is_driven() -> bool {
    DRIVER.get().is_some()
}

/// While it lives, this thread drives a verb itself.
pub(crate) struct Driving {
    /// What an outer driver on this thread had noted: a loader may use the blocking face inside a blocking verb.
    outer: Option<Option<Instant>>,
}

impl Driving {
    pub(crate) fn begin() -> Self {
        Self { outer: DRIVER.replace(Some(None)) }
    }

    /// Starts a new poll, which notes its deadlines afresh.
    pub(crate) fn forget_deadlines(&self) {
        DRIVER.set(Some(None));
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        DRIVER.set(self.outer);
    }
}

/// A future that is ready after a while; see [`super::Clock`].
pub(crate) struct Sleep(Kind);

enum Kind {
    System { duration: Duration, until: Option<Instant>, timer: Option<Timer> },
    Manual { clock: ManualClock, until: Moment },
}

enum Timer {
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Thread,
}

impl Sleep {
    pub(super) fn system(duration: Duration) -> Self {
        Self(Kind::System { duration, until: None, timer: None })
    }

    pub(super) fn manual(clock: ManualClock, duration: Duration) -> Self {
        let until = clock.now().saturating_add(duration);
        Self(Kind::Manual { clock, until })
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Manual { clock, until } => {
                if clock.register(*until, context.waker()) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            }
            Kind::System { duration, until, timer } => {
                let now = Instant::now();
                let until = *until.get_or_insert_with(|| now + *duration);
                if now >= until {
                    return Poll::Ready(());
                }
                if let Some(earliest) = DRIVER.get() {
                    DRIVER.set(Some(Some(earliest.map_or(until, |known| known.min(until)))));
                    return Poll::Pending;
                }
                poll_timer(timer, until, context)
            }
        }
    }
}

fn poll_timer(timer: &mut Option<Timer>, until: Instant, context: &mut Context<'_>) -> Poll<()> {
    let timer = timer.get_or_insert_with(|| {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Timer::Tokio(Box::pin(tokio::time::sleep_until(until.into())));
        }
        Timer::Thread
    });
    match timer {
        Timer::Tokio(sleep) => sleep.as_mut().poll(context),
        Timer::Thread => {
            // Another executor: rare, and only where a call really waits. A poll by a new waker starts a new thread,
            // the old one's wake-up is then merely spurious.
            let waker = context.waker().clone();
            std::thread::spawn(move || {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
                waker.wake();
            });
            Poll::Pending
        }
    }
}
