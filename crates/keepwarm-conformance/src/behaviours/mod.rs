//! The behaviours: one file each, one list of cases in each.

mod basic;
mod batches;
mod bulk;
mod clear;
mod compute;
mod conditional_writes;
mod counters;
mod failures;
mod flights;
mod format;
mod keys;
mod leaving;
mod loaders;
mod locks;
mod namespaces;
mod overtaken;
mod races;
mod refresh;
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
    ("overtaken", overtaken::CASES),
    ("loaders", loaders::CASES),
    ("refresh", refresh::CASES),
    ("locks", locks::CASES),
    ("races", races::CASES),
    ("flights", flights::CASES),
    ("leaving", leaving::CASES),
    ("batches", batches::CASES),
    ("failures", failures::CASES),
    ("format", format::CASES),
];
