//! What comes while a value is computed: the value is its caller's, and is not kept over what is newer.

use keepwarm::{Ttl, secs};

use crate::case::{cases, ok, run};
use crate::kit::Latch;
use crate::subject::Subject;

cases! {
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

pub(super) use during;

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
