//! refresh and try_refresh: a newer value, while the old one is still read.

use std::future::ready;

use keepwarm::{ErrorKind, Ttl, secs};

use super::overtaken::during;
use crate::case::{cases, err, ok, run};
use crate::kit::Latch;
use crate::samples::Runs;
use crate::subject::Subject;
use crate::suite::ON_PURPOSE;

cases! {
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
