//! Which clock an entry's deadline is held against.

use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::expiry::Deadline;
use crate::wire::Anchor;

/// Wall time as the adapter writes it into entries and reads it back.
#[derive(Debug, Clone)]
pub(super) struct WallTime {
    clock: Clock,
    /// Where nobody else reads the entries, one anchor for good: a step of the wall clock then moves no deadline.
    /// Where somebody does, each verb asks the wall clock anew, because an anchor falls behind on a machine that sleeps.
    anchor: Option<Anchor>,
}

impl WallTime {
    pub(super) fn new(clock: Clock, private: bool) -> Self {
        let anchor = private.then(|| Anchor::now(&clock));
        Self { clock, anchor }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn anchor(&self) -> Anchor {
        self.anchor.unwrap_or_else(|| Anchor::now(&self.clock))
    }

    pub(super) fn unix_millis(&self) -> u64 {
        match self.anchor {
            Some(anchor) => anchor.unix_millis(self.clock.now()),
            None => self.clock.unix_millis(),
        }
    }

    /// How long until a deadline in wall time, for the store's own `timeout`.
    pub(super) fn left(&self, unix_millis: Option<u64>) -> Option<Duration> {
        Some(Duration::from_millis(unix_millis?.saturating_sub(self.unix_millis())))
    }

    pub(super) fn deadline(&self, deadline: Deadline) -> Option<u64> {
        self.anchor().deadline_unix_millis(deadline)
    }
}
