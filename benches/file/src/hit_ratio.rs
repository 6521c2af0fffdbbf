//! How often the engine has what is asked for, on traces of real systems, beside an exact LRU of as many entries.

use std::num::NonZeroUsize;
use std::path::Path;

use keepwarm_engine as engine;

use crate::traces::{self, Trace};

/// Capacities, in percent of the distinct ids of a trace.
const CAPACITIES: [usize; 4] = [1, 5, 10, 20];

pub(crate) fn run(place: &Path) {
    // Beside the workspace, unless the environment names another place.
    let beside = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/traces"));
    let (traces, remark) = traces::load(std::env::var_os("KEEPWARM_TRACES").is_none().then_some(beside));
    println!("\nhit ratio in percent; capacities in percent of a trace's distinct ids, and entries");
    if let Some(remark) = remark {
        println!("{remark}");
    }
    let mut means = [0.0, 0.0];
    for trace in &traces {
        for percent in CAPACITIES {
            let capacity = (trace.distinct * percent / 100).max(1);
            let share = |hits: usize| hits as f64 * 100.0 / trace.requests.len() as f64;
            let ours = share(through_engine(trace, capacity, place));
            let lru = share(through_lru(trace, capacity));
            means[0] += ours;
            means[1] += lru;
            println!("  {:10} {percent:3} % = {capacity:6}   engine {ours:6.2}   LRU {lru:6.2}", trace.name);
        }
    }
    let count = (traces.len() * CAPACITIES.len()) as f64;
    println!("  {:27}   engine {:6.2}   LRU {:6.2}", "mean", means[0] / count, means[1] / count);
}

fn through_engine(trace: &Trace, capacity: usize, place: &Path) -> usize {
    let directory = place.join("hits");
    let options = engine::Options { max_entries: Some(capacity as u64), ..engine::Options::new(&directory) };
    let store = engine::Store::new(options);
    let scope = engine::Scope::of("hits");
    let request = |id: &&u32| {
        let key = id.to_be_bytes();
        let hit = matches!(store.get(scope, &key, 1).expect("it works"), engine::Lookup::Hit(_));
        if !hit {
            let write = engine::Write {
                value: engine::ValueRef::Bytes { codec: 1, bytes: &key },
                deadline: engine::NEVER,
                written: 1,
                marks: &[],
                condition: engine::Condition::Always,
            };
            store.put(scope, &key, &write, 1).expect("it works");
        }
        hit
    };
    let hits = trace.requests.iter().filter(request).count();
    drop(store);
    let _ = std::fs::remove_dir_all(directory);
    hits
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
