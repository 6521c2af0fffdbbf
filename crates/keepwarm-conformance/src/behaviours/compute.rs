//! get_or_set, get_or_try_set, refresh: one caller at a time, and a few whose meeting is arranged. Crowds are in `races`.

use std::future::ready;
use std::sync::Arc;

use keepwarm::entry::MissReason;
use keepwarm::{ErrorKind, FetchError, Timeout, Ttl, secs};

use crate::case::{cases, err, ok, run};
use crate::kit::Latch;
use crate::samples::{Person, Runs};
use crate::subject::Subject;
use crate::suite::ON_PURPOSE;

cases! {
    a_missing_value_is_computed_and_stored;
    a_cached_value_is_not_computed_again;
    an_async_loader_is_awaited;
    a_loaded_null_is_cached;
    a_loaded_empty_value_is_cached;
    timeout_and_version_are_honoured [ManualClock];
    get_or_set_with_timeout_zero_computes_every_time;
    get_or_set_as_arc_gives_the_value;
    get_or_set_as_arc_shares_the_stored_object [KeepsObjects];
    get_or_set_inline_may_borrow;
    a_loader_may_use_the_cache_for_other_keys;
    a_loader_of_another_type_replaces_what_it_cannot_read;
    a_value_set_while_it_is_computed_wins [ManualClock];
    a_value_deleted_while_it_is_computed_is_not_kept;
    a_value_cleared_while_it_is_computed_is_not_kept;
    a_tag_invalidated_while_its_value_is_computed_keeps_nothing [Markers];
    a_namespace_invalidated_while_its_value_is_computed_keeps_nothing [Markers];
    delete_many_while_it_is_computed_keeps_nothing;
    set_many_while_it_is_computed_wins;
    an_add_while_it_is_computed_wins;
    an_incr_with_creation_while_it_is_computed_wins;
    an_update_while_it_is_computed_wins;
    a_clear_store_while_it_is_computed_keeps_nothing;
    a_clear_of_another_prefix_while_it_is_computed_changes_nothing [Markers];
    an_overtaken_value_is_counted;
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
    refresh_computes_although_there_is_a_value;
    refresh_of_a_missing_key_stores;
    readers_see_the_old_value_while_it_is_refreshed;
    a_refresh_that_fails_leaves_the_old_value [ManualClock];
    a_refresh_that_panics_leaves_the_old_value;
    a_delete_while_it_is_refreshed_stays_deleted;
    a_set_while_it_is_refreshed_wins;
    a_count_while_it_is_refreshed_ends_the_refresh [ManualClock];
    a_tag_invalidated_while_it_is_refreshed_keeps_nothing [Markers];
    refresh_gives_the_timeout_it_is_given [ManualClock];
    the_refresh_that_began_last_wins;
    computations_are_counted;
    a_store_that_keeps_nothing_computes_every_time [KeepsNothing];
}

// covers: R61 R63
async fn a_missing_value_is_computed_and_stored(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(5_i64))), 5);
    assert_eq!(runs.count(), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(5));
}

// covers: R61 R62
async fn a_cached_value_is_not_computed_again(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    ok!(on, cache.set("set", &1_i64));
    for expected in [1, 1] {
        assert_eq!(ok!(on, cache.get_or_set("set", runs.giving(9_i64))), expected);
    }
    for _ in 0..3 {
        assert_eq!(ok!(on, cache.get_or_set("computed", runs.giving(2_i64))), 2);
    }
    assert_eq!(runs.count(), 1);
}

// covers: R63
async fn an_async_loader_is_awaited(on: &Subject) {
    let cache = on.cache();
    let door = Latch::new();
    let value = on.spawn({
        let (on, cache, door) = (on.clone(), cache.clone(), door.clone());
        async move {
            let loader = move || async move {
                door.opened().await;
                Person::alice()
            };
            ok!(on, cache.get_or_set("key", loader))
        }
    });
    door.until_arrived(1);
    assert_eq!(ok!(on, cache.get::<Person>("key")), None, "not there before it is computed");
    door.open();
    assert_eq!(value.join().await, Person::alice());
    assert_eq!(ok!(on, cache.get::<Person>("key")), Some(Person::alice()));
}

// covers: R64
async fn a_loaded_null_is_cached(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for _ in 0..3 {
        assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(None::<Person>))), None);
    }
    assert_eq!(runs.count(), 1);
    assert_eq!(ok!(on, cache.get::<Option<Person>>("key")), Some(None));
}

// covers: R64
async fn a_loaded_empty_value_is_cached(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for _ in 0..2 {
        assert_eq!(ok!(on, cache.get_or_set("list", runs.giving(Vec::<i64>::new()))), [0_i64; 0]);
        assert_eq!(ok!(on, cache.get_or_set("zero", runs.giving(0_i64))), 0);
        assert_eq!(ok!(on, cache.get_or_set("text", runs.giving(String::new()))), "");
        assert!(!ok!(on, cache.get_or_set("false", runs.giving(false))));
        ok!(on, cache.get_or_set("unit", runs.giving(())));
    }
    assert_eq!(runs.count(), 5);
}

// covers: R71
async fn timeout_and_version_are_honoured(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.get_or_set("key", Runs::new().giving(1_i64)).timeout(secs(60)).version(11));
    assert_eq!(ok!(on, cache.ttl("key").version(11)), Ttl::Left(secs(60)));
    assert!(!ok!(on, cache.has_key("key")));
    ok!(on, cache.get_or_set("never", Runs::new().giving(1_i64)).timeout(Timeout::Never));
    assert_eq!(ok!(on, cache.ttl("never")), Ttl::Never);
}

// covers: R45 R71
async fn get_or_set_with_timeout_zero_computes_every_time(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for round in 0..3_i64 {
        assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(round)).timeout(Timeout::ZERO)), round);
    }
    assert_eq!(runs.count(), 3);
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R61
async fn get_or_set_as_arc_gives_the_value(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for _ in 0..2 {
        assert_eq!(*ok!(on, cache.get_or_set("key", runs.giving(Person::alice())).arc()), Person::alice());
    }
    assert_eq!(runs.count(), 1);
}

// covers: R61
async fn get_or_set_as_arc_shares_the_stored_object(on: &Subject) {
    let cache = on.cache();
    let computed = ok!(on, cache.get_or_set("key", Runs::new().giving(Person::alice())).arc());
    let read = ok!(on, cache.get_arc::<Person>("key")).expect("it was just computed");
    assert!(Arc::ptr_eq(&computed, &read), "what was computed is what is stored");
}

// covers: R62
async fn get_or_set_inline_may_borrow(on: &Subject) {
    let cache = on.cache();
    let list = [1_i64, 2, 3].to_vec();
    let sum = ok!(on, cache.get_or_set("sum", || ready(list.iter().sum::<i64>())).inline());
    assert_eq!(sum, 6);
    assert_eq!(ok!(on, cache.get::<i64>("sum")), Some(6));
}

// covers: R41 R62
async fn a_loader_may_use_the_cache_for_other_keys(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("part", &20_i64));
    let loader = {
        let (on, cache) = (on.clone(), cache.clone());
        move || async move {
            let part = ok!(on, cache.get::<i64>("part")).unwrap_or_default();
            let other = ok!(on, cache.get_or_set("other part", || ready(22_i64)));
            ok!(on, cache.set("side", "effect"));
            part + other
        }
    };
    assert_eq!(ok!(on, cache.get_or_set("whole", loader)), 42);
    assert_eq!(ok!(on, cache.get::<i64>("other part")), Some(22));
    assert_eq!(ok!(on, cache.get::<String>("side")).as_deref(), Some("effect"));
}

// covers: R207
async fn a_loader_of_another_type_replaces_what_it_cannot_read(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "a text"));
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(Person::alice()))), Person::alice());
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(Person::alice()))), Person::alice());
    assert_eq!(runs.count(), 1);
    assert_eq!(ok!(on, cache.get::<Person>("key")), Some(Person::alice()));
}

/// One caller computes the value 1 with `$verb`; while its loader runs, `$meanwhile` happens. Then the caller, who asked
/// before that, gets `$answer`.
macro_rules! during {
    ($on:ident, $cache:ident . $verb:ident $(. $option:ident ($value:expr))?, $meanwhile:expr, $answer:expr) => {{
        let door = Latch::new();
        let caller = $on.spawn({
            let ($on, $cache, door) = ($on.clone(), $cache.clone(), door.clone());
            async move {
                let loader = move || async move {
                    door.opened().await;
                    1_i64
                };
                ok!($on, $cache.$verb("key", loader) $(. $option($value))?)
            }
        });
        door.until_arrived(1);
        $meanwhile;
        door.open();
        assert_eq!(caller.join().await, $answer);
    }};
}

// covers: R69
async fn a_value_set_while_it_is_computed_wins(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, ok!(on, cache.set("key", &2_i64).timeout(secs(60))), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
}

// covers: R174
async fn a_value_deleted_while_it_is_computed_is_not_kept(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, assert!(!ok!(on, cache.delete("key"))), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R32 R174
async fn a_value_cleared_while_it_is_computed_is_not_kept(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, ok!(on, cache.clear()), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R174 R180
async fn a_tag_invalidated_while_its_value_is_computed_keeps_nothing(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set.tags(["other", "tag"]), ok!(on, cache.invalidate_tag("tag")), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R106 R174
async fn a_namespace_invalidated_while_its_value_is_computed_keeps_nothing(on: &Subject) {
    let cache = on.cache().namespace("space");
    during!(on, cache.get_or_set, ok!(on, cache.invalidate()), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R174
async fn delete_many_while_it_is_computed_keeps_nothing(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, assert_eq!(ok!(on, cache.delete_many(["key", "other"])), 0), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R69 R174
async fn set_many_while_it_is_computed_wins(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, ok!(on, cache.set_many([("key", &2_i64)])), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
}

// covers: R56 R69
async fn an_add_while_it_is_computed_wins(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, assert!(ok!(on, cache.add("key", &2_i64)), "a computation is no live entry"), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
}

// covers: R69 R88
async fn an_incr_with_creation_while_it_is_computed_wins(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, assert_eq!(ok!(on, cache.incr("key", 1).or_insert(10, secs(60))), 11), 11);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(11));
}

// covers: R69
async fn an_update_while_it_is_computed_wins(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, ok!(on, cache.update("key", |old: Option<i64>| Some(old.unwrap_or(20) + 1))), 21);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(21));
}

// covers: R32 R174
async fn a_clear_store_while_it_is_computed_keeps_nothing(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, ok!(on, cache.clear_store()), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R33
async fn a_clear_of_another_prefix_while_it_is_computed_changes_nothing(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    during!(on, cache.get_or_set, ok!(on, other.clear()), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
}

// covers: R208
async fn an_overtaken_value_is_counted(on: &Subject) {
    let cache = on.cache();
    during!(on, cache.get_or_set, ok!(on, cache.delete("key")), 1);
    let stats = ok!(on, cache.stats());
    assert_eq!((stats.computations, stats.overtaken, stats.sets), (1, 1, 0));
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

// covers: R153
async fn refresh_computes_although_there_is_a_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64));
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.refresh("key", runs.giving(2_i64))), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    assert_eq!(runs.count(), 1);
}

// covers: R153
async fn refresh_of_a_missing_key_stores(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.refresh("key", || ready(2_i64))), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    let refreshed = run!(on, cache.try_refresh("key", || ready(Ok::<_, String>(3_i64))));
    assert_eq!(refreshed.expect("the loader succeeds"), 3);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(3));
}

// covers: R153
async fn readers_see_the_old_value_while_it_is_refreshed(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64));
    during!(
        on,
        cache.refresh,
        {
            assert_eq!(ok!(on, cache.get::<i64>("key")), Some(0));
            assert_eq!(ok!(on, cache.get_or_set("key", || ready(9_i64))), 0);
            assert!(ok!(on, cache.has_key("key")));
        },
        1
    );
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
}

// covers: R153
async fn a_refresh_that_fails_leaves_the_old_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).timeout(secs(60)));
    let error = err!(on, cache.try_refresh("key", || ready(Err::<i64, _>("fails"))));
    assert_eq!(error.into_loader(), Some("fails"));
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
}

// covers: R153
async fn a_refresh_that_panics_leaves_the_old_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64));
    let loader = || -> std::future::Ready<i64> { panic!("{ON_PURPOSE}: this refresh panics") };
    assert_eq!(err!(on, cache.refresh("key", loader)).kind(), ErrorKind::LoaderPanicked);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
    assert_eq!(ok!(on, cache.refresh("key", || ready(2_i64))), 2);
}

// covers: R153 R174
async fn a_delete_while_it_is_refreshed_stays_deleted(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64));
    during!(on, cache.refresh, assert!(ok!(on, cache.delete("key"))), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
    during!(on, cache.refresh, assert!(!ok!(on, cache.delete("key"))), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None, "also where there was nothing to refresh");
}

// covers: R153 R174
async fn a_set_while_it_is_refreshed_wins(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64));
    during!(on, cache.refresh, ok!(on, cache.set("key", &5_i64)), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(5));
    during!(on, cache.refresh, assert_eq!(ok!(on, cache.incr("key", 1)), 6), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(6), "a count that came after the refresh began is not lost");
}

// covers: R153 R174
async fn a_count_while_it_is_refreshed_ends_the_refresh(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64).timeout(secs(10)));
    during!(
        on,
        cache.refresh,
        {
            assert_eq!(ok!(on, cache.incr("key", 1)), 1);
            on.advance(secs(11));
        },
        1
    );
    assert_eq!(ok!(on, cache.get::<i64>("key")), None, "the count expired, and what it overtook does not come back");
}

// covers: R153 R174
async fn a_tag_invalidated_while_it_is_refreshed_keeps_nothing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64).tags(["tag"]));
    during!(on, cache.refresh.tags(["tag"]), ok!(on, cache.invalidate_tag("tag")), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R71 R153
async fn refresh_gives_the_timeout_it_is_given(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64).timeout(secs(10)));
    ok!(on, cache.refresh("key", || ready(1_i64)).timeout(secs(60)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
    ok!(on, cache.refresh("key", || ready(1_i64)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(300)));
}

// covers: R153 R174
async fn the_refresh_that_began_last_wins(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64));
    during!(on, cache.refresh, assert_eq!(ok!(on, cache.refresh("key", || ready(2_i64))), 2), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
}

// covers: R208
async fn computations_are_counted(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.get_or_set("key", || ready(1_i64)));
    ok!(on, cache.get_or_set("key", || ready(1_i64)));
    ok!(on, cache.refresh("key", || ready(1_i64)));
    let stats = ok!(on, cache.stats());
    assert_eq!((stats.computations, stats.hits, stats.missed(MissReason::Absent), stats.waits), (2, 1, 1, 0));
}

// covers: R142
async fn a_store_that_keeps_nothing_computes_every_time(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for round in 0..3_i64 {
        assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(round))), round);
    }
    assert_eq!(runs.count(), 3);
}
