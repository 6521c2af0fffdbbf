//! Loaders that fail, panic, or ask for what they are computing.

use std::future::ready;

use keepwarm::{ErrorKind, FetchError};

use crate::case::{cases, err, ok, run};
use crate::samples::Runs;
use crate::subject::Subject;
use crate::suite::ON_PURPOSE;

cases! {
    an_error_of_the_loader_comes_back_as_it_was_and_nothing_is_stored;
    after_an_error_the_next_caller_computes_at_once;
    a_panic_of_the_loader_is_an_error_and_nothing_is_stored;
    a_panic_before_the_loaders_future_is_an_error_too;
    after_a_panic_the_next_caller_computes_at_once;
    a_loader_that_asks_for_its_own_key_is_told;
    a_loader_that_asks_for_its_own_key_through_another_is_told;
    a_loader_that_asks_for_its_own_key_in_a_bulk_call_is_told;
    a_loader_that_sets_its_own_key_is_not_stored_over_it;
    a_deadlock_leaves_the_bystander_and_the_key_works_again;
}

// covers: R67
async fn an_error_of_the_loader_comes_back_as_it_was_and_nothing_is_stored(on: &Subject) {
    /// An error that can neither be cloned nor displayed.
    #[derive(Debug, PartialEq)]
    struct Own(&'static str);
    let cache = on.cache();
    let runs = Runs::new();
    let error = err!(on, cache.get_or_try_set("key", runs.giving(Err::<i64, _>(Own("no such user")))));
    assert_eq!(error.into_loader(), Some(Own("no such user")));
    assert_eq!(runs.count(), 1);
    assert!(!ok!(on, cache.has_key("key")));
    let stored = run!(on, cache.get_or_try_set("key", runs.giving(Ok::<_, Own>(5_i64))));
    assert_eq!(stored.expect("this one succeeds"), 5);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(5));
}

// covers: R67 R68
async fn after_an_error_the_next_caller_computes_at_once(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for _ in 0..3 {
        let error = err!(on, cache.get_or_try_set("key", runs.giving(Err::<i64, _>("fails"))));
        assert_eq!(error.into_loader(), Some("fails"));
    }
    // Another handle has a flight table of its own: it would wait for a lease that was not given back.
    assert_eq!(ok!(on, on.cache().get_or_set("key", runs.giving(1_i64))), 1);
    assert_eq!(runs.count(), 4);
}

/// The error of a loader that panics in its future.
macro_rules! panicking {
    ($on:ident, $cache:ident, $key:literal) => {{
        let loader = || async {
            if true {
                panic!("{ON_PURPOSE}: this loader panics");
            }
            1_i64
        };
        err!($on, $cache.get_or_set($key, loader))
    }};
}

// covers: R67
async fn a_panic_of_the_loader_is_an_error_and_nothing_is_stored(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("bystander", "value"));
    let error = panicking!(on, cache, "key");
    assert_eq!(error.kind(), ErrorKind::LoaderPanicked);
    assert!(error.to_string().contains("this loader panics"), "{error}");
    assert!(!ok!(on, cache.has_key("key")));
    assert_eq!(ok!(on, cache.get::<String>("bystander")).as_deref(), Some("value"));
}

// covers: R67
async fn a_panic_before_the_loaders_future_is_an_error_too(on: &Subject) {
    let cache = on.cache();
    let loader = || -> std::future::Ready<i64> { panic!("{ON_PURPOSE}: this loader does not even begin") };
    let error = err!(on, cache.get_or_set("key", loader));
    assert_eq!(error.kind(), ErrorKind::LoaderPanicked);
    assert_eq!(ok!(on, cache.get_or_set("key", || ready(1_i64))), 1);
}

// covers: R67
async fn after_a_panic_the_next_caller_computes_at_once(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    panicking!(on, cache, "key");
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(1_i64))), 1);
    ok!(on, cache.delete("key"));
    panicking!(on, cache, "key");
    assert_eq!(ok!(on, on.cache().get_or_set("key", runs.giving(2_i64))), 2);
    assert_eq!(runs.count(), 2);
}

// covers: R67
async fn a_loader_that_asks_for_its_own_key_is_told(on: &Subject) {
    let cache = on.cache();
    let inner = {
        let (on, cache) = (on.clone(), cache.clone());
        move || async move {
            let inner = err!(on, cache.get_or_set("key", || ready(1_i64)));
            assert_eq!(inner.kind(), ErrorKind::Deadlock);
            assert!(!inner.is_transient());
            2_i64
        }
    };
    assert_eq!(ok!(on, cache.get_or_set("key", inner)), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
}

// covers: R67
async fn a_loader_that_asks_for_its_own_key_through_another_is_told(on: &Subject) {
    let cache = on.cache();
    let first = {
        let (on, cache) = (on.clone(), cache.clone());
        move || async move {
            let (inner_on, inner_cache) = (on.clone(), cache.clone());
            let second = move || async move {
                let circle = run!(inner_on, inner_cache.get_or_set("first", || ready(1_i64)));
                circle.map_err(|error| error.kind())
            };
            let answer = run!(on, cache.get_or_try_set("second", second));
            match answer {
                Err(FetchError::Loader(kind)) => assert_eq!(kind, ErrorKind::Deadlock),
                other => panic!("the circle was not noticed: {other:?}"),
            }
            5_i64
        }
    };
    assert_eq!(ok!(on, cache.get_or_set("first", first)), 5);
    assert!(!ok!(on, cache.has_key("second")));
}

// covers: R67 R98
async fn a_loader_that_asks_for_its_own_key_in_a_bulk_call_is_told(on: &Subject) {
    let cache = on.cache();
    let loader = {
        let (on, cache) = (on.clone(), cache.clone());
        move || async move {
            let many = |missing: Vec<String>| ready(missing.into_iter().map(|key| (key, 1_i64)).collect());
            let error = err!(on, cache.get_or_set_many(["other", "key"], many));
            assert_eq!(error.kind(), ErrorKind::Deadlock);
            2_i64
        }
    };
    assert_eq!(ok!(on, cache.get_or_set("key", loader)), 2);
}

// covers: R69
async fn a_loader_that_sets_its_own_key_is_not_stored_over_it(on: &Subject) {
    let cache = on.cache();
    let loader = {
        let (on, cache) = (on.clone(), cache.clone());
        move || async move {
            ok!(on, cache.set("key", &2_i64));
            1_i64
        }
    };
    assert_eq!(ok!(on, cache.get_or_set("key", loader)), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
}

// covers: R67
async fn a_deadlock_leaves_the_bystander_and_the_key_works_again(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("bystander", "value"));
    let loader = {
        let (on, cache) = (on.clone(), cache.clone());
        move || async move { run!(on, cache.get_or_set("key", || ready(1_i64))).map_err(|error| error.kind()) }
    };
    let error = err!(on, cache.get_or_try_set("key", loader));
    assert_eq!(error.into_loader(), Some(ErrorKind::Deadlock));
    assert!(!ok!(on, cache.has_key("key")));
    assert_eq!(ok!(on, cache.get_or_set("key", || ready(3_i64))), 3);
    assert_eq!(ok!(on, cache.get::<String>("bystander")).as_deref(), Some("value"));
}
