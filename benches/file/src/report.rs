//! The figures, and what was promised of them.

use std::collections::BTreeMap;

/// Nanoseconds, or so many a second, by size, verb and store, round by round.
#[derive(Default)]
pub(crate) struct Report(BTreeMap<(usize, String), BTreeMap<String, Vec<f64>>>);

/// A promise: the ratio of the first store's figure to the second's, and on which side of the limit it has to lie. The engine
/// copies bytes, as LMDB does; the backend is held against LMDB under the same work, and stands beside the bare one.
const PROMISES: &[(&str, &str, usize, &str, f64, bool)] = &[
    ("engine", "lmdb", 1 << 10, "get", 0.75, false),
    ("engine", "lmdb", 1 << 10, "set", 0.20, false),
    ("engine", "lmdb", 1 << 10, "incr", 0.25, false),
    ("keepwarm", "lmdb coded", 1 << 10, "get", 0.75, false),
    ("keepwarm", "lmdb coded", 1 << 10, "set", 0.20, false),
    ("keepwarm", "lmdb coded", 1 << 10, "incr", 0.25, false),
    ("keepwarm", "lmdb", 1 << 10, "get", f64::INFINITY, false),
    ("keepwarm", "lmdb", 1 << 10, "set", f64::INFINITY, false),
    ("keepwarm", "lmdb", 1 << 10, "incr", f64::INFINITY, false),
    ("engine", "lmdb", 1 << 10, "4 processes: set/s", 3.0, true),
    ("engine", "lmdb", 1 << 10, "4 processes: get/s", 1.3, true),
    ("keepwarm", "lmdb coded", 1 << 10, "4 processes: set/s", 3.0, true),
    ("keepwarm", "lmdb coded", 1 << 10, "4 processes: get/s", 1.3, true),
    ("keepwarm", "lmdb", 1 << 10, "4 processes: set/s", f64::INFINITY, true),
    ("keepwarm", "lmdb", 1 << 10, "4 processes: get/s", f64::INFINITY, true),
    ("engine", "diskcache", 1 << 10, "4 processes: set p99", 0.02, false),
    ("keepwarm", "diskcache", 1 << 10, "4 processes: set p99", 0.02, false),
    ("keepwarm", "diskcache", 1 << 10, "get", 1.0, false),
    ("keepwarm", "diskcache", 1 << 10, "set", 1.0, false),
    ("engine many", "engine few", 100, "many keys: get", 3.0, false),
    ("engine many", "engine few", 100, "many keys: set", 3.0, false),
    ("lmdb many", "lmdb few", 100, "many keys: get", f64::INFINITY, false),
    ("map many", "map few", 100, "many keys: get", f64::INFINITY, false),
    ("lmdb many", "lmdb few", 100, "many keys: set", f64::INFINITY, false),
    ("map many", "map few", 100, "many keys: set", f64::INFINITY, false),
    ("keepwarm", "diskcache", 100, "get", 1.0, false),
    ("keepwarm", "diskcache", 100, "set", 1.0, false),
    ("keepwarm", "diskcache", 100 << 10, "get", 1.0, false),
    ("keepwarm", "diskcache", 100 << 10, "set", 1.0, false),
    ("keepwarm", "diskcache", 1 << 20, "get", 1.0, false),
    ("keepwarm", "diskcache", 1 << 20, "set", 1.0, false),
    ("keepwarm bytes", "diskcache bytes", 100, "get", 1.0, false),
    ("keepwarm bytes", "diskcache bytes", 100, "set", 1.0, false),
    ("keepwarm bytes", "diskcache bytes", 100 << 10, "get", 1.0, false),
    ("keepwarm bytes", "diskcache bytes", 100 << 10, "set", 1.0, false),
    ("keepwarm bytes", "diskcache bytes", 1 << 20, "get", 1.0, false),
    ("keepwarm bytes", "diskcache bytes", 1 << 20, "set", 1.0, false),
];

impl Report {
    pub(crate) fn add(&mut self, store: &str, size: usize, verb: &str, round: usize, figure: f64) {
        let rounds = self.0.entry((size, verb.to_owned())).or_default().entry(store.to_owned()).or_default();
        assert_eq!(rounds.len(), round, "one figure a round");
        rounds.push(figure);
    }

    /// The median of the ratios within a round, and the least and the largest of them.
    fn ratio(&self, store: &str, peer: &str, size: usize, verb: &str) -> Option<[f64; 3]> {
        let figures = self.0.get(&(size, verb.to_owned()))?;
        let (ours, theirs) = (figures.get(store)?, figures.get(peer)?);
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Some(middle(ratios))
    }

    pub(crate) fn print(&self) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!("load at the end: {}", load.trim());
        for ((size, verb), figures) in &self.0 {
            println!("\n{verb}, {size} bytes");
            for (store, rounds) in figures {
                let unit = if verb.ends_with("/s") { "a second" } else { "ns" };
                let [least, median, most] = middle(rounds.clone());
                println!("  {store:24}{median:14.0} {unit} ({least:.0} to {most:.0} in {} rounds)", rounds.len());
            }
        }
        println!("\npromised: medians of the ratios within a round");
        for (store, peer, size, verb, limit, above) in PROMISES {
            let Some([least, median, most]) = self.ratio(store, peer, *size, verb) else {
                println!("  not measured   {store} / {peer}, {verb}, {size} bytes");
                continue;
            };
            let held = if *above { median >= *limit } else { median <= *limit };
            let (word, limit) = match (limit.is_finite(), held) {
                (false, _) => ("beside", String::new()),
                (true, true) => ("held", format!("{} {limit}, ", if *above { "at least" } else { "at most" })),
                (true, false) => ("MISSED", format!("{} {limit}, ", if *above { "at least" } else { "at most" })),
            };
            println!(
                "  {word:8}{median:10.4} ({limit}{least:.4} to {most:.4})  {store} / {peer}, {verb}, {size} bytes"
            );
        }
    }
}

/// The least, the median and the largest.
fn middle(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_by(f64::total_cmp);
    [figures[0], figures[figures.len() / 2], figures[figures.len() - 1]]
}
