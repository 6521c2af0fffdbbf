//! Hits: shared and copied, awaited and blocking, small and nested, at ten thousand and a million keys, on one thread
//! and on two.

use std::sync::Arc;

use super::lanes::{filled, get, get_shared, get_shared_in_tokio, get_shared_twice};
use super::{SIZES, SKEW, plan, roomy};
use crate::keys::{Batch, Zipf};
use crate::peers::{Cachet, Foyer, Hitbox, Keepwarm, KeepwarmBlocking, Moka, Raw};
use crate::report::Report;
use crate::rounds::{self, Check, Lane, Plan, Watch};
use crate::values::{Nested, Sample, Small};

/// The lane that every ratio is taken to.
pub(crate) const BASE: &str = "quick_cache + deadline";

pub(crate) fn run(report: &mut Report) {
    for (keys, label) in SIZES {
        single_threaded::<Small>(report, keys, label, true);
        // A million nested values of eight contenders would take a dozen gibibytes.
        single_threaded::<Nested>(report, keys, label, keys < 1_000_000);
        two_threads(report, keys, label);
    }
}

fn single_threaded<T: Sample>(report: &mut Report, keys: usize, label: &str, everybody: bool) {
    let group = format!("hits/{}/{label}", T::NAME);
    if !report.wants(&group) {
        return;
    }
    let room = roomy(keys);
    let raw = filled::<T, Raw<T>>(keys, room);
    let ours = filled::<T, Keepwarm>(keys, room);
    let blocking = Arc::new(KeepwarmBlocking(ours.0.clone()));
    let moka_shared = filled::<T, Moka<Arc<T>>>(keys, room);
    let mut lanes = vec![
        get_shared::<T, _>(BASE, &raw),
        get_shared::<T, _>("keepwarm get_arc", &ours),
        get_shared::<T, _>("keepwarm get_arc, blocking", &blocking),
        get_shared_in_tokio::<T, _>("keepwarm get_arc, in tokio", &ours),
        get_shared::<T, _>("moka, shared", &moka_shared),
        get_shared_in_tokio::<T, _>("moka, shared, in tokio", &moka_shared),
        get::<T, _>("quick_cache + deadline, copied", &raw),
        get::<T, _>("keepwarm get", &ours),
        get::<T, _>("keepwarm get, blocking", &blocking),
    ];
    if everybody {
        let foyer = filled::<T, Foyer<T>>(keys, room);
        lanes.push(get_shared::<T, _>("foyer, shared", &foyer));
        lanes.push(get_shared::<T, _>("cachet, shared", &filled::<T, Cachet<Arc<T>>>(keys, room)));
        lanes.push(get::<T, _>("moka, copied", &filled::<T, Moka<T>>(keys, room)));
        lanes.push(get::<T, _>("foyer, copied", &foyer));
        lanes.push(get::<T, _>("cachet, copied", &filled::<T, Cachet<T>>(keys, room)));
        lanes.push(get::<T, _>("hitbox-moka, copied", &filled::<T, Hitbox>(keys, room)));
    }
    let lanes = lanes.into_iter().filter(|lane| report.wants_lane(&lane.name, BASE)).collect();
    let mut outcome = rounds::run(&group, BASE, plan(report.quick(), Check::SumOfIds), lanes, zipf_batches(keys));
    if everybody {
        outcome
            .notes
            .push("hitbox keeps bytes and decodes each hit (bincode here): it has nothing to share.".to_owned());
        outcome.notes.push("foyer has no expiry of its own and gets the raw engine's deadline check.".to_owned());
    } else {
        outcome.notes.push("Only the nearest contenders: all of them would not fit into memory.".to_owned());
    }
    report.outcome(outcome);
}

fn two_threads(report: &mut Report, keys: usize, label: &str) {
    let group = format!("hits, two threads/small/{label}");
    if !report.wants(&group) {
        return;
    }
    let room = roomy(keys);
    let lanes: Vec<Lane> = vec![
        get_shared_twice::<Small, _>(BASE, &filled::<Small, Raw<Small>>(keys, room)),
        get_shared_twice::<Small, _>("keepwarm get_arc", &filled::<Small, Keepwarm>(keys, room)),
        get_shared_twice::<Small, _>("moka, shared", &filled::<Small, Moka<Arc<Small>>>(keys, room)),
        get_shared_twice::<Small, _>("foyer, shared", &filled::<Small, Foyer<Small>>(keys, room)),
        get_shared_twice::<Small, _>("cachet, shared", &filled::<Small, Cachet<Arc<Small>>>(keys, room)),
    ];
    let mut outcome = rounds::run(&group, BASE, threaded(report.quick()), lanes, zipf_batches(keys));
    outcome.notes.push("Time on the wall, divided by the operations of both threads.".to_owned());
    report.outcome(outcome);
}

/// Longer batches: starting a thread must not count.
pub(crate) fn threaded(quick: bool) -> Plan {
    Plan { timed: 128_000, watch: Watch::Wall, ..plan(quick, Check::SumOfIds) }
}

pub(crate) fn zipf_batches(keys: usize) -> impl FnMut(usize) -> Batch {
    let mut zipf = Zipf::new(keys, SKEW, 0x5eed);
    move |count| Batch::draw(&mut zipf, count)
}
