//! How much memory a process holds that reads a store.

use std::path::Path;

use keepwarm_engine::{Options, Store};

use crate::children::{child, heard, say};
use crate::support::{directory, held, set, value};

/// Keys that are read.
const READ: u64 = 20;
/// The kernel maps so much around a page that is touched, where it has it at hand.
const AROUND: u64 = 64 << 10;

fn big(place: &Path) -> Store {
    Store::new(Options { max_bytes: 512 << 20, ..Options::new(place) })
}

/// What a process grows by that reads a few keys of a store of so many.
fn growth(keys: u64) -> u64 {
    let directory = directory();
    let store = big(directory.path());
    for key in (0..keys).map(|key| format!("key{key}")) {
        set(&store, &key, &value(&key, 1, 4000)).expect("there is room");
    }
    let mut reader = child(&["touch", directory.path().to_str().expect("a plain path"), &keys.to_string()]);
    let said = heard(&mut reader);
    assert!(reader.wait().expect("it is ours").success());
    said.trim().rsplit(' ').next().expect("a word").parse().expect("a number")
}

pub(crate) fn reader() -> Result<(), String> {
    let (few, many) = (growth(1000), growth(16_000));
    // For each key a stretch around its bucket and two around its record, and the heads of sixteen shards.
    let most = (READ * 3 + 16 * 2) * AROUND;
    assert!(few <= most, "{few} bytes for a store of 4 MB");
    assert!(many <= most, "{many} bytes for a store of 64 MB");
    Ok(())
}

/// The child: reads a few keys, and says by how much its resident memory grew.
pub(crate) fn touch(place: &str, keys: u64) {
    let store = big(Path::new(place));
    let before = resident();
    for key in (0..READ).map(|key| format!("key{}", key * (keys / READ))) {
        assert_eq!(held(&store, &key), Some(1), "{key}");
    }
    say("grew", resident().saturating_sub(before));
}

/// Bytes of files and shared memory that this process has mapped in.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel says it");
    let kilobytes = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of it");
        line.split_whitespace().next().expect("a number").parse().expect("a number")
    };
    (kilobytes("RssFile:") + kilobytes("RssShmem:")) * 1024
}
