//! One process, one thread: the stores take turns at get, set and incr.

use std::path::{Path, PathBuf};

use crate::keys::{Batch, Random};
use crate::peers::{PEERS, Peer, open};
use crate::python::Python;
use crate::report::Report;
use crate::time::thread_time;

/// Sizes of values, how many keys there are of each, in how many rounds, and how often each key is asked for in a round.
const SIZES: [(usize, usize, usize, usize); 4] =
    [(100, 10_000, 11, 4), (1 << 10, 10_000, 11, 4), (100 << 10, 500, 7, 2), (1 << 20, 60, 7, 2)];

/// What is measured, and its unit.
pub(crate) const VERBS: [&str; 3] = ["get", "set", "incr"];

pub(crate) fn run(report: &mut Report, mut python: Option<&mut Python>, place: &Path, quick: bool) {
    for (size, keys, rounds, passes) in SIZES {
        let directory = |name: &str| -> PathBuf {
            let directory = place.join(format!("{name}-{size}"));
            std::fs::create_dir_all(&directory).expect("a directory can be made");
            directory
        };
        let value = "v".repeat(size);
        let batch = Batch::of(0..keys as u64);
        let names = || PEERS.iter().chain(&["keepwarm bytes"]);
        let mut peers: Vec<_> = names().map(|name| open(name, &directory(name))).collect();
        for peer in &peers {
            batch.keys().for_each(|key| peer.set(key, &value));
        }
        if let Some(python) = python.as_deref_mut() {
            python.fill(size, keys);
        }
        let mut random = Random::new(size as u64);
        for round in 0..if quick { 2 } else { rounds } {
            // In an order of its own: who comes after a neighbour with a small footprint has it better.
            random.shuffle(&mut peers);
            for peer in &peers {
                for (verb, figure) in VERBS.iter().zip(once(&**peer, &batch, &value, passes)) {
                    report.add(peer.name(), size, verb, round, figure);
                }
            }
            if let Some(python) = python.as_deref_mut() {
                python.round(report, size, round);
            }
        }
        for name in names() {
            let _ = std::fs::remove_dir_all(directory(name));
        }
    }
}

/// One round, in nanoseconds of this thread's processor time for each verb: what neighbours take from the machine
/// meanwhile does not count. The first pass of each verb finds the processor's caches full of the neighbour before, and is
/// not timed.
fn once(peer: &dyn Peer, batch: &Batch, value: &str, passes: usize) -> [f64; 3] {
    let timed = |work: &mut dyn FnMut()| {
        work();
        let begun = thread_time();
        (1..passes).for_each(|_| work());
        (thread_time() - begun) as f64 / (batch.len() * (passes - 1)) as f64
    };
    let mut read = 0;
    let get = timed(&mut || read = batch.keys().map(|key| peer.get(key)).sum());
    let wanted = batch.len() * value.len();
    // A cache may forget, but one with room does not.
    assert!(read >= wanted / 100 * 99, "{} has lost {} of {wanted} bytes", peer.name(), wanted.saturating_sub(read));
    let set = timed(&mut || batch.keys().for_each(|key| peer.set(key, value)));
    let incr = timed(&mut || {
        for number in 0..batch.len() {
            peer.incr(if number % 2 == 0 { "count:a" } else { "count:b" });
        }
    });
    [get, set, incr]
}
