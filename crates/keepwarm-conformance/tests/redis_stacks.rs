//! The conformance suite over Redis with everything around it that settings lay there: near tier, degrading, breaker, deadline.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::layers::{Breaker, CallDeadline, Degrade, Layer, Stack, Tiered};
use keepwarm::{Backend, Cache};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;
use keepwarm_conformance::{Suite, Target};

/// A database for every case.
const DATABASES: u32 = 10_000;

/// Layers for the time that a loaded machine may take; that they end calls in time is tested elsewhere.
const PATIENT: Duration = Duration::from_secs(60);

fn degrading(store: Stack) -> Stack {
    let failing = (CallDeadline::new(PATIENT), Breaker::new().slow(PATIENT));
    Stack::new(Degrade::new().wrap(Stack::new(failing.wrap(store))))
}

/// A near tier that is told already, so that every case finds it at work.
fn near(feed: &Redis, store: Stack) -> Stack {
    let tiers = Tiered::new(feed.clone()).wrap(store);
    let cache = Cache::builder().backend(tiers.clone()).build().expect("the defaults fit together");
    cache.get::<u64>("somebody looks").wait().expect("the server answers");
    until("the server is watched", || tiers.housekeeping().health.near.is_some_and(|near| near.watching));
    Stack::new(tiers)
}

fn main() -> ExitCode {
    let server = Arc::new(RedisServer::start_with(&["--databases", &DATABASES.to_string()]));
    let next = Arc::new(AtomicU32::new(0));
    let store = move || {
        let database = next.fetch_add(1, Ordering::Relaxed) % DATABASES;
        let options = RedisOptions::url(&server.url(database)).expect("the URL of a server");
        Redis::new(&options.socket_timeout(PATIENT), Clock::system())
    };
    let for_tiers = store.clone();
    let degraded = Target::layered("redis-degraded", move |_| (store(), degrading)).own_clock();
    let tiered = Target::layered("redis-tiered", move |_| {
        let redis = for_tiers();
        (redis.clone(), move |store| near(&redis, degrading(store)))
    })
    .own_clock();
    Suite::new().target(degraded).target(tiered).run()
}
