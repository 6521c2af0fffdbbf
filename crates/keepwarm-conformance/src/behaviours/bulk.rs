//! Many keys in one call: get_many, set_many, delete_many, get_or_set_many.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::ready;

use keepwarm::{FetchError, Timeout, Ttl, secs};
use parking_lot::Mutex;
use std::sync::Arc;

use crate::case::{cases, err, ok, run};
use crate::kit::{Record, Verb};
use crate::samples::{Person, Runs, in_order, map};
use crate::subject::Subject;

cases! {
    get_many_gives_what_is_there_under_the_callers_names;
    get_many_gives_a_null;
    get_many_takes_any_iterable;
    get_many_of_one_key_twice_gives_it_once;
    get_many_of_nothing_is_nothing_and_no_round_trip [AnyStore];
    get_many_is_one_round_trip;
    get_many_leaves_out_what_is_another_type;
    get_many_of_a_version;
    set_many_stores_all;
    set_many_says_that_nothing_failed [AnyStore];
    set_many_takes_any_mapping;
    set_many_of_nothing_is_nothing_and_no_round_trip [AnyStore];
    set_many_is_one_round_trip;
    set_many_of_one_key_twice_keeps_the_last;
    set_many_with_timeout_zero_removes;
    set_many_with_a_timeout_gives_it_to_all [ManualClock];
    set_many_with_tags_ties_all [Markers];
    set_many_of_a_version;
    delete_many_counts_what_was_there;
    delete_many_ignores_missing_keys;
    delete_many_takes_any_iterable;
    delete_many_of_nothing_is_nothing_and_no_round_trip [AnyStore];
    delete_many_is_one_round_trip;
    delete_many_of_a_version;
    a_thousand_keys_in_one_call [Room(1000)];
    get_or_set_many_calls_the_loader_once_with_the_missing_keys;
    get_or_set_many_stores_what_the_loader_gives [ManualClock];
    get_or_set_many_of_cached_keys_calls_nothing;
    get_or_set_many_of_nothing_calls_nothing [AnyStore];
    get_or_set_many_leaves_out_what_the_loader_leaves_out;
    get_or_set_many_ignores_what_it_did_not_ask_for;
    get_or_set_many_with_tags_ties_all [Markers];
    get_or_set_many_of_a_version;
    get_or_set_many_of_one_key_twice_asks_for_it_once;
    get_or_try_set_many_gives_the_loaders_error_and_stores_nothing;
    two_round_trips_replace_a_loop;
}

// covers: R90
async fn get_many_gives_what_is_there_under_the_callers_names(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", &1_i64));
    ok!(on, cache.set("b", &2_i64));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b", "missing"]))), map([("a", 1), ("b", 2)]));
}

// covers: R91
async fn get_many_gives_a_null(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("null", &None::<i64>));
    let found = in_order(ok!(on, cache.get_many::<Option<i64>, _>(["null", "missing"])));
    assert_eq!(found, map([("null", None)]));
}

// covers: R92
async fn get_many_takes_any_iterable(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", &1_i64));
    ok!(on, cache.set("b", &2_i64));
    let expected = map([("a", 1), ("b", 2)]);
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(vec!["a", "b"]))), expected);
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(HashSet::from(["a", "b"])))), expected);
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b"].iter().map(|key| (*key).to_owned())))), expected);
}

// covers: R90
async fn get_many_of_one_key_twice_gives_it_once(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", &1_i64));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "a"]))), map([("a", 1)]));
}

// covers: R92
async fn get_many_of_nothing_is_nothing_and_no_round_trip(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>([""; 0]))), BTreeMap::new());
    assert_eq!(record.calls(), []);
}

// covers: R93
async fn get_many_is_one_round_trip(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    ok!(on, cache.set("a", &1_i64));
    record.take();
    ok!(on, cache.get_many::<i64, _>(["a", "b", "c", "d"]));
    let calls = record.take();
    assert_eq!(calls.iter().map(|call| call.verb).collect::<Vec<_>>(), [Verb::GetMany]);
    let stored = ["a", "b", "c", "d"].map(|key| cache.make_key(key, None).expect("a plain key"));
    assert_eq!(calls[0].names, stored);
}

// covers: R207
async fn get_many_leaves_out_what_is_another_type(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("number", &1_i64));
    ok!(on, cache.set("text", "one"));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["number", "text"]))), map([("number", 1)]));
}

// covers: R97
async fn get_many_of_a_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", &1_i64).version(7));
    ok!(on, cache.set("b", &2_i64));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b"]).version(7))), map([("a", 1)]));
}

// covers: R94
async fn set_many_stores_all(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", "old"));
    let failed = ok!(on, cache.set_many([("a", &1_i64), ("b", &2), ("c", &3)]));
    assert_eq!(failed, [""; 0]);
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b", "c"]))), map([("a", 1), ("b", 2), ("c", 3)]));
}

// covers: R94
async fn set_many_says_that_nothing_failed(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.set_many([("a", "1"), ("b", "2")])), [""; 0]);
}

// covers: R92
async fn set_many_takes_any_mapping(on: &Subject) {
    let cache = on.cache();
    let people = HashMap::from([("alice".to_owned(), Person::alice())]);
    ok!(on, cache.set_many(people.iter().map(|(key, person)| (key.as_str(), person))));
    ok!(on, cache.set_many(BTreeMap::from([("bob", &2_i64)])));
    assert_eq!(ok!(on, cache.get::<Person>("alice")), Some(Person::alice()));
    assert_eq!(ok!(on, cache.get::<i64>("bob")), Some(2));
}

// covers: R92
async fn set_many_of_nothing_is_nothing_and_no_round_trip(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    assert_eq!(ok!(on, cache.set_many([("", ""); 0])), [""; 0]);
    assert_eq!(record.calls(), []);
}

// covers: R93
async fn set_many_is_one_round_trip(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    ok!(on, cache.set_many([("a", &1_i64), ("b", &2), ("c", &3)]).timeout(secs(60)));
    assert_eq!(record.verbs(), [Verb::PutMany]);
    assert_eq!(record.calls()[0].names.len(), 3);
}

// covers: R94
async fn set_many_of_one_key_twice_keeps_the_last(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.set_many([("a", &1_i64), ("a", &2)])), [""; 0]);
    assert_eq!(ok!(on, cache.get::<i64>("a")), Some(2));
}

// covers: R45 R95
async fn set_many_with_timeout_zero_removes(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", "old"));
    ok!(on, cache.set("bystander", "value"));
    assert_eq!(ok!(on, cache.set_many([("a", "new"), ("b", "new")]).timeout(Timeout::ZERO)), [""; 0]);
    assert!(!ok!(on, cache.has_key("a")));
    assert!(!ok!(on, cache.has_key("b")));
    assert!(ok!(on, cache.has_key("bystander")));
}

// covers: R95
async fn set_many_with_a_timeout_gives_it_to_all(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2")]).timeout(secs(60)));
    on.advance(secs(59));
    assert_eq!(ok!(on, cache.ttl("a")), Ttl::Left(secs(1)));
    assert_eq!(ok!(on, cache.ttl("b")), Ttl::Left(secs(1)));
    on.advance(secs(1));
    assert_eq!(in_order(ok!(on, cache.get_many::<String, _>(["a", "b"]))), BTreeMap::new());
}

// covers: R171
async fn set_many_with_tags_ties_all(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2")]).tags(["tag"]));
    ok!(on, cache.set("c", "3"));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(in_order(ok!(on, cache.get_many::<String, _>(["a", "b", "c"]))), map([("c", "3".to_owned())]));
}

// covers: R97
async fn set_many_of_a_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2")]).version(7));
    assert_eq!(ok!(on, cache.get::<String>("a")), None);
    assert_eq!(ok!(on, cache.get::<String>("a").version(7)).as_deref(), Some("1"));
}

// covers: R96
async fn delete_many_counts_what_was_there(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2"), ("c", "3")]));
    assert_eq!(ok!(on, cache.delete_many(["a", "b"])), 2);
    assert_eq!(in_order(ok!(on, cache.get_many::<String, _>(["a", "b", "c"]))), map([("c", "3".to_owned())]));
}

// covers: R96
async fn delete_many_ignores_missing_keys(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", "1"));
    assert_eq!(ok!(on, cache.delete_many(["missing", "a", "a"])), 1);
    assert_eq!(ok!(on, cache.delete_many(["missing", "a"])), 0);
}

// covers: R92
async fn delete_many_takes_any_iterable(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2"), ("c", "3")]));
    assert_eq!(ok!(on, cache.delete_many(vec!["a".to_owned()])), 1);
    assert_eq!(ok!(on, cache.delete_many(HashSet::from(["b"]))), 1);
    assert_eq!(ok!(on, cache.delete_many(('c'..='d').map(String::from))), 1);
}

// covers: R92
async fn delete_many_of_nothing_is_nothing_and_no_round_trip(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    assert_eq!(ok!(on, cache.delete_many([""; 0])), 0);
    assert_eq!(record.calls(), []);
}

// covers: R93
async fn delete_many_is_one_round_trip(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    ok!(on, cache.delete_many(["a", "b", "c"]));
    assert_eq!(record.verbs(), [Verb::RemoveMany]);
}

// covers: R97
async fn delete_many_of_a_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", "1"));
    ok!(on, cache.set("a", "2").version(7));
    assert_eq!(ok!(on, cache.delete_many(["a"]).version(7)), 1);
    assert_eq!(ok!(on, cache.get::<String>("a")).as_deref(), Some("1"));
}

// covers: R90 R94 R96
async fn a_thousand_keys_in_one_call(on: &Subject) {
    let cache = on.cache();
    let items: Vec<(String, i64)> = (0..1000).map(|number| (format!("key:{number}"), number)).collect();
    assert_eq!(ok!(on, cache.set_many(items.iter().map(|(key, number)| (key.as_str(), number)))), [""; 0]);
    let found = in_order(ok!(on, cache.get_many::<i64, _>(items.iter().map(|(key, _)| key.as_str()))));
    assert_eq!(found, items.iter().cloned().collect());
    assert_eq!(ok!(on, cache.delete_many(items.iter().map(|(key, _)| key.as_str()))), 1000);
}

// covers: R98
async fn get_or_set_many_calls_the_loader_once_with_the_missing_keys(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("b", &20_i64));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let loader = {
        let asked = Arc::clone(&asked);
        move |mut missing: Vec<String>| {
            missing.sort();
            asked.lock().push(missing.clone());
            ready(missing.into_iter().map(|key| (key, 1_i64)).collect::<HashMap<_, _>>())
        }
    };
    let values = ok!(on, cache.get_or_set_many(["a", "b", "c"], loader));
    assert_eq!(in_order(values), map([("a", 1), ("b", 20), ("c", 1)]));
    assert_eq!(*asked.lock(), [["a", "c"]]);
}

/// A loader that gives every key it is asked for the value 1, and counts.
fn ones(runs: &Runs) -> impl FnMut(Vec<String>) -> std::future::Ready<HashMap<String, i64>> + Send + 'static {
    let runs = runs.clone();
    move |missing| {
        runs.one();
        ready(missing.into_iter().map(|key| (key, 1)).collect())
    }
}

// covers: R98
async fn get_or_set_many_stores_what_the_loader_gives(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    ok!(on, cache.get_or_set_many(["a", "b"], ones(&runs)).timeout(secs(60)));
    assert_eq!(ok!(on, cache.get::<i64>("a")), Some(1));
    assert_eq!(ok!(on, cache.ttl("b")), Ttl::Left(secs(60)));
}

// covers: R98
async fn get_or_set_many_of_cached_keys_calls_nothing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", &5_i64), ("b", &6)]));
    let runs = Runs::new();
    let values = ok!(on, cache.get_or_set_many(["a", "b"], ones(&runs)));
    assert_eq!(in_order(values), map([("a", 5), ("b", 6)]));
    assert_eq!(runs.count(), 0);
}

// covers: R92 R98
async fn get_or_set_many_of_nothing_calls_nothing(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    assert_eq!(in_order(ok!(on, cache.get_or_set_many([""; 0], ones(&runs)))), BTreeMap::new());
    assert_eq!(runs.count(), 0);
}

// covers: R98
async fn get_or_set_many_leaves_out_what_the_loader_leaves_out(on: &Subject) {
    let cache = on.cache();
    let loader = |_missing: Vec<String>| ready(HashMap::from([("a".to_owned(), 1_i64)]));
    assert_eq!(in_order(ok!(on, cache.get_or_set_many(["a", "gone"], loader))), map([("a", 1)]));
    assert!(!ok!(on, cache.has_key("gone")));
    // Nothing holds the key that was left out: the next one computes it at once.
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.get_or_set("gone", runs.giving(2_i64))), 2);
    assert_eq!(runs.count(), 1);
}

// covers: R98
async fn get_or_set_many_ignores_what_it_did_not_ask_for(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("bystander", &7_i64));
    let loader = |_missing: Vec<String>| {
        ready(HashMap::from([("a".to_owned(), 1_i64), ("bystander".to_owned(), 2), ("stranger".to_owned(), 3)]))
    };
    assert_eq!(in_order(ok!(on, cache.get_or_set_many(["a"], loader))), map([("a", 1)]));
    assert_eq!(ok!(on, cache.get::<i64>("bystander")), Some(7));
    assert_eq!(ok!(on, cache.get::<i64>("stranger")), None);
}

// covers: R98 R176
async fn get_or_set_many_with_tags_ties_all(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    ok!(on, cache.get_or_set_many(["a", "b"], ones(&runs)).tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert!(!ok!(on, cache.has_key("a")));
    ok!(on, cache.get_or_set_many(["a", "b"], ones(&runs)).tags(["tag"]));
    assert_eq!(runs.count(), 2);
}

// covers: R97 R98
async fn get_or_set_many_of_a_version(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    ok!(on, cache.get_or_set_many(["a"], ones(&runs)).version(7));
    assert_eq!(ok!(on, cache.get::<i64>("a")), None);
    assert_eq!(ok!(on, cache.get::<i64>("a").version(7)), Some(1));
}

// covers: R98
async fn get_or_set_many_of_one_key_twice_asks_for_it_once(on: &Subject) {
    let cache = on.cache();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let loader = {
        let asked = Arc::clone(&asked);
        move |missing: Vec<String>| {
            asked.lock().extend(missing);
            ready(HashMap::from([("a".to_owned(), 1_i64)]))
        }
    };
    assert_eq!(in_order(ok!(on, cache.get_or_set_many(["a", "a"], loader))), map([("a", 1)]));
    assert_eq!(*asked.lock(), ["a"]);
}

// covers: R67 R98
async fn get_or_try_set_many_gives_the_loaders_error_and_stores_nothing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("b", &2_i64));
    let loader = |_missing: Vec<String>| ready(Err::<HashMap<String, i64>, _>("the database is gone"));
    let error = err!(on, cache.get_or_try_set_many(["a", "b"], loader));
    assert_eq!(error.into_loader(), Some("the database is gone"));
    assert!(!ok!(on, cache.has_key("a")));
    assert_eq!(ok!(on, cache.get::<i64>("b")), Some(2));
    let loader = |missing: Vec<String>| {
        ready(Ok::<_, String>(missing.into_iter().map(|key| (key, 3_i64)).collect::<HashMap<_, _>>()))
    };
    let values = run!(on, cache.get_or_try_set_many(["a", "b"], loader));
    let values = values.map_err(|error: FetchError<String>| error.to_string()).expect("the loader gives values");
    assert_eq!(in_order(values), map([("a", 3), ("b", 2)]));
}

// covers: R93 R98
async fn two_round_trips_replace_a_loop(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    let keys: Vec<String> = (0..10).map(|number| format!("user:{number}")).collect();
    let found = ok!(on, cache.get_many::<i64, _>(keys.iter()));
    let missing: Vec<&String> = keys.iter().filter(|key| !found.contains_key(*key)).collect();
    ok!(on, cache.set_many(missing.into_iter().map(|key| (key.as_str(), &1_i64))).timeout(secs(60)));
    assert_eq!(record.verbs(), [Verb::GetMany, Verb::PutMany]);
}
