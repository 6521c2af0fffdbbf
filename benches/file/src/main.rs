//! The file store beside LMDB and SQLite in Rust, and beside diskcache and Django's FileBasedCache in Python.
//!
//! Every figure is of this run, on this machine, with the same keys and values; what counts are the ratios.

mod peers;
mod python;
mod report;
mod workload;

use std::path::Path;

use peers::{PEERS, open};
use report::Report;

fn main() {
    let line: Vec<String> = std::env::args().collect();
    if line.get(1).is_some_and(|first| first == "--worker") {
        return workload::worker(&line[2..]);
    }
    let quick = line.iter().any(|argument| argument == "--quick");
    let place = tempfile::tempdir().expect("a directory can be made");
    let mut report = Report::default();
    for (size, keys) in [(100, 10_000), (1 << 10, 10_000), (100 << 10, 500), (1 << 20, 60)] {
        for peer in PEERS {
            let directory = place.path().join(format!("{peer}-{size}"));
            std::fs::create_dir_all(&directory).expect("a directory can be made");
            let rounds = if size > 1 << 12 || quick { 1 } else { 5 };
            workload::alone(&mut report, &mut *open(peer, &directory), size, keys, rounds);
            let _ = std::fs::remove_dir_all(&directory);
        }
    }
    for peer in PEERS {
        let directory = place.path().join(format!("{peer}-four"));
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        workload::four(&mut report, peer, &directory, if quick { 1 } else { 3 });
    }
    many_keys(&mut report, place.path(), if quick { 100_000 } else { 1_000_000 });
    python::run(&mut report, place.path(), quick);
    report.print();
}

/// Whether a million keys cost more than ten thousand.
fn many_keys(report: &mut Report, place: &Path, keys: usize) {
    for (name, keys) in [("engine-10k", 10_000), ("engine-many", keys)] {
        let directory = place.join(name);
        let mut peer = open("engine", &directory);
        workload::named(report, name, &mut *peer, 100, keys, 1);
        let _ = std::fs::remove_dir_all(&directory);
    }
}
