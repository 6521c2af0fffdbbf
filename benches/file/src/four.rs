//! Four processes at once, all writing or all reading.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::keys::Batch;
use crate::peers::{PEERS, open};
use crate::python::Python;
use crate::report::Report;
use crate::time::wall_time;

const KEYS: u64 = 10_000;
const SIZE: usize = 1 << 10;
const WRITERS: usize = 4;
const FOR: Duration = Duration::from_millis(1500);

pub(crate) fn run(report: &mut Report, mut python: Option<&mut Python>, place: &Path, rounds: usize) {
    let directory = |peer: &str| place.join(format!("{peer}-four"));
    for peer in PEERS {
        std::fs::create_dir_all(directory(peer)).expect("a directory can be made");
        let (store, value) = (open(peer, &directory(peer)), "v".repeat(SIZE));
        Batch::of(0..KEYS).keys().for_each(|key| store.set(key, &value));
    }
    for round in 0..rounds {
        for verb in ["set", "get"] {
            for peer in PEERS {
                let (done, p99) = together(peer, verb, &directory(peer));
                report.add(peer, SIZE, &format!("4 processes: {verb}/s"), round, done);
                report.add(peer, SIZE, &format!("4 processes: {verb} p99"), round, p99);
            }
        }
        if let Some(python) = python.as_deref_mut() {
            python.four(report, round);
        }
    }
    for peer in PEERS {
        let _ = std::fs::remove_dir_all(directory(peer));
    }
}

/// How many a second they do together, and the worst one's 99th percentile in nanoseconds of the wall.
fn together(peer: &str, verb: &str, directory: &Path) -> (f64, f64) {
    let program = std::env::current_exe().expect("the program knows where it lies");
    let start = |number: usize| {
        let mut command = Command::new(&program);
        command.args(["--worker", peer, verb, &number.to_string()]).arg(directory);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process can be started");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        (child, out)
    };
    let mut children: Vec<_> = (0..WRITERS).map(start).collect();
    for (_, out) in &mut children {
        out.read_line(&mut String::new()).expect("it says when it is ready");
    }
    for (child, _) in &mut children {
        child.stdin.take().expect("it is piped").write_all(b"go\n").expect("it listens");
    }
    let (mut done, mut p99) = (0.0, 0.0_f64);
    for (mut child, mut out) in children {
        let mut said = String::new();
        out.read_line(&mut said).expect("it says what it did");
        let numbers: Vec<f64> = said.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        done += numbers[0];
        p99 = p99.max(numbers[1]);
        child.wait().expect("it is ours");
    }
    (done / FOR.as_secs_f64(), p99)
}

/// One of the four.
pub(crate) fn worker(line: &[String]) {
    let [peer, verb, number, directory] = line else { panic!("a worker has four arguments") };
    let store = open(peer, Path::new(directory));
    let value = "w".repeat(SIZE);
    let batch = Batch::of(0..KEYS);
    store.get(batch.key(0));
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).expect("somebody lets it go");
    let mut times = Vec::with_capacity(4_000_000);
    let until = wall_time() + FOR.as_nanos() as u64;
    let mut at: usize = number.parse::<usize>().expect("a number") * batch.len() / WRITERS;
    let mut before = wall_time();
    while before < until {
        let key = batch.key(at % batch.len());
        at += 1;
        if verb == "set" {
            store.set(key, &value);
        } else {
            store.get(key);
        }
        let after = wall_time();
        times.push(after - before);
        before = after;
    }
    times.sort_unstable();
    println!("{} {}", times.len(), times[times.len() * 99 / 100]);
}
