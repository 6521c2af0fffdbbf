//! A file that belongs to this process alone: a child that is forked does not keep it open.
//!
//! A lock of the kernel (`flock`) belongs to what was opened, which parent and child share: were a child to keep its copy, the lock would
//! outlive the parent, and the parent be taken for alive. Classic locks (`fcntl`) are not inherited, but are lost as soon as
//! anybody in the process closes the same file, a copy of the directory for one: then somebody alive would be taken for dead,
//! which is worse. So the child closes its copies before `fork` returns in it.
//!
//! A child made in another way than by the C library's `fork` keeps its copies until it uses the store or ends. One that runs
//! another program has them closed by that.
#![allow(unsafe_code)]

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Once, OnceLock};

/// The descriptors of this process's own files, each and one more; 0 is free. Walked in a forked child, where nothing may be
/// locked or allocated; so it only ever grows.
struct Table {
    places: [AtomicI32; PLACES],
    next: OnceLock<Box<Self>>,
}

const PLACES: usize = 64;

static OWN: Table = Table::new();

impl Table {
    const fn new() -> Self {
        Self { places: [const { AtomicI32::new(0) }; PLACES], next: OnceLock::new() }
    }

    fn add(&'static self, file: RawFd) -> &'static AtomicI32 {
        let free = |place: &&AtomicI32| place.compare_exchange(0, file + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        match self.places.iter().find(free) {
            Some(place) => place,
            None => self.next.get_or_init(|| Box::new(Self::new())).add(file),
        }
    }
}

/// A file that a forked child does not keep open.
#[derive(Debug)]
pub(crate) struct Own {
    file: ManuallyDrop<File>,
    place: &'static AtomicI32,
}

impl Own {
    pub(crate) fn new(file: File) -> Self {
        static ONCE: Once = Once::new();
        // SAFETY: the handler does nothing but read atomics and close files, which a forked child may do. It is there as long as
        // the code is: the C library forgets the handlers of a library that is unloaded.
        ONCE.call_once(|| unsafe {
            // Without memory for it a child keeps its copies, as said above.
            let _ = libc::pthread_atfork(None, None, Some(close_in_child));
        });
        let place = OWN.add(file.as_raw_fd());
        Self { file: ManuallyDrop::new(file), place }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // In a forked child the handler has closed it, and its number may be another file's by now.
        if self.place.compare_exchange(self.file.as_raw_fd() + 1, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            // SAFETY: it is dropped here alone, and not used any more.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

extern "C" fn close_in_child() {
    let mut table = Some(&OWN);
    while let Some(part) = table {
        for place in &part.places {
            let file = place.swap(0, Ordering::SeqCst);
            if file > 0 {
                // SAFETY: the child's own copy, which nobody uses: `Own` hands the file out while it is held, and its drop sees
                // that the place is empty.
                unsafe { libc::close(file - 1) };
            }
        }
        table = part.next.get().map(|next| &**next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_place_for_everybody_and_gives_it_again() {
        let directory = tempfile::tempdir().unwrap();
        let own = |number: usize| Own::new(File::create(directory.path().join(number.to_string())).unwrap());
        let files: Vec<_> = (0..PLACES * 2 + 1).map(own).collect();
        let places: std::collections::HashSet<_> = files.iter().map(|own| own.place.as_ptr()).collect();
        assert_eq!(places.len(), files.len());
        assert!(files.iter().all(|own| own.place.load(Ordering::SeqCst) == own.file().as_raw_fd() + 1));
        drop(files);
        assert_eq!(OWN.next.get().map(|next| next.places.len()), Some(PLACES));
    }
}
