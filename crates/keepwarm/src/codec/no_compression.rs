//! Without the feature `zstd` nothing is compressed, and what is compressed is not read.

use bytes::Bytes;

use crate::payload::Undecodable;

pub(crate) const AVAILABLE: bool = false;

pub(super) fn pack(_bytes: &[u8]) -> Option<Bytes> {
    None
}

pub(super) fn unpack(_packed: &[u8], _length: u64) -> Result<Bytes, Undecodable> {
    Err(Undecodable("the value is compressed, and this program was built without keepwarm's feature `zstd`".to_owned()))
}
