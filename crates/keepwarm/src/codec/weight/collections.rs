//! Adding up the parts of structs, sequences and maps.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::counter::{Part, Unmeasurable, bare_name, field, is, item};
use super::heap::{self, POINTER, TABLE, VECTOR, block, round_up};

/// The fields of a struct, tuple or enum variant, which lie side by side.
#[derive(Default)]
pub(super) struct Fields(Part);

impl Fields {
    /// With the tag of an enum beside them. Rust hides it in a niche where it can, which cannot be seen from here.
    pub(super) fn tagged() -> Self {
        Self(Part { niche: true, ..Part::number(1) })
    }

    pub(super) fn add(&mut self, part: Part) {
        let sum = &mut self.0;
        sum.inline = sum.inline.saturating_add(part.inline);
        sum.heap = sum.heap.saturating_add(part.heap);
        sum.align = sum.align.max(part.align);
        sum.niche |= part.niche;
    }

    fn is_empty(&self) -> bool {
        self.0.align == 0
    }

    /// Rust orders fields so that only the end is padded.
    pub(super) fn sum(self) -> Part {
        Part { inline: round_up(self.0.inline, self.0.align), ..self.0 }
    }
}

/// How a collection keeps its entries.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Tree,
    Table,
    /// Its name says nothing: a sequence then lies side by side, a map is a table.
    Unknown,
}

impl Kind {
    pub(super) fn of<I>() -> Self {
        /// The names up to their parameters, with the bracket.
        static KNOWN: LazyLock<[(&str, Kind); 3]> = LazyLock::new(|| {
            let head = |name: &'static str| name.split_inclusive('<').next().unwrap_or(name);
            [
                (head(type_name::<BTreeMap<u8, u8>>()), Kind::Tree),
                (head(type_name::<BTreeSet<u8>>()), Kind::Tree),
                (head(type_name::<HashSet<u8>>()), Kind::Table),
            ]
        });
        let name = bare_name::<I>();
        KNOWN.iter().find(|(head, _)| name.starts_with(head)).map_or(Self::Unknown, |(_, kind)| *kind)
    }

    /// A collection of this kind, itself and its heap without what the entries own.
    fn hold(self, count: usize, entry: usize) -> (usize, usize) {
        // Nothing but `None`s shows no size; most of what is optional is at least as large as a pointer.
        let entry = if entry == 0 { POINTER } else { entry };
        match self {
            Self::Unknown => (VECTOR, block(count.saturating_mul(entry))),
            Self::Tree => (VECTOR, heap::tree(count, entry)),
            Self::Table => (TABLE, heap::table(count, entry)),
        }
    }
}

/// The elements of a sequence, as large as the largest of them.
pub(super) struct Sequence {
    kind: Kind,
    count: usize,
    largest: usize,
    heap: usize,
}

impl Sequence {
    pub(super) fn of(kind: Kind) -> Self {
        Self { kind, count: 0, largest: 0, heap: 0 }
    }

    pub(super) fn add(&mut self, part: Part) {
        self.count += 1;
        self.largest = self.largest.max(part.inline);
        self.heap = self.heap.saturating_add(part.heap);
    }

    /// The sum of `count` numbers that are `width` bytes wide.
    pub(super) fn of_numbers(mut self, count: usize, width: usize) -> Part {
        (self.count, self.largest) = (count, width);
        self.sum()
    }

    pub(super) fn sum(self) -> Part {
        let (inline, heap) = self.kind.hold(self.count, self.largest);
        Part::owner(inline, heap.saturating_add(self.heap))
    }
}

/// The entries of a map, or the fields of a struct that serde shows as one.
pub(super) struct Map {
    kind: Kind,
    count: usize,
    largest_key: usize,
    largest_value: usize,
    heap: usize,
    /// Fields of a struct with a flattened part come with keys that are plain text, which no map has.
    fields: Fields,
    /// The key of the value that comes next; `None` for the name of a field.
    key: Option<Part>,
}

impl Map {
    pub(super) fn of(kind: Kind) -> Self {
        let fields = Fields::default();
        Self { kind, count: 0, largest_key: 0, largest_value: 0, heap: 0, fields, key: None }
    }

    pub(super) fn add(&mut self, key: Part, value: Part) {
        self.count += 1;
        self.largest_key = self.largest_key.max(key.inline);
        self.largest_value = self.largest_value.max(value.inline);
        self.heap = self.heap.saturating_add(key.heap).saturating_add(value.heap);
    }

    pub(super) fn sum(self) -> Part {
        let mut sum = self.fields;
        if self.count > 0 || sum.is_empty() {
            let kind = if self.kind == Kind::Unknown { Kind::Table } else { self.kind };
            let entry = round_up(self.largest_key.saturating_add(self.largest_value), POINTER);
            let (inline, heap) = kind.hold(self.count, entry);
            sum.add(Part::owner(inline, heap.saturating_add(self.heap)));
        }
        sum.sum()
    }
}

impl SerializeMap for Map {
    type Ok = Part;
    type Error = Unmeasurable;

    fn serialize_key<K: ?Sized + Serialize>(&mut self, key: &K) -> Result<(), Unmeasurable> {
        self.key = if is_bare_text::<K>() { None } else { Some(item(key)?) };
        Ok(())
    }

    fn serialize_value<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), Unmeasurable> {
        match self.key.take() {
            None => self.fields.add(field(value)?),
            Some(key) => {
                if is::<V, serde_json::Value>() {
                    // Its map does not say what it is; it is a tree unless the application chose otherwise.
                    self.kind = Kind::Tree;
                }
                self.add(key, item(value)?);
            }
        }
        Ok(())
    }

    fn end(self) -> Result<Part, Unmeasurable> {
        Ok(self.sum())
    }
}

/// Whether a key is `str` itself, not a reference to one.
fn is_bare_text<K: ?Sized>() -> bool {
    type_name::<K>() == type_name::<str>()
}

impl SerializeSeq for Sequence {
    type Ok = Part;
    type Error = Unmeasurable;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Unmeasurable> {
        self.add(item(value)?);
        Ok(())
    }

    fn end(self) -> Result<Part, Unmeasurable> {
        Ok(self.sum())
    }
}

macro_rules! fields {
    ($($face:ident $verb:ident($($name:ident)?))*) => {$(
        impl $face for Fields {
            type Ok = Part;
            type Error = Unmeasurable;

            fn $verb<T: ?Sized + Serialize>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), Unmeasurable> {
                $(let _ = $name;)?
                self.add(field(value)?);
                Ok(())
            }

            fn end(self) -> Result<Part, Unmeasurable> {
                Ok(self.sum())
            }
        }
    )*};
}

fields! {
    SerializeTuple serialize_element()
    SerializeTupleStruct serialize_field()
    SerializeTupleVariant serialize_field()
    SerializeStruct serialize_field(name)
    SerializeStructVariant serialize_field(name)
}
