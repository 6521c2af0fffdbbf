//! Tags: an entry falls by any of its tags, at once, and nothing else does.

use keepwarm::entry::MissReason;
use keepwarm::{Timeout, secs};

use crate::case::{cases, ok, run};
use crate::kit::{Record, Verb};
use crate::samples::{Runs, in_order, map};
use crate::subject::Subject;

cases! {
    invalidating_a_tag_drops_every_entry_with_it [Markers];
    invalidating_a_tag_leaves_every_other_entry [Markers];
    an_entry_falls_by_any_of_its_tags [Markers];
    several_tags_fall_in_one_call [Markers];
    invalidating_nothing_drops_nothing [Markers];
    an_entry_written_again_with_other_tags_leaves_the_old_ones [Markers];
    an_entry_written_again_without_tags_leaves_them [Markers];
    an_entry_set_after_the_invalidation_lives [Markers];
    a_tag_can_be_invalidated_again_and_again [Markers];
    a_tag_nobody_has_can_be_invalidated [Markers];
    a_short_entry_does_not_loosen_the_tag_of_a_long_one [ManualClock, Markers];
    an_entry_that_never_expires_falls_by_its_tag [ManualClock, Markers];
    tags_reach_every_version [Markers];
    tags_stay_inside_the_prefix [Markers];
    tags_and_keys_of_one_name_do_not_meet [Markers];
    a_repeated_tag_is_one_tag [Markers];
    a_hundred_tags_on_one_entry [Markers];
    tag_names_are_told_apart [Markers];
    get_or_set_takes_tags [Markers];
    refresh_takes_tags [Markers];
    update_takes_tags [Markers];
    every_reader_sees_the_fall [Markers];
    add_takes_the_place_of_a_fallen_entry [Markers];
    a_fallen_counter_is_missing [Markers];
    a_fallen_entry_cannot_be_touched_back [Markers];
    a_fallen_entry_is_not_listed [Markers, Scans, PlainKeys];
    a_miss_by_tag_is_counted_as_one [Markers];
    invalidating_a_tag_is_one_call_whatever_the_number_of_entries [Markers, Room(1000)];
    invalidating_leaves_no_growing_index [ManualClock, Markers, PlainSettings];
    tags_written_through_one_alias_fall_through_another_of_the_prefix [Markers];
}

// covers: R171
async fn invalidating_a_tag_drops_every_entry_with_it(on: &Subject) {
    let cache = on.cache();
    for key in ["a", "b", "c"] {
        ok!(on, cache.set(key, "value").tags(["products"]).timeout(secs(300)));
    }
    ok!(on, cache.invalidate_tag("products"));
    for key in ["a", "b", "c"] {
        assert_eq!(ok!(on, cache.get::<String>(key)), None, "{key}");
    }
}

// covers: R171
async fn invalidating_a_tag_leaves_every_other_entry(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("tagged", "value").tags(["products"]));
    ok!(on, cache.set("other", "value").tags(["orders"]));
    ok!(on, cache.set("plain", "value"));
    ok!(on, cache.invalidate_tag("products"));
    assert!(!ok!(on, cache.has_key("tagged")));
    assert!(ok!(on, cache.has_key("other")));
    assert!(ok!(on, cache.has_key("plain")));
}

// covers: R172
async fn an_entry_falls_by_any_of_its_tags(on: &Subject) {
    let cache = on.cache();
    for tag in ["first", "second", "third"] {
        ok!(on, cache.set("key", "value").tags(["first", "second", "third"]));
        assert!(ok!(on, cache.has_key("key")));
        ok!(on, cache.invalidate_tag(tag));
        assert_eq!(ok!(on, cache.get::<String>("key")), None, "{tag}");
    }
}

// covers: R171
async fn several_tags_fall_in_one_call(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    ok!(on, cache.set("a", "value").tags(["one"]));
    ok!(on, cache.set("b", "value").tags(["two"]));
    ok!(on, cache.set("c", "value").tags(["three"]));
    record.take();
    ok!(on, cache.invalidate_tags(["one", "two"]));
    assert_eq!(record.verbs(), [Verb::Renew]);
    assert_eq!(in_order(ok!(on, cache.get_many::<String, _>(["a", "b", "c"]))), map([("c", "value".to_owned())]));
}

// covers: R171
async fn invalidating_nothing_drops_nothing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", "value").tags(["one"]));
    ok!(on, cache.invalidate_tags([""; 0]));
    assert!(ok!(on, cache.has_key("a")));
}

// covers: R172
async fn an_entry_written_again_with_other_tags_leaves_the_old_ones(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "old").tags(["before"]));
    ok!(on, cache.set("key", "new").tags(["after"]));
    ok!(on, cache.invalidate_tag("before"));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("new"));
    ok!(on, cache.invalidate_tag("after"));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R172
async fn an_entry_written_again_without_tags_leaves_them(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "old").tags(["before"]));
    ok!(on, cache.set("key", "new"));
    ok!(on, cache.invalidate_tag("before"));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("new"));
}

// covers: R171
async fn an_entry_set_after_the_invalidation_lives(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "old").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    ok!(on, cache.set("key", "new").tags(["tag"]));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("new"));
}

// covers: R171
async fn a_tag_can_be_invalidated_again_and_again(on: &Subject) {
    let cache = on.cache();
    for round in 0..5_i64 {
        ok!(on, cache.set("key", &round).tags(["tag"]));
        assert_eq!(ok!(on, cache.get::<i64>("key")), Some(round));
        ok!(on, cache.invalidate_tag("tag"));
        ok!(on, cache.invalidate_tag("tag"));
        assert_eq!(ok!(on, cache.get::<i64>("key")), None, "round {round}");
    }
}

// covers: R171
async fn a_tag_nobody_has_can_be_invalidated(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.invalidate_tag("nobody"));
    ok!(on, cache.set("key", "value").tags(["nobody"]));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R173
async fn a_short_entry_does_not_loosen_the_tag_of_a_long_one(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("long", "value").tags(["tag"]).timeout(secs(3600)));
    ok!(on, cache.set("short", "value").tags(["tag"]).timeout(secs(60)));
    on.advance(secs(120));
    assert!(!ok!(on, cache.has_key("short")));
    assert!(ok!(on, cache.has_key("long")));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<String>("long")), None);
}

// covers: R173
async fn an_entry_that_never_expires_falls_by_its_tag(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").tags(["tag"]).timeout(Timeout::Never));
    on.advance(secs(60 * 60 * 24 * 365));
    assert!(ok!(on, cache.has_key("key")));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R171
async fn tags_reach_every_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(11).tags(["tag"]));
    ok!(on, cache.set("key", "value").version(12).tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert!(!ok!(on, cache.has_key("key").version(11)));
    assert!(!ok!(on, cache.has_key("key").version(12)));
}

// covers: R175
async fn tags_stay_inside_the_prefix(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    ok!(on, cache.set("key", "value").tags(["tag"]));
    ok!(on, other.set("key", "value").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert!(!ok!(on, cache.has_key("key")));
    assert!(ok!(on, other.has_key("key")));
}

// covers: R175
async fn tags_and_keys_of_one_name_do_not_meet(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("same", "value").tags(["same"]));
    ok!(on, cache.set("other", "value").tags(["same"]));
    assert!(ok!(on, cache.delete("same")));
    assert!(ok!(on, cache.has_key("other")), "deleting a key named like a tag drops nothing else");
    ok!(on, cache.set("same", "again"));
    ok!(on, cache.invalidate_tag("same"));
    assert!(ok!(on, cache.has_key("same")), "invalidating a tag named like a key leaves the key");
    assert!(!ok!(on, cache.has_key("other")));
    let space = cache.namespace("same");
    ok!(on, space.set("key", "value"));
    ok!(on, cache.invalidate_tag("same"));
    assert!(ok!(on, space.has_key("key")), "nor a namespace of its name");
}

// covers: R172
async fn a_repeated_tag_is_one_tag(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").tags(["tag", "tag"]).tags(["tag"]));
    assert!(ok!(on, cache.has_key("key")));
    ok!(on, cache.invalidate_tags(["tag", "tag"]));
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R172
async fn a_hundred_tags_on_one_entry(on: &Subject) {
    let cache = on.cache();
    let tags: Vec<String> = (0..100).map(|number| format!("tag:{number}")).collect();
    ok!(on, cache.set("key", "value").tags(&tags));
    assert!(ok!(on, cache.has_key("key")));
    ok!(on, cache.invalidate_tag("tag:99"));
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R171
async fn tag_names_are_told_apart(on: &Subject) {
    let cache = on.cache();
    let tags = ["", "a", "A", "a:b", "a:", "метка", "with space", "*"];
    for tag in tags {
        ok!(on, cache.set(&format!("under {tag}"), tag).tags([tag]));
    }
    ok!(on, cache.invalidate_tag("a"));
    for tag in tags {
        assert_eq!(ok!(on, cache.has_key(&format!("under {tag}"))), tag != "a", "{tag:?}");
    }
    ok!(on, cache.invalidate_tag("*"));
    assert!(ok!(on, cache.has_key("under ")), "no pattern");
}

// covers: R176
async fn get_or_set_takes_tags(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(1_i64)).tags(["tag"])), 1);
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(2_i64)).tags(["tag"])), 1);
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get_or_set("key", runs.giving(3_i64)).tags(["tag"])), 3);
    assert_eq!(runs.count(), 2);
}

// covers: R153 R176
async fn refresh_takes_tags(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64));
    ok!(on, cache.refresh("key", Runs::new().giving(2_i64)).tags(["tag"]));
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R176
async fn update_takes_tags(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).tags(["before"]));
    ok!(on, cache.update("key", |old: Option<i64>| old.map(|number| number + 1)).tags(["after"]));
    ok!(on, cache.invalidate_tag("before"));
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(2));
    ok!(on, cache.invalidate_tag("after"));
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}

// covers: R171
async fn every_reader_sees_the_fall(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
    assert_eq!(ok!(on, cache.get_arc::<i64>("key")), None);
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["key"]))), map([]));
    assert!(!ok!(on, cache.has_key("key")));
    assert_eq!(ok!(on, cache.ttl("key")), keepwarm::Ttl::Absent);
    assert!(!ok!(on, cache.delete("key")));
    assert_eq!(ok!(on, cache.update("key", |old: Option<i64>| old)), None);
}

// covers: R56 R171
async fn add_takes_the_place_of_a_fallen_entry(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "old").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert!(!ok!(on, cache.replace("key", "new")));
    assert!(ok!(on, cache.add("key", "new")));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("new"));
}

// covers: R80 R171
async fn a_fallen_counter_is_missing(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &5_i64).tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(crate::case::err!(on, cache.incr("key", 1)).kind(), keepwarm::ErrorKind::Missing);
    assert_eq!(ok!(on, cache.incr("key", 1).or_insert(0, secs(60))), 1);
}

// covers: R73 R171
async fn a_fallen_entry_cannot_be_touched_back(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert!(!ok!(on, cache.touch("key", secs(600))));
    assert!(!ok!(on, cache.persist("key")));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R115 R171
async fn a_fallen_entry_is_not_listed(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("fallen", "value").tags(["tag"]));
    ok!(on, cache.set("standing", "value"));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.keys("*")), ["standing"]);
    assert_eq!(ok!(on, cache.delete_pattern("*")), 1);
}

// covers: R208
async fn a_miss_by_tag_is_counted_as_one(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    let explained = ok!(on, cache.explain("key"));
    assert_eq!(explained.would_miss, Some(MissReason::Tag));
    ok!(on, cache.get::<String>("key"));
    let stats = ok!(on, cache.stats());
    assert_eq!((stats.missed(MissReason::Tag), stats.misses()), (1, 1));
}

// covers: R175
async fn invalidating_a_tag_is_one_call_whatever_the_number_of_entries(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    let names: Vec<String> = (0..1000).map(|number| format!("key:{number}")).collect();
    ok!(on, cache.set_many(names.iter().map(|name| (name.as_str(), "value"))).tags(["tag"]));
    record.take();
    ok!(on, cache.invalidate_tag("tag"));
    let calls = record.take();
    assert_eq!(calls.len(), 1, "one call, about one name: {calls:?}");
    assert_eq!(calls[0].names.len(), 1);
    assert_eq!(ok!(on, cache.get_many::<String, _>(names.iter())).len(), 0);
}

// covers: R175
async fn invalidating_leaves_no_growing_index(on: &Subject) {
    let cache = on.cache();
    for round in 0..200 {
        ok!(on, cache.set("key", &round).tags([format!("tag:{round}")]).timeout(secs(1)));
        ok!(on, cache.invalidate_tag(&format!("tag:{round}")));
        on.advance(secs(2));
        ok!(on, cache.get::<i32>("key"));
    }
    let entries = ok!(on, cache.stats()).entries;
    assert!(entries.is_none_or(|entries| entries <= 1), "one key was ever written, {entries:?} entries are kept");
}

// covers: R171
async fn tags_written_through_one_alias_fall_through_another_of_the_prefix(on: &Subject) {
    let (here, there) = (on.cache(), on.cache());
    ok!(on, here.set("key", "value").tags(["tag"]));
    ok!(on, there.invalidate_tag("tag"));
    assert_eq!(ok!(on, here.get::<String>("key")), None);
}
