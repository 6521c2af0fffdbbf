//! The texts of a value that is read: those that came before need not be made again. And why a value cannot be read.

use std::convert::Infallible;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::repeats::{self, Met};

/// So many texts are remembered, as a power of two: rows of a table repeat their keys, and many their values.
const REMEMBERED_BITS: u32 = 6;

/// Why there is no value. In a box: the answer of each value then fits the processor's registers.
pub(super) struct Fault(Box<PyErr>);

pub(super) type Read<T> = Result<T, Fault>;

impl From<PyErr> for Fault {
    #[cold]
    fn from(error: PyErr) -> Self {
        Self(Box::new(error))
    }
}

/// Making a number cannot fail.
impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        *fault.0
    }
}

#[cold]
pub(super) fn undecodable(why: &'static str) -> Fault {
    PyValueError::new_err(why).into()
}

/// The texts of a value that need not be made twice. Keys and values have one each: values are rarely met again and would push
/// the keys out.
pub(super) trait Texts<'a, 'py> {
    /// Whether the bytes refer to texts by number.
    const NUMBERED: bool;

    /// A text of up to 255 bytes that is written in full.
    fn text(&mut self, py: Python<'py>, bytes: &'a [u8]) -> Read<Bound<'py, PyAny>>;

    /// The text of a number.
    fn numbered(&self, number: u8) -> Option<Bound<'py, PyAny>>;
}

impl<'a, 'py, const LAST: usize> Texts<'a, 'py> for Met<'py, LAST> {
    const NUMBERED: bool = true;

    #[inline]
    fn text(&mut self, py: Python<'py>, bytes: &'a [u8]) -> Read<Bound<'py, PyAny>> {
        let text = PyString::from_bytes(py, bytes)?.into_any();
        if repeats::is_numbered(bytes.len()) {
            self.meet(&text);
        }
        Ok(text)
    }

    #[inline]
    fn numbered(&self, number: u8) -> Option<Bound<'py, PyAny>> {
        Met::text(self, number)
    }
}

/// Short texts that came before, known by their bytes: a text cannot be changed, so that one is as good as two.
pub(super) struct Remembered<'a, 'py>([Option<(&'a [u8], Bound<'py, PyAny>)>; 1 << REMEMBERED_BITS]);

impl Remembered<'_, '_> {
    pub(super) fn new() -> Self {
        Self([const { None }; 1 << REMEMBERED_BITS])
    }
}

impl<'a, 'py> Texts<'a, 'py> for Remembered<'a, 'py> {
    const NUMBERED: bool = false;

    fn text(&mut self, py: Python<'py>, bytes: &'a [u8]) -> Read<Bound<'py, PyAny>> {
        let place = &mut self.0[repeats::place(bytes, REMEMBERED_BITS)];
        if let Some((known, text)) = place
            && *known == bytes
        {
            return Ok(text.clone());
        }
        let text = PyString::from_bytes(py, bytes)?.into_any();
        *place = Some((bytes, text.clone()));
        Ok(text)
    }

    fn numbered(&self, _number: u8) -> Option<Bound<'py, PyAny>> {
        None
    }
}
