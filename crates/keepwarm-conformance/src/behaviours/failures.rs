//! What a caller sees when the store fails, or answers nonsense: an error that says where, or a counted miss; never a
//! wrong value, and nothing else is lost.

use std::cell::Cell;

use keepwarm::ErrorKind;
use keepwarm::entry::MissReason;

use crate::case::{cases, err, ok, run};
use crate::kit::{Fault, Faults, Verb};
use crate::subject::Subject;

cases! {
    every_verb_raises_when_the_store_is_gone;
    a_store_that_comes_back_has_lost_nothing;
    a_loader_is_not_asked_when_the_store_is_gone;
    a_value_that_could_not_be_stored_is_returned_all_the_same;
    garbled_bytes_are_a_counted_miss;
    garbled_bytes_under_a_computation_are_replaced;
}

// covers: R205
async fn every_verb_raises_when_the_store_is_gone(on: &Subject) {
    let faults = Faults::new();
    let cache = on.over(|store| faults.around(store));
    faults.always(Fault::Refused(ErrorKind::Connection));
    let errors = [
        err!(on, cache.get::<i64>("key")),
        err!(on, cache.set("key", &1_i64)),
        err!(on, cache.add("key", &1_i64)),
        err!(on, cache.delete("key")),
        err!(on, cache.touch("key", keepwarm::secs(1))),
        err!(on, cache.has_key("key")),
        err!(on, cache.incr("key", 1)),
        err!(on, cache.get_many::<i64, _>(["key"])),
        err!(on, cache.set_many([("key", &1_i64)])),
        err!(on, cache.delete_many(["key"])),
        err!(on, cache.clear()),
        err!(on, cache.invalidate_tag("tag")),
        err!(on, cache.explain("key")),
        err!(on, cache.lock("name").try_now()),
    ];
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert!(error.is_transient() && error.verb().is_some() && error.backend().is_some(), "{error:?}");
    }
    faults.heal();
    assert_eq!(ok!(on, cache.stats()).errors, errors.len() as u64);
}

// covers: R205
async fn a_store_that_comes_back_has_lost_nothing(on: &Subject) {
    let faults = Faults::new();
    let cache = on.over(|store| faults.around(store));
    ok!(on, cache.set("key", &1_i64));
    faults.always(Fault::Refused(ErrorKind::Timeout));
    err!(on, cache.set("key", &2_i64));
    err!(on, cache.delete("key"));
    faults.heal();
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
}

// covers: R68
async fn a_loader_is_not_asked_when_the_store_is_gone(on: &Subject) {
    let faults = Faults::new();
    let cache = on.over(|store| faults.around(store));
    faults.always(Fault::Refused(ErrorKind::Connection));
    let runs = Cell::new(0);
    let loader = || async {
        runs.set(runs.get() + 1);
        1_i64
    };
    assert_eq!(cache.get_or_set("key", loader).wait().unwrap_err().kind(), ErrorKind::Connection);
    assert_eq!(runs.get(), 0, "the default raises; the caller decides what to do without a cache");
}

// covers: R68
async fn a_value_that_could_not_be_stored_is_returned_all_the_same(on: &Subject) {
    let faults = Faults::new();
    let cache = on.over(|store| faults.around(store));
    faults.when(|call| (call.verb == Verb::Put).then_some(Fault::Refused(ErrorKind::Connection)));
    assert_eq!(ok!(on, cache.get_or_set("key", || async { 5_i64 })), 5);
    faults.heal();
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
    assert_eq!(ok!(on, cache.stats()).errors, 1);
}

// covers: R207
async fn garbled_bytes_are_a_counted_miss(on: &Subject) {
    let faults = Faults::new();
    let cache = on.over(|store| faults.around(store));
    ok!(on, cache.set("key", &"value".to_owned()));
    faults.when(|call| (call.verb == Verb::Get).then_some(Fault::Garbled));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    assert_eq!(ok!(on, cache.stats()).missed(MissReason::Undecodable), 1);
    faults.heal();
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R207
async fn garbled_bytes_under_a_computation_are_replaced(on: &Subject) {
    let faults = Faults::new();
    let cache = on.over(|store| faults.around(store));
    ok!(on, cache.set("key", &"torn".to_owned()));
    // Also where the lease is asked for: what can be decoded there was put there after the look, and is the answer.
    faults.when(|call| matches!(call.verb, Verb::Get | Verb::Entry | Verb::Lease).then_some(Fault::Garbled));
    assert_eq!(ok!(on, cache.get_or_set("key", || async { "whole".to_owned() })), "whole");
    faults.heal();
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("whole"));
}
