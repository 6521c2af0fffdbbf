//! Between the crate's types and the engine's.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::path::Path;

use bytes::Buf as _;
use keepwarm_engine::{self as engine, ValueRef};

use super::time::Now;
use crate::backend::{Lookup, Put, Refusal, When};
use crate::codec::{Codec, Encoded, EncodedRef};
use crate::entry::{Entry, Generation, Mark, Marker, MarkerKind, MissReason, Stamp};
use crate::error::{Error, ErrorKind};
use crate::payload::{Glimpse, Payload};

// A record's codec is the number that it has in the wire format, and above it what lies in front of the value, in this
// order. The engine keeps neither, because few values have either.
const HAS_SCHEMA: u8 = 0x40;
const IS_PACKED: u8 = 0x80;

/// A value as the engine takes it: the number of its codec, and its bytes with what lies in front of them.
#[inline]
pub(super) fn record(codec: Codec, encoded: EncodedRef<'_>) -> (u8, Cow<'_, [u8]>) {
    let number = codec.number();
    if encoded.schema.is_none() && encoded.unpacked.is_none() {
        return (number, Cow::Borrowed(encoded.bytes));
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
    bytes.extend_from_slice(encoded.bytes);
    (number, Cow::Owned(bytes))
}

/// The value of a record; `None` where this version does not know its codec, or what has to lie in front of it does not.
#[inline]
fn of_record(number: u8, bytes: &[u8]) -> Option<(Codec, EncodedRef<'_>)> {
    let codec = Codec::numbered(number & !(HAS_SCHEMA | IS_PACKED))?;
    let mut encoded = EncodedRef::new(bytes);
    if number & HAS_SCHEMA != 0 {
        let (schema, rest) = encoded.bytes.split_first_chunk()?;
        encoded.schema = Some(NonZeroU32::new(u32::from_le_bytes(*schema))?);
        encoded.bytes = rest;
    }
    if number & IS_PACKED != 0 {
        let (length, rest) = encoded.bytes.split_first_chunk()?;
        encoded.unpacked = Some(u64::from_le_bytes(*length));
        encoded.bytes = rest;
    }
    Some((codec, encoded))
}

/// A value where the engine shows it; `None` as above.
#[inline]
pub(super) fn glimpse(value: ValueRef<'_>) -> Option<Glimpse<'_>> {
    match value {
        ValueRef::Integer(number) => Some(Glimpse::Integer(number)),
        ValueRef::Bytes { codec, bytes } => {
            of_record(codec, bytes).map(|(codec, encoded)| Glimpse::Lent(codec, encoded))
        }
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
        engine::Value::Bytes { codec, bytes } => {
            let (codec, EncodedRef { schema, unpacked, bytes: value, .. }) = of_record(codec, &bytes)?;
            let in_front = bytes.len() - value.len();
            let mut encoded = Encoded::new(bytes);
            (encoded.schema, encoded.unpacked) = (schema, unpacked);
            encoded.bytes.advance(in_front);
            Some(Payload::Bytes(codec, Box::new(encoded)))
        }
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
        engine::Stored::NoRoom => Refusal::StoreFull,
        _ => Refusal::TooLarge,
    })
}

/// What has no refusal to answer with, because it hands out more than an outcome.
#[cold]
pub(super) fn full() -> Error {
    Error::new(ErrorKind::Backend, "the disk is full")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_lies_in_a_record_is_a_value_or_none() {
        let (schema, value) = (NonZeroU32::new(7).unwrap(), b"value".as_slice());
        for (schema, unpacked) in [(None, None), (Some(schema), None), (None, Some(9)), (Some(schema), Some(u64::MAX))]
        {
            let encoded = EncodedRef { schema, unpacked, ..EncodedRef::new(value) };
            let (number, bytes) = record(Codec::Json, encoded);
            assert_eq!(of_record(number, &bytes), Some((Codec::Json, encoded)));
            let owned = payload(engine::Value::Bytes { codec: number, bytes: bytes.to_vec() });
            let Some(Payload::Bytes(Codec::Json, owned)) = owned else { panic!("it is a value") };
            assert_eq!(EncodedRef::from(&*owned), encoded);
        }
        // Every number, and bytes of every length about what has to lie in front.
        for number in 0..=u8::MAX {
            for length in 0..20 {
                for byte in [0, 1, 0xff] {
                    if let Some((codec, encoded)) = of_record(number, &vec![byte; length]) {
                        assert!(codec.number() == number & 0x3f && encoded.bytes.len() <= length);
                    }
                }
            }
        }
    }
}
