//! A store whose servers change under it: one cache goes on through failovers, moved slots and lost masters.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::{Backend, Cache, secs};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::{RedisCluster, RedisSentinel};

use crate::cache_of;

fn open(url: &str) -> Cache {
    cache_of(&RedisOptions::url(url).unwrap().socket_timeout(secs(1)))
}

#[test]
fn a_failover_is_followed_and_counts_are_kept() {
    let mut service = RedisSentinel::start();
    let cache = open(&service.url(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    cache.set("counter", &0).timeout(secs(1000)).wait().unwrap();
    for round in 0..2 {
        for _ in 0..5 {
            until("it counts", || cache.incr("counter", 1).wait().inspect_err(|error| eprintln!("{error}")).is_ok());
            until("tasks count", || runtime.block_on(async { cache.incr("counter", 1).await }).is_ok());
        }
        assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(10 * (round + 1)));
        service.fail_over();
    }
    // A master that dies: what was written is on the replicas by then.
    until("it answers", || cache.get::<i64>("counter").wait().is_ok());
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(20));
    cache.set("key", "value").wait().unwrap();
    let master = service.master();
    master.wait_for_replicas(2);
    master.kill();
    until("another took over", || cache.incr("counter", 1).wait().is_ok());
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(21));
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("value"));
}

/// CRC-16 of the XMODEM kind, as the specification of clusters has it.
fn slot(key: &str) -> u16 {
    let step = |crc: u16, byte: u8| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    };
    key.bytes().fold(0, step) % 16384
}

#[test]
fn a_slot_that_moves_under_load_loses_nothing() {
    let cluster = RedisCluster::start();
    let cache = open(&cluster.url());
    let slot = slot("app:1:counter");
    let from = (0..3).find(|&at| u32::from(slot) < 16384 * (at as u32 + 1) / 3).unwrap();
    let to = (from + 1) % 3;
    cache.set("counter", &0).timeout(secs(1000)).wait().unwrap();
    cache.set("text", "value").tags(["tag"]).wait().unwrap();
    let (done, counted) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    cache.incr("counter", 1).wait().unwrap();
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let some = |more: u64| {
            let seen = counted.load(Ordering::Relaxed);
            until("the counting goes on", || counted.load(Ordering::Relaxed) >= seen + more);
        };
        some(20);
        cluster.begin_to_move(slot, from, to);
        some(20);
        cluster.move_keys(slot, from, to);
        some(20);
        cluster.end_moving(slot, to);
        some(20);
        done.store(true, Ordering::Relaxed);
    });
    let counted = counted.load(Ordering::Relaxed);
    assert_eq!(cache.get::<u64>("counter").wait().unwrap(), Some(counted));
    assert_eq!(cache.get::<String>("text").wait().unwrap().as_deref(), Some("value"));
    cache.invalidate_tag("tag").wait().unwrap();
    assert_eq!(cache.get::<String>("text").wait().unwrap(), None);
}

#[test]
fn a_lost_master_is_replaced_and_others_are_not_held_up() {
    let mut cluster = RedisCluster::start();
    let cache = open(&cluster.url());
    let names: Vec<String> = (0..60).map(|number| format!("key{number}")).collect();
    let owner = |name: &str| (0..3).find(|&at| u32::from(slot(&format!("app:1:{name}"))) < 16384 * (at + 1) / 3);
    for name in &names {
        cache.set(name, name).wait().unwrap();
    }
    for master in cluster.masters() {
        master.wait_for_replicas(1);
    }
    // The scope's record has to stay reachable for the others to be read.
    let record = (0..3).find(|&at| u32::from(slot("keepwarm:scope:app")) < 16384 * (at + 1) / 3).unwrap();
    let lost = (record + 1) % 3;
    cluster.kill(lost as usize);
    let other = names.iter().find(|name| owner(name) == Some((lost + 1) % 3)).unwrap();
    assert_eq!(
        cache.get::<String>(other).wait().unwrap().as_ref(),
        Some(other),
        "{}",
        cache.explain(other).wait().unwrap()
    );
    let gone = names.iter().find(|name| owner(name) == Some(lost)).unwrap();
    until("the replica took over", || cache.get::<String>(gone).wait().is_ok());
    assert_eq!(cache.get::<String>(gone).wait().unwrap().as_ref(), Some(gone));
    until("it can be written", || cache.set(gone, "new").wait().is_ok());
    let found = cache.get_many::<String, _>(&names).wait().unwrap();
    assert_eq!(found.len(), names.len());
    assert_eq!(cache.keys("key*").wait().unwrap().len(), names.len());
}

#[test]
fn a_prefix_with_a_hash_tag_keeps_a_cluster_to_single_trips() {
    let cluster = RedisCluster::start();
    let redis = Redis::new(&RedisOptions::url(&cluster.url()).unwrap(), Clock::system());
    assert_eq!(redis.kind(), "redis");
    let cache = Cache::builder().backend(redis).key_prefix("{app}").build().unwrap();
    let work = || {
        cache.set("text", "value").tags(["tag"]).wait().unwrap();
        assert!(!cache.add("text", "other").wait().unwrap());
        assert_eq!(cache.get_or_set("computed", || async { 5 }).tags(["tag"]).wait().unwrap(), 5);
    };
    work();
    cache.clear().wait().unwrap();
    work();
    assert_eq!(cache.get_many::<String, _>(["text"]).wait().unwrap().len(), 1);
}
