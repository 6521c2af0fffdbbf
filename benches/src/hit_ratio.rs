//! How often a cache of a given size has what is asked for: Keepwarm by `get_or_set`, quick_cache, moka and an exact LRU.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::executor::drive;
use crate::peers::{Moka, NEVER_FAILS, Raw, cache_of};
use crate::report::Report;
use crate::table::Table;
use crate::traces::{self, Trace};

/// Capacities, in percent of the distinct ids of a trace.
const CAPACITIES: [usize; 4] = [1, 5, 10, 20];

pub(crate) fn run(report: &mut Report) {
    if !report.wants("hit ratio") {
        return;
    }
    let (traces, remark) = traces::load(report.arguments().traces.as_deref());
    let mut table = Table::new(["trace, capacity", "keepwarm", "quick_cache", "LRU", "moka"]);
    let (mut below_raw, mut below_lru) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for trace in &traces {
        for percent in CAPACITIES {
            let capacity = (trace.distinct * percent / 100).max(1);
            let share = |hits: usize| hits as f64 * 100.0 / trace.requests.len() as f64;
            let ours = share(through_keepwarm(trace, capacity));
            let raw = share(through_quick_cache(trace, capacity));
            let lru = share(through_lru(trace, capacity));
            let moka = share(through_moka(trace, capacity));
            below_raw = below_raw.max(raw - ours);
            if raw > lru - 1.0 {
                below_lru = below_lru.max(lru - ours);
            }
            let name = format!("{}, {percent} % = {capacity}", trace.name);
            for (contender, share) in [("keepwarm", ours), ("quick_cache", raw), ("lru", lru), ("moka", moka)] {
                report.figure(format!("hit ratio/{}/{percent}/{contender}", trace.name), share);
            }
            table.row([name, format!("{ours:.2}"), format!("{raw:.2}"), format!("{lru:.2}"), format!("{moka:.2}")]);
        }
    }
    report.figure("hit ratio/below quick_cache", below_raw);
    report.figure("hit ratio/below lru", below_lru);
    let mut notes = vec![
        "Percent of requests that hit. Capacities are percent of a trace's distinct ids, and entries.".to_owned(),
        "quick_cache and Keepwarm choose their own shards; moka does its pending work after every insert.".to_owned(),
    ];
    if remark.is_none() {
        notes.push("Traces: the cache2k project, headissue GmbH / Jens Wilke, CC BY 4.0.".to_owned());
    }
    notes.extend(remark);
    report.section("hit ratio", &table, notes);
}

fn through_keepwarm(trace: &Trace, capacity: usize) -> usize {
    static COMPUTED: AtomicU64 = AtomicU64::new(0);
    let cache = cache_of(capacity);
    let before = COMPUTED.load(Ordering::Relaxed);
    for &id in &trace.requests {
        let load = move || async move {
            COMPUTED.fetch_add(1, Ordering::Relaxed);
            u64::from(id)
        };
        let value = cache.get_or_set(&id.to_string(), load).wait().expect(NEVER_FAILS);
        assert_eq!(value, u64::from(id));
    }
    trace.requests.len() - (COMPUTED.load(Ordering::Relaxed) - before) as usize
}

fn through_quick_cache(trace: &Trace, capacity: usize) -> usize {
    let cache = Raw::<u32>::of(capacity);
    let request = |id: &&u32| {
        let key = id.to_string();
        let hit = cache.get_now(&key).is_some();
        if !hit {
            cache.set_now(&key, **id);
        }
        hit
    };
    trace.requests.iter().filter(request).count()
}

fn through_lru(trace: &Trace, capacity: usize) -> usize {
    let mut cache = lru::LruCache::new(NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN));
    let request = |id: &&u32| {
        let hit = cache.get(*id).is_some();
        if !hit {
            cache.put(**id, ());
        }
        hit
    };
    trace.requests.iter().filter(request).count()
}

fn through_moka(trace: &Trace, capacity: usize) -> usize {
    let moka = Moka::<u32>::of(capacity);
    drive(async {
        let mut hits = 0;
        for id in &trace.requests {
            let key = id.to_string();
            if moka.cache().get(&key).await.is_some() {
                hits += 1;
            } else {
                moka.cache().insert(key, Moka::entry(*id)).await;
                moka.cache().run_pending_tasks().await;
            }
        }
        hits
    })
}
