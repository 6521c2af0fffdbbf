//! No call takes longer than its deadline, awaited or waited for, with a runtime or without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keepwarm::backend::Limit;
use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use keepwarm::layers::CallDeadline;
use keepwarm::{Cache, ErrorKind, millis};
use keepwarm_conformance::kit::Verb;

use crate::support::{Bench, DEADLINE, on_tokio};

#[test]
fn an_awaited_call_ends_at_its_deadline_and_not_before() {
    let bench = Bench::new();
    let cache = bench.with_deadline().build().unwrap();
    bench.gate.hold(|_| true);
    on_tokio(async {
        let call = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get::<i32>("key").await }
        });
        bench.gate.wait_until_held(1);
        bench.clock.advance(DEADLINE - millis(1));
        tokio::task::yield_now().await;
        assert!(!call.is_finished());
        bench.clock.advance(millis(1));
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.is_transient() && error.to_string().contains("250ms"), "{error}");
    });
    assert_eq!(bench.gate.held().len(), 0, "the call was dropped");
}

#[test]
fn a_blocking_call_without_a_runtime_ends_at_its_deadline() {
    let bench = Bench::new();
    let cache = bench.with_deadline().build().unwrap();
    bench.gate.hold(|_| true);
    let call = thread::spawn(move || cache.set("key", &1).wait());
    bench.gate.wait_until_held(1);
    bench.clock.advance(DEADLINE);
    assert_eq!(call.join().unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}

#[test]
fn the_system_clock_ends_blocking_calls_as_well() {
    let bench = Bench::new();
    let cache = bench.bare().layer(CallDeadline::new(millis(30))).build().unwrap();
    bench.gate.hold(|_| true);
    let begin = Instant::now();
    assert_eq!(cache.get::<i32>("key").wait().unwrap_err().kind(), ErrorKind::Timeout);
    assert!(begin.elapsed() >= millis(30));
    let awaited = on_tokio(async { cache.get::<i32>("key").await });
    assert_eq!(awaited.unwrap_err().kind(), ErrorKind::Timeout);
}

#[test]
fn a_runtime_that_was_built_without_timers_keeps_deadlines_all_the_same() {
    let bench = Bench::new();
    let hasty = bench.bare().layer(CallDeadline::new(millis(30))).build().unwrap();
    // What is answered ends its sleep long before it is over.
    let cache = bench.bare().layer(CallDeadline::new(keepwarm_conformance::kit::PATIENCE)).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        cache.set("key", &1).await.unwrap();
        bench.gate.hold(|_| true);
        for _ in 0..3 {
            let begin = Instant::now();
            assert_eq!(hasty.get::<i32>("key").await.unwrap_err().kind(), ErrorKind::Timeout);
            assert!(begin.elapsed() >= millis(30));
        }
        bench.gate.open();
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.get::<i32>("key").await })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), Some(1));
        }
    });
}

#[test]
fn every_verb_has_the_deadline() {
    let bench = Bench::new();
    let cache = bench.bare().layer(CallDeadline::new(millis(5))).build().unwrap();
    bench.gate.hold(|call| call.verb != Verb::Close);
    let errors = [
        cache.get::<i32>("key").wait().unwrap_err(),
        cache.get_many::<i32, _>(["key"]).wait().unwrap_err(),
        cache.set("key", &1).tags(["tag"]).wait().unwrap_err(),
        cache.set_many([("key", &1)]).wait().unwrap_err(),
        cache.add("key", &1).wait().unwrap_err(),
        cache.delete("key").wait().unwrap_err(),
        cache.delete_many(["key"]).wait().unwrap_err(),
        cache.incr("key", 1).wait().unwrap_err(),
        cache.touch("key", keepwarm::secs(1)).wait().unwrap_err(),
        cache.ttl("key").wait().unwrap_err(),
        cache.refresh("key", || async { 1 }).wait().unwrap_err(),
        cache.invalidate_tag("tag").wait().unwrap_err(),
        cache.clear().wait().unwrap_err(),
        cache.clear_store().wait().unwrap_err(),
        cache.keys("*").wait().unwrap_err(),
        cache.explain("key").wait().unwrap_err(),
        cache.lock("name").wait().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    }
}

/// A store that blocks its caller's thread inside its poll, as a socket does, and looks at the limit of the call.
struct Blocking {
    never: Arc<AtomicBool>,
}

impl Custom for Blocking {
    async fn get(&self, _key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        let limit = Limit::current();
        while !limit.is_over() {
            assert!(!self.never.load(Ordering::Relaxed), "it was never called off");
            thread::park_timeout(Duration::from_millis(1));
        }
        Err("nobody waits any more".into())
    }

    async fn set(&self, _key: &str, _value: Vec<u8>, _timeout: Option<Duration>) -> Result<(), CustomError> {
        Ok(())
    }

    async fn delete(&self, _key: &str) -> Result<bool, CustomError> {
        Ok(false)
    }

    async fn clear(&self) -> Result<(), CustomError> {
        Ok(())
    }
}

#[test]
fn a_store_that_blocks_its_thread_is_told_how_long_it_may() {
    let blocking = Blocking { never: Arc::default() };
    let cache = Cache::builder().backend(Adapter::new(blocking)).layer(CallDeadline::new(millis(30))).build().unwrap();
    let begin = Instant::now();
    cache.get::<i32>("key").wait().unwrap_err();
    let took = begin.elapsed();
    assert!((millis(30)..Duration::from_secs(10)).contains(&took), "{took:?}");
    assert!(Limit::current().left().is_none(), "the limit ends with its call");
}

#[test]
fn a_store_that_never_waits_stays_one() {
    let cache = Cache::builder().layer(CallDeadline::default()).build().unwrap();
    assert!(cache.abilities().never_waits && cache.abilities().keeps_objects);
    cache.set("key", &1).wait().unwrap();
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(1));
}
