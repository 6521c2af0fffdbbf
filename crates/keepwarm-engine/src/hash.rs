//! Hashes and checksums. All of them are xxh3: fast on short keys and on long values, and the same on every machine.

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

/// 128 bits of a name under a seed. Keys are compared in full wherever a value is handed out; where the hash stands alone
/// (leases, markers), two names that met would cost misses and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NameHash {
    /// Chooses shard, bucket and tag; the record carries it.
    pub(crate) low: u64,
    /// Tells names apart where no name is compared.
    pub(crate) high: u64,
}

impl NameHash {
    #[inline]
    pub(crate) fn of(seed: u64, name: &[u8]) -> Self {
        let hash = xxh3_128_with_seed(name, seed);
        Self { low: hash as u64, high: (hash >> 64) as u64 }
    }
}

/// A checksum that continues `before`.
#[inline]
pub(crate) fn checksum(before: u64, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, before)
}

/// The checksum of a few words.
#[inline]
pub(crate) fn checksum_words<const N: usize>(words: [u64; N]) -> u64 {
    let mut sum = 0x9e37_79b9_7f4a_7c15;
    for word in words {
        sum = mix(sum ^ word);
    }
    sum
}

/// Spreads every bit of a word over all of another.
#[inline]
pub(crate) const fn mix(word: u64) -> u64 {
    let product = (word ^ 0xa076_1d64_78bd_642f) as u128 * 0xe703_7ed1_a0b4_28db_u128;
    let folded = (product as u64) ^ ((product >> 64) as u64);
    let product = (folded ^ word.rotate_left(32)) as u128 * 0x8ebc_6af0_9c88_c6e3_u128;
    (product as u64) ^ ((product >> 64) as u64)
}
