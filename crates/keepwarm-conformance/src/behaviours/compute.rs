//! get_or_set and get_or_try_set: one caller at a time. Crowds are in `flights`, `leaving` and `batches`.

use std::future::ready;
use std::sync::Arc;

use keepwarm::entry::MissReason;
use keepwarm::{Timeout, Ttl, secs};

use crate::case::{cases, ok, run};
use crate::kit::Latch;
use crate::samples::{Person, Runs};
use crate::subject::Subject;

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
