//! How long an entry lives: what a caller says ([`Timeout`]), what is stored ([`Deadline`]), what is left ([`Ttl`]).

use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};

/// How long an entry is to live, with one meaning on every backend and in every language.
///
/// There is no `Option` here, so that Django's `None` (never expires) cannot be misread as "not given".
///
/// | Rust | Django | meaning |
/// |---|---|---|
/// | `Timeout::Default` | omitted | the alias's own timeout |
/// | `Timeout::Never` | `None` | never expires |
/// | `Timeout::After(d)` | `60`, `0.4` | expires `d` from now; zero is not kept, and removes what was there |
///
/// ```
/// use keepwarm::{Timeout, secs};
///
/// assert_eq!(Timeout::from(secs(60)), Timeout::After(secs(60)));
/// assert_eq!(Timeout::from_secs(0.4).unwrap(), Timeout::After(keepwarm::millis(400)));
/// assert_eq!(Timeout::from_secs(-5.0).unwrap(), Timeout::After(secs(0)));
/// assert!(Timeout::from_secs(f64::NAN).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Timeout {
    /// The timeout of the alias.
    #[default]
    Default,
    /// The entry never expires.
    Never,
    /// The entry expires this long from now. Zero is not kept, and removes an entry that was there.
    After(Duration),
}

impl Timeout {
    /// Not kept at all.
    pub const ZERO: Self = Self::After(Duration::ZERO);

    /// Reads Django's number of seconds: negative is zero, infinite and beyond the clock's range is never.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTimeout`] for NaN, which means nothing.
    pub fn from_secs(seconds: f64) -> Result<Self> {
        if seconds.is_nan() {
            return Err(Error::new(ErrorKind::InvalidTimeout, "a timeout of NaN seconds means nothing"));
        }
        if seconds <= 0.0 {
            return Ok(Self::ZERO);
        }
        // What does not fit a Duration lies beyond the end of every clock.
        Ok(Duration::try_from_secs_f64(seconds).map_or(Self::Never, Self::After))
    }

    /// This timeout, or `default` where none was given.
    pub(crate) fn or(self, default: Self) -> Self {
        if self == Self::Default { default } else { self }
    }

    /// The deadline from `now`; `None` where the entry is not to be kept at all.
    pub(crate) fn deadline(self, now: Moment) -> Option<Deadline> {
        match self {
            Self::Default | Self::Never => Some(Deadline::NEVER),
            Self::After(Duration::ZERO) => None,
            Self::After(duration) => Some(Deadline::at(now.saturating_add(duration))),
        }
    }
}

impl From<Duration> for Timeout {
    fn from(duration: Duration) -> Self {
        Self::After(duration)
    }
}

/// The moment from which an entry is no longer there; 8 bytes, never included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Moment);

impl Deadline {
    /// Later than every moment.
    pub const NEVER: Self = Self(Moment::MAX);

    /// The deadline at this moment.
    pub fn at(moment: Moment) -> Self {
        Self(moment)
    }

    /// Whether `now` is at or past it. An entry is present before its deadline and gone at it.
    #[inline]
    pub fn has_passed(self, now: Moment) -> bool {
        now >= self.0 && self != Self::NEVER
    }

    /// The moment, or `None` for never.
    pub fn moment(self) -> Option<Moment> {
        (self != Self::NEVER).then_some(self.0)
    }

    /// How long from `now`, or `None` for never; zero when it has passed.
    pub fn left(self, now: Moment) -> Option<Duration> {
        self.moment().map(|moment| moment.since(now))
    }
}

/// How long a key still lives, as [`Cache::ttl`](crate::Cache::ttl) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ttl {
    /// There is no live entry.
    Absent,
    /// The entry never expires.
    Never,
    /// The entry expires in this long.
    Left(Duration),
}
