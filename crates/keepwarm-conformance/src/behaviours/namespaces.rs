//! Namespaces: a part of the key space that is dropped in one step and never comes back.

use keepwarm::entry::MissReason;
use keepwarm::secs;

use crate::case::{cases, ok, run};
use crate::kit::{Record, Verb};
use crate::samples::{Runs, in_order, map};
use crate::subject::Subject;

cases! {
    a_namespace_has_its_own_keys [Markers];
    invalidate_hides_every_entry_of_the_namespace [Markers];
    invalidate_leaves_everything_else [Markers];
    invalidate_works_before_any_read [Markers];
    what_is_set_after_an_invalidate_lives [Markers];
    invalidate_reaches_every_version [Markers];
    clear_on_a_namespace_is_invalidate [Markers];
    namespaces_nest [Markers];
    invalidating_an_inner_namespace_leaves_the_outer [Markers];
    two_handles_on_one_namespace_are_one [Markers];
    a_namespace_of_another_prefix_is_another [Markers];
    namespace_names_are_told_apart [Markers];
    every_verb_works_in_a_namespace [Markers];
    bulk_verbs_of_a_namespace_speak_the_callers_names [Markers];
    keys_of_a_namespace_are_its_own [Markers, Scans, PlainKeys];
    delete_pattern_of_a_namespace_stays_inside [Markers, Scans, PlainKeys];
    tags_reach_into_namespaces [Markers];
    get_or_set_in_a_namespace_computes_again_after_an_invalidate [Markers];
    invalidate_is_one_call_whatever_the_number_of_entries [Markers, Room(1000)];
    a_miss_by_namespace_is_counted_as_one [Markers];
    a_lost_marker_never_brings_old_entries_back [Markers];
    statistics_of_a_namespace_are_its_own [Markers];
    a_cache_of_products_in_three_lines [Markers];
}

// covers: R106
async fn a_namespace_has_its_own_keys(on: &Subject) {
    let cache = on.cache();
    let (products, orders) = (cache.namespace("product"), cache.namespace("order"));
    ok!(on, products.set("7", "shoe"));
    ok!(on, orders.set("7", "an order"));
    ok!(on, cache.set("7", "neither"));
    assert_eq!(ok!(on, products.get::<String>("7")).as_deref(), Some("shoe"));
    assert_eq!(ok!(on, orders.get::<String>("7")).as_deref(), Some("an order"));
    assert_eq!(ok!(on, cache.get::<String>("7")).as_deref(), Some("neither"));
}

// covers: R106
async fn invalidate_hides_every_entry_of_the_namespace(on: &Subject) {
    let products = on.cache().namespace("product");
    for key in ["1", "2", "3"] {
        ok!(on, products.set(key, "value"));
    }
    ok!(on, products.invalidate());
    for key in ["1", "2", "3"] {
        assert_eq!(ok!(on, products.get::<String>(key)), None, "{key}");
    }
}

// covers: R106
async fn invalidate_leaves_everything_else(on: &Subject) {
    let cache = on.cache();
    let (products, orders) = (cache.namespace("product"), cache.namespace("order"));
    ok!(on, products.set("7", "shoe"));
    ok!(on, orders.set("7", "an order"));
    ok!(on, cache.set("7", "neither"));
    ok!(on, products.invalidate());
    assert!(!ok!(on, products.has_key("7")));
    assert!(ok!(on, orders.has_key("7")));
    assert!(ok!(on, cache.has_key("7")));
}

// covers: R106
async fn invalidate_works_before_any_read(on: &Subject) {
    let products = on.cache().namespace("product");
    ok!(on, products.invalidate());
    ok!(on, products.set("7", "shoe"));
    ok!(on, on.cache().namespace("product").invalidate());
    assert_eq!(ok!(on, products.get::<String>("7")), None);
}

// covers: R106
async fn what_is_set_after_an_invalidate_lives(on: &Subject) {
    let products = on.cache().namespace("product");
    for round in 0..5_i64 {
        ok!(on, products.set("7", &round));
        assert_eq!(ok!(on, products.get::<i64>("7")), Some(round));
        ok!(on, products.invalidate());
        assert_eq!(ok!(on, products.get::<i64>("7")), None);
    }
}

// covers: R106
async fn invalidate_reaches_every_version(on: &Subject) {
    let products = on.cache().namespace("product");
    ok!(on, products.set("7", "shoe").version(11));
    ok!(on, products.set("7", "shoe").version("beta"));
    ok!(on, products.invalidate());
    assert!(!ok!(on, products.has_key("7").version(11)));
    assert!(!ok!(on, products.has_key("7").version("beta")));
}

// covers: R32 R106
async fn clear_on_a_namespace_is_invalidate(on: &Subject) {
    let cache = on.cache();
    let products = cache.namespace("product");
    ok!(on, products.set("7", "shoe"));
    ok!(on, cache.set("7", "other"));
    ok!(on, products.clear());
    assert!(!ok!(on, products.has_key("7")));
    assert!(ok!(on, cache.has_key("7")));
    ok!(on, products.set("7", "shoe"));
    ok!(on, cache.clear());
    assert!(!ok!(on, products.has_key("7")), "the cache's own clear reaches its namespaces");
}

// covers: R106
async fn namespaces_nest(on: &Subject) {
    let shop = on.cache().namespace("shop");
    let products = shop.namespace("product");
    ok!(on, shop.set("7", "a shop's"));
    ok!(on, products.set("7", "a product"));
    assert_eq!(ok!(on, products.get::<String>("7")).as_deref(), Some("a product"));
    ok!(on, shop.invalidate());
    assert!(!ok!(on, shop.has_key("7")));
    assert!(!ok!(on, products.has_key("7")), "the outer one's fall is the inner one's");
}

// covers: R106
async fn invalidating_an_inner_namespace_leaves_the_outer(on: &Subject) {
    let shop = on.cache().namespace("shop");
    let products = shop.namespace("product");
    ok!(on, shop.set("7", "a shop's"));
    ok!(on, products.set("7", "a product"));
    ok!(on, products.invalidate());
    assert!(ok!(on, shop.has_key("7")));
    assert!(!ok!(on, products.has_key("7")));
}

// covers: R106
async fn two_handles_on_one_namespace_are_one(on: &Subject) {
    let (here, there) = (on.cache().namespace("product"), on.cache().namespace("product"));
    ok!(on, here.set("7", "shoe"));
    assert_eq!(ok!(on, there.get::<String>("7")).as_deref(), Some("shoe"));
    ok!(on, there.invalidate());
    assert_eq!(ok!(on, here.get::<String>("7")), None);
}

// covers: R106
async fn a_namespace_of_another_prefix_is_another(on: &Subject) {
    let products = on.cache().namespace("product");
    let others = on.alias(|builder| builder.key_prefix("another")).namespace("product");
    ok!(on, products.set("7", "shoe"));
    ok!(on, others.set("7", "hat"));
    ok!(on, products.invalidate());
    assert!(!ok!(on, products.has_key("7")));
    assert_eq!(ok!(on, others.get::<String>("7")).as_deref(), Some("hat"));
}

// covers: R106
async fn namespace_names_are_told_apart(on: &Subject) {
    let cache = on.cache();
    let names = ["", "a", "A", "метка", "a b"];
    for name in names {
        ok!(on, cache.namespace(name).set("key", name));
    }
    ok!(on, cache.namespace("a").invalidate());
    for name in names {
        let found = ok!(on, cache.namespace(name).get::<String>("key"));
        assert_eq!(found.as_deref(), (name != "a").then_some(name), "{name:?}");
    }
}

// covers: R106 R99
async fn every_verb_works_in_a_namespace(on: &Subject) {
    let cache = on.cache();
    let space = cache.namespace("space");
    assert!(ok!(on, space.add("key", &1_i64)));
    assert!(!ok!(on, space.add("key", &2_i64)));
    assert!(ok!(on, space.replace("key", &3_i64)));
    assert_eq!(ok!(on, space.incr("key", 1)), 4);
    assert_eq!(ok!(on, space.decr("key", 1)), 3);
    assert_eq!(ok!(on, space.update("key", |old: Option<i64>| old.map(|number| number * 2))), Some(6));
    assert!(ok!(on, space.touch("key", secs(60))));
    assert_eq!(ok!(on, space.get_arc::<i64>("key")).as_deref(), Some(&6));
    assert_eq!(ok!(on, space.get_or_set("key", Runs::new().giving(9_i64))), 6);
    assert_eq!(ok!(on, space.refresh("key", Runs::new().giving(10_i64))), 10);
    assert_eq!(ok!(on, space.incr("counter", 1).or_insert(0, secs(60))), 1);
    assert!(ok!(on, space.rate_limit("limit", 1, secs(60))).allowed);
    ok!(on, space.incr_version("key", 1));
    assert_eq!(ok!(on, space.get::<i64>("key").version(on.settings().version + 1)), Some(10));
    for key in ["key", "counter", "limit"] {
        assert!(!ok!(on, cache.has_key(key)), "{key} lies in the namespace");
    }
    ok!(on, space.invalidate());
    assert!(!ok!(on, space.has_key("key").version(on.settings().version + 1)));
    assert!(!ok!(on, space.has_key("counter")));
    assert!(ok!(on, space.rate_limit("limit", 1, secs(60))).allowed, "a fallen limit begins again");
}

// covers: R90 R106
async fn bulk_verbs_of_a_namespace_speak_the_callers_names(on: &Subject) {
    let space = on.cache().namespace("space");
    assert_eq!(ok!(on, space.set_many([("a", &1_i64), ("b", &2)])), [""; 0]);
    assert_eq!(in_order(ok!(on, space.get_many::<i64, _>(["a", "b", "c"]))), map([("a", 1), ("b", 2)]));
    assert_eq!(ok!(on, space.delete_many(["a", "c"])), 1);
    ok!(on, space.invalidate());
    assert_eq!(in_order(ok!(on, space.get_many::<i64, _>(["a", "b"]))), map([]));
}

// covers: R106 R115
async fn keys_of_a_namespace_are_its_own(on: &Subject) {
    let cache = on.cache();
    let space = cache.namespace("space");
    ok!(on, cache.set("outside", "value"));
    ok!(on, space.set("inside", "value"));
    assert_eq!(ok!(on, space.keys("*")), ["inside"]);
    let mut all = ok!(on, cache.keys("*"));
    all.sort();
    assert_eq!(all.len(), 2, "{all:?}");
    ok!(on, space.invalidate());
    assert_eq!(ok!(on, space.keys("*")), [""; 0]);
    assert_eq!(ok!(on, cache.keys("*")), ["outside"]);
}

// covers: R106 R116
async fn delete_pattern_of_a_namespace_stays_inside(on: &Subject) {
    let cache = on.cache();
    let space = cache.namespace("sp*ce");
    ok!(on, cache.set("key", "value"));
    ok!(on, cache.namespace("space").set("key", "value"));
    ok!(on, space.set("key", "value"));
    assert_eq!(ok!(on, space.delete_pattern("*")), 1);
    assert!(ok!(on, cache.has_key("key")));
    assert!(ok!(on, cache.namespace("space").has_key("key")));
}

// covers: R106 R171
async fn tags_reach_into_namespaces(on: &Subject) {
    let cache = on.cache();
    let space = cache.namespace("space");
    ok!(on, space.set("key", "value").tags(["tag"]));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, space.get::<String>("key")), None);
    ok!(on, space.set("key", "value").tags(["tag"]));
    ok!(on, space.invalidate());
    assert_eq!(ok!(on, space.get::<String>("key")), None);
}

// covers: R106
async fn get_or_set_in_a_namespace_computes_again_after_an_invalidate(on: &Subject) {
    let space = on.cache().namespace("space");
    let runs = Runs::new();
    assert_eq!(ok!(on, space.get_or_set("key", runs.giving(1_i64))), 1);
    assert_eq!(ok!(on, space.get_or_set("key", runs.giving(2_i64))), 1);
    ok!(on, space.invalidate());
    assert_eq!(ok!(on, space.get_or_set("key", runs.giving(3_i64))), 3);
    assert_eq!(runs.count(), 2);
}

// covers: R106
async fn invalidate_is_one_call_whatever_the_number_of_entries(on: &Subject) {
    let record = Record::new();
    let space = on.over(|store| record.around(store)).namespace("space");
    let names: Vec<String> = (0..1000).map(|number| format!("key:{number}")).collect();
    ok!(on, space.set_many(names.iter().map(|name| (name.as_str(), "value"))));
    record.take();
    ok!(on, space.invalidate());
    assert_eq!(record.verbs(), [Verb::Renew]);
    assert_eq!(ok!(on, space.get_many::<String, _>(names.iter())).len(), 0);
}

// covers: R208
async fn a_miss_by_namespace_is_counted_as_one(on: &Subject) {
    let space = on.cache().namespace("space");
    ok!(on, space.set("key", "value"));
    ok!(on, space.invalidate());
    ok!(on, space.get::<String>("key"));
    let stats = ok!(on, space.stats());
    assert_eq!((stats.missed(MissReason::Namespace), stats.misses()), (1, 1));
}

// covers: R106
async fn a_lost_marker_never_brings_old_entries_back(on: &Subject) {
    let cache = on.cache();
    let space = cache.namespace("space");
    ok!(on, space.set("key", "old"));
    ok!(on, space.invalidate());
    // The store may forget the namespace now: nothing live depends on it. Crowd it out with others.
    for number in 0..500 {
        ok!(on, cache.namespace(&format!("other:{number}")).invalidate());
        ok!(on, cache.set("filler", &number).tags([format!("tag:{number}")]));
    }
    assert_eq!(ok!(on, space.get::<String>("key")), None);
    assert!(!ok!(on, space.has_key("key")));
}

// covers: R208
async fn statistics_of_a_namespace_are_its_own(on: &Subject) {
    let cache = on.cache();
    let space = cache.namespace("space");
    ok!(on, cache.get::<i64>("outside"));
    ok!(on, space.set("key", &1_i64));
    ok!(on, space.get::<i64>("key"));
    ok!(on, space.get::<i64>("missing"));
    let inner = ok!(on, space.stats());
    assert_eq!((inner.hits, inner.misses(), inner.sets), (1, 1, 1));
    let outer = ok!(on, cache.stats());
    assert_eq!((outer.hits, outer.misses(), outer.sets), (1, 2, 1), "the cache counts what its namespaces do");
    space.reset_stats();
    assert_eq!(ok!(on, space.stats()).hits, 0);
    assert_eq!(ok!(on, cache.stats()).hits, 1);
}

// covers: R105 R106
async fn a_cache_of_products_in_three_lines(on: &Subject) {
    let products = on.cache().namespace("product");
    let runs = Runs::new();
    for _ in 0..3 {
        ok!(on, products.get_or_set("7", runs.giving("shoe".to_owned())).timeout(secs(3600)));
    }
    ok!(on, products.invalidate());
    ok!(on, products.get_or_set("7", runs.giving("boot".to_owned())).timeout(secs(3600)));
    assert_eq!(runs.count(), 2);
    assert_eq!(ok!(on, products.get::<String>("7")).as_deref(), Some("boot"));
}
