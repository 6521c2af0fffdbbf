//! Crowds: many tasks, or threads in the blocking face, that write at one key.

use std::future::ready;

use keepwarm::secs;

use crate::case::{cases, ok, run};
use crate::samples::Runs;
use crate::subject::Subject;

cases! {
    one_of_many_adds_wins;
    one_of_many_adds_wins_through_many_handles;
    one_of_many_onces_is_the_first;
    no_increment_is_lost;
    no_increment_is_lost_through_many_handles;
    no_created_count_is_lost;
    increments_and_decrements_cancel_out;
    no_update_is_lost;
    updates_and_increments_do_not_lose_each_other;
    a_rate_limit_allows_exactly_its_limit;
    of_many_deletes_one_removes;
    of_many_replaces_after_a_delete_none_stores;
    a_reader_never_sees_half_a_write;
    what_others_do_loses_no_bystander;
    a_hand_written_get_or_create_computes_once_in_the_good_case;
}

// covers: R58
async fn one_of_many_adds_wins(on: &Subject) {
    let cache = on.cache();
    for round in 0..10 {
        let won = on.at_once(8, |number, on| {
            let cache = cache.clone();
            async move { ok!(on, cache.add(&format!("key:{round}"), &number)).then_some(number) }
        });
        let won: Vec<usize> = won.await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?} all won");
        assert_eq!(ok!(on, cache.get::<usize>(&format!("key:{round}"))), Some(won[0]));
    }
}

// covers: R20 R58
async fn one_of_many_adds_wins_through_many_handles(on: &Subject) {
    let won = on.at_once(8, |number, on| async move { ok!(on, on.cache().add("key", &number)) }).await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

// covers: R58 R60
async fn one_of_many_onces_is_the_first(on: &Subject) {
    let cache = on.cache();
    let first = on.at_once(16, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.once("migration")) }
    });
    assert_eq!(first.await.into_iter().filter(|first| *first).count(), 1);
}

// covers: R83 R84
async fn no_increment_is_lost(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64));
    let crowd = on.at_once(4, |_, on| {
        let cache = cache.clone();
        async move {
            for _ in 0..100 {
                ok!(on, cache.incr("counter", 1));
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(400));
}

// covers: R20 R83
async fn no_increment_is_lost_through_many_handles(on: &Subject) {
    ok!(on, on.cache().set("counter", &0_i64));
    let crowd = on.at_once(4, |_, on| async move {
        let cache = on.cache();
        for _ in 0..50 {
            ok!(on, cache.incr("counter", 1));
        }
    });
    crowd.await;
    assert_eq!(ok!(on, on.cache().get::<i64>("counter")), Some(200));
}

// covers: R88
async fn no_created_count_is_lost(on: &Subject) {
    let cache = on.cache();
    let crowd = on.at_once(8, |_, on| {
        let cache = cache.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..25 {
                seen.push(ok!(on, cache.incr("views", 1).or_insert(0, secs(60))));
            }
            seen
        }
    });
    let mut seen: Vec<i64> = crowd.await.into_iter().flatten().collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=200).collect::<Vec<_>>(), "every number once");
}

// covers: R83
async fn increments_and_decrements_cancel_out(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &7_i64));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for _ in 0..100 {
                match number % 2 {
                    0 => ok!(on, cache.incr("counter", 3)),
                    _ => ok!(on, cache.decr("counter", 3)),
                };
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(7));
}

// covers: R83
async fn no_update_is_lost(on: &Subject) {
    let cache = on.cache();
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for round in 0..50 {
                let push = |list: Option<Vec<(usize, i32)>>| {
                    let mut list = list.unwrap_or_default();
                    list.push((number, round));
                    Some(list)
                };
                ok!(on, cache.update("list", push));
            }
        }
    });
    crowd.await;
    let mut list = ok!(on, cache.get::<Vec<(usize, i32)>>("list")).expect("it was updated");
    for number in 0..4 {
        let own: Vec<i32> = list.iter().filter(|(by, _)| *by == number).map(|(_, round)| *round).collect();
        assert_eq!(own, (0..50).collect::<Vec<_>>(), "each one's updates in their order");
    }
    list.dedup();
    assert_eq!(list.len(), 200);
}

// covers: R83
async fn updates_and_increments_do_not_lose_each_other(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for _ in 0..50 {
                match number % 2 {
                    0 => drop(ok!(on, cache.update("counter", |old: Option<i64>| old.map(|old| old + 1)))),
                    _ => assert!(ok!(on, cache.incr("counter", 1)) > 0),
                }
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(200));
}

// covers: R89
async fn a_rate_limit_allows_exactly_its_limit(on: &Subject) {
    let cache = on.cache();
    let answers = on.at_once(32, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.rate_limit("login:7", 10, secs(60))) }
    });
    let mut left: Vec<u64> =
        answers.await.into_iter().filter(|answer| answer.allowed).map(|answer| answer.remaining).collect();
    left.sort_unstable();
    assert_eq!(left, (0..10).collect::<Vec<_>>());
}

// covers: R30
async fn of_many_deletes_one_removes(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    let removed = on.at_once(8, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.delete("key")) }
    });
    assert_eq!(removed.await.into_iter().filter(|removed| *removed).count(), 1);
}

// covers: R56
async fn of_many_replaces_after_a_delete_none_stores(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    ok!(on, cache.delete("key"));
    let stored = on.at_once(8, |_, on| {
        let cache = cache.clone();
        async move { ok!(on, cache.replace("key", "value")) }
    });
    assert_eq!(stored.await, [false; 8]);
}

// covers: R20
async fn a_reader_never_sees_half_a_write(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("pair", &(0_usize, 0_usize, vec![0_usize; 32])));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for round in 0..100 {
                if number % 2 == 0 {
                    let value = round * 2 + number;
                    ok!(on, cache.set("pair", &(value, value, vec![value; 32])));
                } else {
                    let (first, second, rest) =
                        ok!(on, cache.get::<(usize, usize, Vec<usize>)>("pair")).expect("it is always there");
                    assert!(first == second && rest == vec![first; 32], "{first} {second} {rest:?}");
                }
            }
        }
    });
    crowd.await;
}

// covers: R20
async fn what_others_do_loses_no_bystander(on: &Subject) {
    let cache = on.cache();
    let bystanders: Vec<String> = (0..8).map(|number| format!("bystander:{number}")).collect();
    ok!(on, cache.set_many(bystanders.iter().map(|key| (key.as_str(), "value"))));
    let crowd = on.at_once(4, |number, on| {
        let cache = cache.clone();
        async move {
            for round in 0..25 {
                let key = format!("busy:{}", round % 4);
                match (number + round) % 6 {
                    0 => drop(ok!(on, cache.set(&key, "text")).is_stored()),
                    1 => drop(ok!(on, cache.delete(&key))),
                    2 => drop(ok!(on, cache.add(&key, &1_i64))),
                    3 => drop(ok!(on, cache.get_or_set(&key, || ready("text".to_owned())))),
                    4 => drop(ok!(on, cache.touch(&key, secs(60)))),
                    _ => drop(run!(on, cache.incr(&key, 1)).is_ok()),
                }
            }
        }
    });
    crowd.await;
    assert_eq!(ok!(on, cache.get_many::<String, _>(bystanders.iter())).len(), 8);
}

// covers: R78
async fn a_hand_written_get_or_create_computes_once_in_the_good_case(on: &Subject) {
    let (cache, runs) = (on.cache(), Runs::new());
    let values = on.at_once(8, |_, on| {
        let (cache, runs) = (cache.clone(), runs.clone());
        async move {
            loop {
                if let Some(value) = ok!(on, cache.get::<String>("data")) {
                    return value;
                }
                if ok!(on, cache.add("data_lock", "locked").timeout(secs(60))) {
                    // Looked at again under the lock, which the snippet of the documents forgets.
                    if ok!(on, cache.get::<String>("data")).is_none() {
                        runs.one();
                        ok!(on, cache.set("data", "computed").timeout(secs(300)));
                    }
                    ok!(on, cache.delete("data_lock"));
                }
                std::thread::yield_now();
            }
        }
    });
    assert!(values.await.iter().all(|value| value == "computed"));
    assert_eq!(runs.count(), 1);
}
