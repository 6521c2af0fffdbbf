//! Waiting for what other threads and tasks do, without sleeping for a time that is a guess.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long anything may take that should take no time: only a hang takes longer, and is reported as one.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Blocks this thread until `condition` holds, looking again whenever others had their turn.
///
/// ```
/// use keepwarm_conformance::kit::{ManualClock, until};
///
/// let clock = ManualClock::new();
/// until("nobody sleeps", || clock.sleepers() == 0);
/// ```
///
/// # Panics
/// When it does not hold after [`PATIENCE`], with `what` was waited for.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::yield_now();
    }
}

/// A door that opens once: tasks wait for it with `.await`, threads with [`wait`](Self::wait). Clones are the same door.
///
/// It also counts who came to it, so that a test can know that somebody waits there.
///
/// ```
/// use keepwarm_conformance::kit::Latch;
///
/// let latch = Latch::new();
/// let waits = std::thread::spawn({ let latch = latch.clone(); move || latch.wait() });
/// latch.until_arrived(1);
/// latch.open();
/// waits.join().unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Latch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: bool,
    arrived: usize,
    wakers: Vec<Waker>,
}

impl Latch {
    /// A closed one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it, for good.
    pub fn open(&self) {
        let wakers = {
            let mut state = self.0.state.lock();
            state.open = true;
            self.0.changed.notify_all();
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits in a task.
    pub async fn opened(&self) {
        let mut arrived = false;
        poll_fn(|context| {
            let mut state = self.0.state.lock();
            if !std::mem::replace(&mut arrived, true) {
                state.arrived += 1;
                self.0.changed.notify_all();
            }
            if state.open {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Waits on this thread.
    ///
    /// # Panics
    /// When it is not opened within [`PATIENCE`].
    pub fn wait(&self) {
        let mut state = self.0.state.lock();
        state.arrived += 1;
        self.0.changed.notify_all();
        while !state.open {
            let timed_out = self.0.changed.wait_for(&mut state, PATIENCE).timed_out();
            assert!(!timed_out, "waited in vain for a latch to open");
        }
    }

    /// Blocks this thread until `count` have come to it, whether it is open or not.
    ///
    /// # Panics
    /// When they do not come within [`PATIENCE`].
    pub fn until_arrived(&self, count: usize) {
        let mut state = self.0.state.lock();
        while state.arrived < count {
            let timed_out = self.0.changed.wait_for(&mut state, PATIENCE).timed_out();
            assert!(!timed_out, "{} came to the latch, {count} were waited for", state.arrived);
        }
    }

    /// How many came to it so far.
    pub fn arrived(&self) -> usize {
        self.0.state.lock().arrived
    }
}
