//! Promise 3 over the file store, with the readers and who invalidates in two processes.

use std::path::Path;
use std::process::ExitCode;

use keepwarm::{FileOptions, FileStore};
use keepwarm_conformance::schedules::{Reading, run_across_processes};
use parking_lot::Mutex;
use tempfile::TempDir;

static DIRECTORIES: Mutex<Vec<TempDir>> = Mutex::new(Vec::new());

fn main() -> ExitCode {
    let place = || {
        // In memory where the system has a place for that: the store is emptied thousands of times.
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let directory = made.expect("a directory can be made");
        let place = directory.path().to_string_lossy().into_owned();
        DIRECTORIES.lock().push(directory);
        place
    };
    // The others have passed as well, and take some minutes.
    let readings: &[Reading] = match std::env::var_os("KEEPWARM_ALL_SCHEDULES") {
        None => &Reading::ACROSS,
        Some(_) => &Reading::SAFE,
    };
    let outcome = run_across_processes("file", readings, place, |setup, place| {
        FileStore::new(&FileOptions::new(place).max_bytes(32 << 20), setup.clock.clone())
            .expect("the directory is there")
    });
    DIRECTORIES.lock().clear();
    outcome
}
