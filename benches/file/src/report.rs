//! The figures, and what was promised of them.

use std::collections::BTreeMap;

/// Nanoseconds, or so many a second, by store, size and verb.
#[derive(Default)]
pub(crate) struct Report(BTreeMap<(usize, String), BTreeMap<String, f64>>);

/// A promise: the ratio of the first store's figure to the second's, and on which side of the limit it has to lie.
const PROMISES: &[(&str, &str, usize, &str, f64, bool)] = &[
    ("engine", "lmdb", 1 << 10, "get", 0.75, false),
    ("engine", "lmdb", 1 << 10, "set", 0.20, false),
    ("engine", "lmdb", 1 << 10, "incr", 0.25, false),
    ("keepwarm", "lmdb", 1 << 10, "get", 0.75, false),
    ("keepwarm", "lmdb", 1 << 10, "set", 0.20, false),
    ("keepwarm", "lmdb", 1 << 10, "incr", 0.25, false),
    ("engine", "lmdb", 1 << 10, "4 processes: set/s", 3.0, true),
    ("engine", "lmdb", 1 << 10, "4 processes: get/s", 1.3, true),
    ("engine", "diskcache", 1 << 10, "4 processes: set p99", 0.02, false),
    ("engine-many", "engine-10k", 100, "get", 3.0, false),
    ("engine-many", "engine-10k", 100, "set", 3.0, false),
    ("keepwarm", "diskcache", 100, "get", 1.0, false),
    ("keepwarm", "diskcache", 100, "set", 1.0, false),
    ("keepwarm", "diskcache", 100 << 10, "get", 1.0, false),
    ("keepwarm", "diskcache", 100 << 10, "set", 1.0, false),
    ("keepwarm", "diskcache", 1 << 20, "get", 1.0, false),
    ("keepwarm", "diskcache", 1 << 20, "set", 1.0, false),
];

impl Report {
    pub(crate) fn add(&mut self, store: &str, size: usize, verb: &str, figure: f64) {
        self.0.entry((size, verb.to_owned())).or_default().insert(store.to_owned(), figure);
    }

    fn figure(&self, store: &str, size: usize, verb: &str) -> Option<f64> {
        self.0.get(&(size, verb.to_owned()))?.get(store).copied()
    }

    pub(crate) fn print(&self) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!("load at the end: {}", load.trim());
        for ((size, verb), figures) in &self.0 {
            println!("\n{verb}, {size} bytes");
            for (store, figure) in figures {
                let unit = if verb.ends_with("/s") { "a second" } else { "ns" };
                println!("  {store:24}{figure:14.0} {unit}");
            }
        }
        println!("\npromised");
        for (store, peer, size, verb, limit, above) in PROMISES {
            let Some((figure, other)) = self.figure(store, *size, verb).zip(self.figure(peer, *size, verb)) else {
                println!("  not measured   {store} / {peer}, {verb}, {size} bytes");
                continue;
            };
            let ratio = figure / other;
            let held = if *above { ratio >= *limit } else { ratio <= *limit };
            let side = if *above { "at least" } else { "at most" };
            let word = if held { "held" } else { "MISSED" };
            println!("  {word:8}{ratio:10.4} ({side} {limit})  {store} / {peer}, {verb}, {size} bytes");
        }
    }
}
