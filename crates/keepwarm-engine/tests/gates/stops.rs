//! Processes that are stopped and not killed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use keepwarm_engine::{Error, Options, Store};
use rustix::process::{Pid, Signal, kill_process};

use crate::children::{child, heard};
use crate::support::{directory, held, options, set, times, value};

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it is ours");
}

/// The bytes on the disk.
fn taken(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory).expect("it is there").flatten();
    files.map(|file| file.metadata().map_or(0, |found| found.blocks() * 512)).sum()
}

pub(crate) fn reader() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let store = Store::new(options(directory.path()));
    let mut reader = child(&["read", place]);
    heard(&mut reader);
    signal(&reader, Signal::STOP);
    let rounds = times(20_000, 500_000);
    for round in 0..rounds {
        let key = format!("key{}", round % 400);
        set(&store, &key, &value(&key, round, 2000)).expect("nobody is in the way");
        held(&store, &key);
    }
    assert!(taken(directory.path()) <= (2 << 20) + (1 << 18), "{} bytes", taken(directory.path()));
    signal(&reader, Signal::CONT);
    std::thread::sleep(Duration::from_millis(20));
    assert!(reader.try_wait().expect("it is ours").is_none(), "it met wrong bytes");
    reader.kill().expect("it is ours");
    reader.wait().expect("it is ours");
    Ok(())
}

pub(crate) fn writer() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let impatient = Options { patience: Duration::from_millis(200), ..options(directory.path()) };
    let store = Store::new(impatient);
    set(&store, "key", &value("key", 0, 100)).expect("nobody is in the way");
    let mut stopped = 0;
    for stores in 0..times(24, 120) {
        let mut writer = child(&["stop", place, &stores.to_string()]);
        heard(&mut writer);
        // Until it stands still, or has come through.
        while !matches!(state(&writer), Some('T' | 'Z')) {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        match set(&store, "key", &value("key", 2, 100)) {
            Ok(_) => {}
            Err(Error::Locked { file, .. }) => {
                stopped += 1;
                assert!(file.starts_with(directory.path()));
                assert!(begun.elapsed() < Duration::from_secs(3));
                // Readers go on.
                assert!(held(&store, "key").is_none_or(|version| version <= 2));
            }
            Err(other) => panic!("{other}"),
        }
        signal(&writer, Signal::CONT);
        assert!(writer.wait().expect("it is ours").success());
        set(&store, "key", &value("key", 0, 100)).expect("the lock is free again");
    }
    assert!(stopped > 10, "only {stopped} were stopped with the lock");
    Ok(())
}

/// The state of a process, as the kernel says it.
fn state(child: &Child) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
