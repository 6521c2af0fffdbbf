//! `make bench-redis`: what a cache on Redis costs beside what the wire costs.
//!
//! Everything runs in one process after another on one machine against one server, in rounds that alternate, so that the
//! ratios mean something where the figures do not.

mod peers;
mod time;

use std::process::ExitCode;
use std::time::Duration;

use keepwarm::{Cache, Timeout};
use keepwarm_conformance::servers::RedisServer;

use peers::{Benchmark, bare, ping_pong};
use time::{Measured, lone, lone_async, many};

/// Rounds of each measurement; the middle one counts.
const ROUNDS: usize = 5;

/// How long one of them lasts.
const LENGTH: Duration = Duration::from_millis(600);

struct Row {
    what: &'static str,
    ours: f64,
    theirs: f64,
    unit: &'static str,
    bound: &'static str,
    met: bool,
}

fn main() -> ExitCode {
    let server = RedisServer::start();
    let cache = Cache::from_url(&server.url(0)).expect("the URL of a server");
    let value = "x".repeat(100);
    cache.set("key", &value).timeout(Timeout::Never).wait().expect("the server answers");
    cache.set("tagged", &value).timeout(Timeout::Never).tags(["tag"]).wait().expect("the server answers");
    let names: Vec<String> = (0..100).map(|number| format!("key{number}")).collect();
    for name in &names {
        cache.set(name, &value).timeout(Timeout::Never).wait().expect("the server answers");
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load at the start: {}", load.trim());
    let mut rows = Vec::new();
    let median = |measure: &dyn Fn() -> Measured| {
        let mut rounds: Vec<Measured> = (0..ROUNDS).map(|_| measure()).collect();
        rounds.sort_by(|one, other| one.value.total_cmp(&other.value));
        rounds.swap_remove(ROUNDS / 2)
    };

    let raw = median(&|| ping_pong(server.port(), LENGTH));
    let bare = median(&|| bare(server.port(), LENGTH));
    let blocking = median(&|| lone(LENGTH, || drop(cache.get::<String>("key").wait())));
    let awaited = median(&|| lone_async(LENGTH, &cache, |cache| async move { drop(cache.get::<String>("key").await) }));
    let tagged =
        median(&|| lone(LENGTH, || drop(cache.get_or_set("tagged", || async { String::new() }).tags(["tag"]).wait())));
    let untagged = median(&|| lone(LENGTH, || drop(cache.get_or_set("key", || async { String::new() }).wait())));
    println!(
        "CPU of a lone get: blocking {:.1} us, awaited {:.1} us, raw {:.1} us",
        blocking.cpu, awaited.cpu, raw.cpu
    );
    let mut latency = |what, ours: &Measured, theirs: &Measured, bound: f64, said| {
        rows.push(Row {
            what,
            ours: ours.value,
            theirs: theirs.value,
            unit: "us p50",
            bound: said,
            met: ours.value <= bound * theirs.value,
        });
    };
    latency("lone blocking get / raw ping-pong", &blocking, &raw, 1.10, "at most 1.10");
    latency("lone awaited get / raw ping-pong", &awaited, &raw, 1.15, "at most 1.15");
    latency("lone blocking get / the same bytes to the server", &blocking, &bare, 1.10, "at most 1.10");
    latency("lone awaited get / the same bytes to the server", &awaited, &bare, 1.15, "at most 1.15");
    latency("tagged hit / untagged hit", &tagged, &untagged, 1.3, "at most 1.3");

    let benchmark = Benchmark { port: server.port() };
    let get =
        |tasks| median(&|| many(LENGTH, tasks, &cache, |cache| async move { drop(cache.get::<String>("key").await) }));
    let (hundred, five_hundred) = (get(100), get(500));
    println!("CPU of a get: 100 tasks {:.2} us, 500 tasks {:.2} us", hundred.cpu, five_hundred.cpu);
    let many_names = median(&|| {
        let names = names.clone();
        many(LENGTH, 100, &cache, move |cache| {
            let names = names.clone();
            async move { drop(cache.get_many::<String, _>(names).await) }
        })
    });
    let key = ":1:key";
    let mget: Vec<String> =
        std::iter::once("MGET".to_owned()).chain(names.iter().map(|name| format!(":1:{name}"))).collect();
    let mget: Vec<&str> = mget.iter().map(String::as_str).collect();
    let mut rate = |what, ours: &Measured, theirs: f64, bound: f64, said| {
        rows.push(Row {
            what,
            ours: ours.value,
            theirs,
            unit: "per s",
            bound: said,
            met: ours.value >= bound * theirs,
        });
    };
    rate(
        "get, 100 tasks / redis-benchmark -c 1 -P 100",
        &hundred,
        benchmark.rate(1, 100, &["GET", key]),
        0.65,
        "at least 0.65",
    );
    rate(
        "get, 100 tasks / redis-benchmark -c 100 -P 1",
        &hundred,
        benchmark.rate(100, 1, &["GET", key]),
        4.5,
        "at least 4.5",
    );
    rate(
        "get, 500 tasks / redis-benchmark -c 1 -P 500",
        &five_hundred,
        benchmark.rate(1, 500, &["GET", key]),
        0.35,
        "at least 0.35",
    );
    rate(
        "get_many(100), 100 tasks / MGET of 100, -c 50",
        &many_names,
        benchmark.rate(50, 1, &mget),
        0.5,
        "at least 0.5",
    );

    println!("\n| what | ours | theirs | | ratio | bound | |\n|---|---|---|---|---|---|---|");
    for Row { what, ours, theirs, unit, bound, met } in &rows {
        let met = if *met { "met" } else { "NOT met" };
        println!("| {what} | {ours:.1} | {theirs:.1} | {unit} | {:.2} | {bound} | {met} |", ours / theirs);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\nload at the end: {}", load.trim());
    if rows.iter().all(|row| row.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
