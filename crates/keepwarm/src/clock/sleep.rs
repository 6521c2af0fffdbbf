//! Sleeping without owning a runtime.
//!
//! Three ways, chosen where the future is polled: inside tokio its timer; on a thread that drives a verb itself
//! (`.wait()`) a deadline that the driver parks until; anywhere else, as in a runtime of tokio that was built without timers,
//! a thread of our own. That one for all three was not taken: a wake-up from another thread costs more than the sleep.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Id};

use super::timer::Place;
use super::{ManualClock, Moment};

thread_local! {
    /// Set while this thread drives a verb itself: the earliest moment at which it must look again.
    static DRIVER: Cell<Option<Option<Instant>>> = const { Cell::new(None) };
}

/// What the driver's next park may last until; `None` when nothing sleeps.
pub(crate) fn earliest_deadline() -> Option<Instant> {
    DRIVER.get().flatten()
}

/// Has the driver of this thread look again at that moment at the latest; false where nobody drives.
pub(crate) fn look_again_by(until: Instant) -> bool {
    let Some(earliest) = DRIVER.get() else { return false };
    DRIVER.set(Some(Some(earliest.map_or(until, |known| known.min(until)))));
    true
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
    Own(Option<Place>),
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
                if look_again_by(until) {
                    return Poll::Pending;
                }
                poll_timer(timer, until, context)
            }
        }
    }
}

fn poll_timer(timer: &mut Option<Timer>, until: Instant, context: &mut Context<'_>) -> Poll<()> {
    let timer = timer.get_or_insert_with(|| match tokio_sleep(until) {
        Some(sleep) => Timer::Tokio(sleep),
        None => Timer::Own(None),
    });
    match timer {
        Timer::Tokio(sleep) => sleep.as_mut().poll(context),
        Timer::Own(place) => {
            match place {
                Some(place) => place.wake_instead(context.waker()),
                None => *place = Place::take(until, context.waker()),
            }
            if place.is_none() {
                // A poll by a new waker starts a new thread; the old one's wake-up is then merely spurious.
                let waker = context.waker().clone();
                std::thread::spawn(move || {
                    std::thread::sleep(until.saturating_duration_since(Instant::now()));
                    waker.wake();
                });
            }
            Poll::Pending
        }
    }
}

thread_local! {
    /// The runtime that was last asked on this thread, and whether it has timers.
    static HAS_TIMERS: Cell<Option<(Id, bool)>> = const { Cell::new(None) };
}

/// The timer of the runtime that polls, if it has one.
///
/// Tokio tells whether a runtime was built with timers only by a panic. It is caught, once on each thread of a runtime without:
/// the process's panic hook sees it, and its words say what to do about it.
fn tokio_sleep(until: Instant) -> Option<Pin<Box<tokio::time::Sleep>>> {
    let runtime = Handle::try_current().ok()?.id();
    match HAS_TIMERS.get().filter(|(known, _)| *known == runtime) {
        Some((_, true)) => Some(Box::pin(tokio::time::sleep_until(until.into()))),
        Some((_, false)) => None,
        None => {
            let sleep = std::panic::catch_unwind(|| Box::pin(tokio::time::sleep_until(until.into()))).ok();
            HAS_TIMERS.set(Some((runtime, sleep.is_some())));
            sleep
        }
    }
}
