//! Those who compute and go away, hang or die, and what becomes of those who wait for them.

use std::future::ready;

use keepwarm::{millis, secs};

use super::flights::{computes, waiting};
use crate::case::{cases, ok, run};
use crate::kit::{Latch, until};
use crate::samples::Runs;
use crate::subject::{Subject, join};

cases! {
    a_caller_who_goes_away_does_not_end_the_computation [AsyncFace];
    a_waiter_who_goes_away_disturbs_nobody [AsyncFace];
    a_caller_who_goes_away_inline_hands_over [AsyncFace];
    a_caller_who_goes_away_inline_gives_its_lease_back [AsyncFace, ManualClock];
    a_loader_that_hangs_is_taken_over_after_its_lease [ManualClock];
    a_loader_that_hangs_fills_nothing_late [ManualClock];
    two_handles_compute_once [ManualClock];
    a_dead_handles_lease_ends [ManualClock, AsyncFace];
}

// covers: R122
async fn a_caller_who_goes_away_does_not_end_the_computation(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let leader = computes!(on, cache, door, 1_i64);
    let waiter = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, cache.get_or_set("key", || ready(2_i64))) }
    });
    until("one waits", || waiting(&cache) == 1);
    leader.abort().await;
    door.open();
    assert_eq!(waiter.join().await, 1, "the computation went on without its caller");
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
    assert_eq!(ok!(on, cache.stats()).computations, 1);
}

// covers: R122
async fn a_waiter_who_goes_away_disturbs_nobody(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let leader = computes!(on, cache, door, 1_i64);
    let mut waiters: Vec<_> = (0..3)
        .map(|_| {
            let (on, cache) = (on.clone(), cache.clone());
            on.clone().spawn(async move { ok!(on, cache.get_or_set("key", || ready(2_i64))) })
        })
        .collect();
    until("three wait", || waiting(&cache) == 3);
    waiters.remove(1).abort().await;
    door.open();
    assert_eq!(leader.join().await, 1);
    assert_eq!(join(waiters).await, [1, 1]);
    assert_eq!(ok!(on, cache.stats()).computations, 1);
}

// covers: R67 R122
async fn a_caller_who_goes_away_inline_hands_over(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let leader = computes!(on, cache, door, 1_i64, inline);
    let waiter = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, cache.get_or_set("key", || ready(2_i64))) }
    });
    until("one waits", || waiting(&cache) == 1);
    leader.abort().await;
    // What its lease is worth to a store that is asked over a network is given back beside it.
    assert_eq!(on.while_time_passes(millis(1), waiter).await, 2, "one of those who waited computes");
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
}

// covers: R122
async fn a_caller_who_goes_away_inline_gives_its_lease_back(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let leader = computes!(on, cache, door, 1_i64, inline);
    leader.abort().await;
    let begun = on.clock().now();
    let next = on.spawn({
        let on = on.clone();
        // Another handle knows nothing of the flight: it would wait for the lease.
        async move { ok!(on, on.cache().get_or_set("key", || ready(2_i64))) }
    });
    assert_eq!(on.while_time_passes(millis(1), next).await, 2);
    assert!(on.clock().now().since(begun) < secs(1), "it waited for a lease that nobody held");
}

// covers: R66
async fn a_loader_that_hangs_is_taken_over_after_its_lease(on: &Subject) {
    let cache = on.alias(|builder| builder.lease(secs(10)));
    let door = Latch::new();
    let hangs = computes!(on, cache, door, 1_i64);
    let waiters = on.crowd(4, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.get_or_set("key", || ready(2_i64))) }
    });
    until("four wait", || waiting(&cache) >= 4);
    let begun = on.clock().now();
    until("all of them sleep until the lease ends", || on.clock().sleepers() >= 4);
    on.advance(secs(9));
    assert!(waiters.iter().all(|waiter| !waiter.is_finished()), "the lease is respected");
    for waiter in waiters {
        assert_eq!(on.while_time_passes(millis(100), waiter).await, 2);
    }
    let waited = on.clock().now().since(begun);
    // No upper bound: the clock runs on while the tasks are being scheduled.
    assert!(waited >= secs(10), "they waited {waited:?}");
    door.open();
    hangs.join().await;
}

// covers: R66
async fn a_loader_that_hangs_fills_nothing_late(on: &Subject) {
    let cache = on.alias(|builder| builder.lease(secs(10)));
    let door = Latch::new();
    let hangs = computes!(on, cache, door, 1_i64);
    on.advance(secs(11));
    let next = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, cache.get_or_set("key", || ready(2_i64))) }
    });
    assert_eq!(on.while_time_passes(millis(100), next).await, 2);
    door.open();
    assert_eq!(hangs.join().await, 2, "another writer won: its value is the newer one");
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    assert_eq!(ok!(on, cache.stats()).overtaken, 1);
}

// covers: R66
async fn two_handles_compute_once(on: &Subject) {
    let (here, there, runs, door) = (on.cache(), on.cache(), Runs::new(), Latch::new());
    let leader = computes!(on, here, door, 1_i64);
    let waiter = on.spawn({
        let (on, there, loader) = (on.clone(), there.clone(), runs.giving(2_i64));
        async move { ok!(on, there.get_or_set("key", loader)) }
    });
    until("the other handle looks again and again", || on.clock().sleepers() > 0);
    on.advance(secs(1));
    door.open();
    assert_eq!(leader.join().await, 1);
    assert_eq!(on.while_time_passes(millis(50), waiter).await, 1);
    assert_eq!(runs.count(), 0, "one computation for both");
}

// covers: R66
async fn a_dead_handles_lease_ends(on: &Subject) {
    let here = on.alias(|builder| builder.lease(secs(10)));
    let there = on.alias(|builder| builder.lease(secs(10)));
    let door = Latch::new();
    // A computation in a task that nobody drives any more, as in a process that was stopped.
    let dead = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let dead = dead.expect("a runtime on this thread needs nothing");
    let leader = dead.spawn({
        let (cache, door) = (here.clone(), door.clone());
        async move {
            let loader = move || async move {
                door.opened().await;
                1_i64
            };
            cache.get_or_set("key", loader).inline().await
        }
    });
    let turn = std::thread::spawn(move || {
        dead.block_on(async {
            while door.arrived() == 0 {
                tokio::task::yield_now().await
            }
        });
        dead
    });
    let dead = turn.join().expect("the loader begins");
    let begun = on.clock().now();
    let waiter = on.spawn({
        let on = on.clone();
        async move { ok!(on, there.get_or_set("key", || ready(2_i64))) }
    });
    assert_eq!(on.while_time_passes(millis(50), waiter).await, 2);
    let waited = on.clock().now().since(begun);
    assert!(waited >= secs(10) && waited < secs(11), "it waited {waited:?}");
    drop(leader);
    dead.shutdown_background();
}
