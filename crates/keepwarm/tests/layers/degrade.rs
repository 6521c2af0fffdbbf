//! While the store is down the cache is empty: nothing fails, every loader runs once, and nobody gets what is not fenced.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use keepwarm::entry::MissReason;
use keepwarm::{Cache, ErrorKind, FetchError, Put, Refusal, Timeout, Ttl, secs};
use keepwarm_conformance::kit::{Fault, Latch, Verb, until};

use crate::support::{Bench, DEADLINE, on_tokio, stats};

// covers: R203
#[test]
fn no_verb_fails_while_the_store_is_down() {
    let bench = Bench::new();
    let cache = bench.degrading();
    cache.set("key", &1).wait().unwrap();
    bench.down();
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), None);
    assert_eq!(cache.get_arc::<i32>("key").wait().unwrap(), None);
    assert!(cache.get_many::<i32, _>(["key", "other"]).wait().unwrap().is_empty());
    assert_eq!(cache.set("key", &2).wait().unwrap(), Put::Refused(Refusal::StoreDown));
    assert_eq!(cache.set("key", &2).tags(["tag"]).wait().unwrap(), Put::Refused(Refusal::StoreDown));
    assert_eq!(cache.set_many([("key", &2), ("other", &3)]).wait().unwrap(), ["key", "other"]);
    assert!(!cache.add("other", &2).wait().unwrap());
    assert!(!cache.add("other", &2).timeout(Timeout::ZERO).wait().unwrap());
    assert!(!cache.replace("key", &2).wait().unwrap());
    assert!(!cache.delete("key").wait().unwrap());
    assert_eq!(cache.delete_many(["key", "other"]).wait().unwrap(), 0);
    assert!(!cache.has_key("key").wait().unwrap());
    assert!(!cache.touch("key", secs(5)).wait().unwrap());
    assert!(!cache.expire("key", Timeout::ZERO).wait().unwrap());
    assert!(!cache.persist("key").wait().unwrap());
    assert_eq!(cache.ttl("key").wait().unwrap(), Ttl::Absent);
    assert_eq!(cache.incr("key", 1).wait().unwrap_err().kind(), ErrorKind::Missing);
    assert_eq!(cache.incr("views", 1).or_insert(10, secs(5)).wait().unwrap(), 11);
    assert_eq!(cache.update("key", |old: Option<i32>| Some(old.unwrap_or(5) + 1)).wait().unwrap(), Some(6));
    assert_eq!(cache.incr_version("key", 1).wait().unwrap_err().kind(), ErrorKind::Missing);
    assert!(cache.rate_limit("login", 3, secs(60)).wait().unwrap().allowed);
    assert!(!cache.once("migration").wait().unwrap());
    assert!(cache.lock("name").try_now().wait().unwrap().is_none());
    assert_eq!(cache.keys("*").wait().unwrap(), Vec::<String>::new());
    assert_eq!(cache.get_or_set("key", || async { 7 }).wait().unwrap(), 7);
    assert_eq!(cache.refresh("key", || async { 8 }).wait().unwrap(), 8);
    cache.invalidate_tag("tag").wait().unwrap();
    cache.namespace("space").invalidate().wait().unwrap();
    cache.clear().wait().unwrap();
    assert_eq!(cache.explain("key").wait().unwrap().would_miss, Some(MissReason::StoreDown));
    let stats = stats(&cache);
    assert_eq!(stats.errors, 0);
    assert!(stats.missed(MissReason::StoreDown) > 0 && stats.health.swallowed > 0);
    cache.close().wait().unwrap();
}

// covers: R203
#[test]
fn what_cannot_be_kept_for_later_is_raised() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.down();
    assert_eq!(cache.clear_store().wait().unwrap_err().kind(), ErrorKind::Connection);
    assert_eq!(cache.delete_pattern("a*").wait().unwrap_err().kind(), ErrorKind::Connection);
    assert_eq!(cache.lock("name").wait().unwrap_err().kind(), ErrorKind::Connection, "it would wait without an end");
    bench.up_again(&cache);
    cache.set("a1", &1).wait().unwrap();
    assert_eq!(cache.delete_pattern("a*").wait().unwrap(), 1);
}

#[test]
fn mistakes_of_the_caller_are_raised_as_ever() {
    let bench = Bench::new();
    let cache = bench.degrading();
    cache.set("text", "no number").wait().unwrap();
    assert_eq!(cache.incr("text", 1).wait().unwrap_err().kind(), ErrorKind::NotAnInteger);
    bench.faults.when(|call| (call.verb == Verb::Get).then_some(Fault::Refused(ErrorKind::Unsupported)));
    assert_eq!(cache.get::<i32>("text").wait().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(stats(&cache).health.swallowed, 0);
}

// covers: R204
#[test]
fn dropped_writes_and_swallowed_failures_are_counted() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.faults.when(|call| (call.verb != Verb::Size).then_some(Fault::Refused(ErrorKind::Backend)));
    let _ = cache.set("a", &1).wait().unwrap();
    cache.set_many([("b", &1), ("c", &2)]).wait().unwrap();
    cache.touch("a", secs(1)).wait().unwrap();
    cache.incr("a", 1).wait().unwrap_err();
    cache.get::<i32>("a").wait().unwrap();
    let health = stats(&cache).health;
    assert_eq!(health.dropped_writes, 5, "one set, two of set_many, a touch and a count: {health:?}");
    // `a`, `b` and `c` are covered by undelivered removals after the first failures: what they keep off is no failure.
    assert!(health.swallowed >= 2, "{health:?}");
    let text = stats(&cache).prometheus();
    assert!(text.contains("keepwarm_dropped_writes_total{cache=\"default\"} 5"), "{text}");
}

// covers: R68 R203
#[test]
fn a_loader_runs_exactly_once_for_its_caller() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.down();
    let runs = AtomicUsize::new(0);
    let loader = || async {
        runs.fetch_add(1, Ordering::SeqCst);
        5
    };
    assert_eq!(cache.get_or_set("key", loader).wait().unwrap(), 5);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(cache.refresh("key", loader).wait().unwrap(), 5);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    let many = cache.get_or_set_many(["a", "b"], |names: Vec<String>| {
        runs.fetch_add(1, Ordering::SeqCst);
        async move { names.into_iter().map(|name| (name, 1)).collect::<std::collections::HashMap<_, _>>() }
    });
    assert_eq!(many.inline().wait().unwrap().len(), 2);
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    let failing = cache.get_or_try_set("key", || async {
        runs.fetch_add(1, Ordering::SeqCst);
        Err::<i32, _>("no database either")
    });
    assert!(matches!(failing.wait(), Err(FetchError::Loader("no database either"))));
    assert_eq!(runs.load(Ordering::SeqCst), 4);
    let explained = stats(&cache);
    assert_eq!((explained.computations, explained.missed(MissReason::StoreDown)), (4, 4));
}

// covers: R68
#[test]
fn a_store_that_fails_at_any_verb_of_a_computation_does_not_make_it_run_twice() {
    for verb in [Verb::Get, Verb::Lease, Verb::Put, Verb::Release] {
        for fault in [Fault::Refused(ErrorKind::Connection), Fault::AnswerLost(ErrorKind::Timeout)] {
            let bench = Bench::new();
            let cache = bench.degrading();
            bench.faults.when(move |call| (call.verb == verb).then_some(fault));
            let runs = AtomicUsize::new(0);
            let loader = || async { runs.fetch_add(1, Ordering::SeqCst) };
            assert_eq!(cache.get_or_set("key", loader).wait().unwrap(), 0, "{verb:?}");
            assert_eq!(runs.load(Ordering::SeqCst), 1, "{verb:?} {fault:?}");
        }
    }
}

/// Callers who miss together while the store is down compute at the same time: each one's loader comes to the latch.
#[test]
fn callers_who_miss_together_do_not_wait_for_each_other() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.down();
    on_tokio(async {
        let latch = Latch::new();
        let callers: Vec<_> = (0..20)
            .map(|number| {
                let (cache, latch) = (cache.clone(), latch.clone());
                tokio::spawn(async move {
                    let loader = move || async move {
                        latch.opened().await;
                        number
                    };
                    cache.get_or_set("key", loader).await.unwrap()
                })
            })
            .collect();
        latch.until_arrived(20);
        latch.open();
        for (number, caller) in callers.into_iter().enumerate() {
            assert_eq!(caller.await.unwrap(), number, "each gets its own value: there is no fence to share it under");
        }
    });
}

/// The store goes while a loader runs that was given a lease. Its fence can no longer be compared: what it computed is not
/// for those who waited, who may have asked after an invalidation.
#[test]
fn a_value_whose_fence_was_not_compared_is_not_handed_to_those_who_waited() {
    let bench = Bench::new();
    let cache = bench.degrading();
    on_tokio(async {
        let (entered, go_on) = (Latch::new(), Latch::new());
        let leader = tokio::spawn({
            let (cache, entered, go_on) = (cache.clone(), entered.clone(), go_on.clone());
            async move {
                let loader = move || async move {
                    entered.opened().await;
                    go_on.opened().await;
                    "old"
                };
                cache.get_or_set("key", async move || loader().await.to_owned()).await.unwrap()
            }
        });
        entered.open();
        go_on.until_arrived(1);
        let waiter = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get_or_set("key", || async { "new".to_owned() }).await.unwrap() }
        });
        until("it waits", || cache.stats().wait().unwrap().waits == 1);
        bench.down();
        go_on.open();
        assert_eq!(leader.await.unwrap(), "old");
        assert_eq!(waiter.await.unwrap(), "new");
    });
    bench.up_again(&cache);
    assert_eq!(cache.get::<String>("key").wait().unwrap(), None);
}

// covers: R204
#[test]
fn a_stalled_store_costs_a_request_one_deadline_and_the_next_nothing() {
    let bench = Bench::new();
    let cache = bench.degrading();
    cache.set("key", &1).wait().unwrap();
    bench.gate.hold(|_| true);
    let request = thread::spawn({
        let cache = cache.clone();
        move || {
            let value = cache.get_or_set("key", || async { 2 }).wait().unwrap();
            let _ = cache.set("other", &3).wait().unwrap();
            cache.delete("third").wait().unwrap();
            value
        }
    });
    bench.gate.wait_until_held(1);
    let begin = bench.clock.now();
    bench.clock.advance(DEADLINE);
    // No more time passes, and the request is done: three more calls cost nothing.
    assert_eq!(request.join().unwrap(), 2);
    assert_eq!(bench.clock.now().since(begin), DEADLINE);
}

#[test]
fn degrading_costs_a_healthy_memory_store_nothing_that_shows() {
    let cache = Cache::builder().layer(keepwarm::layers::Degrade::new()).build().unwrap();
    assert!(cache.abilities().never_waits);
    cache.set("key", "value").wait().unwrap();
    let first: Arc<String> = cache.get_arc("key").wait().unwrap().unwrap();
    let second: Arc<String> = cache.get_arc("key").wait().unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &second), "still handed out shared, at a glance");
}
