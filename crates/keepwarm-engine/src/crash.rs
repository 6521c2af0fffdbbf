//! Ends the process at a chosen store to shared memory, for the tests of what a kill leaves behind.

use std::sync::atomic::{AtomicI64, Ordering};

static LEFT: AtomicI64 = AtomicI64::new(-1);

/// After so many more stores to mapped memory the process kills itself, as by `kill -9`.
pub fn kill_after(stores: u32) {
    LEFT.store(i64::from(stores), Ordering::SeqCst);
}

/// One store was done.
#[inline]
pub(crate) fn point() {
    if LEFT.load(Ordering::Relaxed) >= 0 && LEFT.fetch_sub(1, Ordering::Relaxed) == 0 {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
