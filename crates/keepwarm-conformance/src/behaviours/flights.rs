//! Crowds who miss together: one computes, the others are given its value, or take over.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keepwarm::{Cache, ErrorKind, FetchError};

use crate::case::{cases, err, ok, run};
use crate::kit::{Latch, until};
use crate::samples::{Person, Runs};
use crate::subject::{Subject, join};
use crate::suite::ON_PURPOSE;

cases! {
    sixty_four_callers_cause_one_computation;
    sixty_four_callers_share_one_object [KeepsObjects];
    sixty_four_callers_of_different_keys_compute_each;
    waiters_are_woken_without_time_passing [ManualClock];
    a_waiter_takes_over_after_an_error;
    every_failing_caller_gets_its_own_error;
    a_waiter_takes_over_after_a_panic;
    whoever_asks_after_an_invalidation_does_not_get_the_old_flight;
    refreshes_in_a_crowd_all_compute_and_the_newest_stays;
}

/// How many callers wait for another's computation.
pub(super) fn waiting(cache: &Cache) -> u64 {
    cache.stats().wait().expect("statistics do not fail").waits
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

pub(super) use computes;

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
