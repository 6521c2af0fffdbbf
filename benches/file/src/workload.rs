//! What is done with each store, and how long it takes.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers::{Peer, open};
use crate::report::Report;

/// Keys in an order without a pattern, the same for every store.
fn key(number: usize, keys: usize) -> String {
    format!("key:{}", number.wrapping_mul(7919) % keys)
}

fn nanos(begun: Instant, times: usize) -> f64 {
    begun.elapsed().as_nanos() as f64 / times as f64
}

/// One process, one thread.
pub(crate) fn alone(report: &mut Report, peer: &mut dyn Peer, size: usize, keys: usize, rounds: usize) {
    named(report, peer.name(), peer, size, keys, rounds);
}

pub(crate) fn named(report: &mut Report, name: &str, peer: &mut dyn Peer, size: usize, keys: usize, rounds: usize) {
    let value = vec![b'v'; size];
    let names: Vec<_> = (0..keys).map(|number| key(number, keys)).collect();
    names.iter().for_each(|key| peer.set(key, &value));
    // The best of the rounds: what disturbs a round has nothing to do with the store.
    let mut best = [f64::MAX; 3];
    for _ in 0..rounds {
        let begun = Instant::now();
        let read: usize = names.iter().map(|key| peer.get(key)).sum();
        best[0] = best[0].min(nanos(begun, keys));
        // A cache may forget, but one with room does not.
        assert!(
            read >= keys * size / 100 * 99,
            "{name} has lost {} of {} bytes",
            keys * size - read.min(keys * size),
            keys * size
        );
        let begun = Instant::now();
        names.iter().for_each(|key| peer.set(key, &value));
        best[1] = best[1].min(nanos(begun, keys));
        let begun = Instant::now();
        for number in 0..keys {
            peer.incr(if number % 2 == 0 { "count:a" } else { "count:b" });
        }
        best[2] = best[2].min(nanos(begun, keys));
    }
    report.add(name, size, "get", best[0]);
    report.add(name, size, "set", best[1]);
    report.add(name, size, "incr", best[2]);
}

const FOR: Duration = Duration::from_millis(1500);

/// Four processes at once, all writing or all reading.
pub(crate) fn four(report: &mut Report, peer: &'static str, directory: &Path, rounds: usize) {
    let value = vec![b'v'; 1 << 10];
    let store = open(peer, directory);
    (0..10_000).for_each(|number| store.set(&key(number, 10_000), &value));
    drop(store);
    for verb in ["set", "get"] {
        let mut best = 0.0_f64;
        let mut slowest = f64::MAX;
        for _ in 0..rounds {
            let program = std::env::current_exe().expect("the program knows where it lies");
            let children: Vec<_> = (0..4)
                .map(|number| {
                    let mut command = Command::new(&program);
                    command.args(["--worker", peer, verb, &number.to_string()]).arg(directory);
                    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process can be started")
                })
                .collect();
            let mut ready: Vec<_> = children
                .into_iter()
                .map(|mut child| {
                    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
                    out.read_line(&mut String::new()).expect("it says when it is ready");
                    (child, out)
                })
                .collect();
            for (child, _) in &mut ready {
                child.stdin.take().expect("it is piped").write_all(b"go\n").expect("it listens");
            }
            let mut done = 0.0;
            let mut p99 = 0.0_f64;
            for (mut child, mut out) in ready {
                let mut said = String::new();
                out.read_line(&mut said).expect("it says what it did");
                let numbers: Vec<f64> =
                    said.split_whitespace().map(|number| number.parse().expect("a number")).collect();
                done += numbers[0];
                p99 = p99.max(numbers[1]);
                child.wait().expect("it is ours");
            }
            best = best.max(done / FOR.as_secs_f64());
            slowest = slowest.min(p99);
        }
        report.add(peer, 1 << 10, if verb == "set" { "4 processes: set/s" } else { "4 processes: get/s" }, best);
        if verb == "set" {
            report.add(peer, 1 << 10, "4 processes: set p99", slowest);
        }
    }
}

/// One of the four.
pub(crate) fn worker(line: &[String]) {
    let [peer, verb, number, directory] = line else { panic!("a worker has four arguments") };
    let store = open(peer, Path::new(directory));
    let value = vec![b'w'; 1 << 10];
    let names: Vec<_> = (0..10_000).map(|number| key(number, 10_000)).collect();
    store.get(&names[0]);
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).expect("somebody lets it go");
    let mut times = Vec::with_capacity(4_000_000);
    let begun = Instant::now();
    let mut at: usize = number.parse::<usize>().expect("a number") * 2500;
    while begun.elapsed() < FOR {
        for _ in 0..16 {
            let key = &names[at % names.len()];
            at += 1;
            let before = Instant::now();
            if verb == "set" {
                store.set(key, &value);
            } else {
                store.get(key);
            }
            times.push(before.elapsed().as_nanos() as u64);
        }
    }
    times.sort_unstable();
    println!("{} {}", times.len(), times[times.len() * 99 / 100]);
}
