//! A future of Rust's that is polled by the thread of the event loop which waits for it. What it waits for is driven by the runtime;
//! the future itself never goes there: a task of the runtime for each call would cost two changes of threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use super::mailbox::Mailbox;

/// Shows what a verb answered, with the interpreter at hand.
pub(crate) type Show = Box<dyn for<'py> FnOnce(Python<'py>) -> PyResult<Py<PyAny>> + Send>;

pub(super) type Work = Pin<Box<dyn Future<Output = Show> + Send>>;

/// One call that is waited for.
pub(super) struct Polled {
    stage: Mutex<Stage>,
    /// Whether it lies in the mailbox.
    queued: AtomicBool,
    /// Not strong: who waits there is kept by it.
    mailbox: Weak<Mailbox>,
    /// In whose context it is polled and dropped: what it spawns goes there.
    runtime: Handle,
}

enum Stage {
    /// Waits, and the loop's future that ends with it.
    Waits {
        work: Work,
        future: Option<Py<PyAny>>,
    },
    /// Being polled, which may run Python.
    Runs {
        future: Option<Py<PyAny>>,
    },
    Answered(Show),
    Over,
}

impl Polled {
    pub(super) fn new(work: Work, mailbox: &Arc<Mailbox>, runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            stage: Mutex::new(Stage::Waits { work, future: None }),
            queued: AtomicBool::new(false),
            mailbox: Arc::downgrade(mailbox),
            runtime,
        })
    }

    /// Polls it; the loop's future, where it is answered and somebody waits for that.
    pub(super) fn poll(self: &Arc<Self>) -> Option<Py<PyAny>> {
        let _runtime = self.runtime.enter();
        let mut work = {
            let mut stage = self.stage.lock();
            match std::mem::replace(&mut *stage, Stage::Over) {
                Stage::Waits { work, future } => {
                    *stage = Stage::Runs { future };
                    work
                }
                other => {
                    *stage = other;
                    return None;
                }
            }
        };
        let waker = Waker::from(Arc::clone(self));
        let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
        let mut stage = self.stage.lock();
        match (std::mem::replace(&mut *stage, Stage::Over), polled) {
            (Stage::Runs { future }, Poll::Pending) => {
                *stage = Stage::Waits { work, future };
                None
            }
            (Stage::Runs { future }, Poll::Ready(show)) => {
                *stage = Stage::Answered(show);
                future
            }
            // Given up meanwhile.
            (other, _) => {
                *stage = other;
                None
            }
        }
    }

    /// Polls it because it was woken, and ends the loop's future where it is answered.
    pub(super) fn poll_for_loop(self: &Arc<Self>, py: Python<'_>) {
        self.queued.store(false, Ordering::Release);
        if let Some(future) = self.poll() {
            // One that was cancelled is over already.
            let _ = future.call_method1(py, intern!(py, "set_result"), (py.None(),));
        }
    }

    /// The answer, if it is there.
    pub(super) fn answer(&self) -> Option<Show> {
        let mut stage = self.stage.lock();
        match std::mem::replace(&mut *stage, Stage::Over) {
            Stage::Answered(show) => Some(show),
            other => {
                *stage = other;
                None
            }
        }
    }

    /// Has this future of the loop's end with it.
    pub(super) fn ends(&self, ends: Py<PyAny>) {
        match &mut *self.stage.lock() {
            Stage::Waits { future, .. } | Stage::Runs { future } => *future = Some(ends),
            Stage::Answered(_) | Stage::Over => {}
        }
    }

    /// Nobody waits any more.
    pub(super) fn give_up(&self) {
        let given_up = std::mem::replace(&mut *self.stage.lock(), Stage::Over);
        if let Stage::Waits { .. } = given_up {
            // A lock that it has taken is given back by a task of the runtime.
            let _runtime = self.runtime.enter();
            drop(given_up);
        }
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Wake for Polled {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel)
            && let Some(mailbox) = self.mailbox.upgrade()
        {
            mailbox.put(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The common one: an answer that comes to one who is queued already.
        if !self.queued.load(Ordering::Acquire) {
            Arc::clone(self).wake();
        }
    }
}
