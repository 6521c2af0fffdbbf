//! clear: this alias' entries, every version of them, and nobody else's.

use keepwarm::entry::MissReason;
use keepwarm::{Timeout, secs};

use crate::case::{cases, ok, run};
use crate::kit::{Record, Verb};
use crate::samples::{Runs, in_order, map};
use crate::subject::Subject;

cases! {
    clear_removes_every_entry;
    clear_removes_every_version;
    clear_leaves_another_prefix [Markers];
    clear_leaves_a_prefix_that_begins_alike [Markers];
    clear_of_no_prefix_leaves_a_prefix [Markers];
    clear_removes_what_never_expires;
    clear_reaches_tags_and_namespaces [Markers];
    what_is_set_after_a_clear_lives;
    clear_again_and_again;
    clear_of_an_empty_cache_is_fine [AnyStore];
    after_a_clear_add_stores_and_incr_is_missing;
    after_a_clear_get_or_set_computes;
    after_a_clear_nothing_is_listed [Scans, PlainKeys];
    clear_is_one_call_whatever_the_number_of_entries [Markers, Room(1000)];
    clear_store_removes_everybodys_entries;
    what_is_set_after_a_clear_store_lives;
    a_miss_by_clear_is_counted_as_one [Markers];
    sessions_survive_the_clear_of_another_alias [Markers];
}

// covers: R32
async fn clear_removes_every_entry(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2")]));
    ok!(on, cache.set("c", &3_i64));
    ok!(on, cache.clear());
    for key in ["a", "b", "c"] {
        assert!(!ok!(on, cache.has_key(key)), "{key}");
    }
    assert!(!ok!(on, cache.delete("a")));
}

// covers: R32
async fn clear_removes_every_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    ok!(on, cache.set("key", "value").version(11));
    ok!(on, cache.set("key", "value").version("beta"));
    ok!(on, cache.clear());
    assert!(!ok!(on, cache.has_key("key")));
    assert!(!ok!(on, cache.has_key("key").version(11)));
    assert!(!ok!(on, cache.has_key("key").version("beta")));
}

// covers: R32 R33
async fn clear_leaves_another_prefix(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    ok!(on, cache.set("key", "value"));
    ok!(on, other.set("key", "value").tags(["tag"]));
    ok!(on, cache.clear());
    assert!(!ok!(on, cache.has_key("key")));
    assert_eq!(ok!(on, other.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R32 R33
async fn clear_leaves_a_prefix_that_begins_alike(on: &Subject) {
    let short = on.alias(|builder| builder.key_prefix("app"));
    let long = on.alias(|builder| builder.key_prefix("apple"));
    ok!(on, short.set("key", "value"));
    ok!(on, long.set("key", "value"));
    ok!(on, short.clear());
    assert!(!ok!(on, short.has_key("key")));
    assert!(ok!(on, long.has_key("key")));
}

// covers: R32 R33
async fn clear_of_no_prefix_leaves_a_prefix(on: &Subject) {
    let bare = on.alias(|builder| builder.key_prefix(""));
    let other = on.alias(|builder| builder.key_prefix("app"));
    ok!(on, bare.set("key", "value"));
    ok!(on, other.set("key", "value"));
    ok!(on, bare.clear());
    assert!(!ok!(on, bare.has_key("key")));
    assert!(ok!(on, other.has_key("key")));
}

// covers: R32
async fn clear_removes_what_never_expires(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(Timeout::Never));
    ok!(on, cache.clear());
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R32
async fn clear_reaches_tags_and_namespaces(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("tagged", "value").tags(["tag"]));
    ok!(on, cache.namespace("space").set("key", "value"));
    ok!(on, cache.clear());
    assert!(!ok!(on, cache.has_key("tagged")));
    assert!(!ok!(on, cache.namespace("space").has_key("key")));
    ok!(on, cache.set("tagged", "again").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert!(!ok!(on, cache.has_key("tagged")), "tags work as before");
}

// covers: R32
async fn what_is_set_after_a_clear_lives(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "old"));
    ok!(on, cache.clear());
    ok!(on, cache.set("key", "new"));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("new"));
}

// covers: R32
async fn clear_again_and_again(on: &Subject) {
    let cache = on.cache();
    for round in 0..5_i64 {
        ok!(on, cache.set("key", &round));
        assert_eq!(ok!(on, cache.get::<i64>("key")), Some(round));
        ok!(on, cache.clear());
        ok!(on, cache.clear());
        assert_eq!(ok!(on, cache.get::<i64>("key")), None, "round {round}");
    }
}

// covers: R32
async fn clear_of_an_empty_cache_is_fine(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.clear());
    ok!(on, cache.clear_store());
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R32 R56 R80
async fn after_a_clear_add_stores_and_incr_is_missing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("text", "old"));
    ok!(on, cache.set("number", &5_i64));
    ok!(on, cache.clear());
    assert!(!ok!(on, cache.replace("text", "new")));
    assert!(ok!(on, cache.add("text", "new")));
    assert_eq!(crate::case::err!(on, cache.incr("number", 1)).kind(), keepwarm::ErrorKind::Missing);
    assert_eq!(ok!(on, cache.incr("number", 1).or_insert(0, secs(60))), 1);
    assert!(!ok!(on, cache.touch("missing", secs(60))));
}

// covers: R32 R62
async fn after_a_clear_get_or_set_computes(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    ok!(on, cache.get_or_set("key", runs.giving(1_i64)));
    ok!(on, cache.clear());
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(2_i64))), 2);
    assert_eq!(runs.count(), 2);
}

// covers: R32 R115
async fn after_a_clear_nothing_is_listed(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("a", "1"), ("b", "2")]));
    ok!(on, cache.clear());
    assert_eq!(ok!(on, cache.keys("*")), [""; 0]);
    assert_eq!(ok!(on, cache.delete_pattern("*")), 0);
    ok!(on, cache.set("c", "3"));
    assert_eq!(ok!(on, cache.keys("*")), ["c"]);
}

// covers: R32
async fn clear_is_one_call_whatever_the_number_of_entries(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    let names: Vec<String> = (0..1000).map(|number| format!("key:{number}")).collect();
    ok!(on, cache.set_many(names.iter().map(|name| (name.as_str(), "value"))));
    record.take();
    ok!(on, cache.clear());
    assert_eq!(record.verbs(), [Verb::Clear]);
    assert_eq!(ok!(on, cache.get_many::<String, _>(names.iter())).len(), 0);
}

// covers: R32
async fn clear_store_removes_everybodys_entries(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    ok!(on, cache.set("key", "value"));
    ok!(on, other.set("key", "value"));
    ok!(on, cache.clear_store());
    assert!(!ok!(on, cache.has_key("key")));
    assert!(!ok!(on, other.has_key("key")));
}

// covers: R32
async fn what_is_set_after_a_clear_store_lives(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "old"));
    ok!(on, cache.clear_store());
    ok!(on, cache.set("key", "new"));
    ok!(on, cache.set_many([("a", &1_i64), ("b", &2)]));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("new"));
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["a", "b"]))), map([("a", 1), ("b", 2)]));
}

// covers: R208
async fn a_miss_by_clear_is_counted_as_one(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    ok!(on, cache.clear());
    ok!(on, cache.get::<String>("key"));
    let stats = ok!(on, cache.stats());
    assert_eq!(stats.misses(), 1);
    assert_eq!(stats.missed(MissReason::Cleared) + stats.missed(MissReason::Absent), 1);
}

// covers: R18 R33
async fn sessions_survive_the_clear_of_another_alias(on: &Subject) {
    let pages = on.alias(|builder| builder.name("default").key_prefix("myapp").timeout(secs(300)));
    let sessions = on.alias(|builder| builder.name("sessions").key_prefix("session").timeout(secs(86_400)));
    ok!(on, pages.set("7", "a page"));
    ok!(on, sessions.set("7", "a session"));
    ok!(on, pages.clear());
    assert_eq!(ok!(on, pages.get::<String>("7")), None);
    assert_eq!(ok!(on, sessions.get::<String>("7")).as_deref(), Some("a session"));
}
