//! The file store beside LMDB and SQLite in Rust, and beside diskcache and Django's FileBasedCache in Python.
//!
//! Every figure is of this run, on this machine, with the same keys and values. The stores take turns, in rounds, and what
//! counts are the ratios within a round: whatever slows the machine down slows all of them.

mod alone;
mod four;
mod hit_ratio;
#[path = "../../src/keys.rs"]
#[allow(dead_code, reason = "shared with the other benches, which use more of it")]
mod keys;
mod many;
mod peers;
mod python;
mod report;
mod resident;
#[path = "../../src/time.rs"]
#[allow(dead_code, reason = "as above")]
mod time;
#[path = "../../src/traces.rs"]
mod traces;

use python::Python;
use report::Report;

/// The topics, by which a run can be cut short: `-- alone many`.
const TOPICS: &[&str] = &["alone", "four", "many", "resident", "hits"];

fn main() {
    let line: Vec<String> = std::env::args().collect();
    if line.get(1).is_some_and(|first| first == "--worker") {
        return four::worker(&line[2..]);
    }
    if line.get(1).is_some_and(|first| first == "--resident") {
        return resident::reader(&line[2..]);
    }
    let quick = line.iter().any(|argument| argument == "--quick");
    let named: Vec<_> = line[1..].iter().filter(|argument| !argument.starts_with("--")).collect();
    for name in &named {
        assert!(TOPICS.contains(&name.as_str()), "there is no {name}: the topics are {TOPICS:?}");
    }
    let wants = |topic: &str| named.is_empty() || named.iter().any(|name| *name == topic);
    let place = tempfile::tempdir().expect("a directory can be made");
    let mut report = Report::default();
    let mut python = Python::start(place.path());
    if wants("alone") {
        alone::run(&mut report, python.as_mut(), place.path(), quick);
    }
    if wants("four") {
        four::run(&mut report, python.as_mut(), place.path(), if quick { 1 } else { 7 });
    }
    if wants("many") {
        many::run(&mut report, place.path(), if quick { 100_000 } else { 1_000_000 });
    }
    if wants("resident") {
        resident::run(place.path(), quick);
    }
    if wants("hits") {
        hit_ratio::run(place.path());
    }
    report.print();
}
