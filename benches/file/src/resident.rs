//! What a process holds in memory that reads a few keys of a store: what it touches, however large the store is.

use std::path::Path;
use std::process::Command;

use crate::keys::Batch;
use crate::peers::open;

const SIZE: usize = 4096;
/// Keys that are read, spread over the store.
const READ: usize = 20;

pub(crate) fn run(place: &Path, quick: bool) {
    let stores = [1_000_u64, if quick { 16_000 } else { 128_000 }];
    println!("\nresident memory that a process gains by reading {READ} keys of 4 KiB, in KiB");
    for peer in ["engine", "keepwarm", "lmdb"] {
        for keys in stores {
            let directory = place.join(format!("{peer}-resident-{keys}"));
            std::fs::create_dir_all(&directory).expect("a directory can be made");
            let (store, value) = (open(peer, &directory), "v".repeat(SIZE));
            Batch::of(0..keys).keys().for_each(|key| store.set(key, &value));
            let program = std::env::current_exe().expect("the program knows where it lies");
            let mut command = Command::new(program);
            let output = command.args(["--resident", peer, &keys.to_string()]).arg(&directory).output();
            let output = output.expect("a process can be started");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let gained = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            println!("  {peer:10} of a store of {:4} MiB {gained:>8}", keys * SIZE as u64 >> 20);
            drop(store);
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// The process that reads.
pub(crate) fn reader(line: &[String]) {
    let [peer, keys, directory] = line else { panic!("a reader has three arguments") };
    let keys: usize = keys.parse().expect("a number");
    let store = open(peer, Path::new(directory));
    let batch = Batch::of(0..keys as u64);
    // Opened, and its code is there.
    store.get(batch.key(0));
    let before = resident();
    let read: usize = (1..=READ).map(|number| store.get(batch.key(number * (keys / (READ + 1))))).sum();
    let after = resident();
    assert_eq!(read, READ * SIZE);
    println!("{}", after.saturating_sub(before));
}

/// KiB of memory that this process has, files that are mapped in included.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel says it");
    let of = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    of("VmRSS")
}
