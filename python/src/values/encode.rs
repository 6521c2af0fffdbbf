//! Plain Python values as MessagePack with the extensions of docs/wire-format.md, "What Python writes"; for a store in this process
//! with references to texts that come again, as [`repeats`] says.

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
};
use rmp::encode::{self as write, ByteBuf};

use super::extension;
use super::repeats::{self, Written};
use super::scratch::{Scratch, Seen};
use super::types::{Types, is_exactly};

/// What is nested deeper has no form.
const DEEPEST: usize = 100;

/// So many bytes are handed on as they lie, less are copied and their room kept.
const LARGE: usize = 32 << 10;

/// Why there are no bytes.
enum Stop {
    /// The value has no exact plain form.
    NoForm,
    /// Python raised. In a box: the answer of each value then fits the processor's registers.
    Raised(Box<PyErr>),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Raised(Box::new(error))
    }
}

/// The bytes of a value for any reader; `None` where it has no exact plain form.
pub(super) fn encode(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    written(value, false)
}

/// The same for a store in this process, shorter where texts come again.
pub(super) fn encode_here(value: &Bound<'_, PyAny>) -> PyResult<Option<Box<[u8]>>> {
    Ok(written(value, true)?.map(Vec::into_boxed_slice))
}

fn written(value: &Bound<'_, PyAny>, refers: bool) -> PyResult<Option<Vec<u8>>> {
    let types = Types::get(value.py())?;
    Scratch::lend(|Scratch { out, seen, written }| {
        let written = refers.then_some(written);
        match (Writer { out, seen, written, types }).value(value, 0) {
            Ok(()) if out.as_slice().len() < LARGE => Ok(Some(out.as_slice().to_vec())),
            Ok(()) => Ok(Some(std::mem::take(out).into_vec())),
            Err(Stop::NoForm) => Ok(None),
            Err(Stop::Raised(error)) => Err(*error),
        }
    })
}

struct Writer<'s> {
    out: &'s mut ByteBuf,
    /// The containers that can be changed, by address: one that is met twice has no form.
    seen: &'s mut Seen,
    /// The texts that can be referred to; `None` for readers outside of this process.
    written: Option<&'s mut Written>,
    types: &'static Types,
}

fn length(length: usize) -> Result<u32, Stop> {
    u32::try_from(length).map_err(|_| Stop::NoForm)
}

/// The text in UTF-8, which lone surrogates do not have.
#[inline]
fn utf8<'a>(text: &'a Bound<'_, PyString>) -> Result<&'a str, Stop> {
    let text = text.to_str().map_err(|_| Stop::NoForm)?;
    length(text.len())?;
    Ok(text)
}

impl Writer<'_> {
    fn value(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Stop> {
        if depth > DEEPEST {
            return Err(Stop::NoForm);
        }
        if let Ok(text) = value.cast_exact::<PyString>() {
            self.text(text)
        } else if value.is_none() {
            self.nil()
        } else if value.is_exact_instance_of::<PyBool>() {
            self.out_bool(value.extract()?)
        } else if let Ok(number) = value.cast_exact::<PyInt>() {
            self.integer(number)
        } else if value.is_exact_instance_of::<PyFloat>() {
            self.float(value.extract()?)
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            self.dict(dict, depth)
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.note(value)?;
            self.array(list.len(), list.iter(), depth)
        } else if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            self.bytes(bytes.as_bytes())
        } else {
            self.extended(value, depth)
        }
    }

    fn nil(&mut self) -> Result<(), Stop> {
        write::write_nil(self.out).map_err(|_| Stop::NoForm)
    }

    fn out_bool(&mut self, truth: bool) -> Result<(), Stop> {
        write::write_bool(self.out, truth).map_err(|_| Stop::NoForm)
    }

    fn float(&mut self, number: f64) -> Result<(), Stop> {
        write::write_f64(self.out, number).map_err(|_| Stop::NoForm)
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> Result<(), Stop> {
        let text = utf8(text)?;
        if let Some(written) = self.written.as_deref_mut().filter(|_| repeats::is_numbered(text.len())) {
            let start = text_start(self.out, text);
            if let Some(number) = written.values.number(self.out.as_slice(), text, start) {
                self.out.as_mut_vec().extend_from_slice(&[repeats::REPEATED, number]);
                return Ok(());
            }
        }
        write::write_str(self.out, text).map_err(|_| Stop::NoForm)
    }

    /// The key of a map.
    fn key(&mut self, key: &Bound<'_, PyAny>, depth: usize) -> Result<(), Stop> {
        let Some(written) = self.written.as_deref_mut() else { return self.value(key, depth) };
        if let Ok(key) = key.cast_exact::<PyString>() {
            if let Some(number) = written.known_key(key) {
                self.out.as_mut_vec().push(number);
                return Ok(());
            }
            let text = utf8(key)?;
            if repeats::is_numbered(text.len()) {
                let start = text_start(self.out, text);
                if let Some(number) = written.key(self.out.as_slice(), key, text, start) {
                    self.out.as_mut_vec().push(number);
                    return Ok(());
                }
            }
            return write::write_str(self.out, text).map_err(|_| Stop::NoForm);
        }
        if let Ok(number) = key.cast_exact::<PyInt>()
            && let Ok(number @ 0..=0x7F) = number.extract::<u8>()
        {
            // In one byte it would be the number of a text.
            return write::write_u8(self.out, number).map_err(|_| Stop::NoForm);
        }
        self.value(key, depth)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        length(bytes.len())?;
        write::write_bin(self.out, bytes).map_err(|_| Stop::NoForm)
    }

    fn integer(&mut self, number: &Bound<'_, PyInt>) -> Result<(), Stop> {
        if let Ok(number) = number.extract::<i64>() {
            return write::write_sint(self.out, number).map(|_| ()).map_err(|_| Stop::NoForm);
        }
        if let Ok(number) = number.extract::<u64>() {
            return write::write_uint(self.out, number).map(|_| ()).map_err(|_| Stop::NoForm);
        }
        let bytes = extension::big_integer(number)?;
        self.extension(extension::INTEGER, &bytes)
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>, depth: usize) -> Result<(), Stop> {
        self.note(dict)?;
        write::write_map_len(self.out, length(dict.len())?).map_err(|_| Stop::NoForm)?;
        for (key, item) in dict.iter() {
            self.key(&key, depth + 1)?;
            self.value(&item, depth + 1)?;
        }
        Ok(())
    }

    fn array<'py>(
        &mut self,
        count: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> Result<(), Stop> {
        write::write_array_len(self.out, length(count)?).map_err(|_| Stop::NoForm)?;
        for item in items {
            self.value(&item, depth + 1)?;
        }
        Ok(())
    }

    /// Notes a container that can be changed; one that was met before has no form.
    fn note(&mut self, container: &Bound<'_, PyAny>) -> Result<(), Stop> {
        if self.seen.insert(container.as_ptr() as usize) { Ok(()) } else { Err(Stop::NoForm) }
    }

    fn extension(&mut self, number: i8, data: &[u8]) -> Result<(), Stop> {
        write::write_ext_meta(self.out, length(data.len())?, number).map_err(|_| Stop::NoForm)?;
        self.out.as_mut_vec().extend_from_slice(data);
        Ok(())
    }

    /// An extension whose data is an array of values.
    fn items<'py>(
        &mut self,
        number: i8,
        count: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> Result<(), Stop> {
        // Its length stands before it and is known only behind it.
        let start = self.out.as_slice().len();
        if self.written.is_some() {
            self.out.as_mut_vec().extend_from_slice(&[rmp::Marker::Ext8.to_u8(), 0, number.to_be_bytes()[0]]);
        }
        let data = self.out.as_slice().len();
        self.array(count, items, depth)?;
        let taken = self.out.as_slice().len() - data;
        if let Some(written) = &mut self.written {
            if let Ok(taken) = u8::try_from(taken) {
                self.out.as_mut_vec()[start + 1] = taken;
                return Ok(());
            }
            // The data is about to move.
            written.forget();
        }
        let mut head = ByteBuf::with_capacity(8);
        write::write_ext_meta(&mut head, length(taken)?, number).map_err(|_| Stop::NoForm)?;
        self.out.as_mut_vec().splice(start..data, head.into_vec());
        Ok(())
    }

    fn extended(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Stop> {
        if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return self.items(extension::TUPLE, tuple.len(), tuple.iter(), depth);
        }
        if let Ok(set) = value.cast_exact::<PySet>() {
            self.note(value)?;
            return self.items(extension::SET, set.len(), set.iter(), depth);
        }
        if let Ok(set) = value.cast_exact::<PyFrozenSet>() {
            return self.items(extension::FROZEN_SET, set.len(), set.iter(), depth);
        }
        if let Ok(bytes) = value.cast_exact::<PyByteArray>() {
            self.note(value)?;
            return self.extension(extension::BYTE_ARRAY, &bytes.to_vec());
        }
        if let Ok(number) = value.cast_exact::<PyComplex>() {
            return self.extension(extension::COMPLEX, &extension::complex(number));
        }
        let types = self.types;
        if is_exactly(value, &types.decimal) {
            return self.extension(extension::DECIMAL, value.str()?.to_str()?.as_bytes());
        }
        if is_exactly(value, &types.datetime) || is_exactly(value, &types.time) {
            let number = if is_exactly(value, &types.datetime) { extension::DATETIME } else { extension::TIME };
            let text = extension::moment(value, types)?.ok_or(Stop::NoForm)?;
            return self.extension(number, text.as_bytes());
        }
        if is_exactly(value, &types.date) {
            return self.extension(extension::DATE, value.call_method0("isoformat")?.str()?.to_str()?.as_bytes());
        }
        if is_exactly(value, &types.timedelta) {
            return self.extension(extension::TIMEDELTA, extension::timedelta(value)?.as_bytes());
        }
        if is_exactly(value, &types.uuid) {
            if !value.getattr("is_safe")?.is(&types.safe_unknown) {
                return Err(Stop::NoForm);
            }
            let bytes = value.getattr("bytes")?.extract::<Vec<u8>>()?;
            return self.extension(extension::UUID, &bytes);
        }
        if value.is_instance(types.enumeration.bind(value.py()))? {
            return self.member(value, depth);
        }
        Err(Stop::NoForm)
    }

    /// A member of an enumeration, where a reader will find this very member by its name.
    fn member(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Stop> {
        let py = value.py();
        let class = value.get_type();
        fn text(part: Bound<'_, PyAny>) -> Result<Bound<'_, PyString>, Stop> {
            part.cast_into().map_err(|_| Stop::NoForm)
        }
        let module = text(class.getattr("__module__")?)?;
        let qualified = text(class.getattr("__qualname__")?)?;
        let name = text(value.getattr("name")?)?;
        let found = self.types.member(py, &module, qualified.to_str()?, &name)?;
        if !found.is_some_and(|member| member.is(value)) {
            return Err(Stop::NoForm);
        }
        let parts = [module.into_any(), qualified.into_any(), name.into_any(), value.getattr("value")?];
        self.items(extension::MEMBER, parts.len(), parts.into_iter(), depth)
    }
}

/// Where the bytes of a text will lie that is numbered and written next.
#[inline]
fn text_start(out: &ByteBuf, text: &str) -> usize {
    // `FixStr` and `Str8` have heads of one byte and of two.
    out.as_slice().len() + if text.len() < 32 { 1 } else { 2 }
}
