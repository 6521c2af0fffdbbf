//! What tasks ask at the same time goes over one connection together, and each gets its own answer.

use std::time::{Duration, Instant};

use keepwarm::backends::redis::Redis;
use keepwarm::clock::Clock;
use keepwarm::layers::CallDeadline;
use keepwarm::{Cache, ErrorKind, millis, secs};
use keepwarm_conformance::servers::RedisServer;

use crate::{cache, kind, options};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// How often a command was carried out.
fn calls(server: &RedisServer, command: &str) -> u64 {
    let text = server.ask(&["INFO", "commandstats"]);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.and_then(|rest| rest.split(',').next()).map_or(0, |count| count.parse().unwrap())
}

#[test]
fn reads_of_many_tasks_are_few_commands_and_each_gets_its_own() {
    let server = RedisServer::start();
    let cache = cache(&server);
    for number in 0..300_i64 {
        if number % 3 > 0 {
            cache.set(&format!("key{number}"), &format!("text {number}")).wait().unwrap();
        }
    }
    cache.set("tagged", "text").tags(["a", "b"]).wait().unwrap();
    runtime().block_on(async {
        // The connection is there.
        cache.get::<String>("key1").await.unwrap();
        let before = calls(&server, "mget");
        let tasks: Vec<_> = (0..300_i64)
            .map(|number| {
                let cache = cache.clone();
                tokio::spawn(async move {
                    if number % 10 == 0 {
                        let tagged = cache.get_or_set("tagged", || async { String::new() }).tags(["a", "b"]);
                        assert_eq!(tagged.await.unwrap(), "text");
                    }
                    let found = cache.get::<String>(&format!("key{number}")).await.unwrap();
                    assert_eq!(found, (number % 3 > 0).then(|| format!("text {number}")));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let commands = calls(&server, "mget") - before;
        assert!(commands <= 30, "330 reads were {commands} commands");
    });
}

#[test]
fn writes_and_reads_among_one_another_get_their_own_answers() {
    let server = RedisServer::start();
    let cache = cache(&server);
    runtime().block_on(async {
        let tasks: Vec<_> = (0..50_i64)
            .map(|task| {
                let cache = cache.clone();
                tokio::spawn(async move {
                    let (text, number) = (format!("text{task}"), format!("number{task}"));
                    for round in 0..20 {
                        // From a few bytes to more than a socket takes at once.
                        let value = "x".repeat(1 << (round % 18)) + &task.to_string();
                        cache.set(&text, &value).await.unwrap();
                        assert_eq!(cache.incr(&number, 1).or_insert(0, secs(100)).await.unwrap(), round + 1);
                        assert_eq!(cache.get::<String>(&text).await.unwrap(), Some(value));
                        let many = cache.get_many::<i64, _>([number.as_str(), "absent"]).await.unwrap();
                        assert_eq!(many.len(), 1);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn who_may_not_read_takes_nobody_along() {
    let server = RedisServer::start();
    server.ask(&["ACL", "SETUSER", "app", "on", ">secret", "~app:*", "~keepwarm:*", "+@all"]);
    let url = format!("redis://app:secret@127.0.0.1:{}/0", server.port());
    let redis = Redis::new(&keepwarm::backends::redis::RedisOptions::url(&url).unwrap(), Clock::system());
    let of = |prefix| Cache::builder().backend(redis.clone()).key_prefix(prefix).build().unwrap();
    let (allowed, forbidden) = (of("app"), of("theirs"));
    allowed.set("key", "text").wait().unwrap();
    runtime().block_on(async {
        allowed.get::<String>("key").await.unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (allowed, forbidden) = (allowed.clone(), forbidden.clone());
                tokio::spawn(async move {
                    if number % 5 == 0 {
                        assert_eq!(kind(forbidden.get::<String>("key").await), ErrorKind::Backend);
                    } else {
                        assert_eq!(allowed.get::<String>("key").await.unwrap().as_deref(), Some("text"));
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn the_connection_wakes_each_caller_at_its_own_deadline() {
    let server = RedisServer::start();
    let patient = Redis::new(&options(&server).socket_timeout(secs(60)), Clock::system());
    let deadlines = [millis(400), millis(50), millis(200)];
    let caches = deadlines.map(|deadline| {
        let cache = Cache::builder().backend(patient.clone()).layer(CallDeadline::new(deadline));
        cache.build().unwrap()
    });
    let endless = Cache::builder().backend(patient).build().unwrap();
    runtime().block_on(async {
        endless.get::<String>("key").await.unwrap();
        server.stall();
        let begin = Instant::now();
        let tasks = (0..30).map(|number| {
            let (cache, deadline) = (caches[number % 3].clone(), deadlines[number % 3]);
            tokio::spawn(async move {
                assert_eq!(kind(cache.get::<String>("key").await), ErrorKind::Timeout);
                assert!(begin.elapsed() >= deadline, "{:?} are less than {deadline:?}", begin.elapsed());
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody waits for the connection's own end");
        server.resume();
        // What nobody waits for any more is answered all the same, and the next answers are the right ones.
        endless.set("key", "text").await.unwrap();
        assert_eq!(endless.get::<String>("key").await.unwrap().as_deref(), Some("text"));
    });
}
