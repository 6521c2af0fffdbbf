//! Memory that other threads and processes read and write at the same time, as words of 64 bits.
//!
//! Everything that the engine shares is read and written through this trait, one atomic word at a time: a plain copy of
//! bytes that another process is writing is undefined behaviour, and relaxed loads cost hardly more. The engine's
//! protocols are written against the trait, so that the same code runs over a mapped file, over plain memory under Miri,
//! and under a model checker.

use std::sync::atomic::Ordering;

/// Bytes in a word.
pub(crate) const WORD: usize = 8;

/// Shared memory. Offsets are in bytes, and are multiples of [`WORD`].
///
/// # Panics
/// Every method panics on an offset that is no word of the memory: offsets that come from shared bytes are checked before.
pub(crate) trait Words {
    fn load(&self, at: usize, order: Ordering) -> u64;
    fn store(&self, at: usize, value: u64, order: Ordering);
    /// Replaces `current` by `new`, if it is still there; whether it was.
    fn exchange(&self, at: usize, current: u64, new: u64) -> bool;
    fn fence(&self, order: Ordering);
    /// Has the processor fetch what lies there, while it does something else.
    fn prefetch(&self, _at: usize) {}
    /// Appends `length` bytes from `at` on.
    fn copy_out(&self, at: usize, length: usize, into: &mut Vec<u8>) {
        into.reserve_exact(length);
        let whole = length / WORD * WORD;
        for offset in (0..whole).step_by(WORD) {
            into.extend_from_slice(&self.load(at + offset, Ordering::Relaxed).to_le_bytes());
        }
        if whole < length {
            let last = self.load(at + whole, Ordering::Relaxed).to_le_bytes();
            into.extend_from_slice(&last[..length - whole]);
        }
    }

    /// Writes bytes from `at` on; the rest of the last word becomes zero.
    fn copy_in(&self, at: usize, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<WORD>();
        for (index, word) in words.iter().enumerate() {
            self.store(at + index * WORD, u64::from_le_bytes(*word), Ordering::Relaxed);
        }
        if !rest.is_empty() {
            let mut last = [0; WORD];
            last[..rest.len()].copy_from_slice(rest);
            self.store(at + words.len() * WORD, u64::from_le_bytes(last), Ordering::Relaxed);
        }
    }

    /// Whether exactly these bytes lie from `at` on.
    fn holds(&self, at: usize, bytes: &[u8]) -> bool {
        let (words, rest) = bytes.as_chunks::<WORD>();
        let whole = words
            .iter()
            .enumerate()
            .all(|(index, word)| self.load(at + index * WORD, Ordering::Relaxed) == u64::from_le_bytes(*word));
        if !whole || rest.is_empty() {
            return whole;
        }
        let last = self.load(at + words.len() * WORD, Ordering::Relaxed).to_le_bytes();
        last[..rest.len()] == *rest
    }
}

/// So many bytes, in whole words.
pub(crate) const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(WORD)
}

/// Plain memory of this process.
#[cfg(test)]
pub(crate) struct Heap(Box<[std::sync::atomic::AtomicU64]>);

#[cfg(test)]
impl Heap {
    pub(crate) fn new(bytes: usize) -> Self {
        Self((0..bytes / WORD).map(|_| Default::default()).collect())
    }

    fn word(&self, at: usize) -> &std::sync::atomic::AtomicU64 {
        assert!(at.is_multiple_of(WORD));
        &self.0[at / WORD]
    }
}

#[cfg(test)]
impl Words for Heap {
    fn load(&self, at: usize, order: Ordering) -> u64 {
        self.word(at).load(order)
    }

    fn store(&self, at: usize, value: u64, order: Ordering) {
        self.word(at).store(value, order);
    }

    fn exchange(&self, at: usize, current: u64, new: u64) -> bool {
        self.word(at).compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn fence(&self, order: Ordering) {
        std::sync::atomic::fence(order);
    }
}
