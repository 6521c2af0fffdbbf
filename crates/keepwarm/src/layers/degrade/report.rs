//! Telling about swallowed failures: the first of a period, with how many there were before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Degrade;
use crate::clock::Moment;
use crate::error::Error;
use crate::stats::events;

pub(super) struct Reporter {
    name: String,
    period: Duration,
    /// When to tell again, in nanoseconds of the clock.
    next: AtomicU64,
}

impl Reporter {
    pub(super) fn new(options: &Degrade) -> Self {
        Self { name: options.name.clone(), period: options.period, next: AtomicU64::new(0) }
    }

    /// Tells about a failure, unless another was told about in this period. `swallowed` is how many there were ever.
    pub(super) fn failed(&self, error: &Error, swallowed: u64, now: Moment) {
        let next = self.next.load(Ordering::Relaxed);
        if now.as_nanos() < next {
            return;
        }
        let later = now.saturating_add(self.period).as_nanos();
        // Of those who come together one tells.
        if self.next.compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            events::swallowed(&self.name, error, swallowed);
        }
    }

    /// Tells that everything was delivered.
    pub(super) fn delivered(&self) {
        events::delivered(&self.name);
    }
}
