//! Whether this process is the one that opened the store, or a child that was forked since.
//!
//! A page that the kernel wipes in a child: asking is one load from memory, where `getpid` is a system call, and a child
//! that happens to get its parent's number in another namespace is noticed all the same.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
mod marked {
    use std::ptr::{NonNull, null_mut};
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    const PAGE: usize = 4096;

    /// Made by the process that it is asked about.
    pub(crate) struct Here(NonNull<AtomicU64>);

    // SAFETY: one atomic word, reached by shared reference alone.
    unsafe impl Send for Here {}
    // SAFETY: as above.
    unsafe impl Sync for Here {}

    impl Here {
        pub(crate) fn new() -> std::io::Result<Self> {
            // SAFETY: a mapping of its own, placed by the kernel; it ends in `drop`.
            let page = unsafe {
                let page = mmap_anonymous(null_mut(), PAGE, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)?;
                if let Err(error) = madvise(page, PAGE, Advice::LinuxWipeOnFork) {
                    let _ = munmap(page, PAGE);
                    return Err(error.into());
                }
                page
            };
            let here = Self(NonNull::new(page.cast()).ok_or(std::io::ErrorKind::Other)?);
            here.word().store(1, Ordering::Relaxed);
            Ok(here)
        }

        fn word(&self) -> &AtomicU64 {
            // SAFETY: the page is mapped while `self` lives, and begins with this word.
            unsafe { self.0.as_ref() }
        }

        /// Whether no fork lies between.
        #[inline]
        pub(crate) fn is_same(&self) -> bool {
            self.word().load(Ordering::Relaxed) == 1
        }
    }

    impl Drop for Here {
        fn drop(&mut self) {
            // SAFETY: nothing borrowed from the page is left.
            let _ = unsafe { munmap(self.0.as_ptr().cast(), PAGE) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod marked {
    /// Made by the process that it is asked about.
    pub(crate) struct Here(u32);

    impl Here {
        pub(crate) fn new() -> std::io::Result<Self> {
            Ok(Self(std::process::id()))
        }

        /// Whether no fork lies between.
        pub(crate) fn is_same(&self) -> bool {
            self.0 == std::process::id()
        }
    }
}

pub(crate) use marked::Here;
