//! MessagePack, structs as maps with field names.

use std::io::Cursor;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn encode<V: ?Sized + Serialize>(value: &V) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(value).map_err(|error| error.to_string())
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut decoder = rmp_serde::Deserializer::new(Cursor::new(bytes));
    let value = T::deserialize(&mut decoder).map_err(|error| error.to_string())?;
    // `true` must not be read out of the front of something longer.
    let read = decoder.position();
    if read == bytes.len() as u64 {
        Ok(value)
    } else {
        Err(format!("{} bytes follow the value", bytes.len() as u64 - read))
    }
}
