//! What goes in and out of a store.

use crate::markers::MarkerName;
pub use crate::record::NEVER;
pub use crate::shard::Condition;

/// The kind of marker that prefixes are kept under, apart from all others.
const PREFIX: u8 = u8::MAX;

/// What can be cleared at once: the keys of one prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(pub(crate) MarkerName);

impl Scope {
    /// The scope of a key prefix.
    pub fn of(prefix: &str) -> Self {
        Self(MarkerName::of(PREFIX, prefix.as_bytes()))
    }
}

/// A tag or namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Marker(pub(crate) MarkerName);

impl Marker {
    /// The marker of a kind with a name. Kind 255 is the engine's own.
    pub fn of(kind: u8, name: &str) -> Self {
        Self(MarkerName::of(kind, name.as_bytes()))
    }
}

/// A marker with the generation it had when the value was still to be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkRef<'a> {
    /// Its kind.
    pub kind: u8,
    /// Its name.
    pub name: &'a str,
    /// Its generation at the capture.
    pub generation: u64,
}

/// The same as an entry holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its kind.
    pub kind: u8,
    /// Its name.
    pub name: String,
    /// Its generation at the capture.
    pub generation: u64,
}

/// A value to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueRef<'a> {
    /// A number, which can be added to.
    Integer(i64),
    /// Bytes, and the caller's word for how to read them.
    Bytes {
        /// The caller's word.
        codec: u8,
        /// The bytes.
        bytes: &'a [u8],
    },
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Integer(i64),
    /// Bytes.
    Bytes {
        /// The caller's word for how to read them.
        codec: u8,
        /// The bytes, a copy of the reader's own.
        bytes: Vec<u8>,
    },
}

/// An entry to be stored. Times are the store's, in milliseconds: see [`Store::time`](crate::Store::time).
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// Its value.
    pub value: ValueRef<'a>,
    /// From when on it is gone; [`NEVER`] for never.
    pub deadline: u64,
    /// When it was written.
    pub written: u64,
    /// What it is a miss without.
    pub marks: &'a [MarkRef<'a>],
    /// When it is to be stored at all.
    pub condition: Condition,
}

/// An entry that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its value.
    pub value: Value,
    /// From when on it is gone; [`NEVER`] for never.
    pub deadline: u64,
    /// The identity of the write.
    pub stamp: u64,
    /// When it was written.
    pub written: u64,
    /// What it is a miss without.
    pub marks: Vec<Mark>,
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// A live entry, or what was asked for of it.
    Hit(T),
    /// None, and why.
    Miss(Miss),
}

/// Why a read found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Miss {
    /// There is no entry.
    Absent,
    /// Its deadline has passed.
    Expired,
    /// Its prefix, or the store, was cleared.
    Cleared,
    /// A mark of this kind has moved on, or its marker was lost.
    Mark(u8),
    /// Its bytes are not as they were written.
    Torn,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// It is stored.
    Stored,
    /// Its condition did not hold. What was stored is untouched.
    Condition,
    /// A mark has moved on. Under [`Condition::Always`] an older value is gone too; otherwise it is untouched.
    Overtaken,
    /// It is larger than the store takes. An older value is gone.
    TooLarge,
    /// Its deadline has passed. An older value is gone.
    NotKept,
    /// The disk is full. An older value is gone.
    NoRoom,
}

/// What became of an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The new number.
    Now(i64),
    /// There is no live entry, and none was to be made.
    Missing,
    /// The value is no number.
    NotAnInteger,
    /// The number would leave 64 bits.
    Overflow,
    /// There is no live entry, and the disk has no room for one.
    NoRoom,
}

/// What became of a wish to compute a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// There is a live entry.
    Hit(Value),
    /// The caller may compute: what it stores under [`Condition::Unchanged`] with this stamp.
    Granted(u64),
    /// Somebody else computes.
    Held,
}

/// What lies under a key, dead or alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The entry.
    pub entry: Entry,
    /// Why a read would miss it.
    pub dead: Option<Miss>,
    /// The current generation of each of its marks; `None` for a lost one.
    pub generations: Vec<Option<u64>>,
}

/// A part of a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Live keys. One that moves meanwhile may come twice.
    pub keys: Vec<Vec<u8>>,
    /// Where to go on; `None` at the end.
    pub next: Option<u64>,
}

/// How full a store is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Entries, dead ones that were not swept yet included.
    pub entries: u64,
    /// Bytes of their records and side files.
    pub bytes: u64,
}

/// What a store did on its own, through this handle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Housekeeping {
    /// Live entries that had to go for lack of room.
    pub evictions: u64,
    /// Dead entries that were taken away.
    pub expirations: u64,
}
