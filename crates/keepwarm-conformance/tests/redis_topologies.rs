//! The conformance suite over Sentinel, with failovers in the middle, and over Cluster.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::secs;
use keepwarm_conformance::servers::{RedisCluster, RedisSentinel};
use keepwarm_conformance::{Suite, Target};
use parking_lot::Mutex;

/// So many cases apart, another server becomes the master.
const CASES_PER_MASTER: u32 = 400;

fn main() -> ExitCode {
    let sentinel = Arc::new(Mutex::new(RedisSentinel::start()));
    let cases = AtomicU32::new(1);
    let over_sentinel = Target::cloned("redis-sentinel", move |_| {
        let mut sentinel = sentinel.lock();
        if cases.fetch_add(1, Ordering::Relaxed).is_multiple_of(CASES_PER_MASTER) {
            sentinel.fail_over();
        }
        sentinel.master().ask(&["FLUSHALL"]);
        store(&sentinel.url(1))
    })
    .own_clock();
    let cluster = RedisCluster::start();
    let over_cluster = Target::cloned("redis-cluster", move |_| {
        cluster.flush();
        store(&cluster.url())
    })
    .own_clock();
    // All cases share the servers, and some flush them.
    Suite::new().target(over_sentinel).target(over_cluster).one_at_a_time().run()
}

fn store(url: &str) -> Redis {
    let options = RedisOptions::url(url).expect("the URL of the servers").socket_timeout(secs(2));
    Redis::new(&options, Clock::system())
}
