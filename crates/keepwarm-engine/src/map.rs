//! A mapped file, word by word. With `bulk.rs` and `sys/fork.rs` the only place of the engine that is `unsafe`.
#![allow(unsafe_code)]

use std::os::fd::AsFd;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU64, Ordering, fence};

use rustix::mm::{MapFlags, MsyncFlags, ProtFlags, mmap, msync, munmap};

use crate::bulk;
use crate::crash;
use crate::words::{WORD, Words};

/// A shared mapping of a whole file, which is at least as long while it is mapped: files are made in their full length
/// (most of it a hole), and nobody shortens one that is open (see `open.rs`). So no access lies beyond the file's end.
/// Room is allocated before it is written (`sys::allocate`), so no write finds the disk full.
pub(crate) struct Map {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is reached through atomics alone.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Maps the first `length` bytes of a file.
    pub(crate) fn new(file: impl AsFd, length: usize) -> std::io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place, so the mapping overlaps nothing of the program; it ends in `drop`.
        let start = unsafe { mmap(null_mut(), length, protection, MapFlags::SHARED, file, 0)? };
        let start = NonNull::new(start.cast()).ok_or(std::io::ErrorKind::Other)?;
        Ok(Self { start, length })
    }

    /// Waits until what was written is on the disk.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        // SAFETY: the range is the mapping itself.
        unsafe { msync(self.start.as_ptr().cast(), self.length, MsyncFlags::SYNC)? };
        Ok(())
    }

    #[inline]
    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(WORD) && at < self.length, "no word of the mapping");
        // SAFETY: the mapping begins at a page and `length` is a multiple of the page size, so `at` is a whole aligned word
        // inside it. It lives as long as `self`. Nobody in this process reaches it but through atomics of 64 bits.
        unsafe { &*self.start.as_ptr().add(at).cast::<AtomicU64>() }
    }

    /// The words of a range.
    #[inline]
    fn range(&self, at: usize, words: usize) -> &[AtomicU64] {
        let fits = words <= self.length / WORD && at <= self.length - words * WORD;
        assert!(at.is_multiple_of(WORD) && fits, "no range of the mapping");
        // SAFETY: as in `word`, for each word of the range, which ends inside the mapping.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(at).cast(), words) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: nothing borrowed from `self` is left, and every borrow of the mapping is one from `self`.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

impl Words for Map {
    #[inline]
    fn load(&self, at: usize, order: Ordering) -> u64 {
        self.word(at).load(order)
    }

    #[inline]
    fn store(&self, at: usize, value: u64, order: Ordering) {
        self.word(at).store(value, order);
        crash::point();
    }

    #[inline]
    fn exchange(&self, at: usize, current: u64, new: u64) -> bool {
        let done = self.word(at).compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        crash::point();
        done
    }

    #[inline]
    fn fence(&self, order: Ordering) {
        fence(order);
    }

    #[inline]
    fn prefetch(&self, at: usize) {
        #[cfg(target_arch = "x86_64")]
        if at < self.length {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint that reads and changes nothing, wherever it points; here it points into the mapping.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.start.as_ptr().add(at).cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }

    #[inline]
    fn copy_out(&self, at: usize, length: usize, into: &mut Vec<u8>) {
        into.reserve_exact(length);
        let words = self.range(at, length.div_ceil(WORD));
        let (whole, rest) = words.split_at(length / WORD);
        let end = into.len();
        // SAFETY: `length` more bytes were reserved above. Each is written before the length says so. The vector is private.
        unsafe {
            bulk::read(whole, into.as_mut_ptr().add(end));
            into.set_len(end + whole.len() * WORD);
        }
        if let [last] = rest {
            into.extend_from_slice(&last.load(Ordering::Relaxed).to_le_bytes()[..length % WORD]);
        }
    }

    #[inline]
    fn copy_in(&self, at: usize, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<WORD>();
        let into = self.range(at, bytes.len().div_ceil(WORD));
        bulk::write(words, &into[..words.len()]);
        if !rest.is_empty() {
            let mut last = [0; WORD];
            last[..rest.len()].copy_from_slice(rest);
            into[words.len()].store(u64::from_le_bytes(last), Ordering::Relaxed);
        }
    }
}
