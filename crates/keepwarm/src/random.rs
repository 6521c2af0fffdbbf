//! Numbers that nobody ever had before: stamps and generations of a store that other processes may share, and owners of locks.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A number that was never handed out before, in this process or any other.
///
/// A random generator alone would hand the same numbers to both sides of a `fork`, and two processes that invalidate in
/// turn would bring an old generation back. So the process, the time and a count go into it as well.
pub(crate) fn fresh() -> u64 {
    static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SECRET.hash_one((std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed), since_epoch.as_nanos()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_do_not_repeat() {
        let numbers: std::collections::HashSet<_> = (0..10_000).map(|_| super::fresh()).collect();
        assert_eq!(numbers.len(), 10_000);
    }
}
