//! Callers of a server that is well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keepwarm::Cache;
use tokio::runtime::Runtime;

use crate::Bench;
use crate::peers::{Benchmark, PingPong, bare_async};
use crate::report::Report;
use crate::time::{in_a_row, lone, lone_async, many};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

pub(crate) fn lone_callers(bench: &Bench, report: &mut Report) {
    let Bench { server, cache, rounds, .. } = bench;
    let runtime = runtime();
    let (mut raw, mut bare) = (PingPong::raw(server.port()), PingPong::bare(server.port()));
    let get = |length| lone(length, || drop(cache.get::<String>("key").wait()));
    // In tasks, as requests are served: the future that a runtime is blocked on is polled in another way.
    let in_a_task = |turn| runtime.block_on(runtime.spawn(turn)).expect("the task does not panic");
    let port = server.port();
    let [raw, bare, bare_awaited, blocking, awaited] = rounds.take([
        &mut |length| raw.turn(length),
        &mut |length| bare.turn(length),
        &mut |length| runtime.block_on(runtime.spawn(bare_async(port, length))).expect("no task panics"),
        &mut { get },
        &mut |length| in_a_task(lone_async(length, cache.clone())),
    ]);
    report.times("lone blocking get / raw ping-pong", &blocking, &raw, Some(1.10));
    report.times("the same bytes to the server / raw ping-pong", &bare, &raw, None);
    report.times("lone blocking get / the same bytes to the server", &blocking, &bare, Some(1.10));
    report.times("lone awaited get / raw ping-pong", &awaited, &raw, Some(1.15));
    report.times("the same bytes to the server, awaited / raw ping-pong", &bare_awaited, &raw, None);
    report.times("lone awaited get / the same bytes to the server, awaited", &awaited, &bare_awaited, Some(1.15));
    let [untagged, tagged] = rounds.take([
        &mut |length| lone(length, || drop(cache.get_or_set("key", async || String::new()).wait())),
        &mut |length| lone(length, || drop(cache.get_or_set("tagged", async || String::new()).tags(["tag"]).wait())),
    ]);
    report.times("tagged hit / untagged hit", &tagged, &untagged, Some(1.3));
}

pub(crate) fn many_tasks(bench: &Bench, report: &mut Report) {
    let Bench { server, cache, names, rounds } = bench;
    let runtime = runtime();
    let port = server.port();
    let gets = |tasks| {
        let runtime = &runtime;
        move |length| {
            let get = |cache: Cache| async move { cache.get::<String>("key").await.is_ok_and(|found| found.is_some()) };
            runtime.block_on(many(length, tasks, cache, get))
        }
    };
    let command = ["GET", ":1:key"];
    let theirs = |clients, pipeline, command| move |length| Benchmark { port, clients, pipeline, command }.turn(length);
    let [hundred, piped, apart] =
        rounds.take([&mut gets(100), &mut theirs(1, 100, &command), &mut theirs(100, 1, &command)]);
    report.rates("get, 100 tasks / redis-benchmark -c 1 -P 100", &hundred, &piped, Some(0.65));
    report.rates("get, 100 tasks / redis-benchmark -c 100 -P 1", &hundred, &apart, Some(4.5));
    let [five_hundred, piped] = rounds.take([&mut gets(500), &mut theirs(1, 500, &command)]);
    report.rates("get, 500 tasks / redis-benchmark -c 1 -P 500", &five_hundred, &piped, Some(0.35));
    let mget: Vec<String> =
        std::iter::once("MGET".to_owned()).chain(names.iter().map(|name| format!(":1:{name}"))).collect();
    let mget: Vec<&str> = mget.iter().map(String::as_str).collect();
    let shared = Arc::new(names.clone());
    let get_many = |length| {
        let names = Arc::clone(&shared);
        runtime.block_on(many(length, 100, cache, move |cache| {
            // As a program has them that asks for the same keys again: the other side has packed its command once as well.
            let names = Arc::clone(&names);
            async move {
                let names = names.iter().map(String::as_str);
                cache.get_many::<String, _>(names).await.is_ok_and(|found| found.len() == 100)
            }
        }))
    };
    let [hundreds, mgets] = rounds.take([&mut { get_many }, &mut theirs(50, 1, &mget)]);
    report.rates("get_many(100), 100 tasks / MGET of 100, -c 50", &hundreds, &mgets, Some(0.5));
}

pub(crate) fn near(bench: &Bench, report: &mut Report) {
    let url = format!("{}?near_max_entries=1000", bench.server.url(0));
    let near = Cache::from_url(&url).expect("the URL of a server");
    let memory = Cache::memory();
    memory.set("key", &"x".repeat(100)).wait().expect("memory takes it");
    let is_near = || near.stats().wait().is_ok_and(|stats| stats.health.near.is_some_and(|near| near.entries > 0));
    let begin = Instant::now();
    while !is_near() && begin.elapsed() < Duration::from_secs(10) {
        near.get::<String>("key").wait().expect("the server answers");
    }
    let [hit, memory_hit] =
        bench.rounds.take([&mut |length| in_a_row(length, || drop(near.get::<String>("key").wait())), &mut |length| {
            in_a_row(length, || drop(memory.get::<String>("key").wait()))
        }]);
    report.times("near-tier hit / memory get", &hit, &memory_hit, Some(1.5));
}
