//! Locks of the kernel, which it frees when their process dies, whatever way.
//!
//! They belong to an open file description, so that they hold between containers whose processes have equal numbers.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// So often the lock is asked for before the thread lets others run, and so often before it sleeps.
const SPINS: u32 = 8;
const YIELDS: u32 = 40;

/// Waits for the lock, for no longer than `patience`.
pub(crate) fn lock(file: &File, path: &Path, patience: Duration) -> Result<()> {
    wait(file, path, FlockOperation::NonBlockingLockExclusive, patience)
}

/// Waits until nobody holds the lock alone, and then shares it.
pub(crate) fn share(file: &File, path: &Path, patience: Duration) -> Result<()> {
    wait(file, path, FlockOperation::NonBlockingLockShared, patience)
}

/// Takes the lock if it is free. A lock that was shared by this file is lost if it is not.
pub(crate) fn try_lock(file: &File, path: &Path) -> Result<bool> {
    attempt(file, path, FlockOperation::NonBlockingLockExclusive)
}

/// Shares the lock if nobody holds it alone.
pub(crate) fn try_share(file: &File, path: &Path) -> Result<bool> {
    attempt(file, path, FlockOperation::NonBlockingLockShared)
}

fn wait(file: &File, path: &Path, operation: FlockOperation, patience: Duration) -> Result<()> {
    if attempt(file, path, operation)? {
        return Ok(());
    }
    let begun = Instant::now();
    // Not the kernel's own waiting, which has no end: a holder that is stopped must not stop everybody.
    for round in 0_u32.. {
        if attempt(file, path, operation)? {
            return Ok(());
        }
        let waited = begun.elapsed();
        if waited >= patience {
            return Err(Error::Locked { file: path.to_owned(), waited });
        }
        match round {
            ..SPINS => std::hint::spin_loop(),
            SPINS..YIELDS => thread::yield_now(),
            _ => thread::sleep(Duration::from_micros(u64::from((round - YIELDS).min(40)) * 25 + 25)),
        }
    }
    unreachable!("the patience ends before the rounds")
}

fn attempt(file: &File, path: &Path, operation: FlockOperation) -> Result<bool> {
    loop {
        return match flock(file, operation) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(Errno::INTR) => continue,
            Err(errno) => Err(Error::io("lock", path)(errno.into())),
        };
    }
}

/// The lock of a file, held until it is dropped, among threads and processes alike.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock of a file, which is made if it is missing.
    ///
    /// # Errors
    /// [`Error::Locked`] when it is not free in time; [`Error::Io`] when the file cannot be opened.
    pub fn new(path: &Path, patience: Duration) -> Result<Self> {
        let file = super::open(path)?;
        lock(&file, path, patience)?;
        Ok(Self { _file: file })
    }
}
