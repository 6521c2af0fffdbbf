//! The counters of the `metrics` crate, under the names of `Stats::prometheus`.

use super::Event;
use crate::entry::MissReason;

pub(crate) fn counted(cache: &str, event: Event, times: u64) {
    metrics::counter!(format!("keepwarm_{}_total", event.name()), "cache" => cache.to_owned()).increment(times);
}

pub(crate) fn missed(cache: &str, reason: MissReason) {
    let labels = [("cache", cache.to_owned()), ("reason", reason.name().to_owned())];
    metrics::counter!("keepwarm_misses_total", &labels).increment(1);
}
