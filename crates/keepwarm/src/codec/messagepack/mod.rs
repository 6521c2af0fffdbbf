//! MessagePack, structs as maps with field names; `docs/wire-format.md` says which forms are written and read.

mod decoder;
mod deserializer;
mod elements;
mod enums;
mod extension;
mod integers;
mod times;

use decoder::Decoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::whole::{Kind, Refused, taken_whole};

pub(super) fn encode<V: ?Sized + Serialize>(value: &V) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(value).map_err(|error| error.to_string())
}

/// Text or bytes, which are all of the value: copied once, not byte by byte, to `out`, whatever is in it.
pub(super) fn encode_whole<V: ?Sized + Serialize>(value: &V, out: Vec<u8>) -> Result<Vec<u8>, Refused> {
    taken_whole(value, out, |kind, length, out| {
        let length = u32::try_from(length).map_err(|_| Refused("MessagePack ends at 4 GiB".to_owned()))?;
        out.reserve_exact(5 + length as usize);
        let (short, one, two, four) = match kind {
            Kind::Text => (Some(0xa0), 0xd9, 0xda, 0xdb),
            Kind::Bytes => (None, 0xc4, 0xc5, 0xc6),
        };
        match (short, length) {
            (Some(marker), 0..=31) => out.push(marker | length as u8),
            (_, 0..=0xff) => out.extend([one, length as u8]),
            (_, 0x100..=0xffff) => {
                out.push(two);
                out.extend((length as u16).to_be_bytes());
            }
            _ => {
                out.push(four);
                out.extend(length.to_be_bytes());
            }
        }
        Ok(())
    })
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut decoder = Decoder::new(bytes);
    let value = T::deserialize(&mut decoder).map_err(|error| error.to_string())?;
    // `true` must not be read out of the front of something longer.
    decoder.end().map_err(|error| error.to_string())?;
    Ok(value)
}

/// The bytes of a bin that is all of the value; `None` for anything else.
pub(super) fn bin(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = match *bytes.first()? {
        0xc4 => (u32::from(*bytes.get(1)?), bytes.get(2..)?),
        0xc5 => (u32::from(u16::from_be_bytes(bytes.get(1..3)?.try_into().ok()?)), bytes.get(3..)?),
        0xc6 => (u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?), bytes.get(5..)?),
        _ => return None,
    };
    (rest.len() == length as usize).then_some(rest)
}
