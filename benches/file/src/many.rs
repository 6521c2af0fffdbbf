//! Whether a million keys cost more than ten thousand, beside what the machine makes of them: a plain map in the process'
//! own memory has no locks, no checks and no files, and pays for its caches' misses all the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::keys::{Batch, Random};
use crate::peers::{Peer, open};
use crate::report::Report;
use crate::time::thread_time;

const SIZE: usize = 100;
const FEW: usize = 10_000;
/// Of each store and round: keys that are drawn anew each time.
const ASKED: usize = 100_000;
const ROUNDS: usize = 9;

pub(crate) fn run(report: &mut Report, place: &Path, many: usize) {
    let directory = |name: &str, keys: usize| -> PathBuf {
        let directory = place.join(format!("{name}-of-{keys}"));
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        directory
    };
    let mut stores: Vec<(String, usize, Box<dyn Peer>)> = Vec::new();
    for keys in [FEW, many] {
        for name in ["engine", "lmdb"] {
            stores.push((name.to_owned(), keys, open(name, &directory(name, keys))));
        }
        stores.push(("map".to_owned(), keys, Box::new(Plain::default())));
    }
    let value = "v".repeat(SIZE);
    let mut random = Random::new(1);
    for (_, keys, store) in &stores {
        // Not in the order of their ids, so that neighbours in one store are no neighbours in another.
        let mut ids: Vec<u64> = (0..*keys as u64).collect();
        random.shuffle(&mut ids);
        for part in ids.chunks(ASKED) {
            Batch::of(part.iter().copied()).keys().for_each(|key| store.set(key, &value));
        }
    }
    for round in 0..ROUNDS {
        random.shuffle(&mut stores);
        for (name, keys, store) in &stores {
            let batch = Batch::of((0..ASKED).map(|_| random.below(*keys) as u64));
            let name = format!("{name} {}", if *keys == FEW { "few" } else { "many" });
            let begun = thread_time();
            let read: usize = batch.keys().map(|key| store.get(key)).sum();
            let got = thread_time();
            batch.keys().for_each(|key| store.set(key, &value));
            let set = thread_time();
            assert!(read >= ASKED * SIZE / 100 * 99, "{name} has lost entries");
            report.add(&name, SIZE, "many keys: get", round, (got - begun) as f64 / ASKED as f64);
            report.add(&name, SIZE, "many keys: set", round, (set - got) as f64 / ASKED as f64);
        }
    }
}

/// A map of this process.
#[derive(Default)]
struct Plain(Mutex<HashMap<String, Vec<u8>>>);

impl Peer for Plain {
    fn name(&self) -> &'static str {
        "map"
    }

    fn get(&self, key: &str) -> usize {
        let map = self.0.lock().expect("nobody panics with it");
        map.get(key).map_or(0, |value| std::hint::black_box(value.clone()).len())
    }

    fn set(&self, key: &str, value: &str) {
        self.0.lock().expect("nobody panics with it").insert(key.to_owned(), value.as_bytes().to_vec());
    }

    fn incr(&self, _key: &str) -> i64 {
        unreachable!("nobody counts here")
    }
}
