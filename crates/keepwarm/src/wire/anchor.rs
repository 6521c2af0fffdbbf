//! Between the process's own clock and the wall time that other machines read.

use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::expiry::Deadline;

/// One instant on both clocks, by which moments become wall time and wall time becomes moments.
///
/// A backend that shares its store takes a new one for every verb: its wall clock is then as right as the machine's. One
/// that keeps a single anchor is not moved by a step of the wall clock, but falls behind when the machine is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    moment: Moment,
    unix_millis: u64,
}

impl Anchor {
    /// The instant that is now.
    pub fn now(clock: &Clock) -> Self {
        Self { moment: clock.now(), unix_millis: clock.unix_millis() }
    }

    /// This very instant as milliseconds since 1970.
    pub fn unix_now(self) -> u64 {
        self.unix_millis
    }

    /// A moment as milliseconds since 1970.
    pub fn unix_millis(self, moment: Moment) -> u64 {
        if moment >= self.moment {
            self.unix_millis.saturating_add(whole_millis(moment.since(self.moment)))
        } else {
            self.unix_millis.saturating_sub(millis_begun(self.moment.since(moment)))
        }
    }

    /// A deadline as milliseconds since 1970, rounded up so that nothing expires before its time; `None` for never.
    pub fn deadline_unix_millis(self, deadline: Deadline) -> Option<u64> {
        let moment = deadline.moment()?;
        Some(if moment >= self.moment {
            self.unix_millis.saturating_add(millis_begun(moment.since(self.moment)))
        } else {
            self.unix_millis.saturating_sub(whole_millis(self.moment.since(moment)))
        })
    }

    /// Milliseconds since 1970 as a moment; what was before this process's clock began is its beginning.
    pub fn moment(self, unix_millis: u64) -> Moment {
        match unix_millis.checked_sub(self.unix_millis) {
            Some(ahead) => self.moment.saturating_add(Duration::from_millis(ahead)),
            None => {
                let behind = (self.unix_millis - unix_millis).saturating_mul(1_000_000);
                Moment::from_nanos(self.moment.as_nanos().saturating_sub(behind))
            }
        }
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn millis_begun(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    fn anchor() -> Anchor {
        Anchor { moment: Moment::from_nanos(500 * MILLI), unix_millis: 1_000_000 }
    }

    #[test]
    fn whole_milliseconds_come_back_exactly() {
        for millis in [999_500, 999_999, 1_000_000, 1_000_001, 9_000_000] {
            let moment = anchor().moment(millis);
            assert_eq!(anchor().unix_millis(moment), millis);
            assert_eq!(anchor().deadline_unix_millis(Deadline::at(moment)), Some(millis));
        }
    }

    #[test]
    fn fractions_never_shorten_a_life() {
        let at = |nanos| Moment::from_nanos(nanos);
        assert_eq!(anchor().unix_millis(at(501 * MILLI + 1)), 1_000_001);
        assert_eq!(anchor().deadline_unix_millis(Deadline::at(at(501 * MILLI + 1))), Some(1_000_002));
        assert_eq!(anchor().unix_millis(at(499 * MILLI - 1)), 999_998);
        assert_eq!(anchor().deadline_unix_millis(Deadline::at(at(499 * MILLI - 1))), Some(999_999));
    }

    #[test]
    fn the_ends_of_time_hold() {
        assert_eq!(anchor().deadline_unix_millis(Deadline::NEVER), None);
        assert_eq!(anchor().moment(0), Moment::from_nanos(0));
        assert_eq!(anchor().moment(u64::MAX), Moment::MAX);
        assert_eq!(anchor().unix_millis(Moment::from_nanos(0)), 999_500);
    }
}
