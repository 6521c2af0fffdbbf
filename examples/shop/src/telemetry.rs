//! What the dashboard draws: how long answers took, and what the cache counted in each of the last seconds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use keepwarm::Stats;

use crate::catalogue::Catalogue;
use crate::failure::Failure;
use crate::histogram::{Histogram, Snapshot};

/// How far back the dashboard looks, in samples.
const HISTORY: usize = 180;

/// How long one sample is.
pub(crate) const SAMPLE: Duration = Duration::from_secs(1);

/// The shop's own measurements.
#[derive(Debug)]
pub(crate) struct Telemetry {
    started: Instant,
    answers: Histogram,
    by_page: BTreeMap<&'static str, Histogram>,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    before: Totals,
    samples: VecDeque<Sample>,
}

/// What had happened up to some moment.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    hits: u64,
    misses: u64,
    queries: u64,
    answers: u64,
}

/// What happened in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) queries: u64,
    pub(crate) answers: u64,
}

impl Telemetry {
    /// Measures these pages, named by their routes; a list from the start needs no lock later.
    pub(crate) fn new(pages: &[&'static str]) -> Self {
        Self {
            started: Instant::now(),
            answers: Histogram::default(),
            by_page: pages.iter().map(|page| (*page, Histogram::default())).collect(),
            history: Mutex::default(),
        }
    }

    pub(crate) fn answered(&self, page: &str, duration: Duration) {
        // The dashboard and the style sheet would only blur the picture.
        let Some(histogram) = self.by_page.get(page) else { return };
        histogram.record(duration);
        self.answers.record(duration);
    }

    pub(crate) fn up(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn answers(&self) -> Snapshot {
        self.answers.snapshot()
    }

    pub(crate) fn by_page(&self) -> Vec<(&'static str, Snapshot)> {
        self.by_page.iter().map(|(page, histogram)| (*page, histogram.snapshot())).collect()
    }

    pub(crate) fn history(&self) -> Vec<Sample> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).samples.iter().copied().collect()
    }

    /// Adds what has happened since the last sample. Returns the statistics it took.
    pub(crate) async fn sample(&self, catalogue: &Catalogue) -> Result<Stats, Failure> {
        let stats = catalogue.cache().stats().await?;
        let now = Totals {
            hits: stats.hits,
            misses: stats.misses(),
            queries: catalogue.database().queries(),
            answers: self.answers.snapshot().count(),
        };
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut history.before, now);
        history.samples.push_back(Sample {
            hits: now.hits.saturating_sub(before.hits),
            misses: now.misses.saturating_sub(before.misses),
            queries: now.queries.saturating_sub(before.queries),
            answers: now.answers.saturating_sub(before.answers),
        });
        if history.samples.len() > HISTORY {
            history.samples.pop_front();
        }
        Ok(stats)
    }
}
