//! The native half of the Python package `keepwarm`: the Rust library under Python's names, and Python's values as its
//! payloads. What a cache does is not decided here.

mod alias;
mod argument_key;
mod arguments;
mod awaitable;
mod clock;
mod core;
mod custom;
mod errors;
mod face;
mod interrupt;
mod keys;
mod lock;
mod raw_redis;
mod runtime;
mod settings;
mod values;
mod verbs;

use pyo3::prelude::*;

/// See [the crate](crate).
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let end_runtime = wrap_pyfunction!(runtime::end_runtime, module)?;
    module.py().import("atexit")?.call_method1("register", (end_runtime,))?;
    awaitable::prepare(module.py())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<core::Core>()?;
    module.add_class::<lock::Lock>()?;
    module.add_class::<custom::CustomStore>()?;
    module.add_class::<verbs::RateLimit>()?;
    module.add_function(wrap_pyfunction!(alias::known_backends, module)?)?;
    module.add_function(wrap_pyfunction!(verbs::get_at_hand, module)?)?;
    module.add_function(wrap_pyfunction!(alias::memory_counts_as_django, module)?)?;
    module.add_function(wrap_pyfunction!(keys::make_hashed_key, module)?)?;
    module.add_function(wrap_pyfunction!(keys::make_template_fragment_key, module)?)?;
    module.add_function(wrap_pyfunction!(keys::validate_cache_key, module)?)?;
    module.add_function(wrap_pyfunction!(settings::settings_of_environment, module)?)?;
    module.add_function(wrap_pyfunction!(argument_key::argument_key, module)?)?;
    module.add_function(wrap_pyfunction!(arguments::use_default_timeout, module)?)
}
