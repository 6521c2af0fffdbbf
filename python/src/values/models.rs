//! What is done about instances of models in values: they are pickled whole, and are read back as they were.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// What the option `model_policy` says.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Models {
    Allow,
    /// Once for each place in a program that keeps one.
    #[default]
    Warn,
    Refuse,
}

/// What is in the pickle of every instance of a model: Django's name their maker, SQLAlchemy's have this attribute.
const SIGNS: [&[u8]; 2] = [b"model_unpickle", b"_sa_instance_state"];

impl Models {
    /// By the word in settings.
    pub(crate) fn named(word: &Bound<'_, PyAny>) -> PyResult<Self> {
        match word.extract::<String>()?.as_str() {
            "allow" => Ok(Self::Allow),
            "warn" => Ok(Self::Warn),
            "refuse" => Ok(Self::Refuse),
            other => Err(PyValueError::new_err(format!("model_policy is 'allow', 'warn' or 'refuse', not {other:?}"))),
        }
    }

    /// Warns of a value, or refuses it, if there is an instance of a model in it. Its pickle is looked at first: that costs next
    /// to nothing, and what is only said in a text is told apart by `keepwarm._models`.
    pub(super) fn judge(self, value: &Bound<'_, PyAny>, pickle: &Bound<'_, PyBytes>) -> PyResult<()> {
        if self == Self::Allow {
            return Ok(());
        }
        for sign in SIGNS {
            if pickle.as_any().contains(PyBytes::new(value.py(), sign))? {
                let refuse = self == Self::Refuse;
                value.py().import("keepwarm._models")?.call_method1("judge", (value, refuse))?;
                return Ok(());
            }
        }
        Ok(())
    }
}
