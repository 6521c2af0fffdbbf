//! One thread that wakes sleepers, for executors that have no timer.
//!
//! A child of `fork` has none of its parent's threads: it gets a timer of its own, and whatever lock the parent held while it
//! forked is not waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// The timer of this process.
static CURRENT: Mutex<Option<Arc<Timer>>> = Mutex::new(None);

/// How long the timer is waited for: it is only ever held for an instant, or for good by a thread that a `fork` left behind.
const LONGEST: Duration = Duration::from_millis(10);

/// The thread ends when nobody has slept for so long.
const IDLE: Duration = Duration::from_secs(5);

struct Timer {
    process: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    sleepers: BTreeMap<(Instant, u64), Waker>,
    next: u64,
    running: bool,
}

/// A sleeper's place; one that is dropped gives it up.
pub(super) struct Place {
    timer: Arc<Timer>,
    until: Instant,
    number: u64,
}

impl Place {
    /// Wakes `waker` at `until`; `None` where no timer can be had, and the sleeper must see to it itself.
    pub(super) fn take(until: Instant, waker: &Waker) -> Option<Self> {
        let timer = Timer::current()?;
        let mut state = timer.state.lock();
        let number = state.next;
        state.next += 1;
        state.sleepers.insert((until, number), waker.clone());
        if !state.running {
            let running = Arc::clone(&timer);
            thread::Builder::new().name("keepwarm-timer".to_owned()).spawn(move || running.run()).ok()?;
            state.running = true;
        } else if state.sleepers.first_key_value().is_some_and(|(first, _)| first.1 == number) {
            timer.changed.notify_one();
        }
        drop(state);
        Some(Self { timer, until, number })
    }

    /// Wakes another one instead.
    pub(super) fn wake_instead(&self, waker: &Waker) {
        if let Some(known) = self.timer.state.lock().sleepers.get_mut(&(self.until, self.number)) {
            known.clone_from(waker);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // In a child of `fork` the timer is the parent's, and may be locked for good.
        if let Some(mut state) = self.timer.state.try_lock_for(LONGEST) {
            state.sleepers.remove(&(self.until, self.number));
        }
    }
}

impl Timer {
    fn current() -> Option<Arc<Self>> {
        let process = std::process::id();
        let mut current = CURRENT.try_lock_for(LONGEST)?;
        let known = current.as_ref().filter(|timer| timer.process == process);
        Some(match known {
            Some(timer) => Arc::clone(timer),
            None => {
                let made = Arc::new(Self { process, state: Mutex::default(), changed: Condvar::new() });
                Arc::clone(current.insert(made))
            }
        })
    }

    fn run(&self) {
        let mut state = self.state.lock();
        loop {
            let now = Instant::now();
            let due = |state: &State| state.sleepers.first_key_value().is_some_and(|((until, _), _)| *until <= now);
            let mut woken = Vec::new();
            while due(&state) {
                woken.extend(state.sleepers.pop_first().map(|(_, waker)| waker));
            }
            if !woken.is_empty() {
                // Who wakes may sleep again at once.
                parking_lot::MutexGuard::unlocked(&mut state, || woken.into_iter().for_each(Waker::wake));
                continue;
            }
            match state.sleepers.first_key_value().map(|((until, _), _)| *until) {
                Some(until) => drop(self.changed.wait_until(&mut state, until)),
                None => {
                    let waited = self.changed.wait_for(&mut state, IDLE);
                    if waited.timed_out() && state.sleepers.is_empty() {
                        state.running = false;
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let begin = Instant::now();
        while !condition() {
            assert!(begin.elapsed() < Duration::from_secs(30));
            thread::yield_now();
        }
    }

    #[test]
    fn sleepers_are_woken_in_whatever_order_they_came_and_those_that_left_are_not() {
        let (woken, gone) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        let now = Instant::now();
        let leaves = Place::take(now + Duration::from_millis(20), &Waker::from(Arc::clone(&gone)));
        let places: Vec<_> = [40, 10, 30, 0]
            .map(|millis| Place::take(now + Duration::from_millis(millis), &Waker::from(Arc::clone(&woken))))
            .into_iter()
            .flatten()
            .collect();
        drop(leaves);
        wait_until(|| woken.0.load(Ordering::SeqCst) == places.len());
        assert_eq!(places.len(), 4);
        assert_eq!(gone.0.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn the_last_waker_is_woken() {
        let (first, second) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        let place = Place::take(Instant::now() + Duration::from_millis(20), &Waker::from(Arc::clone(&first))).unwrap();
        place.wake_instead(&Waker::from(Arc::clone(&second)));
        wait_until(|| first.0.load(Ordering::SeqCst) + second.0.load(Ordering::SeqCst) > 0);
        assert!(second.0.load(Ordering::SeqCst) == 1 || Instant::now() > place.until, "it came too late to be changed");
    }
}
