//! Many words at once, between memory that others write and read meanwhile and memory of our own.
//!
//! Word by word where nothing better is known. On x86-64 in the processor's wider registers: its loads are not passed by later
//! loads, nor its stores by later stores, whatever their width, which is all that relaxed words between fences promise. The
//! instructions are written out, because to the compiler such a copy would be a race; what assembly does it cannot know.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

use crate::crash;
use crate::words::WORD;

/// Bytes that are moved at once.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const BLOCK: usize = 64;

/// Copies words to `into`.
///
/// # Safety
/// `into` points to as many bytes that may be written, and that nobody else reaches.
#[inline]
pub(crate) unsafe fn read(words: &[AtomicU64], into: *mut u8) {
    let mut done = 0;
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    while (words.len() - done) * WORD >= BLOCK {
        // SAFETY: 64 bytes lie ahead in both. The shared side is only read, by instructions; nothing else is touched but
        // the registers that are named. What is fetched ahead is a hint, wherever it points: the processor itself stops to fetch
        // at the end of each page.
        unsafe {
            std::arch::asm!(
                "prefetcht0 [{from} + 1024]",
                "movups {a}, [{from}]",
                "movups {b}, [{from} + 16]",
                "movups {c}, [{from} + 32]",
                "movups {d}, [{from} + 48]",
                "movups [{to}], {a}",
                "movups [{to} + 16], {b}",
                "movups [{to} + 32], {c}",
                "movups [{to} + 48], {d}",
                from = in(reg) words.as_ptr().add(done),
                to = in(reg) into.add(done * WORD),
                a = out(xmm_reg) _, b = out(xmm_reg) _, c = out(xmm_reg) _, d = out(xmm_reg) _,
                options(nostack, preserves_flags),
            );
        }
        done += BLOCK / WORD;
    }
    for word in &words[done..] {
        // SAFETY: as the caller says.
        unsafe { into.add(done * WORD).cast::<[u8; WORD]>().write(word.load(Ordering::Relaxed).to_le_bytes()) };
        done += 1;
    }
}

/// Copies words from `from`, which has as many.
#[inline]
pub(crate) fn write(from: &[[u8; WORD]], words: &[AtomicU64]) {
    let length = from.len().min(words.len());
    let mut done = 0;
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    while (length - done) * WORD >= BLOCK {
        // SAFETY: 64 bytes lie ahead in both. The shared side, which may be written through atomics, is only written.
        unsafe {
            std::arch::asm!(
                "movups {a}, [{from}]",
                "movups {b}, [{from} + 16]",
                "movups {c}, [{from} + 32]",
                "movups {d}, [{from} + 48]",
                "movups [{to}], {a}",
                "movups [{to} + 16], {b}",
                "movups [{to} + 32], {c}",
                "movups [{to} + 48], {d}",
                from = in(reg) from.as_ptr().add(done),
                to = in(reg) words.as_ptr().add(done),
                a = out(xmm_reg) _, b = out(xmm_reg) _, c = out(xmm_reg) _, d = out(xmm_reg) _,
                options(nostack, preserves_flags),
            );
        }
        crash::point();
        done += BLOCK / WORD;
    }
    for (to, word) in words[done..length].iter().zip(&from[done..length]) {
        to.store(u64::from_le_bytes(*word), Ordering::Relaxed);
        crash::point();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_number_are_copied_both_ways() {
        for length in 0..40 {
            let bytes: Vec<[u8; WORD]> = (0..length).map(|word| [word as u8 + 1; WORD]).collect();
            let words: Vec<AtomicU64> = (0..length + 1).map(|_| AtomicU64::new(0)).collect();
            write(&bytes, &words[..length]);
            let mut back = vec![0_u8; (length + 1) * WORD];
            // SAFETY: it has a word more than is read.
            unsafe { read(&words[..length], back.as_mut_ptr()) };
            assert_eq!(back[..length * WORD], *bytes.as_flattened());
            assert_eq!((words[length].load(Ordering::Relaxed), back[length * WORD]), (0, 0), "and no more");
        }
    }
}
