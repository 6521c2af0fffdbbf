//! What an outage costs, counted: by the calls that reach the server, and on a clock that only the test moves. What it comes to
//! in milliseconds is measured by `make bench-redis`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use keepwarm::backend::BreakerState;
use keepwarm::clock::Clock;
use keepwarm::layers::{Breaker, CallDeadline};
use keepwarm::{Cache, ErrorKind, millis};
use keepwarm_conformance::kit::{ManualClock, PATIENCE, Record, until};
use keepwarm_conformance::servers::RedisServer;

use crate::redis;

const DEADLINE: Duration = millis(250);
const PAUSE: Duration = millis(100);
const CALLERS: usize = 50;

/// A server, a cache with its layers, and what reaches the server through them.
struct Outage {
    server: RedisServer,
    record: Record,
    cache: Cache,
    /// Over the same connections, without layers.
    direct: Cache,
}

impl Outage {
    fn of(time: &Clock) -> Self {
        let (server, record) = (RedisServer::start(), Record::new());
        // A probe is as patient as the machine is busy: it is no part of what a caller waits for.
        let breaker = Breaker::new().pause(PAUSE).probe(PATIENCE).slow(PATIENCE).clock(time.clone());
        let layers = (CallDeadline::new(DEADLINE).clock(time.clone()), breaker);
        let redis = redis(&server);
        let direct = Cache::builder().backend(redis.clone()).build().unwrap();
        let cache = Cache::builder().backend(record.around(redis)).clock(time.clone()).layer(layers).build().unwrap();
        Self { server, record, cache, direct }
    }

    fn state(&self) -> BreakerState {
        self.cache.stats().wait().unwrap().health.breaker.expect("there is one")
    }

    /// How many calls were sent on; the breaker's own do not count.
    fn reached(&self) -> usize {
        let is_callers = |name: &String| !name.contains("probe");
        self.record.calls().iter().filter(|call| call.names.iter().all(is_callers)).count()
    }
}

async fn kind(cache: Cache) -> Option<ErrorKind> {
    cache.get::<String>("key").await.err().map(|error| error.kind())
}

// covers: R204
#[test]
fn awaited_callers_of_a_stopped_server_wait_for_one_deadline_together_and_then_it_is_not_asked() {
    let clock = ManualClock::new();
    let outage = Outage::of(&Clock::manual(&clock));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(kind(outage.cache.clone()).await, None);
        // Its deadline passes unneeded.
        clock.advance(DEADLINE);
        assert_eq!(clock.sleepers(), 0);
        outage.server.stall();
        let call = || tokio::spawn(kind(outage.cache.clone()));
        let first = call();
        until("it waits", || clock.sleepers() == 1);
        // The others come late, and have nearly all of their own deadline still before them.
        clock.advance(DEADLINE - millis(10));
        let others: Vec<_> = (0..CALLERS).map(|_| call()).collect();
        until("they wait", || clock.sleepers() == 1 + CALLERS);
        clock.advance(millis(10));
        assert_eq!(first.await.unwrap(), Some(ErrorKind::Timeout));
        for other in others {
            assert_eq!(
                other.await.unwrap(),
                Some(ErrorKind::Connection),
                "called off by the connection that it waits on"
            );
        }
        assert_eq!(outage.reached(), 2 + CALLERS);
        for _ in 0..1000 {
            assert_eq!(kind(outage.cache.clone()).await, Some(ErrorKind::Connection));
        }
        assert_eq!(outage.reached(), 2 + CALLERS, "the breaker is open: nobody asks the server");
    });
    outage.server.resume();
}

// covers: R204
#[test]
fn blocking_callers_of_a_stopped_server_ask_it_once_each_at_most_however_often_they_call() {
    const ROUNDS: usize = 100;
    let outage = Outage::of(&Clock::system());
    // Under load a first answer may come late as well.
    until("the server is known", || outage.cache.get::<String>("key").wait().is_ok());
    let before = outage.reached();
    outage.server.stall();
    let timed_out = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let error = outage.cache.get::<String>("key").wait().unwrap_err();
                    timed_out.fetch_add(usize::from(error.kind() == ErrorKind::Timeout), Ordering::SeqCst);
                }
            });
        }
    });
    let reached = outage.reached() - before;
    assert!(reached <= 8, "{reached} of {} calls reached a server that does not answer", 8 * ROUNDS);
    assert!((1..=reached).contains(&timed_out.load(Ordering::SeqCst)));
    outage.server.resume();
}

// covers: R136
#[test]
fn a_server_that_is_back_is_used_after_one_pause_at_the_latest_though_nobody_calls() {
    let clock = ManualClock::new();
    let mut outage = Outage::of(&Clock::manual(&clock));
    outage.cache.set("key", "value").wait().unwrap();
    outage.server.kill();
    for _ in 0..3 {
        outage.cache.get::<String>("key").wait().unwrap_err();
    }
    // Some probes fail; time stands still while one is under way.
    for _ in 0..5 {
        until("a probe has failed", || outage.state() == BreakerState::Open && clock.sleepers() > 0);
        clock.advance(PAUSE);
    }
    outage.server.restart();
    // Connections have a pause of their own, in real time and a short one: past it, whoever asks the server is answered.
    until("it lets connections in", || outage.direct.get::<String>("key").wait().is_ok());
    let back = clock.now();
    until("it is closed", || {
        if outage.state() == BreakerState::Open && clock.sleepers() > 0 {
            clock.advance(millis(10));
        }
        outage.state() == BreakerState::Closed
    });
    // One pause: that of a probe that failed just before.
    assert!(clock.now().since(back) <= PAUSE, "{:?}", clock.now().since(back));
    outage.cache.set("key", "value").wait().unwrap();
}
