//! File stores for the suites: each in a directory of its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;

use keepwarm::{FileMode, FileOptions, FileStore};
use keepwarm_conformance::Setup;
use parking_lot::Mutex;
use tempfile::TempDir;

/// So many directories are left standing: more stores are never in use at once.
const STANDING: usize = 2000;

static DIRECTORIES: Mutex<VecDeque<TempDir>> = Mutex::new(VecDeque::new());

/// In memory where the system has a place for that: thousands of stores are made and removed.
fn fresh() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a directory can be made")
}

fn open(directory: &Path, setup: &Setup) -> FileStore {
    let options = FileOptions::new(directory).max_bytes(32 << 20);
    let options = setup.capacity.into_iter().fold(options, FileOptions::max_entries);
    FileStore::new(&options, setup.clock.clone()).expect("the directory is there")
}

/// A fresh store.
#[allow(dead_code, reason = "one of the two suites uses it")]
pub(crate) fn file(setup: &Setup) -> FileStore {
    kept(|directory| open(directory, setup))
}

/// The same that counts its entries as Django does.
#[allow(dead_code, reason = "one of the two suites uses it")]
pub(crate) fn culled_file(mode: FileMode) -> impl Fn(&Setup) -> FileStore + Send + Sync {
    move |setup| {
        kept(|directory| {
            let options = FileOptions::new(directory).max_bytes(32 << 20).mode(mode);
            let options = options.cull(setup.capacity.unwrap_or(1000), 3);
            FileStore::new(&options, setup.clock.clone()).expect("the directory is there")
        })
    }
}

fn kept(make: impl FnOnce(&Path) -> FileStore) -> FileStore {
    let directory = fresh();
    let store = make(directory.path());
    let mut directories = DIRECTORIES.lock();
    directories.push_back(directory);
    let old = if directories.len() > STANDING { directories.pop_front() } else { None };
    drop(directories);
    drop(old);
    store
}

/// A fresh store of one file for each entry.
#[allow(dead_code, reason = "one of the two suites uses it")]
pub(crate) fn plain_files(setup: &Setup) -> FileStore {
    let directory = fresh();
    let options = FileOptions::new(directory.path()).mode(FileMode::Files);
    let store = FileStore::new(&options, setup.clock.clone()).expect("the directory is there");
    DIRECTORIES.lock().push_back(directory);
    store
}

/// An empty store that the thread has used before: a hundred thousand are asked for.
#[allow(dead_code, reason = "one of the two suites uses it")]
pub(crate) fn emptied_file(setup: &Setup) -> FileStore {
    thread_local! {
        static KEPT: RefCell<Option<(FileStore, TempDir)>> = const { RefCell::new(None) };
    }
    KEPT.with_borrow_mut(|kept| {
        let (_, directory) = kept.get_or_insert_with(|| {
            let directory = fresh();
            (open(directory.path(), setup), directory)
        });
        // A handle of its own, with its own clock.
        let store = open(directory.path(), setup);
        let cache = keepwarm::Cache::builder().backend(store.clone()).build().expect("the defaults fit together");
        cache.clear_store().wait().expect("the directory is there");
        store
    })
}

/// Removes what is left.
pub(crate) fn clean_up() {
    DIRECTORIES.lock().clear();
}
