//! The two clocks of the benches: processor time of the calling thread, and the coarse clock that deadlines are held to.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long entries live: longer than any run.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// The coarse monotonic clock in nanoseconds: the same that the library uses.
#[inline]
pub(crate) fn coarse_now() -> u64 {
    nanoseconds(ClockId::MonotonicCoarse)
}

/// Processor time of this thread in nanoseconds. Neighbours that take the processor away do not count, so that a
/// single-threaded figure survives a busy machine.
pub(crate) fn thread_time() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

/// Time on the wall in nanoseconds, for what several threads do together.
pub(crate) fn wall_time() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

#[inline]
fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec.cast_unsigned())
}
