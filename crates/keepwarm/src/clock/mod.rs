//! Time as a value that is passed in: monotonic inside the process, manual in tests.
//!
//! A wall clock may step; a deadline on it would expire entries early or keep them late. Only what leaves the process is
//! converted to wall time, at the last moment. The coarse kernel clock (6 to 9 ns, a resolution of one to four
//! milliseconds) is enough for a cache; `Instant::now` costs four times as much, which a memory hit would feel.

mod followed;
mod manual;
mod sleep;
mod timer;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use followed::FollowedClock;
pub use manual::ManualClock;
#[cfg(feature = "redis")]
pub(crate) use sleep::is_driven;
pub(crate) use sleep::{Driving, Sleep, earliest_deadline, look_again_by};

/// A point on a [`Clock`], in nanoseconds from an origin that only this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The end of time.
    pub const MAX: Self = Self(u64::MAX);

    /// A moment this many nanoseconds after the origin.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds after the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This moment plus `duration`; past the end of the clock's range it is the end of time.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Where a cache takes its time from.
///
/// ```
/// use keepwarm::{Cache, clock::{Clock, ManualClock}, secs};
///
/// let clock = ManualClock::new();
/// let cache = Cache::builder().clock(Clock::manual(&clock)).build().unwrap();
/// cache.set("key", "value").timeout(secs(60)).wait().unwrap();
/// clock.advance(secs(61));
/// assert_eq!(cache.get::<String>("key").wait().unwrap(), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Manual(ManualClock),
    Followed(FollowedClock),
}

impl Clock {
    /// The process's monotonic clock, read coarsely.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until a test moves it.
    pub fn manual(clock: &ManualClock) -> Self {
        Self(Source::Manual(clock.clone()))
    }

    /// A clock that goes by a time that it is told before each verb.
    pub fn following(clock: &FollowedClock) -> Self {
        Self(Source::Followed(clock.clone()))
    }

    /// Whether it is the process's own clock, and not one that a test moves.
    pub(crate) fn is_system(&self) -> bool {
        matches!(self.0, Source::System)
    }

    /// The current moment.
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(clock) => clock.now(),
            Source::Followed(clock) => clock.now(),
        }
    }

    /// The current wall time in milliseconds since 1970, for what leaves the process.
    pub fn unix_millis(&self) -> u64 {
        match &self.0 {
            Source::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
            }
            Source::Manual(clock) => clock.unix_millis(),
            Source::Followed(clock) => clock.now().as_nanos() / 1_000_000,
        }
    }

    /// A future that is ready when this clock has moved on by `duration`.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        match &self.0 {
            Source::System | Source::Followed(_) => Sleep::system(duration),
            Source::Manual(clock) => Sleep::manual(clock.clone(), duration),
        }
    }
}

#[cfg(target_os = "linux")]
#[inline]
fn system_now() -> Moment {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::MonotonicCoarse);
    // The kernel's monotonic clock starts at boot and is never negative.
    Moment(time.tv_sec.cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64))
}

#[cfg(not(target_os = "linux"))]
#[inline]
fn system_now() -> Moment {
    use std::sync::OnceLock;
    use std::time::Instant;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    Moment(u64::try_from(ORIGIN.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX))
}
