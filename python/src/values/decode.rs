//! MessagePack with the extensions of docs/wire-format.md as Python's values: what [`encode`](super::encode) wrote, and what
//! Rust wrote. Bytes from a store are anybody's: nothing in them is believed before it was looked at. What a store in this process
//! kept has references to texts that come again, as [`repeats`] says.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFrozenSet, PyList, PySet, PyString, PyTuple};
use rmp::Marker;

use super::extension;
use super::repeats::{self, Met};
use super::texts::{Fault, Read, Remembered, Texts, undecodable};
use super::types::Types;

/// What is nested deeper is undecodable.
const DEEPEST: usize = 256;

/// The value of these bytes; an exception of any kind where they are none.
pub(super) fn decode<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Reader { py, rest: bytes, keys: Remembered::new(), values: Remembered::new() }.whole().map_err(PyErr::from)
}

/// The same for what a store in this process kept.
pub(super) fn decode_here<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Reader { py, rest: bytes, keys: Met::<{ repeats::KEYS }>::new(), values: Met::<{ repeats::VALUES }>::new() }
        .whole()
        .map_err(PyErr::from)
}

struct Reader<'a, 'py, K, V> {
    py: Python<'py>,
    rest: &'a [u8],
    keys: K,
    values: V,
}

impl<'a, 'py, K: Texts<'a, 'py>, V: Texts<'a, 'py>> Reader<'a, 'py, K, V> {
    fn whole(mut self) -> Read<Bound<'py, PyAny>> {
        let value = self.value(0)?;
        if self.rest.is_empty() { Ok(value) } else { Err(undecodable("something follows the value")) }
    }

    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| undecodable("cut short"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Read<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("so many bytes were taken"))
    }

    fn byte(&mut self) -> Read<u8> {
        Ok(self.take(1)?[0])
    }

    fn length16(&mut self) -> Read<usize> {
        Ok(usize::from(u16::from_be_bytes(self.number()?)))
    }

    fn length32(&mut self) -> Read<usize> {
        Ok(u32::from_be_bytes(self.number()?) as usize)
    }

    fn value(&mut self, depth: usize) -> Read<Bound<'py, PyAny>> {
        if depth > DEEPEST {
            return Err(undecodable("nested too deep"));
        }
        let py = self.py;
        let marker = Marker::from_u8(self.byte()?);
        match marker {
            Marker::FixPos(number) => integer(py, number.into()),
            Marker::FixNeg(number) => integer(py, number.into()),
            Marker::U8 => integer(py, self.byte()?.into()),
            Marker::U16 => integer(py, u16::from_be_bytes(self.number()?).into()),
            Marker::U32 => integer(py, u32::from_be_bytes(self.number()?).into()),
            Marker::U64 => Ok(u64::from_be_bytes(self.number()?).into_pyobject(py)?.into_any()),
            Marker::I8 => integer(py, i8::from_be_bytes(self.number()?).into()),
            Marker::I16 => integer(py, i16::from_be_bytes(self.number()?).into()),
            Marker::I32 => integer(py, i32::from_be_bytes(self.number()?).into()),
            Marker::I64 => integer(py, i64::from_be_bytes(self.number()?)),
            Marker::Null => Ok(py.None().into_bound(py)),
            Marker::True => Ok(true.into_pyobject(py)?.to_owned().into_any()),
            Marker::False => Ok(false.into_pyobject(py)?.to_owned().into_any()),
            Marker::F32 => Ok(f64::from(f32::from_be_bytes(self.number()?)).into_pyobject(py)?.into_any()),
            Marker::F64 => Ok(f64::from_be_bytes(self.number()?).into_pyobject(py)?.into_any()),
            Marker::FixStr(length) => self.short(length),
            Marker::Str8 => self.byte().and_then(|length| self.short(length)),
            Marker::Str16 => self.length16().and_then(|length| self.text(length)),
            Marker::Str32 => self.length32().and_then(|length| self.text(length)),
            Marker::Bin8 => self.byte().and_then(|length| self.bytes(length.into())),
            Marker::Bin16 => self.length16().and_then(|length| self.bytes(length)),
            Marker::Bin32 => self.length32().and_then(|length| self.bytes(length)),
            Marker::FixArray(count) => self.list(count.into(), depth),
            Marker::Array16 => self.length16().and_then(|count| self.list(count, depth)),
            Marker::Array32 => self.length32().and_then(|count| self.list(count, depth)),
            Marker::FixMap(count) => self.dict(count.into(), depth),
            Marker::Map16 => self.length16().and_then(|count| self.dict(count, depth)),
            Marker::Map32 => self.length32().and_then(|count| self.dict(count, depth)),
            Marker::FixExt1 => self.extension(1, depth),
            Marker::FixExt2 => self.extension(2, depth),
            Marker::FixExt4 => self.extension(4, depth),
            Marker::FixExt8 => self.extension(8, depth),
            Marker::FixExt16 => self.extension(16, depth),
            Marker::Ext8 => self.byte().and_then(|length| self.extension(length.into(), depth)),
            Marker::Ext16 => self.length16().and_then(|length| self.extension(length, depth)),
            Marker::Ext32 => self.length32().and_then(|length| self.extension(length, depth)),
            Marker::Reserved if V::NUMBERED => {
                let number = self.byte()?;
                self.values.numbered(number).ok_or_else(unmet)
            }
            Marker::Reserved => Err(undecodable("a byte that MessagePack does not use")),
        }
    }

    fn short(&mut self, length: u8) -> Read<Bound<'py, PyAny>> {
        let bytes = self.take(length.into())?;
        self.values.text(self.py, bytes)
    }

    fn text(&mut self, length: usize) -> Read<Bound<'py, PyAny>> {
        let bytes = self.take(length)?;
        Ok(PyString::from_bytes(self.py, bytes)?.into_any())
    }

    fn bytes(&mut self, length: usize) -> Read<Bound<'py, PyAny>> {
        Ok(PyBytes::new(self.py, self.take(length)?).into_any())
    }

    /// So many values, read as they are asked for: a list is filled without a vector in between.
    fn items(&mut self, count: usize, depth: usize) -> Read<impl ExactSizeIterator<Item = Item<'py>>> {
        // Each takes a byte at least: a length that lies makes no room.
        if count > self.rest.len() {
            return Err(undecodable("cut short"));
        }
        Ok((0..count).map(move |_| Item(self.value(depth + 1))))
    }

    fn list(&mut self, count: usize, depth: usize) -> Read<Bound<'py, PyAny>> {
        let py = self.py;
        Ok(PyList::new(py, self.items(count, depth)?)?.into_any())
    }

    fn dict(&mut self, count: usize, depth: usize) -> Read<Bound<'py, PyAny>> {
        let dict = PyDict::new(self.py);
        for _ in 0..count {
            let key = self.key(depth)?;
            let value = self.value(depth + 1)?;
            dict.set_item(key, value)?;
        }
        Ok(dict.into_any())
    }

    /// The key of a map.
    fn key(&mut self, depth: usize) -> Read<Bound<'py, PyAny>> {
        let &first = self.rest.first().ok_or_else(|| undecodable("cut short"))?;
        let length = match Marker::from_u8(first) {
            Marker::FixPos(number) if K::NUMBERED => {
                self.take(1)?;
                return self.keys.numbered(number).ok_or_else(unmet);
            }
            Marker::FixStr(length) => {
                self.take(1)?;
                length
            }
            Marker::Str8 => self.number::<2>()?[1],
            _ => return self.value(depth + 1),
        };
        let bytes = self.take(length.into())?;
        self.keys.text(self.py, bytes)
    }

    fn extension(&mut self, length: usize, depth: usize) -> Read<Bound<'py, PyAny>> {
        let py = self.py;
        let number = i8::from_be_bytes(self.number()?);
        let data = self.take(length)?;
        let types = Types::get(py)?;
        let text = || std::str::from_utf8(data).map_err(|_| undecodable("an extension is not text"));
        match number {
            extension::TUPLE => Ok(PyTuple::new(py, self.inner(data, depth)?)?.into_any()),
            extension::SET => Ok(PySet::new(py, self.inner(data, depth)?)?.into_any()),
            extension::FROZEN_SET => Ok(PyFrozenSet::new(py, self.inner(data, depth)?)?.into_any()),
            extension::INTEGER => Ok(extension::read_integer(py, data)?),
            extension::DECIMAL => Ok(types.decimal.bind(py).call1((text()?,))?),
            extension::DATETIME => Ok(extension::read_moment(py, &types.datetime, text()?, types)?),
            extension::TIME => Ok(extension::read_moment(py, &types.time, text()?, types)?),
            extension::DATE => Ok(types.date.bind(py).call_method1("fromisoformat", (text()?,))?),
            extension::TIMEDELTA => {
                extension::read_timedelta(py, text()?, types)?.ok_or_else(|| undecodable("no timedelta"))
            }
            extension::UUID => Ok(types.uuid.bind(py).call1((py.None(), PyBytes::new(py, data)))?),
            extension::COMPLEX => extension::read_complex(py, data).ok_or_else(|| undecodable("no complex number")),
            extension::BYTE_ARRAY => Ok(PyByteArray::new(py, data).into_any()),
            extension::MEMBER => member(py, &self.inner(data, depth)?, types),
            _ => Err(undecodable("an extension that is not known")),
        }
    }

    /// The array of values that is an extension's data.
    fn inner(&mut self, data: &'a [u8], depth: usize) -> Read<Vec<Bound<'py, PyAny>>> {
        let rest = std::mem::replace(&mut self.rest, data);
        let read = self.array(depth);
        let left = std::mem::replace(&mut self.rest, rest);
        let items = read?;
        if left.is_empty() { Ok(items) } else { Err(undecodable("something follows an extension's array")) }
    }

    fn array(&mut self, depth: usize) -> Read<Vec<Bound<'py, PyAny>>> {
        if depth > DEEPEST {
            return Err(undecodable("nested too deep"));
        }
        let count = match Marker::from_u8(self.byte()?) {
            Marker::FixArray(count) => count.into(),
            Marker::Array16 => self.length16()?,
            Marker::Array32 => self.length32()?,
            _ => return Err(undecodable("an extension without its array")),
        };
        self.items(count, depth)?.map(|item| item.0).collect()
    }
}

/// A value that was read, or why it was not.
struct Item<'py>(Read<Bound<'py, PyAny>>);

impl<'py> IntoPyObject<'py> for Item<'py> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[inline]
    fn into_pyobject(self, _py: Python<'py>) -> PyResult<Self::Output> {
        self.0.map_err(PyErr::from)
    }
}

fn unmet() -> Fault {
    undecodable("a text that was not met before")
}

fn integer(py: Python<'_>, number: i64) -> Read<Bound<'_, PyAny>> {
    Ok(number.into_pyobject(py)?.into_any())
}

fn member<'py>(py: Python<'py>, parts: &[Bound<'py, PyAny>], types: &Types) -> Read<Bound<'py, PyAny>> {
    let [module, class, name, _value] = parts else { return Err(undecodable("no member of an enumeration")) };
    let (module, name) =
        (module.cast::<PyString>().map_err(PyErr::from)?, name.cast::<PyString>().map_err(PyErr::from)?);
    let class = class.cast::<PyString>().map_err(PyErr::from)?;
    types.member(py, module, class.to_str()?, name)?.ok_or_else(|| undecodable("an enumeration that is not loaded"))
}
