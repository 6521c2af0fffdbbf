//! The counters of the `metrics` crate, under the names of `Stats::prometheus`.
//!
//! Their names and labels are made once for each cache, so that a count allocates nothing. The recorder is asked anew for
//! each count: it may be installed after the cache was built.

use metrics::{Key, Label, Level, Metadata};

use super::{COUNTERS, EVENTS, Event};
use crate::entry::MissReason;

static METADATA: Metadata<'static> = Metadata::new("keepwarm", Level::INFO, Some("keepwarm"));

/// The names of one cache's counters.
pub(crate) struct Meters([Key; COUNTERS]);

impl Meters {
    pub(crate) fn new(cache: &str) -> Self {
        let label = || Label::new("cache", cache.to_owned());
        Self(std::array::from_fn(|counter| match Event::ALL.get(counter) {
            Some(event) => Key::from_parts(format!("keepwarm_{}_total", event.name()), vec![label()]),
            None => {
                let reason = Label::new("reason", MissReason::ALL[counter - EVENTS].name());
                Key::from_parts("keepwarm_misses_total", vec![label(), reason])
            }
        }))
    }

    pub(crate) fn counted(&self, event: Event, times: u64) {
        self.add(event as usize, times);
    }

    pub(crate) fn missed(&self, reason: MissReason) {
        self.add(EVENTS + reason as usize, 1);
    }

    fn add(&self, counter: usize, times: u64) {
        metrics::with_recorder(|recorder| recorder.register_counter(&self.0[counter], &METADATA).increment(times));
    }
}
