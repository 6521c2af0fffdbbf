//! What the bytes under a key are, and whether a read finds them.

use bytes::Bytes;

use super::scopes::ScopeRecord;
use crate::backend::Lookup;
use crate::entry::{Generation, Mark, MissReason};
use crate::key::Key;
use crate::payload::Payload;
use crate::wire::{Content, Envelope, plain};

/// What lies under a key.
#[derive(Debug)]
pub(super) enum Lying {
    Nothing,
    /// Somebody computes it.
    Lease,
    /// An integer without an envelope.
    Plain(i64),
    Envelope(Envelope),
    /// Bytes that are no entry of this key.
    Foreign(Bytes),
}

impl Lying {
    pub(super) fn read(key: &Key<'_>, bytes: Option<impl Into<Bytes>>) -> Self {
        let Some(bytes) = bytes else { return Self::Nothing };
        let bytes = bytes.into();
        if let Some(number) = plain(&bytes) {
            return if lies_plain(key) { Self::Plain(number) } else { Self::Foreign(bytes) };
        }
        match Envelope::read_in(key.as_str(), &bytes) {
            Ok(Envelope { content: Content::Lease(_), .. }) => Self::Lease,
            Ok(Envelope { content: Content::Generation(_), .. }) | Err(_) => Self::Foreign(bytes),
            Ok(envelope) => Self::Envelope(envelope),
        }
    }

    /// Its marks, which a read has to compare.
    pub(super) fn marks(&self) -> &[Mark] {
        match self {
            Self::Envelope(envelope) => envelope.marks.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// Why a read misses it, as far as its own bytes, the time and the scope say; its marks are the caller's to compare.
    pub(super) fn dead(&self, scope: Option<ScopeRecord>, unix_millis: impl FnOnce() -> u64) -> Option<MissReason> {
        match self {
            Self::Nothing | Self::Lease => Some(MissReason::Absent),
            Self::Foreign(_) => Some(MissReason::Undecodable),
            // It carries no generation: what the scope says of all of them holds.
            Self::Plain(_) => scope.is_none_or(ScopeRecord::is_pending).then_some(MissReason::Cleared),
            Self::Envelope(envelope) => dead_at(envelope.hard_deadline, envelope.scope, scope, unix_millis),
        }
    }
    /// The value in it, if it is one.
    pub(super) fn payload(self) -> Option<Payload> {
        match self {
            Self::Plain(number) => Some(Payload::Integer(number)),
            Self::Envelope(envelope) => envelope.payload(),
            Self::Nothing | Self::Lease | Self::Foreign(_) => None,
        }
    }

    /// What a read finds that misses it for this reason, if for any.
    pub(super) fn found(self, dead: Option<MissReason>) -> Lookup<Payload> {
        match dead {
            Some(reason) => Lookup::Miss(reason),
            None => self.payload().map_or(Lookup::Miss(MissReason::Undecodable), Lookup::Hit),
        }
    }
}

/// Why a read misses an envelope with this deadline, written in this generation of its scope.
pub(super) fn dead_at(
    hard_deadline: Option<u64>,
    generation: Option<Generation>,
    scope: Option<ScopeRecord>,
    unix_millis: impl FnOnce() -> u64,
) -> Option<MissReason> {
    if hard_deadline.is_some_and(|deadline| deadline <= unix_millis()) {
        return Some(MissReason::Expired);
    }
    let current = scope.map(ScopeRecord::generation);
    (generation.is_none() || generation != current).then_some(MissReason::Cleared)
}

/// Whether integers lie under this key as decimals: where a sweep finds them by what the key begins with.
pub(super) fn lies_plain(key: &Key<'_>) -> bool {
    key.lead_length() > 0
}

/// The first of the marks whose generation is not the current one.
pub(super) fn moved_on(marks: &[Mark], current: impl Fn(&Mark) -> Option<Generation>) -> Option<MissReason> {
    let moved = marks.iter().find(|mark| current(mark) != Some(mark.generation));
    moved.map(|mark| mark.marker.kind().into())
}
