//! A store that is down costs its callers one deadline in total, and is back soon after it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use keepwarm::backend::{Abilities, BreakerState, Health, Limit};
use keepwarm::layers::{Breaker, CallDeadline};
use keepwarm::{Cache, Error, ErrorKind, Result, millis, secs};
use keepwarm_conformance::kit::{Answer, Call, Fault, Probe, Probed, Verb, until};

use crate::support::{Bench, DEADLINE, on_tokio, stats};

fn state(cache: &Cache) -> Option<BreakerState> {
    stats_of(cache).breaker
}

fn stats_of(cache: &Cache) -> Health {
    stats(cache).health
}

// covers: R204
#[test]
fn a_stalled_store_costs_all_callers_together_one_deadline() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.gate.hold(|_| true);
    on_tokio(async {
        let get = |key: &'static str| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get::<i32>(key).await.unwrap_err().kind() })
        };
        let first = get("first");
        bench.gate.wait_until_held(1);
        // The others come later, and have most of their own deadline still before them.
        bench.clock.advance(DEADLINE - millis(10));
        let others: Vec<_> = (0..50).map(|_| get("other")).collect();
        bench.gate.wait_until_held(51);
        bench.clock.advance(millis(10));
        assert_eq!(first.await.unwrap(), ErrorKind::Timeout);
        for other in others {
            assert_eq!(other.await.unwrap(), ErrorKind::Connection, "called off, without its own deadline");
        }
        // Who comes now does not wait at all: the clock stands still.
        let error = cache.get::<i32>("late").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert!(error.to_string().contains("the store is down"), "{error}");
    });
}

#[test]
fn blocking_callers_that_hang_are_freed_when_the_first_has_found_out() {
    let bench = Bench::new();
    let stalled = Stalled::default();
    // No deadline of their own: only the breaker's opening can free them.
    let store = Probed::around(bench.store.clone(), stalled.clone());
    let cache = Cache::builder().backend(store).layer(Breaker::new().failures(1)).build().unwrap();
    let hanging: Vec<_> = (0..4)
        .map(|_| {
            let cache = cache.clone();
            thread::spawn(move || cache.get::<i32>("key").wait().unwrap_err())
        })
        .collect();
    until("all hang", || stalled.0.load(Ordering::SeqCst) >= 4);
    // One that fails at once opens it.
    assert_eq!(cache.delete("key").wait().unwrap_err().kind(), ErrorKind::Connection);
    for call in hanging {
        assert_eq!(call.join().unwrap().kind(), ErrorKind::Timeout);
    }
}

/// Blocks the thread of who reads, inside the poll, until the call is called off; everything else fails at once.
#[derive(Clone, Default)]
struct Stalled(Arc<AtomicUsize>);

impl Probe for Stalled {
    fn waits(&self) -> bool {
        true
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, call: &Call) -> Result<()> {
        if call.verb != Verb::Get {
            return Err(Error::new(ErrorKind::Connection, "refused"));
        }
        let limit = Limit::current();
        self.0.fetch_add(1, Ordering::SeqCst);
        while !limit.is_over() {
            thread::park_timeout(millis(1));
        }
        Err(Error::new(ErrorKind::Timeout, "nobody waits any more"))
    }

    async fn after(&self, _call: &Call) -> Result<()> {
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}

// covers: R204
#[test]
fn failures_in_a_row_open_it_and_then_the_store_is_not_asked() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.down();
    for _ in 0..3 {
        assert_eq!(cache.get::<i32>("key").wait().unwrap_err().kind(), ErrorKind::Connection);
    }
    let asked = || bench.gate.held().len();
    bench.gate.hold(|_| true);
    for _ in 0..100 {
        cache.get::<i32>("key").wait().unwrap_err();
    }
    let held = bench.gate.held();
    assert!(asked() <= 1 && held.iter().all(|call| call.names[0].contains("probe")), "one probe at most: {held:?}");
}

#[test]
fn an_error_that_the_store_answers_with_does_not_open_it() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.faults.when(|call| (call.verb == Verb::Get).then_some(Fault::Refused(ErrorKind::Backend)));
    for _ in 0..100 {
        assert_eq!(cache.get::<i32>("key").wait().unwrap_err().kind(), ErrorKind::Backend);
    }
    assert_eq!((state(&cache), stats_of(&cache).opened), (Some(BreakerState::Closed), 0));
}

#[test]
fn one_call_that_is_too_slow_among_others_that_are_answered_does_not_open_it() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.gate.hold(|call| call.names.iter().any(|name| name.contains("heavy")));
    let heavy = thread::spawn({
        let cache = cache.clone();
        move || cache.get::<i32>("heavy").wait().unwrap_err()
    });
    bench.gate.wait_until_held(1);
    assert_eq!(cache.get::<i32>("light").wait().unwrap(), None);
    bench.clock.advance(DEADLINE);
    assert_eq!(heavy.join().unwrap().kind(), ErrorKind::Timeout);
    assert_eq!((state(&cache), stats_of(&cache).opened), (Some(BreakerState::Closed), 0));
}

#[test]
fn answers_that_all_come_late_open_it() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.gate.hold(|_| true);
    for _ in 0..32 {
        let call = thread::spawn({
            let cache = cache.clone();
            move || cache.get::<i32>("key").wait()
        });
        bench.gate.wait_until_held(1);
        bench.clock.advance(millis(200));
        bench.gate.release_one();
        assert_eq!(call.join().unwrap().unwrap(), None, "each is answered before its deadline");
    }
    assert_eq!(cache.get::<i32>("key").wait().unwrap_err().kind(), ErrorKind::Connection);
    // A probe that is answered as late does not close it.
    bench.gate.wait_until_held(1);
    bench.clock.advance(millis(200));
    bench.gate.release_one();
    until("the prober sleeps", || bench.clock.sleepers() > 0);
    assert_eq!(cache.get::<i32>("key").wait().unwrap_err().kind(), ErrorKind::Connection);
}

// covers: R136
#[test]
fn it_closes_by_itself_within_half_a_second_of_the_stores_return() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.down();
    for _ in 0..3 {
        cache.get::<i32>("key").wait().unwrap_err();
    }
    // Some probes fail first.
    let probed = || bench.clock.sleepers() > 0;
    for _ in 0..5 {
        until("a probe has failed", probed);
        bench.clock.advance(millis(100));
    }
    bench.faults.heal();
    let back = bench.clock.now();
    // Nobody calls: time alone passes.
    let begin = Instant::now();
    while bench.record.verbs().is_empty() {
        assert!(begin.elapsed() < secs(30), "no probe came through");
        if bench.clock.sleepers() > 0 {
            bench.clock.advance(millis(10));
        }
        thread::yield_now();
    }
    bench.time_passes_until("it is closed", || state(&cache) == Some(BreakerState::Closed));
    assert!(bench.clock.now().since(back) <= millis(500), "{:?}", bench.clock.now().since(back));
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), None);
}

#[test]
fn one_probe_at_a_time_and_none_that_a_caller_waits_for() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.down();
    for _ in 0..3 {
        cache.get::<i32>("key").wait().unwrap_err();
    }
    bench.gate.hold(|_| true);
    bench.time_passes_until("a probe is under way", || !bench.gate.held().is_empty());
    // The clock stands still: were a caller the one to probe, it would hang.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    cache.get::<i32>("key").wait().unwrap_err();
                }
            });
        }
    });
    assert_eq!(bench.gate.held().len(), 1);
}

#[test]
fn a_prober_whose_runtime_is_shut_down_is_replaced_by_the_next_caller() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.down();
    on_tokio(async {
        for _ in 0..3 {
            cache.get::<i32>("key").await.unwrap_err();
        }
    });
    bench.faults.heal();
    // Time stands still: no post runs out, and no probe has a pause before it.
    until("it is closed", || cache.get::<i32>("key").wait().is_ok());
}

#[test]
fn a_prober_that_nobody_polls_any_more_is_replaced_when_it_is_missed() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.down();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for _ in 0..3 {
            cache.get::<i32>("key").await.unwrap_err();
        }
    });
    bench.faults.heal();
    // Two rounds of a probe and a pause.
    bench.clock.advance(millis(700));
    until("it is closed", || cache.get::<i32>("key").wait().is_ok());
    drop(runtime);
}

#[test]
fn a_cache_that_is_dropped_leaves_no_prober_behind() {
    let bench = Bench::new();
    let cache = bench.with_breaker().build().unwrap();
    bench.down();
    for _ in 0..3 {
        cache.get::<i32>("key").wait().unwrap_err();
    }
    until("the prober sleeps", || bench.clock.sleepers() > 0);
    drop(cache);
    bench.clock.advance(secs(10));
    until("nobody sleeps", || bench.clock.sleepers() == 0);
}

#[test]
fn statistics_and_explanations_tell_its_state() {
    let bench = Bench::new();
    let cache = bench.degrading();
    assert_eq!(stats(&cache).health.breaker, Some(BreakerState::Closed));
    bench.down();
    for _ in 0..3 {
        cache.get::<i32>("key").wait().unwrap();
    }
    let health = stats(&cache).health;
    assert_ne!(health.breaker, Some(BreakerState::Closed));
    assert_eq!(health.opened, 1);
    let explained = cache.explain("key").wait().unwrap();
    assert_ne!(explained.breaker, Some(BreakerState::Closed));
    assert!(explained.to_string().contains("store_down"), "{explained}");
    let text = stats(&cache).prometheus();
    assert!(text.contains("keepwarm_breaker_opened_total{cache=\"default\"} 1"), "{text}");
    bench.up_again(&cache);
    assert_eq!(stats(&cache).health.breaker, Some(BreakerState::Closed));
}

#[test]
fn a_store_that_never_waits_stays_one() {
    let cache = Cache::builder().layer(CallDeadline::default()).layer(Breaker::new()).build().unwrap();
    assert!(cache.abilities().never_waits);
    cache.set("key", &1).wait().unwrap();
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(1));
}
