//! Crowds: many tasks, or threads in the blocking face, at one key.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use keepwarm::{Cache, ErrorKind, FetchError, millis, secs};
use parking_lot::Mutex;

use crate::case::{cases, err, ok, run};
use crate::kit::{Latch, until};
use crate::samples::{Person, Runs, in_order};
use crate::subject::{Subject, join};
use crate::suite::ON_PURPOSE;

cases! {
    one_of_many_adds_wins;
    one_of_many_adds_wins_through_many_handles;
    one_of_many_onces_is_the_first;
    no_increment_is_lost;
    no_increment_is_lost_through_many_handles;
    no_created_count_is_lost;
    increments_and_decrements_cancel_out;
    no_update_is_lost;
    updates_and_increments_do_not_lose_each_other;
    a_rate_limit_allows_exactly_its_limit;
    of_many_deletes_one_removes;
    of_many_replaces_after_a_delete_none_stores;
    a_reader_never_sees_half_a_write;
    what_others_do_loses_no_bystander;
    sixty_four_callers_cause_one_computation;
    sixty_four_callers_share_one_object [KeepsObjects];
    sixty_four_callers_of_different_keys_compute_each;
    waiters_are_woken_without_time_passing [ManualClock];
    a_waiter_takes_over_after_an_error;
    every_failing_caller_gets_its_own_error;
    a_waiter_takes_over_after_a_panic;
    a_caller_who_goes_away_does_not_end_the_computation [AsyncFace];
    a_waiter_who_goes_away_disturbs_nobody [AsyncFace];
    a_caller_who_goes_away_inline_hands_over [AsyncFace];
    a_caller_who_goes_away_inline_gives_its_lease_back [AsyncFace, ManualClock];
    a_loader_that_hangs_is_taken_over_after_its_lease [ManualClock];
    a_loader_that_hangs_fills_nothing_late [ManualClock];
    two_handles_compute_once [ManualClock];
    a_dead_handles_lease_ends [ManualClock, AsyncFace];
    whoever_asks_after_an_invalidation_does_not_get_the_old_flight;
    batches_that_overlap_compute_each_key_once;
    a_batch_and_a_single_caller_compute_once;
    two_batches_in_opposite_order_do_not_wait_for_each_other [Room(1000)];
    a_batch_whose_loader_fails_hands_over;
    refreshes_in_a_crowd_all_compute_and_the_newest_stays;
    a_hand_written_get_or_create_computes_once_in_the_good_case;
}

// covers: R58
async fn one_of_many_adds_wins(on: &Subject) {
    let cache = on.cache();
    for round in 0..10 {
        let won = on.at_once(8, |number, on| {
            let cache = cache.clone();
            async move { ok!(on, cache.add(&format!("key:{round}"), &number)).then_some(number) }
        });
        let won: Vec<usize> = won.await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?} all won");
        assert_eq!(ok!(on, cache.get::<usize>(&format!("key:{round}"))), Some(won[0]));
    }
}

// covers: R20 R58
async fn one_of_many_adds_wins_through_many_handles(on: &Subject) {
    let won = on.at_once(8, |number, on| async move { ok!(on, on.cache().add("key", &number)) }).await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

// covers: R58 R60
async fn one_of_many_onces_is_the_first(on: &Subject) {
    let cache = on.cache();
    let first = on.at_once(16, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.once("migration")) }
    });
    assert_eq!(first.await.into_iter().filter(|first| *first).count(), 1);
}

// covers: R83 R84
async fn no_increment_is_lost(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64));
    let crowd = on.at_once(4, |_, on| {
        let cache = cache.clone();
        async move {
            for _ in 0..100 {
                ok!(on, cache.incr("counter", 1));
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(400));
}

// covers: R20 R83
async fn no_increment_is_lost_through_many_handles(on: &Subject) {
    ok!(on, on.cache().set("counter", &0_i64));
    let crowd = on.at_once(4, |_, on| async move {
        let cache = on.cache();
        for _ in 0..50 {
            ok!(on, cache.incr("counter", 1));
        }
    });
    crowd.await;
    assert_eq!(ok!(on, on.cache().get::<i64>("counter")), Some(200));
}

// covers: R88
async fn no_created_count_is_lost(on: &Subject) {
    let cache = on.cache();
    let crowd = on.at_once(8, |_, on| {
        let cache = cache.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..25 {
                seen.push(ok!(on, cache.incr("views", 1).or_insert(0, secs(60))));
            }
            seen
        }
    });
    let mut seen: Vec<i64> = crowd.await.into_iter().flatten().collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=200).collect::<Vec<_>>(), "every number once");
}

// covers: R83
async fn increments_and_decrements_cancel_out(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &7_i64));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for _ in 0..100 {
                match number % 2 {
                    0 => ok!(on, cache.incr("counter", 3)),
                    _ => ok!(on, cache.decr("counter", 3)),
                };
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(7));
}

// covers: R83
async fn no_update_is_lost(on: &Subject) {
    let cache = on.cache();
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for round in 0..50 {
                let push = |list: Option<Vec<(usize, i32)>>| {
                    let mut list = list.unwrap_or_default();
                    list.push((number, round));
                    Some(list)
                };
                ok!(on, cache.update("list", push));
            }
        }
    });
    crowd.await;
    let mut list = ok!(on, cache.get::<Vec<(usize, i32)>>("list")).expect("it was updated");
    for number in 0..4 {
        let own: Vec<i32> = list.iter().filter(|(by, _)| *by == number).map(|(_, round)| *round).collect();
        assert_eq!(own, (0..50).collect::<Vec<_>>(), "each one's updates in their order");
    }
    list.dedup();
    assert_eq!(list.len(), 200);
}

// covers: R83
async fn updates_and_increments_do_not_lose_each_other(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for _ in 0..50 {
                match number % 2 {
                    0 => drop(ok!(on, cache.update("counter", |old: Option<i64>| old.map(|old| old + 1)))),
                    _ => assert!(ok!(on, cache.incr("counter", 1)) > 0),
                }
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(200));
}

// covers: R89
async fn a_rate_limit_allows_exactly_its_limit(on: &Subject) {
    let cache = on.cache();
    let answers = on.at_once(32, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.rate_limit("login:7", 10, secs(60))) }
    });
    let mut left: Vec<u64> =
        answers.await.into_iter().filter(|answer| answer.allowed).map(|answer| answer.remaining).collect();
    left.sort_unstable();
    assert_eq!(left, (0..10).collect::<Vec<_>>());
}

// covers: R30
async fn of_many_deletes_one_removes(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    let removed = on.at_once(8, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.delete("key")) }
    });
    assert_eq!(removed.await.into_iter().filter(|removed| *removed).count(), 1);
}

// covers: R56
async fn of_many_replaces_after_a_delete_none_stores(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    ok!(on, cache.delete("key"));
    let stored = on.at_once(8, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.replace("key", "value")) }
    });
    assert_eq!(stored.await, [false; 8]);
}

// covers: R20
async fn a_reader_never_sees_half_a_write(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("pair", &(0_usize, 0_usize, vec![0_usize; 32])));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for round in 0..100 {
                if number % 2 == 0 {
                    let value = round * 2 + number;
                    ok!(on, cache.set("pair", &(value, value, vec![value; 32])));
                } else {
                    let (first, second, rest) =
                        ok!(on, cache.get::<(usize, usize, Vec<usize>)>("pair")).expect("it is always there");
                    assert!(first == second && rest == vec![first; 32], "{first} {second} {rest:?}");
                }
            }
        }
    });
    crowd.await;
}

// covers: R20
async fn what_others_do_loses_no_bystander(on: &Subject) {
    let cache = on.cache();
    let bystanders: Vec<String> = (0..8).map(|number| format!("bystander:{number}")).collect();
    ok!(on, cache.set_many(bystanders.iter().map(|key| (key.as_str(), "value"))));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for round in 0..25 {
                let key = format!("busy:{}", round % 4);
                match (number + round) % 6 {
                    0 => drop(ok!(on, cache.set(&key, "text")).is_stored()),
                    1 => drop(ok!(on, cache.delete(&key))),
                    2 => drop(ok!(on, cache.add(&key, &1_i64))),
                    3 => drop(ok!(on, cache.get_or_set(&key, || ready("text".to_owned())))),
                    4 => drop(ok!(on, cache.touch(&key, secs(60)))),
                    _ => drop(run!(on, cache.incr(&key, 1)).is_ok()),
                }
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get_many::<String, _>(bystanders.iter())).len(), 8);
}

/// How many callers wait for another's computation.
fn waiting(cache: &Cache) -> u64 {
    cache.stats().wait().expect("statistics do not fail").waits
}

// covers: R65 R78
async fn sixty_four_callers_cause_one_computation(on: &Subject) {
    let (cache, runs, door) = (on.cache(), Runs::new(), Latch::new());
    let crowd = on.crowd(64, |number, on| {
        let (cache, runs, door) = (cache.clone(), runs.clone(), door.clone());
        async move {
            let loader = move || async move {
                runs.one();
                door.opened().await;
                number
            };
            ok!(on, cache.get_or_set("key", loader))
        }
    });
    until("63 wait for the one who computes", || waiting(&cache) == 63);
    door.open();
    let mut values = join(crowd).await;
    values.dedup();
    assert_eq!(values.len(), 1, "all get the one value");
    assert_eq!(runs.count(), 1);
    let stats = ok!(on, cache.stats());
    assert_eq!((stats.computations, stats.waits, stats.sets), (1, 63, 1));
}

// covers: R65
async fn sixty_four_callers_share_one_object(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let crowd = on.crowd(64, |_, on| {
        let (cache, door) = (cache.clone(), door.clone());
        async move {
            let loader = move || async move {
                door.opened().await;
                Person::alice()
            };
            ok!(on, cache.get_or_set("key", loader).arc())
        }
    });
    until("63 wait for the one who computes", || waiting(&cache) == 63);
    door.open();
    let values = join(crowd).await;
    assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])), "nobody got a copy");
}

// covers: R65
async fn sixty_four_callers_of_different_keys_compute_each(on: &Subject) {
    let (cache, runs) = (on.cache(), Runs::new());
    let values = on.at_once(64, |number, on| {
        let (cache, runs) = (cache.clone(), runs.clone());
        async move { ok!(on, cache.get_or_set(&format!("key:{number}"), runs.giving(number))) }
    });
    assert_eq!(values.await, (0..64).collect::<Vec<_>>());
    assert_eq!(runs.count(), 64);
}

// covers: R65
async fn waiters_are_woken_without_time_passing(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let begun = on.clock().now();
    let crowd = on.crowd(16, |_, on| {
        let (cache, door) = (cache.clone(), door.clone());
        async move {
            let loader = move || async move {
                door.opened().await;
                1_i64
            };
            ok!(on, cache.get_or_set("key", loader))
        }
    });
    until("15 wait", || waiting(&cache) == 15);
    door.open();
    assert_eq!(join(crowd).await, [1; 16]);
    assert_eq!(on.clock().now(), begun, "nobody polls a clock");
}

// covers: R67
async fn a_waiter_takes_over_after_an_error(on: &Subject) {
    let (cache, runs, door) = (on.cache(), Runs::new(), Latch::new());
    let crowd = on.crowd(8, |_, on| {
        let (cache, runs, door) = (cache.clone(), runs.clone(), door.clone());
        async move {
            let loader = move || async move {
                let run = runs.one();
                door.opened().await;
                if run == 0 { Err("the first one fails") } else { Ok(run) }
            };
            run!(on, cache.get_or_try_set("key", loader))
        }
    });
    until("7 wait", || waiting(&cache) >= 7);
    door.open();
    let answers = join(crowd).await;
    let failed =
        answers.iter().filter(|answer| matches!(answer, Err(FetchError::Loader("the first one fails")))).count();
    let got = answers.iter().filter(|answer| matches!(answer, Ok(1))).count();
    assert_eq!((failed, got), (1, 7), "the failing caller gets its error, all others the next one's value");
    assert_eq!(runs.count(), 2);
}

// covers: R67 R68
async fn every_failing_caller_gets_its_own_error(on: &Subject) {
    /// An error that belongs to one caller and cannot be cloned.
    #[derive(Debug, PartialEq)]
    struct Own(usize);
    let (cache, runs, door) = (on.cache(), Runs::new(), Latch::new());
    let crowd = on.crowd(8, |number, on| {
        let (cache, runs, door) = (cache.clone(), runs.clone(), door.clone());
        async move {
            let loader = move || async move {
                runs.one();
                door.opened().await;
                Err::<i64, Own>(Own(number))
            };
            err!(on, cache.get_or_try_set("key", loader)).into_loader()
        }
    });
    until("7 wait", || waiting(&cache) >= 7);
    door.open();
    let errors = join(crowd).await;
    assert_eq!(errors, (0..8).map(|number| Some(Own(number))).collect::<Vec<_>>());
    assert_eq!(runs.count(), 8, "each loader ran once");
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R67
async fn a_waiter_takes_over_after_a_panic(on: &Subject) {
    let (cache, runs, door) = (on.cache(), Runs::new(), Latch::new());
    let crowd = on.crowd(8, |_, on| {
        let (cache, runs, door) = (cache.clone(), runs.clone(), door.clone());
        async move {
            let loader = move || async move {
                let run = runs.one();
                door.opened().await;
                assert!(run > 0, "{ON_PURPOSE}: the first one panics");
                run
            };
            run!(on, cache.get_or_set("key", loader)).map_err(|error| error.kind())
        }
    });
    until("7 wait", || waiting(&cache) >= 7);
    door.open();
    let answers = join(crowd).await;
    let panicked = answers.iter().filter(|answer| **answer == Err(ErrorKind::LoaderPanicked)).count();
    let got = answers.iter().filter(|answer| **answer == Ok(1)).count();
    assert_eq!((panicked, got), (1, 7));
    assert_eq!(runs.count(), 2);
}

/// Begins to compute `value` under `key` behind a door; it stands there when this returns.
macro_rules! computes {
    ($on:ident, $cache:ident, $door:ident, $value:expr $(, $inline:ident)?) => {{
        let arrived = $door.arrived();
        let caller = $on.spawn({
            let ($cache, door) = ($cache.clone(), $door.clone());
            let on = $on.clone();
            async move {
                let loader = move || async move {
                    door.opened().await;
                    $value
                };
                ok!(on, $cache.get_or_set("key", loader) $(. $inline())?)
            }
        });
        $door.until_arrived(arrived + 1);
        caller
    }};
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

// covers: R65 R174
async fn whoever_asks_after_an_invalidation_does_not_get_the_old_flight(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let old = computes!(on, cache, door, 1_i64);
    let before = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, cache.get_or_set("key", || ready(5_i64))) }
    });
    until("one waits", || waiting(&cache) == 1);
    ok!(on, cache.delete("key"));
    let after = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, cache.get_or_set("key", || ready(2_i64))) }
    });
    until("two wait, or the second computed", || waiting(&cache) == 2 || after.is_finished());
    door.open();
    old.join().await;
    // Who asked before the delete may get either.
    assert!([1, 2, 5].contains(&before.join().await));
    assert_ne!(
        after.join().await,
        1,
        "who asked after the delete had returned must not get what was computed before it"
    );
    assert_ne!(ok!(on, cache.get::<i64>("key")), Some(1));
}

/// A batch loader that counts how often each key is computed.
type Counts = Arc<Mutex<HashMap<String, usize>>>;

fn counting(
    counts: &Counts,
) -> impl FnMut(Vec<String>) -> std::future::Ready<HashMap<String, String>> + Send + 'static {
    let counts = Arc::clone(counts);
    move |missing| {
        let mut counts = counts.lock();
        missing.iter().for_each(|key| *counts.entry(key.clone()).or_default() += 1);
        ready(missing.into_iter().map(|key| (key.clone(), key)).collect())
    }
}

// covers: R65 R98
async fn batches_that_overlap_compute_each_key_once(on: &Subject) {
    let (cache, counts) = (on.cache(), Counts::default());
    let batches = on.at_once(8, |number, on| {
        let (cache, loader) = (cache.clone(), counting(&counts));
        async move {
            let keys: Vec<String> = (number..number + 8).map(|key| format!("key:{key}")).collect();
            let found = in_order(ok!(on, cache.get_or_set_many(keys.clone(), loader)));
            assert_eq!(found, keys.into_iter().map(|key| (key.clone(), key)).collect());
        }
    });
    batches.await;
    let counts = counts.lock();
    assert_eq!(counts.len(), 15);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}

// covers: R65 R98
async fn a_batch_and_a_single_caller_compute_once(on: &Subject) {
    let (cache, door) = (on.cache(), Latch::new());
    let single = computes!(on, cache, door, 1_i64);
    let batch = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move {
            let loader = |missing: Vec<String>| {
                assert_eq!(missing, ["other"], "the single caller computes the key");
                ready(HashMap::from([("other".to_owned(), 2_i64)]))
            };
            in_order(ok!(on, cache.get_or_set_many(["key", "other"], loader)))
        }
    });
    until("the batch waits", || waiting(&cache) == 1);
    assert_eq!(ok!(on, cache.get::<i64>("other")), Some(2), "it has delivered its own before it waits");
    door.open();
    assert_eq!(single.join().await, 1);
    assert_eq!(batch.join().await, crate::samples::map([("key", 1), ("other", 2)]));
}

// covers: R65 R98
async fn two_batches_in_opposite_order_do_not_wait_for_each_other(on: &Subject) {
    let (cache, counts) = (on.cache(), Counts::default());
    for round in 0..10 {
        let batches = on.at_once(2, |number, on| {
            let (cache, loader) = (cache.clone(), counting(&counts));
            async move {
                let mut keys: Vec<String> = (0..6).map(|key| format!("{round}:{key}")).collect();
                if number == 1 {
                    keys.reverse();
                }
                ok!(on, cache.get_or_set_many(keys, loader)).len()
            }
        });
        assert_eq!(batches.await, [6, 6]);
    }
    assert!(counts.lock().values().all(|count| *count == 1), "{:?}", counts.lock());
}

// covers: R67 R98
async fn a_batch_whose_loader_fails_hands_over(on: &Subject) {
    let (cache, door, failing) = (on.cache(), Latch::new(), Arc::new(AtomicBool::new(true)));
    let batch = on.spawn({
        let (on, cache, door, failing) = (on.clone(), cache.clone(), door.clone(), Arc::clone(&failing));
        async move {
            let loader = move |missing: Vec<String>| {
                let (door, failing) = (door.clone(), Arc::clone(&failing));
                async move {
                    door.opened().await;
                    match failing.load(Ordering::SeqCst) {
                        true => Err("the batch fails"),
                        false => Ok(missing.into_iter().map(|key| (key, 1_i64)).collect::<HashMap<_, _>>()),
                    }
                }
            };
            run!(on, cache.get_or_try_set_many(["a", "b"], loader)).map(|found| found.len())
        }
    });
    door.until_arrived(1);
    let waiters = on.crowd(2, |number, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.get_or_set(["a", "b"][number], || ready(2_i64))) }
    });
    until("both wait", || waiting(&cache) == 2);
    door.open();
    assert!(matches!(batch.join().await, Err(FetchError::Loader("the batch fails"))));
    assert_eq!(join(waiters).await, [2, 2]);
}

// covers: R153
async fn refreshes_in_a_crowd_all_compute_and_the_newest_stays(on: &Subject) {
    let (cache, version) = (on.cache(), Arc::new(AtomicUsize::new(0)));
    ok!(on, cache.set("key", &0_usize));
    let seen = on.at_once(8, |_, on| {
        let (cache, version) = (cache.clone(), Arc::clone(&version));
        async move {
            let loader = move || ready(version.fetch_add(1, Ordering::SeqCst) + 1);
            ok!(on, cache.refresh("key", loader))
        }
    });
    let mut seen = seen.await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=8).collect::<Vec<_>>(), "a refresh never gives what another read before it began");
    let stored = ok!(on, cache.get::<usize>("key")).expect("refreshing never leaves a gap");
    assert!((1..=8).contains(&stored));
}

// covers: R78
async fn a_hand_written_get_or_create_computes_once_in_the_good_case(on: &Subject) {
    let (cache, runs) = (on.cache(), Runs::new());
    let values = on.at_once(8, |_, on| {
        let (cache, runs) = (cache.clone(), runs.clone());
        async move {
            loop {
                if let Some(value) = ok!(on, cache.get::<String>("data")) {
                    return value;
                }
                if ok!(on, cache.add("data_lock", "locked").timeout(secs(60))) {
                    // Looked at again under the lock, which the snippet of the documents forgets.
                    if ok!(on, cache.get::<String>("data")).is_none() {
                        runs.one();
                        ok!(on, cache.set("data", "computed").timeout(secs(300)));
                    }
                    ok!(on, cache.delete("data_lock"));
                }
                std::thread::yield_now();
            }
        }
    });
    assert!(values.await.iter().all(|value| value == "computed"));
    assert_eq!(runs.count(), 1);
}
