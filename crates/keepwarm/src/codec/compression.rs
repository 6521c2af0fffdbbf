//! Zstandard around an encoded value, where the alias says from what size on.
//!
//! The C library through the crate `zstd`, at its fastest level: beside `ruzstd`, which is Rust throughout, it packed a
//! list of users 5 times and unpacked it 3.5 times as fast, and to four fifths of the size, for 9 seconds more of a cold
//! build on one core. What needs no compression needs no C compiler: it is a feature.

use std::cell::RefCell;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

use super::LARGEST_UNPACKED;
use crate::payload::Undecodable;

/// Whether this program was built with it.
pub(crate) const AVAILABLE: bool = true;

const LEVEL: i32 = 1;

thread_local! {
    // Their tables are hundreds of KiB, and nothing of a value stays in them.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The bytes packed, when that makes them fewer.
pub(super) fn pack(bytes: &[u8]) -> Option<Bytes> {
    let packed = COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(LEVEL).ok()?),
        };
        // No more room than it may take: what does not fit is not smaller.
        let mut packed = Vec::with_capacity(bytes.len().checked_sub(1)?);
        compressor.compress_to_buffer(bytes, &mut packed).ok()?;
        packed.shrink_to_fit();
        Some(packed)
    })?;
    Some(packed.into())
}

/// The bytes that were packed.
///
/// # Errors
/// [`Undecodable`] when they are no frame, or one of another length than was said, or too long.
pub(super) fn unpack(packed: &[u8], length: u64) -> Result<Bytes, Undecodable> {
    let unusable = |reason: &str| Undecodable(format!("the value is compressed, and {reason}"));
    let length = usize::try_from(length).ok().filter(|length| *length <= LARGEST_UNPACKED);
    let length = length.ok_or_else(|| unusable("said to be longer than any may be"))?;
    let unpacked = DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new()?),
        };
        decompressor.decompress(packed, length)
    });
    match unpacked {
        Ok(unpacked) if unpacked.len() == length => Ok(unpacked.into()),
        Ok(_) => Err(unusable("not of the length it is said to have")),
        Err(error) => Err(unusable(&format!("cannot be decompressed: {error}"))),
    }
}
