//! A second reader of envelopes, written from `docs/wire-format.md` alone and sharing no code with the library. It only
//! borrows the library's types for the answer.

use std::num::NonZeroU32;

use keepwarm::codec::Codec;
use keepwarm::entry::{Generation, Mark, Marker, MarkerKind, Stamp};
use keepwarm::wire::{Content, Envelope};

/// The envelope, or `None` when it is undecodable.
pub(crate) fn read(key: &[u8], entry: &[u8]) -> Option<Envelope> {
    let (covered, checksum) = entry.split_at_checked(entry.len().checked_sub(4)?)?;
    let [0xc1, 1, codec, flags, rest @ ..] = covered else { return None };
    if crc32(&[key, covered].concat()).to_le_bytes() != checksum {
        return None;
    }
    let mut rest = rest;
    let mut envelope = Envelope::new(Content::Integer(0));
    if flags & 0x01 != 0 {
        envelope.written = Some(varint(&mut rest)?);
    }
    let origin = envelope.written.unwrap_or(0);
    if flags & 0x02 != 0 {
        envelope.hard_deadline = Some(origin.saturating_add(varint(&mut rest)?));
    }
    if flags & 0x04 != 0 {
        envelope.soft_deadline = Some(origin.saturating_add(varint(&mut rest)?));
    }
    if flags & 0x08 != 0 {
        envelope.stamp = Some(Stamp(eight(&mut rest)?));
    }
    if flags & 0x10 != 0 {
        envelope.scope = Some(Generation(eight(&mut rest)?));
    }
    if flags & 0x20 != 0 {
        envelope.schema = Some(NonZeroU32::new(u32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?))?);
    }
    if flags & 0x40 != 0 {
        let mut marks = Vec::new();
        let count = varint(&mut rest)?;
        while (marks.len() as u64) < count {
            let kind = match take(&mut rest, 1)? {
                [1] => MarkerKind::Tag,
                [2] => MarkerKind::Namespace,
                _ => return None,
            };
            let length = varint(&mut rest)?.try_into().ok()?;
            let name = String::from_utf8(take(&mut rest, length)?.to_vec()).ok()?;
            marks.push(Mark { marker: Marker::new(kind, name), generation: Generation(eight(&mut rest)?) });
        }
        envelope.marks = Some((!marks.is_empty()).then(|| marks.into())?);
    }
    if flags & 0x80 != 0 {
        let [0x01] = take(&mut rest, 1)? else { return None };
        envelope.unpacked = Some(varint(&mut rest).filter(|length| *length <= 134_217_728)?);
    }
    if envelope.unpacked.is_some() && matches!(codec, 0 | 4 | 5) {
        return None;
    }
    envelope.content = match codec {
        0 => {
            let text = std::str::from_utf8(rest).ok()?;
            let number: i64 = text.parse().ok()?;
            Content::Integer((number.to_string() == text).then_some(number)?)
        }
        1 => Content::Value(Codec::MessagePack, rest.to_vec().into()),
        2 => Content::Value(Codec::Json, rest.to_vec().into()),
        3 => Content::Value(Codec::Raw, rest.to_vec().into()),
        6 => {
            if rest.len() < 32 && envelope.unpacked.is_none() {
                return None;
            }
            Content::Value(Codec::Pickle, rest.to_vec().into())
        }
        4 => Content::Generation(Generation(u64::from_le_bytes(rest.try_into().ok()?))),
        5 => {
            let text = std::str::from_utf8(rest).ok()?;
            let millis: u64 = text.parse::<i64>().ok()?.try_into().ok()?;
            Content::Lease((millis.to_string() == text).then_some(millis)?)
        }
        _ => return None,
    };
    Some(envelope)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn eight(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let length = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let groups = take(rest, length)?;
    if length > 1 && groups[length - 1] == 0 {
        return None;
    }
    groups
        .iter()
        .rev()
        .try_fold(0_u64, |number, group| number.checked_mul(128).map(|number| number | u64::from(group & 0x7f)))
}

/// CRC-32 bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |state, byte| {
        (0..8).fold(state ^ u32::from(*byte), |state, _| (state >> 1) ^ (0xedb8_8320 * (state & 1)))
    })
}
