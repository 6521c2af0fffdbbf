//! Calls that a breaker calls off together, and who wakes them then.

use std::fmt;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Calls that are called off together.
#[derive(Default)]
pub(crate) struct Calls {
    /// How often they were.
    times: AtomicU64,
    /// Who wakes them.
    pub(super) wakers: Mutex<Vec<Weak<dyn Wakes>>>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Calls").field("times", &self.times).finish_non_exhaustive()
    }
}

/// Wakes the calls that wait for it.
pub(crate) trait Wakes: Send + Sync {
    fn wake_all(&self);
}

impl Calls {
    /// How often they were called off.
    pub(crate) fn times(&self) -> u64 {
        self.times.load(Ordering::SeqCst)
    }

    /// Calls off those that began until now; they are still to be woken.
    pub(crate) fn call_off(&self) {
        self.times.fetch_add(1, Ordering::SeqCst);
    }

    /// Wakes them where somebody promised to.
    pub(crate) fn wake(&self) {
        let wakers: Vec<_> = {
            let mut wakers = self.wakers.lock();
            wakers.retain(|waker| waker.strong_count() > 0);
            wakers.iter().filter_map(Weak::upgrade).collect()
        };
        wakers.iter().for_each(|waker| waker.wake_all());
    }

    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "no other store wakes its callers together"))]
    pub(crate) fn add(&self, waker: Weak<dyn Wakes>) {
        let mut wakers = self.wakers.lock();
        // Connections that are gone leave theirs behind.
        wakers.retain(|known| known.strong_count() > 0);
        wakers.push(waker);
    }
}
