//! What was invalidated while the store was down does not come back with it.

use std::thread;

use keepwarm::{Cache, ErrorKind, Timeout, secs};
use keepwarm_conformance::kit::{Call, Fault, Verb, until};

use crate::support::{Bench, DEADLINE, on_tokio, stats};

/// A way to make an entry under `key` old, all of which succeed while the store is down.
type Invalidate = fn(&Cache);

const WAYS: [(&str, Invalidate); 13] = [
    ("delete", |cache| cache.delete("key").wait().map(drop).unwrap()),
    ("delete_many", |cache| cache.delete_many(["key", "more"]).wait().map(drop).unwrap()),
    ("set", |cache| cache.set("key", &2).wait().map(drop).unwrap()),
    ("set that is not kept", |cache| cache.set("key", &2).timeout(Timeout::ZERO).wait().map(drop).unwrap()),
    ("set_many", |cache| cache.set_many([("key", &2)]).wait().map(drop).unwrap()),
    ("replace", |cache| cache.replace("key", &2).wait().map(drop).unwrap()),
    ("update", |cache| cache.update("key", |_: Option<i32>| Some(2)).wait().map(drop).unwrap()),
    ("update to nothing", |cache| cache.update("key", |_: Option<i32>| None).wait().map(drop).unwrap()),
    ("refresh", |cache| cache.refresh("key", || async { 2 }).wait().map(drop).unwrap()),
    ("touch away", |cache| cache.touch("key", Timeout::ZERO).wait().map(drop).unwrap()),
    ("invalidate_tag", |cache| cache.invalidate_tag("tag").wait().unwrap()),
    ("clear", |cache| cache.clear().wait().unwrap()),
    ("delete twice", |cache| {
        cache.delete("key").wait().unwrap();
        cache.delete("key").wait().unwrap();
    }),
];

/// What a store goes through, by its name.
type Outage = (&'static str, fn(&Bench));

fn outages() -> [Outage; 3] {
    [
        ("refused", |bench| bench.faults.always(Fault::Refused(ErrorKind::Connection))),
        ("answers lost", |bench| bench.faults.always(Fault::AnswerLost(ErrorKind::Timeout))),
        ("errors of the store", |bench| bench.faults.always(Fault::Refused(ErrorKind::Backend))),
    ]
}

// covers: R203
#[test]
fn an_old_value_is_not_read_again_after_any_kind_of_invalidation() {
    for (outage, begin) in outages() {
        for (way, invalidate) in WAYS {
            let bench = Bench::new();
            let cache = bench.degrading();
            cache.set("key", &1).tags(["tag"]).timeout(Timeout::Never).wait().unwrap();
            begin(&bench);
            invalidate(&cache);
            bench.faults.heal();
            // From the first moment on, and ever after.
            let first = cache.get::<i32>("key").wait().unwrap();
            assert_ne!(first, Some(1), "{way}, {outage}: at once");
            let many = cache.get_many::<i32, _>(["key"]).wait().unwrap();
            assert_ne!(many.get("key"), Some(&1), "{way}, {outage}: many");
            bench.up_again(&cache);
            assert_ne!(cache.get::<i32>("key").wait().unwrap(), Some(1), "{way}, {outage}: later");
            assert_ne!(bench.direct().get::<i32>("key").wait().unwrap(), Some(1), "{way}, {outage}: for others");
        }
    }
}

#[test]
fn a_write_after_the_delivery_stays() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.down();
    cache.delete("key").wait().unwrap();
    cache.invalidate_tag("tag").wait().unwrap();
    bench.up_again(&cache);
    assert!(cache.set("key", &2).tags(["tag"]).wait().unwrap().is_stored());
    bench.clock.advance(secs(10));
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(2));
    assert_eq!(stats(&cache).health.undelivered, 0);
}

#[test]
fn what_was_not_touched_is_there_when_the_store_is_back() {
    let bench = Bench::new();
    let cache = bench.degrading();
    cache.set_many([("key", &1), ("other", &2)]).wait().unwrap();
    bench.down();
    cache.delete("key").wait().unwrap();
    assert!(!cache.add("other", &3).wait().unwrap());
    assert_eq!(cache.get::<i32>("other").wait().unwrap(), None);
    bench.up_again(&cache);
    assert_eq!(cache.get::<i32>("other").wait().unwrap(), Some(2));
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), None);
}

#[test]
fn a_computation_that_began_before_an_undelivered_invalidation_is_not_kept() {
    let bench = Bench::new();
    let cache = bench.degrading();
    let loader = async || {
        bench.down();
        cache.delete("key").wait().unwrap();
        bench.faults.heal();
        "old".to_owned()
    };
    assert_eq!(cache.get_or_set("key", loader).inline().wait().unwrap(), "old");
    bench.up_again(&cache);
    assert_eq!(cache.get::<String>("key").wait().unwrap(), None);
    assert_eq!(cache.get_or_set("key", || async { "new".to_owned() }).wait().unwrap(), "new");
}

#[test]
fn many_invalidations_become_the_clearing_of_their_prefix() {
    let bench = Bench::new();
    let cache = bench.degrading_as(|degrade| degrade.most(10));
    let others =
        Cache::builder().backend(bench.store.clone()).clock(bench.clock()).key_prefix("others").build().unwrap();
    others.set("key", &1).wait().unwrap();
    let names: Vec<String> = (0..30).map(|number| format!("key{number}")).collect();
    cache.set_many(names.iter().map(|name| (name.clone(), &1))).wait().unwrap();
    bench.down();
    for name in &names {
        cache.delete(name).wait().unwrap();
    }
    assert!(stats(&cache).health.undelivered <= 10);
    for number in 0..30 {
        cache.invalidate_tag(&format!("tag{number}")).wait().unwrap();
    }
    assert!(stats(&cache).health.undelivered <= 11, "{:?}", stats(&cache).health);
    bench.up_again(&cache);
    assert!(cache.get_many::<i32, _>(&names).wait().unwrap().is_empty());
    assert_eq!(others.get::<i32>("key").wait().unwrap(), Some(1), "nobody else's");
}

#[test]
fn invalidations_that_find_no_room_are_raised() {
    let bench = Bench::new();
    let cache = bench.degrading_as(|degrade| degrade.most(2));
    bench.down();
    // Nothing is known of this cache's prefix yet that could be cleared instead.
    cache.invalidate_tags(["a", "b"]).wait().unwrap();
    assert_eq!(cache.invalidate_tag("c").wait().unwrap_err().kind(), ErrorKind::Connection);
    bench.up_again(&cache);
}

#[test]
fn locks_of_others_are_not_freed_by_what_is_delivered() {
    let bench = Bench::new();
    let (cache, others) = (bench.degrading(), bench.direct());
    let held = others.lock("name").timeout(secs(1000)).wait().unwrap();
    let once = others.once("migration").wait().unwrap();
    assert!(once);
    bench.down();
    assert!(cache.lock("name").try_now().wait().unwrap().is_none());
    assert!(!cache.once("migration").wait().unwrap());
    cache.clear().wait().unwrap();
    bench.up_again(&cache);
    assert!(cache.lock("name").try_now().wait().unwrap().is_none());
    assert!(!cache.once("migration").wait().unwrap());
    assert!(held.release().wait().unwrap());
}

#[test]
fn a_lock_that_could_not_be_released_is_released_when_the_store_is_back() {
    let bench = Bench::new();
    let cache = bench.degrading();
    let guard = cache.lock("name").timeout(secs(1000)).wait().unwrap();
    bench.faults.when(|call| (call.verb == Verb::Lock).then_some(Fault::Refused(ErrorKind::Connection)));
    assert!(!guard.release().wait().unwrap());
    bench.up_again(&cache);
    assert!(cache.lock("name").try_now().wait().unwrap().is_some());
}

#[test]
fn a_lock_that_was_taken_unseen_is_freed_when_the_store_is_back() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.faults.when(|call| (call.verb == Verb::Lock).then_some(Fault::AnswerLost(ErrorKind::Timeout)));
    assert!(cache.lock("name").timeout(secs(1000)).try_now().wait().unwrap().is_none());
    bench.up_again(&cache);
    assert!(cache.lock("name").try_now().wait().unwrap().is_some(), "nobody holds it");
}

/// A stopped server carries out what lies in its sockets when it goes on, in whatever order: a set that nobody waits for any
/// more comes after the removal that was delivered.
#[test]
fn a_write_that_was_on_its_way_is_removed_when_it_arrives_late() {
    let bench = Bench::new();
    let cache = bench.degrading_as(|degrade| degrade.settle(secs(1)));
    bench.gate.hold(|_| true);
    let set = thread::spawn({
        let cache = cache.clone();
        move || cache.set("key", &1).wait().unwrap()
    });
    bench.gate.wait_until_held(1);
    bench.clock.advance(DEADLINE);
    assert!(!set.join().unwrap().is_stored());
    // The program goes on: what it set first is old now.
    let _ = cache.set("key", &2).wait().unwrap();
    bench.gate.open();
    let removed = |call: &Call| call.verb == Verb::RemoveMany && call.names.iter().any(|name| name.contains("key"));
    bench.time_passes_until("it is removed once", || bench.record.calls().iter().any(removed));
    // Only now the first set arrives.
    bench.direct().set("key", &1).wait().unwrap();
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), None, "not to be trusted yet");
    bench.up_again(&cache);
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), None);
    assert_eq!(bench.direct().get::<i32>("key").wait().unwrap(), None);
    assert!(cache.set("key", &3).wait().unwrap().is_stored());
}

#[test]
fn a_lease_that_was_granted_unseen_holds_nobody_up() {
    let bench = Bench::new();
    let cache = bench.degrading();
    bench.faults.when(|call| (call.verb == Verb::Lease).then_some(Fault::AnswerLost(ErrorKind::Timeout)));
    assert_eq!(cache.get_or_set("key", || async { 1 }).wait().unwrap(), 1);
    bench.up_again(&cache);
    // The clock stands still: nobody waits for a lease to run out.
    assert_eq!(bench.direct().get_or_set("key", || async { 2 }).wait().unwrap(), 2);
}

#[test]
fn what_is_owed_is_delivered_though_nobody_calls() {
    let bench = Bench::new();
    let cache = bench.degrading();
    cache.set("key", &1).wait().unwrap();
    bench.down();
    on_tokio(async { cache.delete("key").await.unwrap() });
    // The runtime of the one who deleted is gone, and with it who was to deliver; the next failure finds the post vacant.
    bench.clock.advance(secs(10));
    cache.delete("key").wait().unwrap();
    bench.faults.heal();
    bench.time_passes_until("others see it", || bench.direct().get::<i32>("key").wait().unwrap().is_none());
}

#[test]
fn reads_that_fail_owe_nothing() {
    let bench = Bench::new();
    let cache = bench.degrading();
    cache.set("key", &1).wait().unwrap();
    bench.down();
    for _ in 0..10 {
        assert_eq!(cache.get::<i32>("key").wait().unwrap(), None);
    }
    // The breaker is open: the store is certain not to have granted a lease.
    assert_eq!(cache.get_or_set("key", || async { 5 }).wait().unwrap(), 5);
    assert_eq!(stats(&cache).health.undelivered, 0);
    bench.up_again(&cache);
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(1));
}

#[test]
fn the_store_may_go_again_while_it_is_delivered_to() {
    let bench = Bench::new();
    let cache = bench.degrading();
    let names: Vec<String> = (0..5).map(|number| format!("key{number}")).collect();
    cache.set_many(names.iter().map(|name| (name.clone(), &1))).tags(["tag"]).wait().unwrap();
    bench.down();
    cache.delete_many(names.clone()).wait().unwrap();
    cache.invalidate_tag("tag").wait().unwrap();
    bench.faults.when(|call| (call.verb == Verb::RemoveMany).then_some(Fault::Refused(ErrorKind::Connection)));
    bench
        .time_passes_until("a delivery has begun", || bench.record.calls().iter().any(|call| call.verb == Verb::Renew));
    assert!(cache.get_many::<i32, _>(&names).wait().unwrap().is_empty());
    bench.up_again(&cache);
    assert!(cache.get_many::<i32, _>(&names).wait().unwrap().is_empty());
    until("nothing is owed", || stats(&cache).health.undelivered == 0);
}
