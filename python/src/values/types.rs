//! The classes and functions of Python's own library that values are told apart and made with; looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

pub(super) struct Types {
    pub(super) decimal: Py<PyType>,
    pub(super) datetime: Py<PyType>,
    pub(super) date: Py<PyType>,
    pub(super) time: Py<PyType>,
    pub(super) timedelta: Py<PyType>,
    pub(super) timezone: Py<PyType>,
    pub(super) utc: Py<PyAny>,
    pub(super) zone: Py<PyType>,
    pub(super) uuid: Py<PyType>,
    pub(super) safe_unknown: Py<PyAny>,
    pub(super) enumeration: Py<PyType>,
    pub(super) modules: Py<PyDict>,
    pub(super) dumps: Py<PyAny>,
    pub(super) loads: Py<PyAny>,
    /// The newest protocol of pickles.
    pub(super) protocol: Py<PyAny>,
}

impl Types {
    pub(super) fn get(py: Python<'_>) -> PyResult<&'static Self> {
        static TYPES: PyOnceLock<Types> = PyOnceLock::new();
        TYPES.get_or_try_init(py, || Self::look_up(py))
    }

    fn look_up(py: Python<'_>) -> PyResult<Self> {
        let from = |module: &str, name: &str| py.import(module)?.getattr(name);
        let class = |module: &str, name: &str| Ok::<_, PyErr>(from(module, name)?.cast_into::<PyType>()?.unbind());
        Ok(Self {
            decimal: class("decimal", "Decimal")?,
            datetime: class("datetime", "datetime")?,
            date: class("datetime", "date")?,
            time: class("datetime", "time")?,
            timedelta: class("datetime", "timedelta")?,
            timezone: class("datetime", "timezone")?,
            utc: from("datetime", "timezone")?.getattr("utc")?.unbind(),
            zone: class("zoneinfo", "ZoneInfo")?,
            uuid: class("uuid", "UUID")?,
            safe_unknown: from("uuid", "SafeUUID")?.getattr("unknown")?.unbind(),
            enumeration: class("enum", "Enum")?,
            modules: from("sys", "modules")?.cast_into::<PyDict>()?.unbind(),
            dumps: from("pickle", "dumps")?.unbind(),
            loads: from("pickle", "loads")?.unbind(),
            protocol: from("pickle", "HIGHEST_PROTOCOL")?.unbind(),
        })
    }

    /// The member of an enumeration of this name, found in the modules that are loaded; nothing is imported.
    pub(super) fn member<'py>(
        &self,
        py: Python<'py>,
        module: &Bound<'py, PyString>,
        class: &str,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(mut found) = self.modules.bind(py).get_item(module)? else { return Ok(None) };
        for part in class.split('.') {
            match found.getattr_opt(part)? {
                Some(next) => found = next,
                None => return Ok(None),
            }
        }
        let Ok(class) = found.cast_into::<PyType>() else { return Ok(None) };
        if !class.is_subclass(self.enumeration.bind(py))? {
            return Ok(None);
        }
        let members = class.getattr("__members__")?;
        Ok(if members.contains(name)? { Some(members.get_item(name)?) } else { None })
    }
}

/// Whether the value is of exactly this class.
pub(super) fn is_exactly(value: &Bound<'_, PyAny>, class: &Py<PyType>) -> bool {
    value.get_type().is(class)
}
