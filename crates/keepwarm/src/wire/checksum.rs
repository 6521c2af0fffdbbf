//! The checksum over key and entry.
//!
//! CRC-32 as zlib, PNG and Ethernet use it: every language has it (`zlib.crc32` in Python's standard library), the
//! hardware is fast at it, and unlike a hash it is certain, not merely likely, to notice every change of up to 32
//! neighbouring bits, a single flipped bit among them. xxh3 would be faster on large values, but needs a package in
//! Python and gives no such certainty at 32 bits; CRC-32C is in no standard library. It guards against accidents; who
//! must guard against forgery signs or encrypts.

/// The checksum of an entry's bytes, all but the checksum, under `key`.
pub(super) fn checksum(key: &str, bytes: &[u8]) -> u32 {
    // No separator is needed: an entry begins with a byte that no UTF-8 text holds.
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(bytes);
    hasher.finalize()
}
