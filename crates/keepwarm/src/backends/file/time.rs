//! Between the process's own clock and the store's time, which all processes share.
//!
//! The store's time is the machine's uptime, suspended time included, from a base that is kept in the store: it never steps,
//! so that nobody who sets the wall clock moves a deadline. The process's clock stands still while the machine is suspended,
//! so the distance between the two is measured again and again.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use keepwarm_engine::{NEVER, Store};

use crate::clock::{Clock, Moment};
use crate::error::Result;
use crate::expiry::Deadline;

/// The distance is trusted for so long, by the process's clock: after the machine was suspended, an entry that expired
/// meanwhile may be served for this much longer.
const TRUSTED: u64 = 100_000_000;
const MILLI: u64 = 1_000_000;

pub(super) struct StoreTime {
    clock: Clock,
    /// What is added to a moment's nanoseconds, modulo 2^64.
    distance: AtomicU64,
    measured: AtomicU64,
}

/// The moment of a verb on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    moment: Moment,
    distance: u64,
}

impl StoreTime {
    pub(super) fn new(clock: Clock) -> Self {
        // A test moves its clock, and time in the store with it: for all who share the clock it is the same.
        let measured = AtomicU64::new(if clock.is_system() { 0 } else { u64::MAX });
        Self { clock, distance: AtomicU64::new(0), measured }
    }

    #[inline]
    pub(super) fn now(&self, store: &Store) -> Result<Now> {
        let moment = self.clock.now();
        if moment.as_nanos().saturating_sub(self.measured.load(Relaxed)) > TRUSTED {
            self.measure(store, moment)?;
        }
        Ok(Now { moment, distance: self.distance.load(Relaxed) })
    }

    #[cold]
    fn measure(&self, store: &Store, moment: Moment) -> Result<()> {
        let time = store.time_nanos().map_err(super::values::failed)?;
        // The coarse clock lags by a few milliseconds, now more and now less: a distance that has changed by no more than
        // that has not changed.
        let (old, new) = (self.distance.load(Relaxed), time.wrapping_sub(moment.as_nanos()));
        if self.measured.load(Relaxed) == 0 || (new.wrapping_sub(old) as i64).unsigned_abs() > 20 * MILLI {
            self.distance.store(new, Relaxed);
        }
        self.measured.store(moment.as_nanos(), Relaxed);
        Ok(())
    }
}

impl Now {
    /// In the store's milliseconds.
    #[inline]
    pub(super) fn millis(self) -> u64 {
        self.nanos(self.moment) / MILLI
    }

    fn nanos(self, moment: Moment) -> u64 {
        moment.as_nanos().wrapping_add(self.distance)
    }

    pub(super) fn written(self, moment: Moment) -> u64 {
        self.nanos(moment) / MILLI
    }

    /// A deadline in the store's milliseconds: so many from the beginning of the current one, rounded up. It is never later than
    /// was asked for, so that nobody is told of more time than was given; it may come earlier by what of the current millisecond
    /// had passed, where the clock itself lags by more. A deadline that was read and is written again stays the same.
    pub(super) fn deadline(self, deadline: Deadline) -> u64 {
        let Some(moment) = deadline.moment() else { return NEVER };
        // Counted from now: far beyond the end of 64 bits of nanoseconds is still a deadline.
        let left = moment.since(self.moment);
        if left.is_zero() {
            return self.nanos(moment.min(self.moment)).div_ceil(MILLI).min(self.millis()).max(1);
        }
        let ahead = u64::try_from(left.as_nanos().div_ceil(u128::from(MILLI))).unwrap_or(NEVER);
        self.millis().saturating_add(ahead).min(NEVER)
    }

    /// So long from now.
    pub(super) fn after(self, length: Duration) -> u64 {
        self.deadline(Deadline::at(self.moment.saturating_add(length)))
    }

    pub(super) fn moment(self, millis: u64) -> Moment {
        let nanos = millis.saturating_mul(MILLI);
        match nanos.checked_sub(self.nanos(self.moment)) {
            Some(ahead) => self.moment.saturating_add(Duration::from_nanos(ahead)),
            None => {
                let behind = self.nanos(self.moment) - nanos;
                Moment::from_nanos(self.moment.as_nanos().saturating_sub(behind))
            }
        }
    }

    pub(super) fn to_deadline(self, millis: u64) -> Deadline {
        if millis >= NEVER { Deadline::NEVER } else { Deadline::at(self.moment(millis)) }
    }
}
