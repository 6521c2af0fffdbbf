//! `serializer = "live"`: trees of plain values kept as Python objects, copied natively for each reader. The quickest to read, and
//! chosen on purpose only: each container takes several times the memory of its encoded form, and Python's collector walks them all.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyDict, PyFrozenSet, PyList, PySet, PyTuple};

use super::immutable::is_immutable;

/// What is nested deeper is pickled.
const DEEPEST: usize = 100;

/// A tree that nobody else refers to.
pub(super) struct Tree {
    root: Py<PyAny>,
    /// The containers and leaves in it.
    places: usize,
}

impl Tree {
    /// A copy of a value; `None` where something is in it that only pickle knows how to copy.
    pub(super) fn of(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let mut copier = Copier::default();
        Ok(copier.value(value, 0)?.map(|root| Self { root: root.unbind(), places: copier.places }))
    }

    /// A copy of it for one reader.
    pub(super) fn copied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let copy = Copier::default().value(self.root.bind(py), 0)?;
        copy.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("a copy of a copy could not be made"))
    }

    /// About how many bytes it takes: a container and its slots, and the small objects in them.
    pub(super) fn weight(&self) -> usize {
        96 * self.places
    }
}

/// One copy under way: what was one object in two places is one object again, as pickle has it.
#[derive(Default)]
struct Copier<'py> {
    copies: HashMap<usize, Bound<'py, PyAny>, foldhash::fast::RandomState>,
    places: usize,
}

impl<'py> Copier<'py> {
    fn value(&mut self, value: &Bound<'py, PyAny>, depth: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.places += 1;
        let Some(kind) = Container::of(value) else {
            return Ok(is_immutable(value)?.then(|| value.clone()));
        };
        let address = value.as_ptr() as usize;
        if let Some(copy) = self.copies.get(&address) {
            return Ok(Some(copy.clone()));
        }
        if depth == DEEPEST {
            return Ok(None);
        }
        let py = value.py();
        let copy = match kind {
            Container::Dict(dict) => {
                let copy = PyDict::new(py);
                // Noted before its items: they may hold it.
                self.copies.insert(address, copy.clone().into_any());
                for (key, item) in dict.iter() {
                    let (Some(key), Some(item)) = (self.value(&key, depth + 1)?, self.value(&item, depth + 1)?) else {
                        return Ok(None);
                    };
                    copy.set_item(key, item)?;
                }
                return Ok(Some(copy.into_any()));
            }
            Container::List(list) => {
                let copy = PyList::empty(py);
                self.copies.insert(address, copy.clone().into_any());
                for item in list.iter() {
                    let Some(item) = self.value(&item, depth + 1)? else { return Ok(None) };
                    copy.append(item)?;
                }
                return Ok(Some(copy.into_any()));
            }
            Container::Tuple(tuple) => match self.items(tuple.iter(), depth)? {
                // A tuple in a list that it holds was copied on the way there.
                Some(items) => match self.copies.get(&address) {
                    Some(copy) => copy.clone(),
                    None => PyTuple::new(py, items)?.into_any(),
                },
                None => return Ok(None),
            },
            Container::Set(set) => match self.items(set.iter(), depth)? {
                Some(items) => PySet::new(py, items)?.into_any(),
                None => return Ok(None),
            },
            Container::FrozenSet(set) => match self.items(set.iter(), depth)? {
                Some(items) => PyFrozenSet::new(py, items)?.into_any(),
                None => return Ok(None),
            },
            Container::ByteArray(bytes) => PyByteArray::new(py, &bytes.to_vec()).into_any(),
        };
        self.copies.insert(address, copy.clone());
        Ok(Some(copy))
    }

    fn items(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
        items.map(|item| self.value(&item, depth + 1)).collect()
    }
}

/// What refers to other values, or can be changed. Exact types only: a subclass has attributes of its own.
enum Container<'a, 'py> {
    Dict(&'a Bound<'py, PyDict>),
    List(&'a Bound<'py, PyList>),
    Tuple(&'a Bound<'py, PyTuple>),
    Set(&'a Bound<'py, PySet>),
    FrozenSet(&'a Bound<'py, PyFrozenSet>),
    ByteArray(&'a Bound<'py, PyByteArray>),
}

impl<'a, 'py> Container<'a, 'py> {
    fn of(value: &'a Bound<'py, PyAny>) -> Option<Self> {
        if let Ok(dict) = value.cast_exact() {
            Some(Self::Dict(dict))
        } else if let Ok(list) = value.cast_exact() {
            Some(Self::List(list))
        } else if let Ok(tuple) = value.cast_exact() {
            Some(Self::Tuple(tuple))
        } else if let Ok(set) = value.cast_exact() {
            Some(Self::Set(set))
        } else if let Ok(set) = value.cast_exact() {
            Some(Self::FrozenSet(set))
        } else if let Ok(bytes) = value.cast_exact() {
            Some(Self::ByteArray(bytes))
        } else {
            None
        }
    }
}
