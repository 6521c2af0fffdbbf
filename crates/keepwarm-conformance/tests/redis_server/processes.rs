//! Several processes at once, with exact counts: this test binary starts itself again for each.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::backends::redis::RedisOptions;
use keepwarm::{Cache, secs};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;

use crate::{cache, cache_of, done};

const PROCESSES: usize = 4;
const ROUNDS: i64 = 100;

/// Begins `work` in so many processes, lets them all off together, and waits until they have ended.
fn at_once(server: &RedisServer, work: &str) {
    let children: Vec<Child> = (0..PROCESSES)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "processes::one_of_several_processes", "--nocapture"])
                .env("KEEPWARM_TEST_URL", server.url(0))
                .env("KEEPWARM_TEST_WORK", work)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    until("all have begun", || server.ask(&["LLEN", "begun"]) == PROCESSES.to_string());
    server.ask(&["SET", "go", "1"]);
    for mut child in children {
        assert!(child.wait().unwrap().success(), "a process failed at {work}");
    }
    server.ask(&["DEL", "begun", "go"]);
}

/// What each of the processes does; alone it has nothing to do.
#[test]
fn one_of_several_processes() {
    let (Ok(url), Ok(work)) = (std::env::var("KEEPWARM_TEST_URL"), std::env::var("KEEPWARM_TEST_WORK")) else { return };
    let cache = cache_of(&RedisOptions::url(&url).unwrap().socket_timeout(secs(10)));
    let mut connection = cache.redis().unwrap().connection_wait().unwrap();
    let mut ask = |words: &[&str]| -> Option<String> {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query(&mut connection).unwrap()
    };
    ask(&["RPUSH", "begun", "one"]);
    let mut waited = 0;
    while ask(&["GET", "go"]).is_none() {
        waited += 1;
        assert!(waited < 1_000_000, "nobody lets us go");
    }
    match work.as_str() {
        "incr" => (0..ROUNDS).for_each(|_| done(cache.incr("counter", 1).wait().unwrap())),
        "incr_created" => {
            (0..ROUNDS).for_each(|_| done(cache.incr("created", 1).or_insert(0, secs(100)).wait().unwrap()));
        }
        "incr_in_a_namespace" => {
            let space = cache.namespace("space");
            (0..ROUNDS).for_each(|_| done(space.incr("counter", 1).or_insert(0, secs(100)).wait().unwrap()));
        }
        "add" => {
            for number in 0..ROUNDS {
                if cache.add(&format!("first{number}"), "value").wait().unwrap() {
                    cache.incr("firsts", 1).wait().unwrap();
                }
            }
        }
        "get_or_set" => {
            for number in 0..20 {
                let computing = cache.clone();
                let key = format!("computed{number}");
                let value = cache.get_or_set(&key, move || async move {
                    computing.incr("computations", 1).wait().unwrap();
                    // Long enough that the others come while it runs.
                    std::thread::sleep(keepwarm::millis(5));
                    number
                });
                assert_eq!(value.wait().unwrap(), number);
            }
        }
        "update" => {
            for _ in 0..ROUNDS / 4 {
                cache
                    .update("list", |list: Option<Vec<i64>>| {
                        let mut list = list.unwrap_or_default();
                        list.push(1);
                        Some(list)
                    })
                    .wait()
                    .unwrap();
            }
        }
        "lock" => {
            for _ in 0..ROUNDS / 4 {
                let guard = cache.lock("lock").timeout(secs(20)).wait().unwrap();
                // Without the lock, increments made of a read and a write are lost.
                let count = cache.get::<Vec<u64>>("guarded").wait().unwrap().unwrap_or_default();
                let fence = guard.fence();
                assert!(count.last().is_none_or(|&last| last < fence), "fencing numbers grow");
                cache.set("guarded", &[count, vec![fence]].concat()).wait().unwrap();
                assert!(guard.release().wait().unwrap());
            }
        }
        "everything" => {
            for number in 0..ROUNDS / 4 {
                cache.incr("mixed", 1).wait().unwrap();
                if cache.add(&format!("mixed first{number}"), "value").wait().unwrap() {
                    cache.incr("mixed firsts", 1).wait().unwrap();
                }
                let computing = cache.clone();
                let key = format!("mixed computed{number}");
                let value = cache.get_or_set(&key, move || async move {
                    computing.incr("mixed computations", 1).wait().unwrap();
                    number
                });
                assert_eq!(value.wait().unwrap(), number);
                let guard = cache.lock("mixed").timeout(secs(20)).wait().unwrap();
                let count = cache.get::<Vec<u64>>("mixed guarded").wait().unwrap().unwrap_or_default();
                assert!(count.last().is_none_or(|&last| last < guard.fence()), "fencing numbers grow");
                cache.set("mixed guarded", &[count, vec![guard.fence()]].concat()).wait().unwrap();
                guard.extend_wait(secs(20)).unwrap();
                assert!(guard.release().wait().unwrap());
            }
        }
        "limit" => {
            for _ in 0..ROUNDS {
                if cache.rate_limit("limit", 57, secs(100)).wait().unwrap().allowed {
                    cache.incr("allowed", 1).wait().unwrap();
                }
            }
        }
        other => panic!("no such work: {other}"),
    }
}

fn number(cache: &Cache, key: &str) -> i64 {
    cache.get(key).wait().unwrap().unwrap()
}

// covers: R58 R66 R77 R83 R88 R89
#[test]
fn four_processes_at_once_lose_and_double_nothing() {
    let server = RedisServer::start();
    let cache = cache(&server);
    for counter in ["counter", "firsts", "computations", "allowed", "mixed", "mixed firsts", "mixed computations"] {
        cache.set(counter, &0).timeout(secs(1000)).wait().unwrap();
    }
    let all = ROUNDS * PROCESSES as i64;
    at_once(&server, "incr");
    assert_eq!(number(&cache, "counter"), all);
    at_once(&server, "incr_created");
    assert_eq!(number(&cache, "created"), all);
    at_once(&server, "incr_in_a_namespace");
    assert_eq!(number(&cache.namespace("space"), "counter"), all);
    at_once(&server, "add");
    assert_eq!(number(&cache, "firsts"), ROUNDS);
    at_once(&server, "get_or_set");
    assert_eq!(number(&cache, "computations"), 20);
    at_once(&server, "update");
    assert_eq!(cache.get::<Vec<i64>>("list").wait().unwrap().unwrap().len() as i64, all / 4);
    at_once(&server, "lock");
    assert_eq!(cache.get::<Vec<u64>>("guarded").wait().unwrap().unwrap().len() as i64, all / 4);
    at_once(&server, "limit");
    assert_eq!(number(&cache, "allowed"), 57);
    at_once(&server, "everything");
    assert_eq!(number(&cache, "mixed"), all / 4);
    assert_eq!(number(&cache, "mixed firsts"), ROUNDS / 4);
    assert_eq!(number(&cache, "mixed computations"), ROUNDS / 4);
    assert_eq!(cache.get::<Vec<u64>>("mixed guarded").wait().unwrap().unwrap().len() as i64, all / 4);
}

// covers: R84
#[test]
fn tasks_at_once_lose_nothing_either() {
    let server = RedisServer::start();
    let cache = cache(&server);
    cache.set("counter", &0).wait().unwrap();
    let computed = std::sync::Arc::new(AtomicU64::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (cache, computed) = (cache.clone(), computed.clone());
                tokio::spawn(async move {
                    for _ in 0..20 {
                        cache.incr("counter", 1).await.unwrap();
                    }
                    let compute = move || async move { computed.fetch_add(1, Ordering::Relaxed) };
                    cache.get_or_set("computed", compute).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 0);
        }
    });
    assert_eq!(number(&cache, "counter"), 2000);
    assert_eq!(computed.load(Ordering::Relaxed), 1);
}
