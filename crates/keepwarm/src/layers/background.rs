//! Work of a layer that goes on while nobody calls: at most one worker at a time, and none that has to be ended.
//!
//! A layer's worker runs only while the store is down. It runs on tokio where the caller that began it did, else on a
//! thread of its own. It may get lost: with a runtime that is shut down it is dropped, and leaves its post at once; where nobody
//! polls its runtime any more, or the process forks and leaves it behind, nothing says so. So it holds its post for a while only
//! and renews it; who finds the post vacant begins another worker.

use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::blocking::drive;
use crate::clock::Moment;

/// Whose turn it is to work.
#[derive(Debug, Default, Clone)]
pub(super) struct Post(Arc<Mutex<Option<Holder>>>);

/// A worker's hold on its post, which it leaves when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    post: Post,
    number: u64,
}

#[derive(Debug, Clone, Copy)]
struct Holder {
    number: u64,
    until: Moment,
}

impl Post {
    /// Takes a vacant post until `until`; `None` while another holds it.
    pub(super) fn take(&self, now: Moment, until: Moment) -> Option<Turn> {
        let mut holder = self.0.lock();
        let number = match *holder {
            Some(held) if held.until > now => return None,
            Some(lost) => lost.number + 1,
            None => fastrand::u64(..u64::MAX / 2),
        };
        *holder = Some(Holder { number, until });
        drop(holder);
        Some(Turn { post: self.clone(), number })
    }
}

impl Turn {
    /// Holds the post on until `until`; false for a worker that was given up and replaced, which then ends.
    pub(super) fn renew(&self, until: Moment) -> bool {
        let mut holder = self.post.0.lock();
        match &mut *holder {
            Some(held) if held.number == self.number => {
                held.until = until;
                true
            }
            _ => false,
        }
    }

    /// Gives the post up.
    pub(super) fn leave(&self) {
        let mut holder = self.post.0.lock();
        if holder.is_some_and(|held| held.number == self.number) {
            *holder = None;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Runs a worker.
pub(super) fn run(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn(work));
        return;
    }
    // A machine without room for another thread: the post runs out, and the next caller tries again.
    let _ = std::thread::Builder::new().name("keepwarm-layer".to_owned()).spawn(move || drive(work));
}
