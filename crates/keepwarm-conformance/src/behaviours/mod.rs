//! The behaviours: one file each, one list of cases in each.

mod basic;
mod bulk;
mod clear;
mod compute;
mod conditional_writes;
mod counters;
mod failures;
mod format;
mod keys;
mod locks;
mod namespaces;
mod races;
mod tags;
mod timeouts;
mod versions;

use crate::case::Case;

/// Every behaviour, in the order of the trials.
pub(crate) const BEHAVIOURS: &[(&str, &[Case])] = &[
    ("basic", basic::CASES),
    ("timeouts", timeouts::CASES),
    ("conditional_writes", conditional_writes::CASES),
    ("counters", counters::CASES),
    ("bulk", bulk::CASES),
    ("versions", versions::CASES),
    ("keys", keys::CASES),
    ("tags", tags::CASES),
    ("namespaces", namespaces::CASES),
    ("clear", clear::CASES),
    ("compute", compute::CASES),
    ("locks", locks::CASES),
    ("races", races::CASES),
    ("failures", failures::CASES),
    ("format", format::CASES),
];
