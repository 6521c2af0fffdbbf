//! The one runtime on which awaited verbs wait: made at the first one, and anew in a child after `fork`.

use std::process;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime, and the process that made it.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

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
    let before = runtime.replace((process::id(), Arc::new(made)));
    // A parent's threads are not here: shutting its runtime down would wait for them for ever.
    std::mem::forget(before);
    Ok(handle)
}
