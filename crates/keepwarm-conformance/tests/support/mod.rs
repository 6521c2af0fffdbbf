//! File stores for the suites: each in a directory of its own.

use std::collections::VecDeque;
use std::path::Path;

use keepwarm::{FileOptions, FileStore};
use keepwarm_conformance::Setup;
use parking_lot::Mutex;
use tempfile::TempDir;

/// So many directories are left standing: more stores are never in use at once.
const STANDING: usize = 300;

static DIRECTORIES: Mutex<VecDeque<TempDir>> = Mutex::new(VecDeque::new());

/// In memory where the system has a place for that: thousands of stores are made and removed.
fn fresh() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a directory can be made")
}

/// A fresh store.
pub fn file(setup: &Setup) -> FileStore {
    let directory = fresh();
    let options = FileOptions::new(directory.path()).max_bytes(64 << 20);
    let options = setup.capacity.into_iter().fold(options, FileOptions::max_entries);
    let store = FileStore::new(&options, setup.clock.clone()).expect("the directory is there");
    let mut directories = DIRECTORIES.lock();
    directories.push_back(directory);
    let old = if directories.len() > STANDING { directories.pop_front() } else { None };
    drop(directories);
    drop(old);
    store
}

/// Removes what is left.
pub fn clean_up() {
    DIRECTORIES.lock().clear();
}
