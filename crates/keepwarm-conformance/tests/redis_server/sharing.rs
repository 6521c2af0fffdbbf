//! One cache for many runtimes and threads, and the bound on its connections.

use std::thread;

use keepwarm_conformance::servers::RedisServer;

use crate::{cache, cache_of, done, options};

// covers: R121
#[test]
fn one_cache_works_from_several_runtimes_one_after_another_and_at_once() {
    let server = RedisServer::start();
    let cache = cache(&server);
    cache.set("counter", &0).wait().unwrap();
    let count = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for _ in 0..20 {
                cache.incr("counter", 1).await.unwrap();
            }
        });
    };
    (0..3).for_each(|_| count());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(count);
        }
    });
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(120));
}

// covers: R123
#[test]
fn blocking_calls_work_inside_a_runtime() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        cache.set("key", "value").wait().unwrap();
        assert_eq!(cache.get::<String>("key").await.unwrap().as_deref(), Some("value"));
    });
}

// covers: R137
#[test]
fn at_most_so_many_connections_are_open_as_were_allowed() {
    let server = RedisServer::start();
    let cache = cache_of(&options(&server).max_connections(3));
    cache.set("counter", &0).wait().unwrap();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| (0..50).for_each(|_| done(cache.incr("counter", 1).wait().unwrap())));
        }
    });
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(600));
    // The third connection of the figure is the one that asks.
    assert!(server.figure("total_connections_received") <= 3 + 10, "connections are opened again and again");
    assert!(server.figure("connected_clients") <= 3 + 1);
}

// covers: R22 R212
#[test]
fn nothing_is_connected_before_the_first_verb_and_after_a_close() {
    let server = RedisServer::start();
    let received = |server: &RedisServer| server.figure("total_connections_received");
    let before = received(&server);
    let cache = cache(&server);
    assert_eq!(received(&server), before + 1, "only the question itself");
    cache.set("key", "value").wait().unwrap();
    cache.close().wait().unwrap();
    cache.close().wait().unwrap();
    assert_eq!(server.figure("connected_clients"), 1);
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("value"));
}
