//! Between the crate's types and the engine's.

use std::path::Path;

use keepwarm_engine as engine;

use super::time::Now;
use crate::backend::{Lookup, Put, Refusal, When};
use crate::codec::Codec;
use crate::entry::{Entry, Generation, Mark, Marker, MarkerKind, MissReason, Stamp};
use crate::error::{Error, ErrorKind};
use crate::payload::Payload;

// As in the wire format.
const MESSAGEPACK: u8 = 1;
const JSON: u8 = 2;

pub(super) fn codec_number(codec: Codec) -> u8 {
    match codec {
        Codec::MessagePack => MESSAGEPACK,
        Codec::Json => JSON,
    }
}

const TAG: u8 = 1;
const NAMESPACE: u8 = 2;

pub(super) fn kind_number(kind: MarkerKind) -> u8 {
    match kind {
        MarkerKind::Tag => TAG,
        MarkerKind::Namespace => NAMESPACE,
    }
}

fn kind(number: u8) -> MarkerKind {
    if number == NAMESPACE { MarkerKind::Namespace } else { MarkerKind::Tag }
}

pub(super) fn marker(marker: &Marker) -> engine::Marker {
    engine::Marker::of(kind_number(marker.kind()), marker.name())
}

/// The payload of a value; `None` for a codec that this version does not know.
#[inline]
pub(super) fn payload(value: engine::Value) -> Option<Payload> {
    match value {
        engine::Value::Integer(number) => Some(Payload::Integer(number)),
        engine::Value::Bytes { codec: MESSAGEPACK, bytes } => Some(Payload::bytes(Codec::MessagePack, bytes)),
        engine::Value::Bytes { codec: JSON, bytes } => Some(Payload::bytes(Codec::Json, bytes)),
        engine::Value::Bytes { .. } => None,
    }
}

pub(super) fn entry(entry: engine::Entry, now: Now) -> Option<Entry> {
    let mark = |mark: engine::Mark| Mark {
        marker: Marker::new(kind(mark.kind), mark.name),
        generation: Generation(mark.generation),
    };
    Some(Entry {
        payload: payload(entry.value)?,
        deadline: now.to_deadline(entry.deadline),
        stamp: Stamp(entry.stamp),
        written: now.moment(entry.written),
        marks: (!entry.marks.is_empty()).then(|| entry.marks.into_iter().map(mark).collect()),
    })
}

#[inline]
pub(super) fn lookup<T, U>(found: engine::Lookup<T>, open: impl FnOnce(T) -> Option<U>) -> Lookup<U> {
    match found {
        engine::Lookup::Hit(found) => open(found).map_or(Lookup::Miss(MissReason::Undecodable), Lookup::Hit),
        engine::Lookup::Miss(miss) => Lookup::Miss(reason(miss)),
    }
}

pub(super) fn reason(miss: engine::Miss) -> MissReason {
    match miss {
        engine::Miss::Expired => MissReason::Expired,
        engine::Miss::Cleared => MissReason::Cleared,
        engine::Miss::Mark(number) => kind(number).into(),
        engine::Miss::Torn => MissReason::Undecodable,
        _ => MissReason::Absent,
    }
}

pub(super) fn condition(when: When) -> engine::Condition {
    match when {
        When::Always => engine::Condition::Always,
        When::Absent => engine::Condition::Absent,
        When::Present => engine::Condition::Present,
        When::Unchanged(Stamp(stamp)) => engine::Condition::Unchanged(stamp),
    }
}

pub(super) fn put(stored: engine::Stored) -> Put {
    Put::Refused(match stored {
        engine::Stored::Stored => return Put::Stored,
        engine::Stored::Condition => Refusal::Condition,
        engine::Stored::Overtaken => Refusal::Overtaken,
        engine::Stored::NotKept => Refusal::NotKept,
        // A full disk is too small for it, now.
        _ => Refusal::TooLarge,
    })
}

/// What went wrong, as the cache says it.
#[cold]
pub(super) fn failed(error: engine::Error) -> Error {
    let kind = match &error {
        engine::Error::Locked { .. } => ErrorKind::Timeout,
        engine::Error::NetworkFileSystem { .. } | engine::Error::Version { .. } => ErrorKind::Configuration,
        _ => ErrorKind::Backend,
    };
    Error::new(kind, error.to_string())
}

/// The same where the store is opened for the first time: what fails there is wrong in the settings.
#[cold]
pub(super) fn not_opened(error: engine::Error, location: &Path) -> Error {
    let kind = if error.is_transient() { ErrorKind::Timeout } else { ErrorKind::Configuration };
    let message = format!("a cache cannot be kept in {}: {error}", location.display());
    Error::new(kind, message).with_backend("file")
}
