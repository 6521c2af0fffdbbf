//! Crowds of batches: each key is computed once, and nobody waits for who waits for him.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keepwarm::FetchError;
use parking_lot::Mutex;

use super::flights::{computes, waiting};
use crate::case::{cases, ok, run};
use crate::kit::{Latch, until};
use crate::samples::in_order;
use crate::subject::{Subject, join};

cases! {
    batches_that_overlap_compute_each_key_once;
    a_batch_and_a_single_caller_compute_once;
    two_batches_in_opposite_order_do_not_wait_for_each_other [Room(1000)];
    a_batch_whose_loader_fails_hands_over;
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
