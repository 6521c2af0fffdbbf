//! Nine reads and a write under constant eviction: the cache holds a fifth of the keys that are asked for.

use super::lanes::{blend, blend_twice, filled, set};
use super::reads::{BASE, threaded, zipf_batches};
use super::{SIZES, plan, roomy};
use crate::peers::{Cachet, Foyer, Hitbox, Keepwarm, Moka, Raw};
use crate::report::Report;
use crate::rounds::{self, Check, Plan};
use crate::values::Small;

pub(crate) fn run(report: &mut Report) {
    for (keys, label) in SIZES {
        blended(report, keys, label);
        blended_on_two_threads(report, keys, label);
        overwrites(report, keys, label);
    }
}

fn blended(report: &mut Report, keys: usize, label: &str) {
    let group = format!("90/10 under eviction/small/{label}");
    if !report.wants(&group) {
        return;
    }
    let room = keys / 5;
    let lanes = vec![
        blend::<Small, _>(BASE, &filled::<Small, Raw<Small>>(keys, room)),
        blend::<Small, _>("keepwarm", &filled::<Small, Keepwarm>(keys, room)),
        blend::<Small, _>("moka", &filled::<Small, Moka<Small>>(keys, room)),
        blend::<Small, _>("foyer", &filled::<Small, Foyer<Small>>(keys, room)),
        blend::<Small, _>("cachet", &filled::<Small, Cachet<Small>>(keys, room)),
        blend::<Small, _>("hitbox-moka", &filled::<Small, Hitbox>(keys, room)),
    ];
    let plan = plan(report.quick(), Check::Nothing);
    let mut outcome = rounds::run(&group, BASE, plan, lanes, zipf_batches(keys));
    outcome.notes.push(format!("Reads that hit in the last round: {}.", hit_shares(&outcome.seen, plan)));
    report.outcome(outcome);
}

fn blended_on_two_threads(report: &mut Report, keys: usize, label: &str) {
    let group = format!("90/10 under eviction, two threads/small/{label}");
    if !report.wants(&group) {
        return;
    }
    let room = keys / 5;
    let lanes = vec![
        blend_twice::<Small, _>(BASE, &filled::<Small, Raw<Small>>(keys, room)),
        blend_twice::<Small, _>("keepwarm", &filled::<Small, Keepwarm>(keys, room)),
        blend_twice::<Small, _>("moka", &filled::<Small, Moka<Small>>(keys, room)),
        blend_twice::<Small, _>("foyer", &filled::<Small, Foyer<Small>>(keys, room)),
        blend_twice::<Small, _>("cachet", &filled::<Small, Cachet<Small>>(keys, room)),
    ];
    let plan = Plan { check: Check::Nothing, ..threaded(report.quick()) };
    let mut outcome = rounds::run(&group, BASE, plan, lanes, zipf_batches(keys));
    outcome.notes.push("Time on the wall, divided by the operations of both threads.".to_owned());
    report.outcome(outcome);
}

fn overwrites(report: &mut Report, keys: usize, label: &str) {
    let group = format!("set/small/{label}");
    if !report.wants(&group) {
        return;
    }
    let room = roomy(keys);
    let lanes = vec![
        set::<Small, _>(BASE, &filled::<Small, Raw<Small>>(keys, room)),
        set::<Small, _>("keepwarm", &filled::<Small, Keepwarm>(keys, room)),
        set::<Small, _>("moka", &filled::<Small, Moka<Small>>(keys, room)),
        set::<Small, _>("foyer", &filled::<Small, Foyer<Small>>(keys, room)),
        set::<Small, _>("cachet", &filled::<Small, Cachet<Small>>(keys, room)),
        set::<Small, _>("hitbox-moka", &filled::<Small, Hitbox>(keys, room)),
    ];
    let plan = plan(report.quick(), Check::SumOfIds);
    report.outcome(rounds::run(&group, BASE, plan, lanes, zipf_batches(keys)));
}

fn hit_shares(seen: &[(String, u64)], plan: Plan) -> String {
    let reads = (plan.timed - plan.timed / 10) as f64;
    let shares: Vec<String> =
        seen.iter().map(|(name, hits)| format!("{name} {:.1} %", *hits as f64 * 100.0 / reads)).collect();
    shares.join(", ")
}
