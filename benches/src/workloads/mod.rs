//! What is measured in interleaved rounds. One file per question.

pub(crate) mod eviction;
pub(crate) mod lanes;
pub(crate) mod reads;
pub(crate) mod verbs;

use crate::rounds::{Check, Plan, Watch};

/// The exponent of the popularity of keys.
pub(crate) const SKEW: f64 = 0.99;

/// The two key spaces.
pub(crate) const SIZES: [(usize, &str); 2] = [(10_000, "10k"), (1_000_000, "1M")];

/// Room for every entry, however unevenly a sharded cache spreads them: these workloads are to hit every time.
pub(crate) fn roomy(entries: usize) -> usize {
    entries + entries / 4
}

/// Many short rounds: a neighbour that disturbs one does not disturb the median. So long a warm-up that nearly all of
/// ten thousand keys have been asked for.
pub(crate) fn plan(quick: bool, check: Check) -> Plan {
    let rounds = if quick { 25 } else { 101 };
    Plan { rounds, warm: 64_000, timed: 32_000, watch: Watch::Thread, check }
}
