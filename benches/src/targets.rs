//! What the project promised itself, in one table. A target is met or missed in a run; nothing fails on it.

use crate::report::Report;
use crate::rounds::Outcome;
use crate::table::Table;

/// Where a target's figure comes from.
#[derive(Debug, Clone, Copy)]
enum Figure {
    /// The median of the per-round ratios of two lanes of a group.
    Ratio { group: &'static str, lane: &'static str, to: &'static str },
    /// The median of the per-round differences of two lanes, in nanoseconds.
    Difference { group: &'static str, lane: &'static str, to: &'static str },
    /// A figure that was measured by itself.
    Named(&'static str),
}

/// A limit that a figure should not pass.
#[derive(Debug, Clone, Copy)]
struct Target {
    name: &'static str,
    figure: Figure,
    limit: f64,
}

const RAW: &str = crate::workloads::reads::BASE;

const fn ratio(name: &'static str, group: &'static str, lane: &'static str, to: &'static str, limit: f64) -> Target {
    Target { name, figure: Figure::Ratio { group, lane, to }, limit }
}

const fn difference(
    name: &'static str,
    group: &'static str,
    lane: &'static str,
    to: &'static str,
    limit: f64,
) -> Target {
    Target { name, figure: Figure::Difference { group, lane, to }, limit }
}

const fn named(name: &'static str, figure: &'static str, limit: f64) -> Target {
    Target { name, figure: Figure::Named(figure), limit }
}

/// Every target.
const TARGETS: &[Target] = &[
    ratio("get_arc, small, 10k keys / raw engine", "hits/small/10k", "keepwarm get_arc", RAW, 1.6),
    ratio("get_arc, small, 1M keys / raw engine", "hits/small/1M", "keepwarm get_arc", RAW, 2.0),
    ratio("get_arc, nested, 10k keys / raw engine", "hits/nested/10k", "keepwarm get_arc", RAW, 1.6),
    ratio("get_arc, nested, 1M keys / raw engine", "hits/nested/1M", "keepwarm get_arc", RAW, 2.0),
    ratio("get, small, 10k keys / raw engine's shared get", "hits/small/10k", "keepwarm get", RAW, 1.9),
    ratio("get, small, 1M keys / raw engine's shared get", "hits/small/1M", "keepwarm get", RAW, 2.3),
    ratio("get, small, 1M keys / moka", "hits/small/1M", "keepwarm get", "moka, copied", 0.5),
    ratio("get_arc, small, 1M keys / moka", "hits/small/1M", "keepwarm get_arc", "moka, shared", 0.5),
    difference(
        "blocking get - async get, small, 10k keys, ns",
        "hits/small/10k",
        "keepwarm get, blocking",
        "keepwarm get",
        10.0,
    ),
    difference(
        "blocking get_arc - async get_arc, small, 10k keys, ns",
        "hits/small/10k",
        "keepwarm get_arc, blocking",
        "keepwarm get_arc",
        10.0,
    ),
    ratio("incr / get::<i64>", "counters/10k", "incr", "get::<i64>", 1.3),
    ratio("get_or_set hit / get", "get_or_set hit/small/10k", "get_or_set", "get", 1.2),
    ratio("get_or_set hit / get, shared", "get_or_set hit/small/10k", "get_or_set, arc", "get_arc", 1.2),
    ratio(
        "hit with one tag / untagged, shared",
        "tagged hit/small/10k",
        "get_arc, one tag of ten keys",
        "get_arc, untagged",
        1.6,
    ),
    ratio("hit with one tag / untagged", "tagged hit/small/10k", "get, one tag of ten keys", "get, untagged", 1.6),
    ratio("get_many(100) per key / get", "get_many/small/10k", "get_many(100)", "get", 1.0),
    ratio("get_many(100) per key / get, shared", "get_many/small/10k", "get_many(100), arc", "get", 1.0),
    named("clear: 1M entries / 1k entries", "invalidation/clear", 1.5),
    named("namespace invalidation: 1M entries / 1k entries", "invalidation/namespace", 1.5),
    named("tag invalidation: 1M entries / 1k entries", "invalidation/tag", 1.5),
    named("memory beside 30 + 100 bytes, 1M entries, bytes an entry", "memory/record/keepwarm", 180.0),
    named("hit ratio: most below quick_cache, points", "hit ratio/below quick_cache", 1.0),
    named("hit ratio: most below LRU where quick_cache is not, points", "hit ratio/below lru", 1.0),
    named("64 callers of a missing key: computations", "stampede/computations", 1.0),
    named("64 callers of a missing key: polls of the busiest waiter", "stampede/polls", 2.0),
];

/// A target and what was measured.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) name: &'static str,
    pub(crate) measured: f64,
    pub(crate) limit: f64,
}

impl Verdict {
    pub(crate) fn is_met(&self) -> bool {
        self.measured <= self.limit
    }
}

/// The targets whose figures this run measured.
pub(crate) fn judge(report: &Report) -> Vec<Verdict> {
    let measured = |figure: Figure| match figure {
        Figure::Ratio { group, lane, to } => outcome(report, group)?.ratio(lane, to),
        Figure::Difference { group, lane, to } => outcome(report, group)?.difference(lane, to),
        Figure::Named(name) => report.figures().get(name).copied(),
    };
    let verdict =
        |target: &Target| Some(Verdict { name: target.name, measured: measured(target.figure)?, limit: target.limit });
    TARGETS.iter().filter_map(verdict).collect()
}

fn outcome<'report>(report: &'report Report, group: &str) -> Option<&'report Outcome> {
    report.outcomes().iter().find(|outcome| outcome.group == group)
}

/// The verdicts as a table.
pub(crate) fn table(verdicts: &[Verdict]) -> Table {
    let mut table = Table::new(["target", "measured", "limit", "verdict"]);
    for verdict in verdicts {
        let word = if verdict.is_met() { "met" } else { "**missed**" };
        table.row([
            verdict.name.to_owned(),
            format!("{:.2}", verdict.measured),
            format!("{:.2}", verdict.limit),
            word.to_owned(),
        ]);
    }
    table
}
