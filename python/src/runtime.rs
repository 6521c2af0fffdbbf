//! The one runtime on which awaited verbs wait: made at the first one, and anew in a child after `fork`.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime, and the process that made it.
static RUNTIME: Mutex<Option<(u32, Runtime)>> = Mutex::new(None);

/// Whether the interpreter is on its way out: nobody begins anything any more.
static ENDED: AtomicBool = AtomicBool::new(false);

/// So long the end of the interpreter waits for answers that are being delivered.
const PATIENCE: Duration = Duration::from_secs(5);

/// The handle of this process' runtime.
pub(crate) fn handle() -> PyResult<Handle> {
    let mut runtime = RUNTIME.lock();
    if let Some((process, runtime)) = &*runtime
        && *process == process::id()
    {
        return Ok(runtime.handle().clone());
    }
    let made =
        Builder::new_multi_thread().worker_threads(2).thread_name("keepwarm").enable_all().build().map_err(
            |error| PyRuntimeError::new_err(format!("the runtime of awaited calls cannot be started: {error}")),
        )?;
    let handle = made.handle().clone();
    let before = runtime.replace((process::id(), made));
    // A parent's threads are not here: shutting its runtime down would wait for them for ever.
    std::mem::forget(before);
    Ok(handle)
}

/// Runs what may leave work to do on the runtime: letting go of a lock that was never given back, say.
pub(crate) fn with_runtime<T>(work: impl FnOnce() -> T) -> T {
    match handle() {
        Ok(handle) if !ENDED.load(Ordering::Relaxed) => {
            let _entered = handle.enter();
            work()
        }
        _ => work(),
    }
}

/// Ends the runtime while the interpreter still works. A thread that comes for the interpreter's lock later is ended by it,
/// through frames of Rust, which is an abort of the process.
#[pyfunction]
pub(crate) fn end_runtime(py: Python<'_>) {
    ENDED.store(true, Ordering::Relaxed);
    let Some((process, runtime)) = RUNTIME.lock().take() else { return };
    if process == process::id() {
        py.detach(|| runtime.shutdown_timeout(PATIENCE));
    } else {
        std::mem::forget(runtime);
    }
}
