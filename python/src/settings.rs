//! The settings that Rust programs read, for Python: the same file, the same variables, the same checks.

use std::collections::HashMap;

use keepwarm::settings::{SettingValue, Settings};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// What the environment says of the caches, as `CACHES` would have it: `KEEPWARM_SETTINGS`, `KEEPWARM_URL`,
/// `KEEPWARM_<ALIAS>_URL`, `KEEPWARM_<ALIAS>__<OPTION>`. Without any of them there is nothing in it.
#[pyfunction]
pub(crate) fn settings_of_environment(
    py: Python<'_>,
    variables: HashMap<String, String>,
) -> PyResult<Bound<'_, PyDict>> {
    let settings = Settings::from_variables(variables).map_err(|error| crate::errors::raise(py, &error))?;
    let caches = PyDict::new(py);
    for (alias, given) in &settings.caches {
        let options = PyDict::new(py);
        for (name, value) in given.options() {
            let value = shown(py, value)?;
            if let Some(before) = options.get_item(name)?
                && !before.eq(&value)?
            {
                let message =
                    format!("alias `{alias}`: `{name}` is there twice, in different spellings, with different values");
                return Err(crate::errors::named(py, "ConfigurationError", &message)?);
            }
            options.set_item(name, value)?;
        }
        caches.set_item(alias, options)?;
    }
    Ok(caches)
}

/// A setting as Python has it.
fn shown<'py>(py: Python<'py>, value: &SettingValue) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        SettingValue::Flag(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        SettingValue::Whole(number) => number.into_pyobject(py)?.into_any(),
        SettingValue::Decimal(number) => number.into_pyobject(py)?.into_any(),
        SettingValue::Duration(duration) => duration.into_pyobject(py)?.into_any(),
        SettingValue::Text(text) => text.into_pyobject(py)?.into_any(),
        SettingValue::List(items) => {
            let items = items.iter().map(|item| shown(py, item)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        SettingValue::Table(entries) => {
            let table = PyDict::new(py);
            for (name, value) in entries {
                table.set_item(name, shown(py, value)?)?;
            }
            table.into_any()
        }
        _ => py.None().into_bound(py),
    })
}
