//! What becomes of calls when the server fails: each gives a clear error or the documented outcome, in time.

use std::time::{Duration, Instant};

use keepwarm::backend::{Put, Refusal, When};
use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::codec::Codec;
use keepwarm::entry::{Entry, Stamp};
use keepwarm::key::{Key, Scope};
use keepwarm::{Backend, Cache, Deadline, ErrorKind, Payload, secs};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;

use crate::{cache, cache_of, kind, options, options_of};

/// More than any call may take whose server does not answer: its timeout, and what a busy machine adds. Other clients wait for
/// 5 seconds and more. What it is where nothing else runs is measured by `make bench-redis`.
const LONGEST: Duration = Duration::from_secs(3);

/// With the timeouts that hold where nothing is said.
fn hasty(server: &RedisServer) -> Cache {
    cache_of(&RedisOptions::url(&server.url(0)).unwrap())
}

/// Runs a call in both faces and looks at the clock.
pub(crate) fn in_time<T>(what: &str, call: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let answer = call();
    assert!(begin.elapsed() < LONGEST, "{what} took {:?}", begin.elapsed());
    answer
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

// covers: R136
#[test]
fn a_server_that_is_gone_fails_at_once_and_the_next_call_after_its_restart_works() {
    let mut server = RedisServer::start();
    let cache = hasty(&server);
    let runtime = runtime();
    cache.set("key", "old").wait().unwrap();
    runtime.block_on(async { cache.get::<String>("key").await }).unwrap();
    server.kill();
    for _ in 0..3 {
        let waited = in_time("a blocking get", || cache.get::<String>("key").wait());
        let awaited = in_time("an awaited get", || runtime.block_on(async { cache.get::<String>("key").await }));
        let written = in_time("a set", || cache.set("key", "lost").wait());
        assert_eq!(kind(waited), ErrorKind::Connection);
        assert_eq!(kind(awaited), ErrorKind::Connection);
        assert_eq!(kind(written), ErrorKind::Connection);
    }
    server.restart();
    let back = Instant::now();
    until("it is back", || cache.set("key", "new").wait().is_ok());
    until("it is back for tasks", || runtime.block_on(async { cache.get::<String>("key").await }).is_ok());
    assert!(back.elapsed() < LONGEST, "back after {:?}", back.elapsed());
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("new"));
}

// covers: R136
#[test]
fn a_restart_between_two_calls_is_not_noticed() {
    let mut server = RedisServer::start();
    let cache = cache(&server);
    let current = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for round in 0..3 {
        // Not to be repeated: only a connection that is seen to be stale can be replaced before it is sent.
        assert_eq!(cache.incr("counter", 1).or_insert(0, secs(100)).wait().unwrap(), 1, "round {round}");
        let awaited = current.block_on(async { cache.incr("counter", 1).or_insert(0, secs(100)).await });
        assert_eq!(awaited.unwrap(), 2, "round {round}");
        server.restart();
    }
}

// covers: R136
#[test]
fn a_server_that_hangs_fails_within_its_timeout_and_works_when_it_goes_on() {
    let server = RedisServer::start();
    let cache = hasty(&server);
    let runtime = runtime();
    cache.set("key", "value").wait().unwrap();
    runtime.block_on(async { cache.get::<String>("key").await }).unwrap();
    server.stall();
    let waited = in_time("a blocking get", || cache.get::<String>("key").wait());
    assert_eq!(kind(waited), ErrorKind::Timeout);
    // One that waits: the connection is given up for all who wait on it together.
    let begin = Instant::now();
    let answers = runtime.block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.get::<String>("key").await.map(drop) })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    });
    assert!(begin.elapsed() < LONGEST, "{:?}", begin.elapsed());
    for answer in answers {
        assert!(answer.unwrap_err().is_transient());
    }
    server.resume();
    until("it goes on", || cache.get::<String>("key").wait().is_ok());
    until("it goes on for tasks", || runtime.block_on(async { cache.get::<String>("key").await }).is_ok());
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("value"));
}

#[test]
fn a_write_that_timed_out_is_not_delivered_later() {
    let server = RedisServer::start();
    let cache = hasty(&server);
    cache.set("key", "old").wait().unwrap();
    cache.incr("warm", 1).or_insert(0, secs(100)).wait().unwrap();
    server.stall();
    let timed_out = in_time("a set of a megabyte", || cache.set("key", &"x".repeat(8 << 20)).wait());
    assert_eq!(kind(timed_out), ErrorKind::Timeout);
    server.resume();
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("old"), "half a request is none");
}

fn kill_connections(server: &RedisServer) {
    server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    // The server may answer before it has closed them; only who asks is left then.
    until("the connections are closed", || server.figure("connected_clients") == 1);
}

#[test]
fn flushes_lost_scripts_and_killed_connections_are_not_noticed() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let runtime = runtime();
    let work = |round: &str| {
        let key = format!("key{round}");
        assert!(cache.add(&key, "value").wait().unwrap(), "{round}");
        assert!(runtime.block_on(async { cache.delete(&key).await }).unwrap(), "{round}");
        assert_eq!(cache.incr(&key, 1).or_insert(1, secs(9)).wait().unwrap(), 2, "{round}");
        assert_eq!(
            cache.get_or_set(&format!("{key}computed"), || async { 5 }).tags(["tag"]).wait().unwrap(),
            5,
            "{round}"
        );
    };
    work("1");
    server.ask(&["SCRIPT", "FLUSH"]);
    work("2");
    server.ask(&["FLUSHALL"]);
    work("3");
    assert_eq!(cache.get::<i64>("key2").wait().unwrap(), None, "what was flushed is gone");
    kill_connections(&server);
    work("4");
    server.ask(&["FLUSHALL"]);
    server.ask(&["SCRIPT", "FLUSH"]);
    kill_connections(&server);
    work("5");
}

#[test]
fn a_connection_that_is_killed_between_two_calls_is_never_noticed() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let runtime = runtime();
    for round in 0..30 {
        // Not to be repeated, and asked while the connection's own task, on another thread, is told that it is over.
        let counted = runtime.block_on(async { cache.incr("counter", 1).or_insert(0, secs(100)).await });
        assert_eq!(counted.unwrap(), round + 1);
        kill_connections(&server);
    }
}

#[test]
fn a_wrong_password_or_database_is_said_clearly_and_not_called_transient() {
    let server = RedisServer::start_with(&["--requirepass", "right", "--databases", "4"]);
    let url = |login: &str, database: u32| format!("redis://{login}127.0.0.1:{}/{database}", server.port());
    let runtime = runtime();
    for (url, word) in [
        (url(":wrong@", 0), "password"),
        (url("", 0), "Authentication"),
        (url(":right@", 9), "out of range"),
        (url("nobody:right@", 0), "username"),
    ] {
        let cache = cache_of(&options_of(&url));
        for answer in [cache.get::<String>("key").wait(), runtime.block_on(async { cache.get::<String>("key").await })]
        {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
            assert!(!error.is_transient());
            assert!(error.to_string().to_lowercase().contains(&word.to_lowercase()), "{error}");
            assert!(!error.to_string().contains("wrong@") && !format!("{error:?}").contains(":right"), "{error:?}");
        }
    }
    let cache = cache_of(&options_of(&url(":right@", 3)));
    cache.set("key", "value").wait().unwrap();
    assert_eq!(runtime.block_on(async { cache.get::<String>("key").await }).unwrap().as_deref(), Some("value"));
}

#[test]
fn a_full_server_that_evicts_nothing_refuses_writes_and_still_forgets() {
    let server = RedisServer::start_with(&["--maxmemory-policy", "noeviction"]);
    let cache = cache(&server);
    cache.set("text", "old").wait().unwrap();
    cache.set("tagged", "old").tags(["tag"]).wait().unwrap();
    cache.set("number", &1).wait().unwrap();
    cache.add("warm", "value").wait().unwrap();
    cache.delete("warm").wait().unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = cache.set("text", "new").wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Backend);
    assert!(error.to_string().contains("OOM"), "{error}");
    assert!(cache.add("other", "new").wait().is_err());
    assert_eq!(cache.get::<String>("text").wait().unwrap().as_deref(), Some("old"), "an error leaves what was there");
    cache.invalidate_tag("tag").wait().unwrap();
    assert_eq!(cache.get::<String>("tagged").wait().unwrap(), None);
    assert!(cache.delete("text").wait().unwrap());
    assert_eq!(cache.get::<String>("text").wait().unwrap(), None);
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(cache.incr("number", 1).wait().unwrap(), 2, "nothing was half done");
    cache.set("text", "new").wait().unwrap();
}

#[test]
fn a_server_that_evicts_what_it_likes_costs_misses_and_nothing_else() {
    for policy in ["allkeys-lru", "allkeys-random"] {
        let server = RedisServer::start_with(&["--maxmemory", "4mb", "--maxmemory-policy", policy]);
        let cache = cache(&server);
        let space = cache.namespace("space");
        let text = "x".repeat(8000);
        let mut hits = 0;
        for number in 0..3000_u64 {
            let (key, tag) = (format!("key{}", number % 500), format!("tag{}", number % 7));
            // A value is the number of its round: anything older that is served is stale.
            let value = (number, text.clone());
            space.set(&key, &value).tags([&tag]).wait().unwrap();
            if let Some((found, _)) = space.get::<(u64, String)>(&key).wait().unwrap() {
                assert_eq!(found, number, "{policy}");
                hits += 1;
            }
            if number % 50 == 0 {
                cache.invalidate_tag(&tag).wait().unwrap();
                assert_eq!(space.get::<(u64, String)>(&key).wait().unwrap(), None, "{policy}");
            }
            if number % 500 == 499 {
                cache.clear().wait().unwrap();
                assert_eq!(space.get::<(u64, String)>(&key).wait().unwrap(), None, "{policy}");
            }
        }
        assert!(server.figure("evicted_keys") > 100, "{policy}: the test evicts nothing");
        assert!(hits > 1500, "{policy}: {hits} hits of 3000");
    }
}

#[test]
fn a_value_beyond_512_megabytes_is_refused_before_it_is_sent_and_takes_the_older_one_along() {
    let server = RedisServer::start();
    let redis = Redis::new(&options(&server), Clock::system());
    let scope = Scope::new("app");
    let key = Key::new("app:1:key", &scope);
    let entry = |length: usize| Entry {
        payload: Payload::bytes(Codec::MessagePack, vec![0; length]),
        deadline: Deadline::NEVER,
        stamp: Stamp(0),
        written: Clock::system().now(),
        marks: None,
    };
    let put = |length, when| {
        let runtime = runtime();
        runtime.block_on(redis.put(&key, entry(length), when)).unwrap()
    };
    for when in [When::Always, When::Present] {
        assert_eq!(put(10, When::Always), Put::Stored);
        let before = server.figure("total_net_input_bytes");
        assert_eq!(put(512 << 20, when), Put::Refused(Refusal::TooLarge));
        assert!(server.figure("total_net_input_bytes") - before < 100_000, "it was sent");
        assert_eq!(server.ask(&["EXISTS", "app:1:key"]), "0");
    }
    assert_eq!(put(512 << 20, When::Present), Put::Refused(Refusal::Condition));
}
