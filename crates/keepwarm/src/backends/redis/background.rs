//! What a store still has to do while nobody waits for it: on a thread of its own, which ends when nothing is left.
//!
//! No task of a runtime: callers may have none, and a runtime that ends would take the work with it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::store::Store;
use super::sweep::Clearing;
use super::unseen::Unseen;

/// Not more than this is waited for: a sweep left out is made up for by timeouts, a lease runs out.
const MOST: usize = 1000;

/// What this process still has to do.
#[derive(Debug, Default)]
pub(super) struct Background {
    jobs: Mutex<Vec<Job>>,
    /// The process whose thread does it, 0 for none: a child of `fork` has no such thread.
    running: AtomicU32,
}

#[derive(Debug)]
pub(super) enum Job {
    Sweep(Clearing),
    GiveBack(Unseen),
}

impl Store {
    /// Has something done on the thread, which is begun if it does not run.
    pub(super) fn later(self: &Arc<Self>, job: Job) {
        {
            let mut jobs = self.background.jobs.lock();
            if jobs.len() >= MOST {
                return;
            }
            jobs.push(job);
        }
        let process = std::process::id();
        if self.background.running.swap(process, Ordering::AcqRel) != process {
            let store = Arc::downgrade(self);
            if std::thread::Builder::new().name("keepwarm-redis".to_owned()).spawn(move || work(&store)).is_err() {
                // It is done when the next job comes.
                self.background.running.store(0, Ordering::Release);
            }
        }
    }
}

fn work(store: &Weak<Store>) {
    loop {
        let Some(store) = store.upgrade() else { return };
        let job = store.background.jobs.lock().pop();
        let Some(job) = job else {
            store.background.running.store(0, Ordering::Release);
            // Somebody may have come between the look and the note.
            let more = !store.background.jobs.lock().is_empty();
            let process = std::process::id();
            if more && store.background.running.swap(process, Ordering::AcqRel) != process {
                continue;
            }
            return;
        };
        match job {
            // What fails stays unswept: entries are dead by their generation, and timeouts reclaim them.
            Job::Sweep(clearing) => drop(crate::blocking::drive(store.sweep(&clearing))),
            Job::GiveBack(unseen) => store.give_back(&unseen),
        }
    }
}
