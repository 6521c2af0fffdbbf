//! An entry: payload, deadline, identity and the generations it was written under.

use std::sync::Arc;

use serde::Serialize;

use crate::clock::Moment;
use crate::expiry::Deadline;
use crate::payload::Payload;

/// The identity of one write of one key. Never used twice for a key while a store lives, so that "unchanged" can be told
/// from "changed back".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp(pub u64);

/// The state of a tag or namespace. Invalidating replaces it by one that was never there before; a store that lost it
/// makes a new one, so that a lost marker can only cause misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(pub u64);

/// What a marker marks: it decides the reason that a miss is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MarkerKind {
    /// A tag on entries.
    Tag,
    /// A namespace of keys.
    Namespace,
}

/// The name of a tag or namespace in a store, inside its alias' prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marker {
    kind: MarkerKind,
    name: Arc<str>,
}

impl Marker {
    /// A marker by its stored name.
    pub fn new(kind: MarkerKind, name: impl Into<Arc<str>>) -> Self {
        Self { kind, name: name.into() }
    }

    /// Tag or namespace.
    pub fn kind(&self) -> MarkerKind {
        self.kind
    }

    /// Its stored name, with the alias' prefix.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// A marker and the generation it had when the value was still to be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which tag or namespace.
    pub marker: Marker,
    /// Its generation at the capture.
    pub generation: Generation,
}

/// The marks of an entry; no allocation for the many entries that have none.
pub type Marks = Option<Arc<[Mark]>>;

/// What is stored under a key.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The value, below the door.
    pub payload: Payload,
    /// When the entry is gone.
    pub deadline: Deadline,
    /// The identity of this write; a backend gives a new one to every entry that it stores.
    pub stamp: Stamp,
    /// When it was written.
    pub written: Moment,
    /// The generations it was written under: it is a miss as soon as one of them has moved on.
    pub marks: Marks,
}

/// Why a read found nothing. Every miss has a reason; "unknown" is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MissReason {
    /// There is no entry. There may have been one: what nobody read after it died is swept sooner or later, and with it
    /// why it died.
    Absent,
    /// The entry's deadline has passed.
    Expired,
    /// A tag of the entry was invalidated, or its marker was lost.
    Tag,
    /// The entry's namespace was invalidated, or its marker was lost.
    Namespace,
    /// The alias was cleared after the entry was written.
    Cleared,
    /// The stored bytes are torn, foreign, or not of the type that was asked for.
    Undecodable,
    /// The value was written by a program with another shape of the type.
    Schema,
    /// The store could not be asked and the alias degrades to misses.
    StoreDown,
}

impl MissReason {
    /// Every reason, in the order of statistics.
    pub const ALL: [Self; 8] = [
        Self::Absent,
        Self::Expired,
        Self::Tag,
        Self::Namespace,
        Self::Cleared,
        Self::Undecodable,
        Self::Schema,
        Self::StoreDown,
    ];

    /// Its name in statistics, metrics and `explain`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Expired => "expired",
            Self::Tag => "tag",
            Self::Namespace => "namespace",
            Self::Cleared => "cleared",
            Self::Undecodable => "undecodable",
            Self::Schema => "schema",
            Self::StoreDown => "store_down",
        }
    }
}

impl From<MarkerKind> for MissReason {
    fn from(kind: MarkerKind) -> Self {
        match kind {
            MarkerKind::Tag => Self::Tag,
            MarkerKind::Namespace => Self::Namespace,
        }
    }
}
