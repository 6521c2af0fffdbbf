//! Not knocking at a closed door without a pause.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::backends::redis::failure::Failure;

const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Shorter than the pause between two probes of a breaker, so that each of them is a try: a server that is back is used
/// within half a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// After a connection could not be made, the next try has to wait a little; who asks before gets the same failure.
#[derive(Debug, Default)]
pub(super) struct Backoff(Mutex<Option<Closed>>);

#[derive(Debug)]
struct Closed {
    until: Instant,
    pause: Duration,
    failure: Failure,
}

impl Backoff {
    /// Whether a try may be made now.
    pub(super) fn may_try(&self) -> Result<(), Failure> {
        match &*self.0.lock() {
            Some(closed) if Instant::now() < closed.until => Err(closed.failure.clone()),
            _ => Ok(()),
        }
    }

    /// Notes what came of a try.
    pub(super) fn tried<T>(&self, outcome: &Result<T, Failure>) {
        let mut state = self.0.lock();
        *state = match outcome {
            Ok(_) => None,
            Err(failure) => {
                let pause = state.take().map_or(FIRST_PAUSE, |closed| (closed.pause * 2).min(LONGEST_PAUSE));
                Some(Closed { until: Instant::now() + pause, pause, failure: failure.clone() })
            }
        };
    }
}
