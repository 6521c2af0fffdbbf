//! Between the crate's types and the engine's.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::path::Path;

use bytes::Buf as _;
use keepwarm_engine as engine;

use super::time::Now;
use crate::backend::{Lookup, Put, Refusal, When};
use crate::codec::{Codec, Encoded};
use crate::entry::{Entry, Generation, Mark, Marker, MarkerKind, MissReason, Stamp};
use crate::error::{Error, ErrorKind};
use crate::payload::Payload;

// A record's codec is the number that it has in the wire format, and above it what lies in front of the value, in this
// order. The engine keeps neither, because few values have either.
const HAS_SCHEMA: u8 = 0x40;
const IS_PACKED: u8 = 0x80;

/// A value as the engine takes it: the number of its codec, and its bytes with what lies in front of them.
pub(super) fn record(codec: Codec, encoded: &Encoded) -> (u8, Cow<'_, [u8]>) {
    let number = codec.number();
    if encoded.schema.is_none() && encoded.unpacked.is_none() {
        return (number, Cow::Borrowed(&encoded.bytes));
    }
    let mut number = number;
    let mut bytes = Vec::with_capacity(12 + encoded.bytes.len());
    if let Some(schema) = encoded.schema {
        number |= HAS_SCHEMA;
        bytes.extend(schema.get().to_le_bytes());
    }
    if let Some(length) = encoded.unpacked {
        number |= IS_PACKED;
        bytes.extend(length.to_le_bytes());
    }
    bytes.extend_from_slice(&encoded.bytes);
    (number, Cow::Owned(bytes))
}

/// The value of a record; `None` where this version does not know its codec, or what has to lie in front of it does not.
#[inline]
fn of_record(number: u8, bytes: Vec<u8>) -> Option<Payload> {
    let codec = Codec::numbered(number & !(HAS_SCHEMA | IS_PACKED))?;
    let mut encoded = Encoded::new(bytes);
    if number & HAS_SCHEMA != 0 {
        let schema = *encoded.bytes.first_chunk()?;
        encoded.schema = Some(NonZeroU32::new(u32::from_le_bytes(schema))?);
        encoded.bytes.advance(schema.len());
    }
    if number & IS_PACKED != 0 {
        let length = *encoded.bytes.first_chunk()?;
        encoded.unpacked = Some(u64::from_le_bytes(length));
        encoded.bytes.advance(length.len());
    }
    Some(Payload::Bytes(codec, Box::new(encoded)))
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
        engine::Value::Bytes { codec, bytes } => of_record(codec, bytes),
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
