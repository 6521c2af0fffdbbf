//! Who has the store open: a file for each, whose kernel lock is held while its process lives.
//!
//! Locks and leases lie in shared memory and name their holder. Whether a holder still lives the kernel knows, which lets
//! the lock of its file go when the process dies, whatever way; it is asked only by those who have waited for a while.
//! Process numbers are never looked at: those of two containers may be equal, and those of the dead come back.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::sys::{Here, Own, identity, is_still, make_directory, open, random, try_lock, try_share};

const FOLDER: &str = "keepwarm.members";

/// One who has the store open.
pub(crate) struct Membership {
    folder: PathBuf,
    number: u64,
    identity: (u64, u64),
    /// Held open for its lock, by this process alone.
    _file: Own,
    here: Here,
}

impl Membership {
    /// Joins those who have a store open.
    pub(crate) fn join(directory: &Path) -> Result<Self> {
        let folder = directory.join(FOLDER);
        make_directory(&folder)?;
        sweep(&folder);
        let here = Here::new().map_err(Error::io("map a page beside", directory))?;
        loop {
            let number = random().max(1);
            let path = path(&folder, number);
            let own = Own::new(open(&path)?);
            let file = own.file();
            let identity = identity(file).map_err(Error::io("look at", &path))?;
            // Somebody who sweeps may have taken the file for a dead one's before it was locked.
            if try_lock(file, &path)? && is_still(&path, identity) {
                return Ok(Self { folder, number, identity, _file: own, here });
            }
            make_directory(&folder)?;
        }
    }

    /// The number by which locks and leases name it. Never 0, and nobody else's.
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether this is the process that joined, and no child that was forked since.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.here.is_same()
    }

    /// Whether the one with this number still has the store open. Where the machine does not say, it does; and where our
    /// own file is gone, somebody is removing all of them.
    pub(crate) fn lives(&self, number: u64) -> bool {
        number == self.number
            || holds(&path(&self.folder, number))
            || !is_still(&path(&self.folder, self.number), self.identity)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // In a forked child it is the parent's.
        if self.is_here() {
            let _ = fs::remove_file(path(&self.folder, self.number));
        }
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016x}"))
}

/// Whether somebody holds the lock of a file.
fn holds(path: &Path) -> bool {
    match File::options().read(true).write(true).open(path) {
        // Shared, so that two who ask at once do not take each other for the holder.
        Ok(file) => !try_share(&file, path).unwrap_or(false),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// Removes the files of the dead.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let named =
            entry.file_name().to_str().is_some_and(|name| name.len() == 16 && u64::from_str_radix(name, 16).is_ok());
        if named && !holds(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_told_from_the_living() {
        let directory = tempfile::tempdir().unwrap();
        let one = Membership::join(directory.path()).unwrap();
        let other = Membership::join(directory.path()).unwrap();
        assert!(one.lives(one.number()) && one.lives(other.number()) && other.lives(one.number()));
        assert!(!one.lives(7), "nobody has this number");

        // As a kill leaves it: the file is there, and nobody holds its lock.
        let dead = path(&directory.path().join(FOLDER), 7);
        fs::write(&dead, b"").unwrap();
        fs::write(directory.path().join(FOLDER).join("other"), b"not ours").unwrap();
        assert!(!one.lives(7));
        let number = other.number();
        drop(other);
        assert!(!one.lives(number), "who has closed the store is no holder");
        let third = Membership::join(directory.path()).unwrap();
        assert!(!dead.exists(), "who joins cleans up");
        drop((one, third));
        let left: Vec<_> =
            fs::read_dir(directory.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["other"]);
    }
}
