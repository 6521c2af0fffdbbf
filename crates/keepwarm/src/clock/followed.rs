//! A clock that goes by somebody else's time, as a program in another language reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Moment, system_now};

/// A clock that is told the wall time before each verb, and goes by it: tests of Python freeze the time of their whole program
/// in that way. Clones share the same time. Who waits on it waits in real time.
///
/// ```
/// use keepwarm::{Cache, clock::{Clock, FollowedClock}, secs};
///
/// let clock = FollowedClock::new();
/// clock.tell(secs(1_000_000), false);
/// let cache = Cache::builder().clock(Clock::following(&clock)).build().unwrap();
/// cache.set("key", "value").timeout(secs(60)).wait().unwrap();
/// clock.tell(secs(1_000_061), false);
/// assert_eq!(cache.get::<String>("key").wait().unwrap(), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct FollowedClock(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    /// What was told last, in nanoseconds since 1970.
    wall: AtomicU64,
    /// The process's own clock when it was told; `u64::MAX` while that time stands still.
    at: AtomicU64,
}

impl FollowedClock {
    /// A clock of its own, that stands at 1970 until it is told otherwise.
    pub fn new() -> Self {
        let clock = Self::default();
        clock.0.at.store(u64::MAX, Ordering::Relaxed);
        clock
    }

    /// Says what time it is, since 1970, and whether it runs on from there or stands still until the next word.
    pub fn tell(&self, wall: Duration, runs: bool) {
        let at = if runs { system_now().as_nanos() } else { u64::MAX };
        // Two threads that tell at once tell nearly the same; a mixture of both is off by the difference.
        self.0.at.store(at, Ordering::Relaxed);
        self.0.wall.store(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Moment {
        let wall = Moment::from_nanos(self.0.wall.load(Ordering::Relaxed));
        match self.0.at.load(Ordering::Relaxed) {
            u64::MAX => wall,
            at => wall.saturating_add(system_now().since(Moment::from_nanos(at))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_or_runs_as_it_was_told_and_may_be_told_an_earlier_time() {
        let clock = FollowedClock::new();
        assert_eq!(clock.now(), Moment::from_nanos(0));
        clock.tell(Duration::from_secs(2_000_000_000), false);
        assert_eq!(clock.now(), Moment::from_nanos(2_000_000_000_000_000_000));
        clock.tell(Duration::from_secs(1_000_000_000), true);
        let first = clock.now();
        while clock.now() == first {
            std::thread::yield_now();
        }
        assert!(first >= Moment::from_nanos(1_000_000_000_000_000_000));
    }
}
