//! Signals reach who waits: Ctrl-C ends a wait for a lock, for another process' computation, for a server that is silent.
//!
//! Python runs its handlers of signals between two steps of its own code, of which a thread that waits in here takes none. So
//! it is asked twenty times a second; only the main thread ever has an answer.

use std::cell::RefCell;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use keepwarm::backend::CalledOff;
use pyo3::prelude::*;

thread_local! {
    /// What a handler raised in a wait of this thread that is coming to its end.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Drives a future on this thread, without holding the interpreter up; what a handler raises ends it.
pub(crate) fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = T> + Send) -> PyResult<T> {
    static CALLED_OFF: OnceLock<CalledOff> = OnceLock::new();
    let called_off = CALLED_OFF.get_or_init(|| Arc::new(handler_raised));
    let answer = py.detach(|| keepwarm::wait_unless(future, called_off));
    match (RAISED.take(), answer) {
        (Some(error), _) => Err(error),
        (None, Some(answer)) => Ok(answer),
        (None, None) => unreachable!("only what was raised calls a wait off"),
    }
}

/// Has handlers of signals run that are due; whether one of them raised, now or earlier in this wait.
fn handler_raised() -> bool {
    RAISED.with_borrow(Option::is_some)
        || Python::attach(|py| match py.check_signals() {
            Ok(()) => false,
            Err(error) => {
                RAISED.set(Some(error));
                true
            }
        })
}
