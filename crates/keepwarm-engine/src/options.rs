//! What a store is asked to be, and what that comes to in files and bytes.

use std::path::PathBuf;
use std::time::Duration;

use crate::spot::{LARGEST_RING, UNIT};

/// A page of memory, and the least that is allocated.
pub(crate) const PAGE: usize = 4096;
/// A bucket of an index: a line of the processor's cache.
pub(crate) const BUCKET: usize = 64;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory.
    pub directory: PathBuf,
    /// At most so many bytes on the disk, bookkeeping included.
    pub max_bytes: u64,
    /// At most so many entries, where it is bounded by them.
    pub max_entries: Option<u64>,
    /// How long a lock is waited for.
    pub patience: Duration,
    /// Whether a clean close waits for the disk. Without it an end of the machine ends the content.
    pub durable: bool,
    /// How often the directory is looked at: somebody may have removed it.
    pub look: Duration,
    /// Which run of the kernel this is, instead of what it says: for tests of what comes after a power loss.
    #[doc(hidden)]
    pub boot: Option<[u64; 2]>,
}

impl Options {
    /// One GiB, five seconds of patience.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            max_bytes: 1 << 30,
            max_entries: None,
            patience: Duration::from_secs(5),
            durable: true,
            look: Duration::from_secs(1),
            boot: None,
        }
    }

    /// The largest value that such a store takes.
    pub fn largest_value(&self) -> u64 {
        Layout::of(self.max_bytes, self.max_entries).side_bytes
    }
}

/// The least a store is made of; a smaller bound is taken for this.
const LEAST_BYTES: u64 = 1 << 20;
/// One shard for so many bytes, up to [`MOST_SHARDS`].
const BYTES_A_SHARD: u64 = 32 << 20;
/// One shard for so many entries at the least: with fewer, chance fills some shards long before others.
const ENTRIES_A_SHARD: u64 = 512;
const MOST_SHARDS: u64 = 16;

/// The sizes of a store's files. All follow from the bounds, so that every process computes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) shards: usize,
    /// The bytes that a shard's small log may grow to.
    pub(crate) small: usize,
    /// The bytes that its main log may grow to.
    pub(crate) main: usize,
    /// The buckets that its index may grow to, a power of two.
    pub(crate) buckets: usize,
    /// The entries that it may hold.
    pub(crate) entries: u64,
    /// The buckets of markers, a power of two.
    pub(crate) markers: usize,
    /// The bytes that files of large values may take together.
    pub(crate) side_bytes: u64,
}

/// Where what lies in a shard's file.
pub(crate) const LEASES_AT: usize = PAGE;
/// So many sets of leases, each of [`crate::leases::WAYS`].
pub(crate) const LEASE_SETS: usize = 64;
const LEASES: usize = LEASE_SETS * crate::leases::WAYS * BUCKET;
pub(crate) const INDEX_AT: usize = LEASES_AT + LEASES;

impl Layout {
    pub(crate) fn of(max_bytes: u64, max_entries: Option<u64>) -> Self {
        let bytes = max_bytes.max(LEAST_BYTES);
        let by_bytes = (bytes / BYTES_A_SHARD).clamp(1, MOST_SHARDS);
        let by_entries = max_entries.map_or(MOST_SHARDS, |entries| (entries / ENTRIES_A_SHARD).clamp(1, MOST_SHARDS));
        let shards = 1_u64 << by_bytes.min(by_entries).ilog2();
        // Three quarters for the logs, an eighth each for indexes and large values.
        let log = usize::try_from(bytes / shards / 4 * 3).unwrap_or(usize::MAX).min(LARGEST_RING);
        let small = (log / 10).next_multiple_of(PAGE);
        let buckets = usize::try_from(bytes / shards / 8).unwrap_or(usize::MAX) / BUCKET;
        let buckets = 1 << buckets.clamp(PAGE / BUCKET, 1 << 26).ilog2();
        let markers = usize::try_from(bytes / 64).unwrap_or(usize::MAX).clamp(PAGE, 64 << 20) / BUCKET;
        Self {
            shards: shards as usize,
            small,
            main: (log - small) / PAGE * PAGE,
            buckets,
            entries: max_entries.map_or(u64::MAX, |entries| entries.max(1) / shards),
            markers: 1 << markers.ilog2(),
            side_bytes: bytes / 8,
        }
    }

    pub(crate) fn small_at(&self) -> usize {
        INDEX_AT + self.buckets * BUCKET
    }

    pub(crate) fn main_at(&self) -> usize {
        self.small_at() + self.small
    }

    /// The length of a shard's file.
    pub(crate) fn shard_length(&self) -> usize {
        self.main_at() + self.main
    }

    /// The longest record of a log; a longer value goes to a file of its own.
    pub(crate) fn longest_record(&self) -> u64 {
        ((self.small + self.main) / 8 / UNIT) as u64
    }

    /// The numbers by which two layouts are told apart.
    pub(crate) fn words(&self) -> [u64; 7] {
        [
            self.shards as u64,
            self.small as u64,
            self.main as u64,
            self.buckets as u64,
            self.entries,
            self.markers as u64,
            self.side_bytes,
        ]
    }

    /// The layout that another process chose; `None` when the numbers are no layout that this program would map.
    pub(crate) fn from_words(words: [u64; 7]) -> Option<Self> {
        let [shards, small, main, buckets, entries, markers, side_bytes] = words;
        let sizes = [shards, small, main, buckets, markers].map(|word| usize::try_from(word).unwrap_or(usize::MAX));
        let [shards, small, main, buckets, markers] = sizes;
        let ring = |bytes: usize| bytes > 0 && bytes.is_multiple_of(PAGE) && bytes <= LARGEST_RING;
        let table = |buckets: usize| buckets.is_power_of_two() && (PAGE / BUCKET..=1 << 26).contains(&buckets);
        let sound = shards.is_power_of_two() && shards <= MOST_SHARDS as usize && ring(small) && ring(main);
        (sound && table(buckets) && table(markers) && entries > 0).then_some(Self {
            shards,
            small,
            main,
            buckets,
            entries,
            markers,
            side_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_stay_within_the_bound() {
        for max_bytes in [1_u64 << 20, 3 << 20, 64 << 20, 100_000_000, 1 << 30, 10 << 30] {
            let layout = Layout::of(max_bytes, None);
            let files = (layout.shards * layout.shard_length()) as u64 + layout.side_bytes;
            assert!(
                files <= max_bytes + max_bytes / 16 + (layout.shards as u64 + 1) * (1 << 17),
                "{max_bytes}: {files}"
            );
            assert_eq!(Layout::from_words(layout.words()), Some(layout));
        }
    }

    #[test]
    fn a_store_of_few_entries_has_one_shard() {
        assert_eq!(Layout::of(1 << 30, Some(24)).shards, 1);
        assert_eq!(Layout::of(1 << 30, Some(24)).entries, 24);
        assert_eq!(Layout::of(1 << 30, Some(1_000_000)).shards, 16);
        assert_eq!(Layout::of(1 << 30, None).shards, 16);
    }
}
