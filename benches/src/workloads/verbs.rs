//! Verbs against each other: what a counter, a computing read, a tag and a bulk read cost beside a plain get.

use std::sync::Arc;

use keepwarm::Cache;

use super::lanes::{filled, get};
use super::reads::zipf_batches;
use super::{plan, roomy};
use crate::executor::drive;
use crate::keys::{Batch, KEY_BYTES, Random, key_of};
use crate::peers::{Foyer, Keepwarm, Moka, NEVER_FAILS, RawComputing, cache_of};
use crate::report::Report;
use crate::rounds::{self, Check, Lane};
use crate::values::{Sample, Small};

const KEYS: usize = 10_000;

pub(crate) fn run(report: &mut Report) {
    counters(report);
    computing_reads(report);
    tags(report);
    bulk(report);
}

/// A lane that awaits one verb per key.
macro_rules! per_key {
    ($name:expr, $cache:expr, |$held:ident, $key:ident| $verb:expr) => {{
        let held = $cache.clone();
        Lane::new($name, move |batch: &Batch| {
            let $held = &held;
            drive(async {
                let mut sum = 0_u64;
                for $key in batch.keys() {
                    sum = sum.wrapping_add($verb);
                }
                sum
            })
        })
    }};
}

fn counters(report: &mut Report) {
    let group = "counters/10k";
    if !report.wants(group) {
        return;
    }
    let counters = cache_of(roomy(KEYS));
    let objects = filled::<Small, Keepwarm>(KEYS, roomy(KEYS)).0.clone();
    for id in 0..KEYS as u64 {
        counters.set(&key_of(id), &0_i64).wait().expect(NEVER_FAILS);
    }
    let lanes = vec![
        per_key!("get::<i64>", counters, |cache, key| {
            cache.get::<i64>(key).await.expect(NEVER_FAILS).map_or(0, |_| 1)
        }),
        per_key!("incr", counters, |cache, key| cache.incr(key, 1).await.map_or(0, |_| 1)),
        per_key!("incr, blocking", counters, |cache, key| cache.incr(key, 1).wait().map_or(0, |_| 1)),
        per_key!("has_key", counters, |cache, key| u64::from(cache.has_key(key).await.expect(NEVER_FAILS))),
        per_key!("get_arc::<Small>", objects, |cache, key| {
            cache.get_arc::<Small>(key).await.expect(NEVER_FAILS).map_or(0, |_| 1)
        }),
        per_key!("get::<Small>", objects, |cache, key| {
            cache.get::<Small>(key).await.expect(NEVER_FAILS).map_or(0, |_| 1)
        }),
    ];
    let plan = plan(report.quick(), Check::Nothing);
    let outcome = rounds::run(group, "get::<i64>", plan, lanes, zipf_batches(KEYS));
    for (lane, seen) in &outcome.seen {
        assert_eq!(*seen, plan.timed as u64, "{lane} missed");
    }
    report.outcome(outcome);
}

fn computing_reads(report: &mut Report) {
    let group = "get_or_set hit/small/10k";
    if !report.wants(group) {
        return;
    }
    let room = roomy(KEYS);
    let ours = filled::<Small, Keepwarm>(KEYS, room);
    let cache = ours.0.clone();
    let raw = Arc::new(RawComputing::<Small>::of(room));
    drive(async {
        for id in 0..KEYS as u64 {
            raw.get_or_compute(&key_of(id), async { Small::of(id) }).await;
        }
    });
    let moka = filled::<Small, Moka<Small>>(KEYS, room);
    let foyer = filled::<Small, Foyer<Small>>(KEYS, room);
    let lanes = vec![
        get::<Small, _>("get", &ours),
        per_key!("get_or_set", cache, |cache, key| {
            cache.get_or_set(key, || async { Small::of(u64::MAX) }).await.expect(NEVER_FAILS).id()
        }),
        per_key!("get_or_set, inline", cache, |cache, key| {
            cache.get_or_set(key, || async { Small::of(u64::MAX) }).inline().await.expect(NEVER_FAILS).id()
        }),
        per_key!("get_or_set, blocking", cache, |cache, key| {
            cache.get_or_set(key, || async { Small::of(u64::MAX) }).wait().expect(NEVER_FAILS).id()
        }),
        per_key!("get_arc", cache, |cache, key| {
            cache.get_arc::<Small>(key).await.expect(NEVER_FAILS).map_or(0, |value| value.id())
        }),
        per_key!("get_or_set, arc", cache, |cache, key| {
            cache.get_or_set(key, || async { Small::of(u64::MAX) }).arc().await.expect(NEVER_FAILS).id()
        }),
        per_key!("quick_cache get_or_insert_async, shared", raw, |raw, key| {
            raw.get_or_compute(key, async { Small::of(u64::MAX) }).await.id()
        }),
        per_key!("moka get_with_by_ref", moka, |moka, key| {
            moka.cache().get_with_by_ref(key, async { Moka::<Small>::entry(Small::of(u64::MAX)) }).await.value.id()
        }),
        per_key!("foyer get_or_fetch", foyer, |foyer, key| {
            foyer.get_or_fetch(key, || async { Small::of(u64::MAX) }).await.id()
        })
        .inside_tokio(),
    ];
    let plan = plan(report.quick(), Check::SumOfIds);
    report.outcome(rounds::run(group, "get", plan, lanes, zipf_batches(KEYS)));
}

fn tags(report: &mut Report) {
    let group = "tagged hit/small/10k";
    if !report.wants(group) {
        return;
    }
    let tagged = |tags: &dyn Fn(u64) -> Vec<String>| {
        let cache = cache_of(roomy(KEYS));
        for id in 0..KEYS as u64 {
            cache.set(&key_of(id), &Small::of(id)).tags(tags(id)).wait().expect(NEVER_FAILS);
        }
        cache
    };
    let untagged = tagged(&|_| Vec::new());
    let common = tagged(&|_| vec!["users".to_owned()]);
    let own = tagged(&|id| vec![format!("group:{}", id / 10)]);
    let three = tagged(&|id| vec!["users".to_owned(), format!("group:{}", id / 10), format!("city:{}", id % 100)]);
    let arc = |name: &str, cache: &Cache| {
        per_key!(name, cache, |cache, key| {
            cache.get_arc::<Small>(key).await.expect(NEVER_FAILS).map_or(0, |value| value.id())
        })
    };
    let copy = |name: &str, cache: &Cache| {
        per_key!(name, cache, |cache, key| {
            cache.get::<Small>(key).await.expect(NEVER_FAILS).map_or(0, |value| value.id())
        })
    };
    let lanes = vec![
        arc("get_arc, untagged", &untagged),
        arc("get_arc, one tag of ten keys", &own),
        arc("get_arc, one tag of all keys", &common),
        arc("get_arc, three tags", &three),
        copy("get, untagged", &untagged),
        copy("get, one tag of ten keys", &own),
    ];
    let plan = plan(report.quick(), Check::SumOfIds);
    report.outcome(rounds::run(group, "get_arc, untagged", plan, lanes, zipf_batches(KEYS)));
}

fn bulk(report: &mut Report) {
    const CHUNK: usize = 100;
    let group = "get_many/small/10k";
    if !report.wants(group) {
        return;
    }
    let ours = filled::<Small, Keepwarm>(KEYS, roomy(KEYS));
    let cache = ours.0.clone();
    let many = Lane::new("get_many(100)", move |batch: &Batch| {
        drive(async {
            let mut sum = 0_u64;
            for start in (0..batch.len()).step_by(CHUNK) {
                let keys = (start..start + CHUNK).map(|index| batch.key(index));
                let found = cache.get_many::<Small, _>(keys).await.expect(NEVER_FAILS);
                sum = found.values().fold(sum, |sum, value| sum.wrapping_add(value.id()));
            }
            sum
        })
    });
    let cache = ours.0.clone();
    let shared = Lane::new("get_many(100), arc", move |batch: &Batch| {
        drive(async {
            let mut sum = 0_u64;
            for start in (0..batch.len()).step_by(CHUNK) {
                let keys = (start..start + CHUNK).map(|index| batch.key(index));
                let found = cache.get_many::<Small, _>(keys).arc().await.expect(NEVER_FAILS);
                sum = found.values().fold(sum, |sum, value| sum.wrapping_add(value.id()));
            }
            sum
        })
    });
    // What any answer by name costs by itself: the names and the map.
    let cache = ours.0.clone();
    let into_a_map = Lane::new("100 gets into a HashMap<String, _>", move |batch: &Batch| {
        drive(async {
            let mut sum = 0_u64;
            for start in (0..batch.len()).step_by(CHUNK) {
                let mut found = std::collections::HashMap::with_capacity(CHUNK);
                for index in start..start + CHUNK {
                    let key = batch.key(index);
                    if let Some(value) = cache.get::<Small>(key).await.expect(NEVER_FAILS) {
                        found.insert(key.to_owned(), value);
                    }
                }
                sum = found.values().fold(sum, |sum, value| sum.wrapping_add(value.id()));
            }
            sum
        })
    });
    let lanes = vec![get::<Small, _>("get", &ours), many, shared, into_a_map];
    // The hundred keys of one call are different ones, as a program's are: a Zipf draw would repeat the popular ones.
    let mut random = Random::new(0x5eed);
    let draw = move |count: usize| {
        let starts: Vec<u64> = (0..count.div_ceil(CHUNK)).map(|_| random.below(KEYS - CHUNK) as u64).collect();
        Batch::of(starts.into_iter().flat_map(|start| start..start + CHUNK as u64).take(count))
    };
    let mut outcome = rounds::run(group, "get", plan(report.quick(), Check::SumOfIds), lanes, draw);
    outcome.notes.push(format!("Time per key; names of {KEY_BYTES} bytes, chosen evenly."));
    report.outcome(outcome);
}
