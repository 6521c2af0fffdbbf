//! Plain Python values as MessagePack with the extensions of docs/wire-format.md, "What Python writes".

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
};
use rmp::encode::{self as write, ByteBuf};

use super::extension;
use super::types::{Types, is_exactly};

/// What is nested deeper has no form.
const DEEPEST: usize = 100;

/// Why there are no bytes.
enum Stop {
    /// The value has no exact plain form.
    NoForm,
    /// Python raised.
    Raised(PyErr),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// The bytes of a value; `None` where it has no exact plain form.
pub(super) fn encode(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    let mut writer =
        Writer { out: ByteBuf::with_capacity(256), seen: HashSet::default(), types: Types::get(value.py())? };
    match writer.value(value, 0) {
        Ok(()) => Ok(Some(writer.out.into_vec())),
        Err(Stop::NoForm) => Ok(None),
        Err(Stop::Raised(error)) => Err(error),
    }
}

struct Writer {
    out: ByteBuf,
    /// The containers that can be changed, by address: one that is met twice has no form.
    seen: HashSet<usize, foldhash::fast::FixedState>,
    types: &'static Types,
}

fn length(length: usize) -> Result<u32, Stop> {
    u32::try_from(length).map_err(|_| Stop::NoForm)
}

impl Writer {
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
        write::write_nil(&mut self.out).map_err(|_| Stop::NoForm)
    }

    fn out_bool(&mut self, truth: bool) -> Result<(), Stop> {
        write::write_bool(&mut self.out, truth).map_err(|_| Stop::NoForm)
    }

    fn float(&mut self, number: f64) -> Result<(), Stop> {
        write::write_f64(&mut self.out, number).map_err(|_| Stop::NoForm)
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> Result<(), Stop> {
        // Lone surrogates are no UTF-8.
        let text = text.to_str().map_err(|_| Stop::NoForm)?;
        length(text.len())?;
        write::write_str(&mut self.out, text).map_err(|_| Stop::NoForm)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        length(bytes.len())?;
        write::write_bin(&mut self.out, bytes).map_err(|_| Stop::NoForm)
    }

    fn integer(&mut self, number: &Bound<'_, PyInt>) -> Result<(), Stop> {
        if let Ok(number) = number.extract::<i64>() {
            return write::write_sint(&mut self.out, number).map(|_| ()).map_err(|_| Stop::NoForm);
        }
        if let Ok(number) = number.extract::<u64>() {
            return write::write_uint(&mut self.out, number).map(|_| ()).map_err(|_| Stop::NoForm);
        }
        let bytes = extension::big_integer(number)?;
        self.extension(extension::INTEGER, &bytes)
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>, depth: usize) -> Result<(), Stop> {
        self.note(dict)?;
        write::write_map_len(&mut self.out, length(dict.len())?).map_err(|_| Stop::NoForm)?;
        for (key, item) in dict.iter() {
            self.value(&key, depth + 1)?;
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
        write::write_array_len(&mut self.out, length(count)?).map_err(|_| Stop::NoForm)?;
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
        write::write_ext_meta(&mut self.out, length(data.len())?, number).map_err(|_| Stop::NoForm)?;
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
        let outer = std::mem::replace(&mut self.out, ByteBuf::with_capacity(64));
        let written = self.array(count, items, depth);
        let inner = std::mem::replace(&mut self.out, outer);
        written?;
        self.extension(number, inner.as_slice())
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
