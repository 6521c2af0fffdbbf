//! Python's own time, for programs that freeze it: `"clock": "python"`.

use std::sync::LazyLock;
use std::time::Duration;

use keepwarm::clock::FollowedClock;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;

/// One for the process: `time.time` is one as well.
pub(crate) static PYTHON: LazyLock<FollowedClock> = LazyLock::new(FollowedClock::new);

/// Tells the clock what `time.time()` says now. Done before a verb and never inside one: nothing of Python's runs under a store's
/// lock. Whoever freezes time puts a function of Python's in the place of `time.time`; that one stands still until it is asked again.
#[cold]
pub(crate) fn tell(py: Python<'_>) -> PyResult<()> {
    static TIME: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = TIME.get_or_try_init(py, || py.import("time").map(Bound::unbind))?;
    let time = module.bind(py).getattr("time")?;
    let seconds: f64 = time.call0()?.extract()?;
    let wall = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    PYTHON.tell(wall, time.is_instance_of::<PyCFunction>());
    Ok(())
}
