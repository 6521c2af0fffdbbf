//! Versions of a key: independent of each other in every verb, moved by incr_version, hidden by the settings.

use std::future::ready;

use std::collections::HashMap;

use keepwarm::{ErrorKind, Timeout, Ttl, secs};

use crate::case::{cases, err, ok, run};
use crate::samples::{Person, Runs, in_order, map};
use crate::subject::Subject;

cases! {
    a_value_of_one_version_is_missing_in_another;
    set_and_get_are_of_their_version;
    delete_is_of_its_version;
    has_key_is_of_its_version;
    add_and_replace_are_of_their_version;
    touch_ttl_and_persist_are_of_their_version [ManualClock];
    incr_and_decr_are_of_their_version;
    get_or_set_is_of_its_version;
    refresh_is_of_its_version;
    update_is_of_its_version;
    bulk_calls_are_of_their_version;
    get_arc_is_of_its_version;
    no_version_is_the_alias_version;
    raising_the_alias_version_hides_every_older_entry;
    zero_negative_and_word_versions_work;
    a_word_of_digits_is_that_number;
    incr_version_moves_the_value;
    incr_version_by_more_than_one;
    decr_version_moves_the_value_back;
    incr_version_of_a_given_version;
    incr_version_of_a_missing_key_fails;
    incr_version_replaces_what_the_new_version_had;
    incr_version_keeps_deadline [ManualClock];
    incr_version_keeps_never [ManualClock];
    incr_version_keeps_tags [Markers];
    incr_version_of_a_word_fails_and_leaves_the_value;
    incr_version_beyond_64_bits_fails_and_leaves_the_value;
    incr_version_by_zero_leaves_the_value;
    a_version_key_pattern_works_as_in_django [ManualClock];
    a_version_in_a_record_works_as_in_django;
}

// covers: R100
async fn a_value_of_one_version_is_missing_in_another(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11));
    assert_eq!(ok!(on, cache.get::<String>("key").version(12)), None);
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R99
async fn set_and_get_are_of_their_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "eleven").version(11));
    ok!(on, cache.set("key", "twelve").version(12));
    assert_eq!(ok!(on, cache.get::<String>("key").version(11)).as_deref(), Some("eleven"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(12)).as_deref(), Some("twelve"));
}

// covers: R31 R99
async fn delete_is_of_its_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "one").version(11));
    ok!(on, cache.set("key", "two").version(12));
    assert!(ok!(on, cache.delete("key").version(12)));
    assert!(!ok!(on, cache.delete("key").version(12)));
    assert!(!ok!(on, cache.delete("key")));
    assert_eq!(ok!(on, cache.get::<String>("key").version(11)).as_deref(), Some("one"));
}

// covers: R99
async fn has_key_is_of_its_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11));
    assert!(ok!(on, cache.has_key("key").version(11)));
    assert!(!ok!(on, cache.has_key("key").version(12)));
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R99
async fn add_and_replace_are_of_their_version(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.add("key", "first").version(11)));
    assert!(ok!(on, cache.add("key", "second").version(12)));
    assert!(!ok!(on, cache.add("key", "third").version(11)));
    assert!(!ok!(on, cache.replace("key", "third").version(13)));
    assert!(ok!(on, cache.replace("key", "third").version(12)));
    assert_eq!(ok!(on, cache.get::<String>("key").version(11)).as_deref(), Some("first"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(12)).as_deref(), Some("third"));
}

// covers: R99
async fn touch_ttl_and_persist_are_of_their_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11).timeout(secs(10)));
    ok!(on, cache.set("key", "value").version(12).timeout(secs(10)));
    assert!(ok!(on, cache.touch("key", secs(60)).version(11)));
    assert!(!ok!(on, cache.touch("key", secs(60)).version(13)));
    assert_eq!(ok!(on, cache.ttl("key").version(11)), Ttl::Left(secs(60)));
    assert_eq!(ok!(on, cache.ttl("key").version(12)), Ttl::Left(secs(10)));
    assert!(ok!(on, cache.persist("key").version(12)));
    assert_eq!(ok!(on, cache.ttl("key").version(12)), Ttl::Never);
    assert!(ok!(on, cache.expire("key", secs(5)).version(12)));
    assert_eq!(ok!(on, cache.ttl("key").version(12)), Ttl::Left(secs(5)));
    assert_eq!(ok!(on, cache.ttl("key").version(11)), Ttl::Left(secs(60)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Absent);
}

// covers: R99
async fn incr_and_decr_are_of_their_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).version(11));
    ok!(on, cache.set("key", &10_i64).version(12));
    assert_eq!(ok!(on, cache.incr("key", 1).version(11)), 2);
    assert_eq!(ok!(on, cache.decr("key", 1).version(12)), 9);
    assert_eq!(err!(on, cache.incr("key", 1).version(13)).kind(), ErrorKind::Missing);
    assert_eq!(ok!(on, cache.incr("key", 1).or_insert(0, secs(60)).version(13)), 1);
    assert_eq!(ok!(on, cache.get::<i64>("key").version(11)), Some(2));
}

// covers: R71 R99
async fn get_or_set_is_of_its_version(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(1_i64)).version(11)), 1);
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(2_i64)).version(12)), 2);
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(3_i64)).version(11)), 1);
    assert_eq!(runs.count(), 2);
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R99
async fn refresh_is_of_its_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).version(11));
    ok!(on, cache.set("key", &2_i64).version(12));
    ok!(on, cache.refresh("key", Runs::new().giving(3_i64)).version(12));
    assert_eq!(ok!(on, cache.get::<i64>("key").version(11)), Some(1));
    assert_eq!(ok!(on, cache.get::<i64>("key").version(12)), Some(3));
}

// covers: R99
async fn update_is_of_its_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).version(11));
    assert_eq!(ok!(on, cache.update("key", |old: Option<i64>| Some(old.unwrap_or(50))).version(12)), Some(50));
    assert_eq!(ok!(on, cache.get::<i64>("key").version(11)), Some(1));
}

// covers: R97 R99
async fn bulk_calls_are_of_their_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", &1_i64), ("b", &2)]).version(11));
    ok!(on, cache.set_many([("a", &3_i64)]).version(12));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b"]).version(11))), map([("a", 1), ("b", 2)]));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b"]).version(12))), map([("a", 3)]));
    assert_eq!(ok!(on, cache.delete_many(["a", "b"]).version(12)), 1);
    let loader = |missing: Vec<String>| ready(missing.into_iter().map(|key| (key, 4_i64)).collect::<HashMap<_, _>>());
    let values = ok!(on, cache.get_or_set_many(["a", "c"], loader).version(11));
    assert_eq!(in_order(values), map([("a", 1), ("c", 4)]));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b", "c"]))), map([]));
}

// covers: R99
async fn get_arc_is_of_its_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &Person::alice()).version(11));
    assert_eq!(ok!(on, cache.get_arc::<Person>("key").version(11)).as_deref(), Some(&Person::alice()));
    assert_eq!(ok!(on, cache.get_arc::<Person>("key")), None);
}

// covers: R11 R102
async fn no_version_is_the_alias_version(on: &Subject) {
    let cache = on.alias(|builder| builder.version(9));
    ok!(on, cache.set("key", "value"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(9)).as_deref(), Some("value"));
    assert_eq!(cache.version().number(), Some(9));
}

// covers: R11 R101
async fn raising_the_alias_version_hides_every_older_entry(on: &Subject) {
    let old = on.alias(|builder| builder.version(11));
    ok!(on, old.set_many([("a", "1"), ("b", "2")]));
    let new = on.alias(|builder| builder.version(12));
    assert_eq!(in_order(ok!(on, new.get_many::<String, _>(["a", "b"]))), map([]));
    ok!(on, new.set("a", "3"));
    assert_eq!(ok!(on, old.get::<String>("a")).as_deref(), Some("1"), "the old program still finds its own");
}

// covers: R102
async fn zero_negative_and_word_versions_work(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "zero").version(0));
    ok!(on, cache.set("key", "negative").version(-1));
    ok!(on, cache.set("key", "word").version("beta"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(0)).as_deref(), Some("zero"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(-1)).as_deref(), Some("negative"));
    assert_eq!(ok!(on, cache.get::<String>("key").version("beta")).as_deref(), Some("word"));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    let beta = on.alias(|builder| builder.version("beta"));
    assert_eq!(ok!(on, beta.get::<String>("key")).as_deref(), Some("word"));
}

// covers: R102
async fn a_word_of_digits_is_that_number(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version("11"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(11)).as_deref(), Some("value"));
    assert_eq!(ok!(on, cache.incr_version("key", 1).version("11")), 12);
}

// covers: R103
async fn incr_version_moves_the_value(on: &Subject) {
    let cache = on.cache();
    let version = on.settings().version;
    ok!(on, cache.set("key", &Person::alice()));
    assert_eq!(ok!(on, cache.incr_version("key", 1)), version + 1);
    assert_eq!(ok!(on, cache.get::<Person>("key")), None);
    assert_eq!(ok!(on, cache.get::<Person>("key").version(version + 1)), Some(Person::alice()));
}

// covers: R103
async fn incr_version_by_more_than_one(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    assert_eq!(ok!(on, cache.incr_version("key", 5)), on.settings().version + 5);
    assert_eq!(ok!(on, cache.get::<String>("key").version(on.settings().version + 5)).as_deref(), Some("value"));
}

// covers: R103
async fn decr_version_moves_the_value_back(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11));
    assert_eq!(ok!(on, cache.decr_version("key", 1).version(11)), 10);
    assert_eq!(ok!(on, cache.get::<String>("key").version(10)).as_deref(), Some("value"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(11)), None);
    assert_eq!(ok!(on, cache.decr_version("key", 20).version(10)), -10);
    assert_eq!(ok!(on, cache.get::<String>("key").version(-10)).as_deref(), Some("value"));
}

// covers: R103
async fn incr_version_of_a_given_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "here"));
    ok!(on, cache.set("key", "there").version(11));
    assert_eq!(ok!(on, cache.incr_version("key", 1).version(11)), 12);
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("here"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(12)).as_deref(), Some("there"));
}

// covers: R103
async fn incr_version_of_a_missing_key_fails(on: &Subject) {
    let cache = on.cache();
    let version = on.settings().version;
    ok!(on, cache.set("key", "value").version(version + 1));
    assert_eq!(err!(on, cache.incr_version("key", 1)).kind(), ErrorKind::Missing);
    assert_eq!(err!(on, cache.decr_version("key", 1)).kind(), ErrorKind::Missing);
    assert_eq!(ok!(on, cache.get::<String>("key").version(version + 1)).as_deref(), Some("value"));
}

// covers: R103
async fn incr_version_replaces_what_the_new_version_had(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "new").version(11));
    ok!(on, cache.set("key", "old").version(12));
    ok!(on, cache.incr_version("key", 1).version(11));
    assert_eq!(ok!(on, cache.get::<String>("key").version(12)).as_deref(), Some("new"));
}

// covers: R104
async fn incr_version_keeps_deadline(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11).timeout(secs(60)));
    on.advance(secs(20));
    ok!(on, cache.incr_version("key", 1).version(11));
    assert_eq!(ok!(on, cache.ttl("key").version(12)), Ttl::Left(secs(40)));
}

// covers: R104
async fn incr_version_keeps_never(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11).timeout(Timeout::Never));
    ok!(on, cache.incr_version("key", 1).version(11));
    assert_eq!(ok!(on, cache.ttl("key").version(12)), Ttl::Never);
}

// covers: R103 R171
async fn incr_version_keeps_tags(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11).tags(["tag"]));
    ok!(on, cache.incr_version("key", 1).version(11));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(12)), None);
}

// covers: R102 R103
async fn incr_version_of_a_word_fails_and_leaves_the_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version("beta"));
    assert_eq!(err!(on, cache.incr_version("key", 1).version("beta")).kind(), ErrorKind::NotAnInteger);
    assert_eq!(ok!(on, cache.get::<String>("key").version("beta")).as_deref(), Some("value"));
}

// covers: R86 R103
async fn incr_version_beyond_64_bits_fails_and_leaves_the_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(i64::MAX));
    assert_eq!(err!(on, cache.incr_version("key", 1).version(i64::MAX)).kind(), ErrorKind::Overflow);
    assert_eq!(err!(on, cache.decr_version("key", i64::MIN).version(i64::MAX)).kind(), ErrorKind::Overflow);
    assert_eq!(ok!(on, cache.get::<String>("key").version(i64::MAX)).as_deref(), Some("value"));
}

// covers: R103
async fn incr_version_by_zero_leaves_the_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    assert_eq!(ok!(on, cache.incr_version("key", 0)), on.settings().version);
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R105
async fn a_version_key_pattern_works_as_in_django(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.add("product:version", &1_i64).timeout(Timeout::Never)));
    let version = ok!(on, cache.get::<i64>("product:version")).expect("it was just set");
    ok!(on, cache.set(&format!("product:v{version}:7"), "shoe"));
    on.advance(secs(60 * 60 * 24 * 365));
    assert_eq!(ok!(on, cache.incr("product:version", 1)), 2, "a key that never expires is still there a year later");
    assert_eq!(ok!(on, cache.get::<String>("product:v2:7")), None);
}

// covers: R71 R99
async fn a_version_in_a_record_works_as_in_django(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for (cache_version, expected) in [(1_u32, 0_usize), (1, 0), (2, 1), (2, 1)] {
        let loader = runs.giving(runs.count());
        assert_eq!(ok!(on, cache.get_or_set("article:7", loader).version(cache_version)), expected);
    }
    assert_eq!(runs.count(), 2);
}
