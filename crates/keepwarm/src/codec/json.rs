//! JSON, exact or refused.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn encode<V: ?Sized + Serialize>(value: &V) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}
