//! Under which keys the backend's own records lie, and which slot of a cluster a key belongs to.

use std::sync::Arc;

use crate::entry::{Generation, Marker, MarkerKind};
use crate::key::Scope;
use crate::wire::{Content, Envelope};

pub(super) const TAG: &str = "keepwarm:tag:";
pub(super) const NAMESPACE: &str = "keepwarm:namespace:";
pub(super) const SCOPE: &str = "keepwarm:scope:";

/// Where the generation of a marker lies.
pub(super) fn of_marker(marker: &Marker) -> String {
    let kind = match marker.kind() {
        MarkerKind::Tag => TAG,
        MarkerKind::Namespace => NAMESPACE,
    };
    [kind, marker.name()].concat()
}

/// Where the record of a scope lies.
pub(super) fn of_scope(scope: &Scope) -> Arc<str> {
    [SCOPE, scope.prefix()].concat().into()
}

/// What tells, beside the scope's record, that a clearing has not been swept up after: a second place, so that a record
/// that is lost in between is not made anew as if nothing had been cleared.
pub(super) fn of_clearing(scope: &Scope) -> String {
    ["keepwarm:clearing:", scope.prefix()].concat()
}

/// What holds the others off while one process sweeps.
pub(super) fn of_sweep(scope: &Scope) -> String {
    ["keepwarm:sweep:", scope.prefix()].concat()
}

/// The record of a generation, as it lies under `name`.
pub(super) fn record(name: &str, generation: u64) -> Vec<u8> {
    Envelope::new(Content::Generation(Generation(generation))).write(name)
}

/// The generation in a record; `None` for what is none.
pub(super) fn generation(name: &str, record: Option<&[u8]>) -> Option<u64> {
    let record = bytes::Bytes::copy_from_slice(record?);
    match Envelope::read(name, record).ok()?.content {
        Content::Generation(Generation(number)) => Some(number),
        _ => None,
    }
}

/// The part of a key that a cluster chooses its slot by, if it is not the whole.
fn hash_tag(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

/// Whether all keys of a prefix lie in one slot.
pub(super) fn is_in_one_slot(prefix: &str) -> bool {
    hash_tag(prefix).is_some()
}

/// The slot of a key: CRC-16 of the XMODEM kind, modulo 16384 (Redis Cluster specification).
pub(super) fn slot(key: &str) -> u16 {
    let tag = hash_tag(key).unwrap_or(key);
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    });
    crc % 16384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("foo{hash_tag}"), slot("hash_tag"));
        assert_eq!(slot("foo{}{bar}"), slot("foo{}{bar}"));
        assert_ne!(slot("foo{}{bar}"), slot("bar"));
    }

    #[test]
    fn records_come_back() {
        assert_eq!(generation("keepwarm:tag:a", Some(&record("keepwarm:tag:a", 7))), Some(7));
        assert_eq!(generation("keepwarm:tag:b", Some(&record("keepwarm:tag:a", 7))), None);
        assert_eq!(generation("keepwarm:tag:b", None), None);
    }
}
