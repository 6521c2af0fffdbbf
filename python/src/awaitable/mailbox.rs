//! How an event loop learns that something it waits for goes on: a queue of its own, and a socket that it watches. Whoever wakes
//! puts into the queue and, if it was empty, a byte into the socket, without the interpreter's lock: a thread that asked for that would
//! hold the loop up, and each of a hundred answers would be a call of the loop's own. All that came meanwhile is one turn of it.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use super::functions;
use super::polled::Polled;

/// What waits to be polled by one loop.
pub(super) struct Mailbox {
    queue: Mutex<Vec<Arc<Polled>>>,
    /// Whether the loop was told, and has not looked yet.
    told: AtomicBool,
    bell: Bell,
}

enum Bell {
    /// Ours to write to, the loop's to watch.
    Socket { ours: UnixStream, watched: UnixStream },
    /// A loop that watches no sockets has a call of its own for other threads.
    Call(Py<PyWeakrefReference>),
}

impl Mailbox {
    /// Puts into the queue; from any thread, with the interpreter's lock or without.
    pub(super) fn put(&self, polled: Arc<Polled>) {
        self.queue.lock().push(polled);
        if !self.told.swap(true, Ordering::AcqRel) {
            self.ring();
        }
    }

    fn ring(&self) {
        match &self.bell {
            Bell::Socket { ours, .. } => {
                let mut ours = ours;
                // A full socket is being looked at, and a closed one by nobody any more.
                let _ = ours.write(&[1]);
            }
            Bell::Call(event_loop) => {
                // Not while the interpreter shuts down: nobody waits any more.
                Python::try_attach(|py| {
                    if let Some(event_loop) = event_loop.bind(py).upgrade()
                        && let Ok(box_of) = event_loop.getattr(intern!(py, ATTRIBUTE))
                    {
                        // A loop that was closed has nobody who waits either.
                        let _ = event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (box_of,));
                    }
                });
            }
        }
    }

    /// Polls all that is in the queue; called by the loop.
    fn empty(&self, py: Python<'_>) {
        if let Bell::Socket { watched, .. } = &self.bell {
            let mut watched = watched;
            // One look takes more bytes than there can be.
            let _ = watched.read(&mut [0_u8; 64]);
        }
        // Before the queue is taken: who comes later tells again.
        self.told.store(false, Ordering::Release);
        let came = std::mem::take(&mut *self.queue.lock());
        for polled in came {
            polled.poll_for_loop(py);
        }
    }
}

/// What a loop knows it by; it lives as long as its loop.
const ATTRIBUTE: &str = "_keepwarm_mailbox";

/// The mailbox as Python sees it: what a loop calls.
#[pyclass(frozen, module = "keepwarm._native")]
pub(super) struct LoopMailbox(Arc<Mailbox>);

#[pymethods]
impl LoopMailbox {
    fn __call__(&self, py: Python<'_>) {
        self.0.empty(py);
    }
}

/// The loop that runs now.
pub(super) fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let (running_loop, _) = functions(py)?;
    running_loop.bind(py).call0()
}

/// The mailbox of a loop, made when it first needs one.
pub(super) fn mailbox(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Mailbox>> {
    let py = event_loop.py();
    if let Some(known) = event_loop.getattr_opt(intern!(py, ATTRIBUTE))?
        && let Ok(known) = known.cast_exact::<LoopMailbox>()
    {
        return Ok(Arc::clone(&known.get().0));
    }
    let (ours, watched) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    watched.set_nonblocking(true)?;
    let watch = watched.as_raw_fd();
    let made = made(py, Bell::Socket { ours, watched })?;
    let made = match event_loop.call_method1(intern!(py, "add_reader"), (watch, &made)) {
        Ok(_) => made,
        Err(_) => {
            let weak = PyWeakrefReference::new(event_loop)?.unbind();
            self::made(py, Bell::Call(weak))?
        }
    };
    event_loop.setattr(intern!(py, ATTRIBUTE), &made)?;
    Ok(Arc::clone(&made.get().0))
}

fn made(py: Python<'_>, bell: Bell) -> PyResult<Bound<'_, LoopMailbox>> {
    let mailbox = Mailbox { queue: Mutex::default(), told: AtomicBool::new(false), bell };
    Bound::new(py, LoopMailbox(Arc::new(mailbox)))
}
