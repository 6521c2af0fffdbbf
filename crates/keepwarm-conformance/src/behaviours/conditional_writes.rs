//! add, replace, update, once: writes that depend on what is there.

use keepwarm::{Timeout, Ttl, secs};

use crate::case::{cases, ok, run};
use crate::samples::Person;
use crate::subject::Subject;

cases! {
    add_on_an_absent_key_stores;
    add_on_a_live_key_changes_nothing [ManualClock];
    add_on_a_live_null_changes_nothing;
    add_after_delete_stores;
    add_with_timeout_zero_on_an_absent_key_is_true_and_keeps_nothing;
    add_with_timeout_zero_on_a_live_key_is_false_and_leaves_it [ManualClock];
    add_with_tags_is_dropped_with_them [Markers];
    replace_on_an_absent_key_stores_nothing;
    replace_on_a_live_key_stores [ManualClock];
    replace_with_timeout_zero_removes;
    update_of_an_absent_key_is_given_none;
    update_changes_what_is_there;
    update_to_none_removes;
    update_of_an_absent_key_to_none_makes_nothing;
    update_keeps_deadline_and_tags [ManualClock, Markers];
    update_takes_the_timeout_it_is_given [ManualClock];
    update_of_a_counter_and_incr_agree;
    update_reads_what_another_type_wrote_as_none_only_if_it_cannot;
    once_is_true_once;
    once_names_are_told_apart;
    once_survives_clear;
    once_and_keys_do_not_meet;
}

// covers: R56
async fn add_on_an_absent_key_stores(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.add("key", "first")));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("first"));
}

// covers: R56
async fn add_on_a_live_key_changes_nothing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first").timeout(secs(60)));
    on.advance(secs(10));
    assert!(!ok!(on, cache.add("key", "second").timeout(secs(600))));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("first"));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(50)));
}

// covers: R28 R56
async fn add_on_a_live_null_changes_nothing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &None::<i64>));
    assert!(!ok!(on, cache.add("key", &Some(5_i64))));
    assert_eq!(ok!(on, cache.get::<Option<i64>>("key")), Some(None));
}

// covers: R56
async fn add_after_delete_stores(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first"));
    ok!(on, cache.delete("key"));
    assert!(ok!(on, cache.add("key", "second")));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("second"));
}

// covers: R59
async fn add_with_timeout_zero_on_an_absent_key_is_true_and_keeps_nothing(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.add("key", "value").timeout(Timeout::ZERO)));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    assert!(ok!(on, cache.add("key", "value")));
}

// covers: R59
async fn add_with_timeout_zero_on_a_live_key_is_false_and_leaves_it(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first").timeout(secs(60)));
    assert!(!ok!(on, cache.add("key", "second").timeout(Timeout::ZERO)));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("first"));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
}

// covers: R171
async fn add_with_tags_is_dropped_with_them(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.add("key", "first").tags(["tag"])));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    assert!(ok!(on, cache.add("key", "second")));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("second"));
}

// covers: R56
async fn replace_on_an_absent_key_stores_nothing(on: &Subject) {
    let cache = on.cache();
    assert!(!ok!(on, cache.replace("key", "value")));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R56
async fn replace_on_a_live_key_stores(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first").timeout(secs(10)));
    assert!(ok!(on, cache.replace("key", "second").timeout(secs(60))));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("second"));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
}

// covers: R45
async fn replace_with_timeout_zero_removes(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first"));
    assert!(ok!(on, cache.replace("key", "second").timeout(Timeout::ZERO)));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    assert!(!ok!(on, cache.replace("key", "third").timeout(Timeout::ZERO)));
}

// covers: R83
async fn update_of_an_absent_key_is_given_none(on: &Subject) {
    let cache = on.cache();
    let change = |old: Option<Vec<i64>>| match old {
        None => Some(vec![1]),
        Some(_) => panic!("there was nothing"),
    };
    assert_eq!(ok!(on, cache.update("key", change)), Some(vec![1]));
    assert_eq!(ok!(on, cache.get::<Vec<i64>>("key")), Some(vec![1]));
}

// covers: R83
async fn update_changes_what_is_there(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &Person::alice()));
    let change = |old: Option<Person>| old.map(|person| Person { id: person.id + 1, ..person });
    let changed = ok!(on, cache.update("key", change)).expect("there was one");
    assert_eq!(changed, Person { id: 8, ..Person::alice() });
    assert_eq!(ok!(on, cache.get::<Person>("key")), Some(changed));
}

// covers: R83
async fn update_to_none_removes(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64));
    assert_eq!(ok!(on, cache.update("key", |_: Option<i64>| None)), None);
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R83
async fn update_of_an_absent_key_to_none_makes_nothing(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.update("key", |_: Option<i64>| None)), None);
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R72 R85
async fn update_keeps_deadline_and_tags(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).timeout(secs(60)).tags(["tag"]));
    on.advance(secs(20));
    ok!(on, cache.update("key", |old: Option<i64>| old.map(|number| number + 1)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(40)));
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R42 R44
async fn update_takes_the_timeout_it_is_given(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).timeout(secs(60)));
    ok!(on, cache.update("key", |old: Option<i64>| old).timeout(Timeout::Never));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Never);
    ok!(on, cache.update("new", |_: Option<i64>| Some(1)));
    assert_eq!(ok!(on, cache.ttl("new")), Ttl::Left(secs(300)));
    ok!(on, cache.update("key", |old: Option<i64>| old).timeout(Timeout::ZERO));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Absent);
}

// covers: R83 R87
async fn update_of_a_counter_and_incr_agree(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64));
    assert_eq!(ok!(on, cache.incr("key", 1)), 2);
    assert_eq!(ok!(on, cache.update("key", |old: Option<i64>| old.map(|number| number * 10))), Some(20));
    assert_eq!(ok!(on, cache.incr("key", 1)), 21);
}

// covers: R207
async fn update_reads_what_another_type_wrote_as_none_only_if_it_cannot(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "a text"));
    assert_eq!(ok!(on, cache.update("key", |old: Option<i64>| Some(old.unwrap_or(7)))), Some(7));
    ok!(on, cache.set("key", &300_i64));
    assert_eq!(ok!(on, cache.update("key", |old: Option<u16>| old.map(|number| number + 1))), Some(301));
}

// covers: R60
async fn once_is_true_once(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.once("migration")));
    assert!(!ok!(on, cache.once("migration")));
    assert!(!ok!(on, on.cache().once("migration")), "another handle on the store");
}

// covers: R60
async fn once_names_are_told_apart(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.once("a")));
    assert!(ok!(on, cache.once("b")));
    let other = on.alias(|builder| builder.key_prefix("another application"));
    assert!(ok!(on, other.once("a")), "another prefix is another program");
}

// covers: R60
async fn once_survives_clear(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.once("migration")));
    ok!(on, cache.clear());
    assert!(!ok!(on, cache.once("migration")));
}

// covers: R60
async fn once_and_keys_do_not_meet(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("migration", "value"));
    assert!(ok!(on, cache.once("migration")));
    assert_eq!(ok!(on, cache.get::<String>("migration")).as_deref(), Some("value"));
    assert!(ok!(on, cache.delete("migration")));
    ok!(on, cache.set("migration", "value").version("once"));
    assert!(!ok!(on, cache.once("migration")));
    assert!(ok!(on, cache.delete("migration").version("once")));
    assert!(!ok!(on, cache.once("migration")), "no key of the cache is the note's own");
}
