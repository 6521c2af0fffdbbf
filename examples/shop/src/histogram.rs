//! A histogram of durations that many tasks write to at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Four buckets for each doubling, from a microsecond to over a minute: a quantile is wrong by a tenth at most.
const BUCKETS: usize = 4 * 27;

/// How long things took, in logarithmic buckets.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS] }
    }
}

impl Histogram {
    /// Counts one that took so long.
    pub fn record(&self, duration: Duration) {
        self.buckets[bucket(duration)].fetch_add(1, Ordering::Relaxed);
    }

    /// The counts as they are now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { counts: self.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect() }
    }
}

/// The counts of a histogram at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    counts: Vec<u64>,
}

impl Snapshot {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The duration that this share of all, from 0 to 1, kept below. Zero when there were none.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut passed = 0;
        for (index, count) in self.counts.iter().enumerate() {
            passed += count;
            if passed >= wanted {
                return upper_bound(index);
            }
        }
        Duration::ZERO
    }

    /// For each doubling that occurred, and those between: up to how long, and how many.
    pub fn doublings(&self) -> Vec<(Duration, u64)> {
        let sums: Vec<u64> = self.counts.chunks(4).map(|quarter| quarter.iter().sum()).collect();
        let Some(first) = sums.iter().position(|count| *count > 0) else { return Vec::new() };
        let last = sums.iter().rposition(|count| *count > 0).unwrap_or(first);
        (first..=last).map(|index| (upper_bound(4 * index + 3), sums[index])).collect()
    }
}

fn bucket(duration: Duration) -> usize {
    let micros = (duration.as_nanos() as f64 / 1_000.0).max(1.0);
    ((micros.log2() * 4.0) as usize).min(BUCKETS - 1)
}

fn upper_bound(bucket: usize) -> Duration {
    Duration::from_secs_f64(((bucket + 1) as f64 / 4.0).exp2() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near() {
        let histogram = Histogram::default();
        for micros in 1..=10_000 {
            histogram.record(Duration::from_micros(micros));
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.count(), 10_000);
        for (share, exact) in [(0.5, 5_000.0), (0.99, 9_900.0)] {
            let found = snapshot.quantile(share).as_secs_f64() * 1e6;
            assert!((exact..exact * 1.2).contains(&found), "{share}: {found} instead of {exact}");
        }
    }

    #[test]
    fn extremes_are_counted_too() {
        let histogram = Histogram::default();
        histogram.record(Duration::ZERO);
        histogram.record(Duration::from_secs(86_400));
        assert_eq!(histogram.snapshot().count(), 2);
        assert_eq!(histogram.snapshot().doublings().iter().map(|(_, count)| count).sum::<u64>(), 2);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Histogram::default().snapshot().quantile(0.5), Duration::ZERO);
        assert!(Histogram::default().snapshot().doublings().is_empty());
    }
}
