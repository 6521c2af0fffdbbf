//! Locks: one owner at a time, who proves it with a token, and numbers that only grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use keepwarm::cache::{Lock, LockGuard};
use keepwarm::{ErrorKind, Result, hours, millis, secs};

use crate::case::{cases, err, ok, run};
use crate::kit::until;
use crate::samples::Runs;
use crate::subject::Subject;

cases! {
    a_lock_is_held_by_one;
    a_released_lock_is_free;
    a_dropped_guard_frees_the_lock [ManualClock];
    a_lock_ends_by_its_timeout [ManualClock];
    releasing_a_lost_lock_does_not_free_the_new_owners [ManualClock];
    dropping_a_lost_lock_does_not_free_the_new_owners [ManualClock];
    extending_a_lost_lock_fails_and_leaves_the_new_owners [ManualClock];
    extending_prolongs [ManualClock];
    extending_an_expired_lock_fails_even_if_nobody_took_it [ManualClock];
    tokens_are_the_owners_own;
    fencing_numbers_grow [ManualClock];
    fencing_numbers_grow_over_clear_and_handles;
    a_lock_is_waited_for [ManualClock];
    waiting_ends_in_time [ManualClock];
    waiting_for_a_free_lock_does_not_wait;
    waiting_takes_over_a_lock_that_ran_out [ManualClock];
    many_wait_and_each_gets_it_once [ManualClock];
    lock_names_are_told_apart;
    locks_and_keys_do_not_meet;
    clear_frees_no_lock;
    a_lock_of_another_prefix_is_another;
    two_handles_share_a_lock;
    a_lock_written_by_hand_works_as_in_django [ManualClock];
    a_store_that_keeps_nothing_refuses_to_lock [KeepsNothing];
}

/// Takes a lock that must be free.
async fn take(on: &Subject, lock: Lock<'_>) -> LockGuard {
    ok!(on, lock.try_now()).expect("the lock is free")
}

async fn extend(on: &Subject, guard: &LockGuard, by: std::time::Duration) -> Result<()> {
    if on.is_blocking() { guard.extend_wait(by) } else { guard.extend(by).await }
}

// covers: R77
async fn a_lock_is_held_by_one(on: &Subject) {
    let cache = on.cache();
    let guard = take(on, cache.lock("report").timeout(secs(10))).await;
    assert!(ok!(on, cache.lock("report").try_now()).is_none());
    assert!(ok!(on, cache.lock("report").try_now()).is_none(), "asking does not change it");
    assert!(ok!(on, guard.release()));
}

// covers: R77
async fn a_released_lock_is_free(on: &Subject) {
    let cache = on.cache();
    for _ in 0..3 {
        let guard = take(on, cache.lock("report")).await;
        assert!(ok!(on, guard.release()));
    }
}

// covers: R77
async fn a_dropped_guard_frees_the_lock(on: &Subject) {
    let cache = on.cache();
    drop(take(on, cache.lock("report")).await);
    if on.is_blocking() && !on.abilities().never_waits {
        // Nobody is there to carry the release of a store that waits: the lock ends by its timeout.
        return;
    }
    // A store that waits is told beside the caller: whoever wants the lock may have to look twice.
    let next = on.spawn({
        let on = on.clone();
        async move { ok!(on, ok!(on, cache.lock("report").within(secs(1))).release()) }
    });
    assert!(on.while_time_passes(millis(50), next).await);
}

// covers: R77
async fn a_lock_ends_by_its_timeout(on: &Subject) {
    let cache = on.cache();
    let old = take(on, cache.lock("report").timeout(secs(10))).await;
    on.advance(secs(9));
    assert!(ok!(on, cache.lock("report").try_now()).is_none());
    on.advance(secs(2));
    let new = take(on, cache.lock("report")).await;
    assert!(!ok!(on, old.release()));
    assert!(ok!(on, new.release()));
}

// covers: R77
async fn releasing_a_lost_lock_does_not_free_the_new_owners(on: &Subject) {
    let cache = on.cache();
    let old = take(on, cache.lock("report").timeout(secs(10))).await;
    on.advance(secs(11));
    let new = take(on, cache.lock("report").timeout(secs(10))).await;
    assert!(!ok!(on, old.release()), "it was no longer held");
    assert!(ok!(on, cache.lock("report").try_now()).is_none(), "the new owner's lock still is");
    assert!(ok!(on, new.release()));
}

// covers: R77
async fn dropping_a_lost_lock_does_not_free_the_new_owners(on: &Subject) {
    let cache = on.cache();
    let old = take(on, cache.lock("report").timeout(secs(10))).await;
    on.advance(secs(11));
    let new = take(on, cache.lock("report").timeout(secs(10))).await;
    drop(old);
    assert!(ok!(on, cache.lock("report").try_now()).is_none());
    assert!(ok!(on, new.release()));
}

// covers: R77
async fn extending_a_lost_lock_fails_and_leaves_the_new_owners(on: &Subject) {
    let cache = on.cache();
    let old = take(on, cache.lock("report").timeout(secs(10))).await;
    on.advance(secs(11));
    let new = take(on, cache.lock("report").timeout(secs(10))).await;
    let error = extend(on, &old, secs(100)).await.expect_err("it is lost");
    assert_eq!(error.kind(), ErrorKind::LockLost);
    on.advance(secs(11));
    let third = take(on, cache.lock("report")).await;
    assert!(!ok!(on, new.release()), "the new owner's lock was not prolonged by the old one");
    assert!(ok!(on, third.release()));
}

// covers: R77
async fn extending_prolongs(on: &Subject) {
    let cache = on.cache();
    let guard = take(on, cache.lock("report").timeout(secs(10))).await;
    on.advance(secs(8));
    extend(on, &guard, secs(10)).await.expect("it is still held");
    on.advance(secs(8));
    assert!(ok!(on, cache.lock("report").try_now()).is_none());
    assert!(ok!(on, guard.release()));
}

// covers: R77
async fn extending_an_expired_lock_fails_even_if_nobody_took_it(on: &Subject) {
    let cache = on.cache();
    let guard = take(on, cache.lock("report").timeout(secs(10))).await;
    on.advance(secs(10));
    let error = extend(on, &guard, secs(10)).await.expect_err("its time is over");
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert!(!ok!(on, guard.release()));
}

// covers: R77
async fn tokens_are_the_owners_own(on: &Subject) {
    let cache = on.cache();
    let one = take(on, cache.lock("a")).await;
    let other = take(on, cache.lock("b")).await;
    assert_ne!(one.token(), other.token());
    assert!(one.token().len() >= 16, "a token cannot be guessed: {:?}", one.token());
    let first = one.token().to_owned();
    ok!(on, one.release());
    assert_ne!(take(on, cache.lock("a")).await.token(), first, "a new owner, a new token");
}

// covers: R77
async fn fencing_numbers_grow(on: &Subject) {
    let cache = on.cache();
    let mut last = 0;
    for round in 0..20 {
        let guard = take(on, cache.lock("report").timeout(secs(10))).await;
        assert!(guard.fence() > last, "{} after {last}", guard.fence());
        last = guard.fence();
        if round % 2 == 0 {
            ok!(on, guard.release());
        } else {
            on.advance(secs(11));
            drop(guard);
        }
    }
}

// covers: R77
async fn fencing_numbers_grow_over_clear_and_handles(on: &Subject) {
    let cache = on.cache();
    let first = take(on, cache.lock("report")).await;
    let before = first.fence();
    ok!(on, first.release());
    ok!(on, cache.clear());
    let second = take(on, on.cache().lock("report")).await;
    assert!(second.fence() > before);
    assert!(ok!(on, second.release()));
}

// covers: R77
async fn a_lock_is_waited_for(on: &Subject) {
    let cache = on.cache();
    let guard = take(on, cache.lock("report").timeout(hours(1))).await;
    let fence = guard.fence();
    let waits = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, cache.lock("report").timeout(hours(1))).fence() }
    });
    until("somebody waits for the lock", || on.clock().sleepers() > 0);
    assert!(ok!(on, guard.release()));
    let next = on.while_time_passes(millis(50), waits).await;
    assert!(next > fence);
}

// covers: R77
async fn waiting_ends_in_time(on: &Subject) {
    let cache = on.cache();
    let guard = take(on, cache.lock("report").timeout(hours(1))).await;
    let waits = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { err!(on, cache.lock("report").within(secs(5))).kind() }
    });
    let begun = on.clock().now();
    assert_eq!(on.while_time_passes(millis(50), waits).await, ErrorKind::Timeout);
    let waited = on.clock().now().since(begun);
    assert!(waited >= secs(5) && waited <= secs(6), "it waited {waited:?}");
    assert!(ok!(on, guard.release()), "who waited in vain took nothing");
}

// covers: R77
async fn waiting_for_a_free_lock_does_not_wait(on: &Subject) {
    let cache = on.cache();
    let guard = ok!(on, cache.lock("report").within(secs(5)));
    assert_eq!(on.clock().sleepers(), 0);
    assert!(ok!(on, guard.release()));
    assert!(ok!(on, ok!(on, cache.lock("report")).release()));
}

// covers: R77
async fn waiting_takes_over_a_lock_that_ran_out(on: &Subject) {
    let cache = on.cache();
    let dead = take(on, cache.lock("report").timeout(secs(10))).await;
    let waits = on.spawn({
        let (on, cache) = (on.clone(), cache.clone());
        async move { ok!(on, ok!(on, cache.lock("report")).release()) }
    });
    assert!(on.while_time_passes(millis(50), waits).await);
    assert!(!ok!(on, dead.release()));
}

// covers: R77
async fn many_wait_and_each_gets_it_once(on: &Subject) {
    let (cache, inside) = (on.cache(), Arc::new(AtomicUsize::new(0)));
    let guard = take(on, cache.lock("report").timeout(hours(24))).await;
    let waiting: Vec<_> = (0..6)
        .map(|_| {
            let (on, cache, inside) = (on.clone(), cache.clone(), Arc::clone(&inside));
            on.clone().spawn(async move {
                let guard = ok!(on, cache.lock("report").timeout(hours(24)));
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "somebody else is inside");
                thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
                ok!(on, guard.release())
            })
        })
        .collect();
    until("all of them wait", || on.clock().sleepers() >= 6);
    assert!(ok!(on, guard.release()));
    for one in waiting {
        assert!(on.while_time_passes(millis(50), one).await);
    }
}

// covers: R77
async fn lock_names_are_told_apart(on: &Subject) {
    let cache = on.cache();
    let one = take(on, cache.lock("a")).await;
    let other = take(on, cache.lock("b")).await;
    let inner = take(on, cache.namespace("space").lock("a")).await;
    for guard in [one, other, inner] {
        assert!(ok!(on, guard.release()));
    }
}

// covers: R77
async fn locks_and_keys_do_not_meet(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("report", "value"));
    ok!(on, cache.set("report", "value").version("lock"));
    let guard = take(on, cache.lock("report")).await;
    assert_eq!(ok!(on, cache.get::<String>("report")).as_deref(), Some("value"));
    ok!(on, cache.delete("report"));
    ok!(on, cache.delete("report").version("lock"));
    assert!(ok!(on, cache.lock("report").try_now()).is_none(), "no key of the cache is the lock's own");
    assert!(ok!(on, guard.release()));
}

// covers: R77
async fn clear_frees_no_lock(on: &Subject) {
    let cache = on.cache();
    let guard = take(on, cache.lock("report")).await;
    ok!(on, cache.clear());
    assert!(ok!(on, cache.lock("report").try_now()).is_none());
    assert!(ok!(on, guard.release()));
}

// covers: R77
async fn a_lock_of_another_prefix_is_another(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    let guard = take(on, cache.lock("report")).await;
    let theirs = take(on, other.lock("report")).await;
    assert!(ok!(on, guard.release()));
    assert!(ok!(on, theirs.release()));
}

// covers: R77
async fn two_handles_share_a_lock(on: &Subject) {
    let (here, there) = (on.cache(), on.cache());
    let guard = take(on, here.lock("report")).await;
    assert!(ok!(on, there.lock("report").try_now()).is_none());
    assert!(ok!(on, guard.release()));
    assert!(ok!(on, ok!(on, there.lock("report")).release()));
}

// covers: R78
async fn a_lock_written_by_hand_works_as_in_django(on: &Subject) {
    let cache = on.cache();
    let runs = Runs::new();
    for _ in 0..3 {
        if ok!(on, cache.get::<i64>("data")).is_some() {
            continue;
        }
        if ok!(on, cache.add("data_lock", "locked").timeout(secs(60))) {
            ok!(on, cache.set("data", &i64::try_from(runs.one()).expect("few runs")).timeout(secs(300)));
            ok!(on, cache.delete("data_lock"));
        }
    }
    assert_eq!(runs.count(), 1);
    assert!(ok!(on, cache.add("data_lock", "locked").timeout(secs(60))), "it was given back");
    on.advance(secs(61));
    assert!(ok!(on, cache.add("data_lock", "locked").timeout(secs(60))), "and ends by its timeout");
}

// covers: R142
async fn a_store_that_keeps_nothing_refuses_to_lock(on: &Subject) {
    let cache = on.cache();
    assert_eq!(err!(on, cache.lock("report").try_now()).kind(), ErrorKind::Unsupported);
    assert_eq!(err!(on, cache.lock("report").within(secs(1))).kind(), ErrorKind::Unsupported);
}
