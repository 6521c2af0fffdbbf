//! Ends or stops the process at a chosen store to shared memory, for the tests of what that leaves behind.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

static LEFT: AtomicI64 = AtomicI64::new(-1);
static STOPS: AtomicBool = AtomicBool::new(false);

/// After so many more stores to mapped memory the process kills itself, as by `kill -9`.
pub fn kill_after(stores: u32) {
    LEFT.store(i64::from(stores), Ordering::SeqCst);
}

/// After so many more stores to mapped memory the process stops, as by `kill -STOP`, until it is told to go on.
pub fn stop_after(stores: u32) {
    STOPS.store(true, Ordering::SeqCst);
    kill_after(stores);
}

/// One store was done.
#[inline]
pub(crate) fn point() {
    if LEFT.load(Ordering::Relaxed) >= 0 && LEFT.fetch_sub(1, Ordering::Relaxed) == 0 {
        end();
    }
}

#[cold]
fn end() {
    let stops = STOPS.load(Ordering::SeqCst);
    let _ = kill_process(getpid(), if stops { Signal::STOP } else { Signal::KILL });
    if stops {
        return;
    }
    loop {
        std::thread::park();
    }
}
