//! How large a memory store may grow, and how it chooses what goes.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// The share of a shard that its eviction policy fills with frequently used entries; a value must fit into it.
const HOT_SHARE: f64 = 0.97;

/// So many entries at the most lie behind one lock of a store bounded by entries: a sweep of one shard stays short.
const ENTRIES_PER_SHARD: u64 = 4096;

/// So few entries at the least: below, chance spreads keys too unevenly.
const FEWEST_PER_SHARD: u64 = 64;

/// The bounds of a memory store.
///
/// Without any, a store keeps at most 100,000 entries.
///
/// ```
/// use keepwarm::{Cache, MemoryOptions};
///
/// let cache = Cache::builder().memory(MemoryOptions::new().max_bytes(64 << 20).max_value_bytes(8 << 20)).build()?;
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryOptions {
    pub(super) max_entries: Option<u64>,
    pub(super) max_bytes: Option<u64>,
    pub(super) max_value_bytes: Option<u64>,
    pub(super) lru: Option<Lru>,
    pub(super) location: Option<String>,
}

/// Exact least-recently-used eviction as Django's locmem counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lru {
    pub(super) max_entries: NonZeroUsize,
    /// A full store drops one in so many entries before it takes another; 0 drops all.
    pub(super) cull_frequency: u32,
}

impl MemoryOptions {
    /// How many entries a store keeps that was given no bound.
    pub const DEFAULT_MAX_ENTRIES: u64 = 100_000;

    /// No bounds given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most this many entries, expired ones that are not swept yet included.
    #[must_use]
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = Some(entries);
        self
    }

    /// At most about this many bytes: keys, values with their heap, and the store's own bookkeeping.
    ///
    /// Values are measured on `set` by walking them as serde would, which costs about as much as encoding them without
    /// writing the bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// The largest value that is to fit, in bytes; only together with [`max_bytes`](Self::max_bytes). The store then has
    /// few enough shards. Without it, an eighth of `max_bytes` fits, and nearly all of it below 4 MiB.
    #[must_use]
    pub fn max_value_bytes(mut self, bytes: u64) -> Self {
        self.max_value_bytes = Some(bytes);
        self
    }

    /// Evicts exactly as Django's locmem counts: the least recently used go; a store of `max_entries` first drops one in
    /// `cull_frequency` of them (all of them for 0), then takes the new one. Slower than the default, behind one lock,
    /// and with a lower hit ratio on real traces; for programs and tests that rely on the counts.
    #[must_use]
    pub fn lru(mut self, max_entries: u64, cull_frequency: u32) -> Self {
        let max_entries = usize::try_from(max_entries).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        self.lru = Some(Lru { max_entries, cull_frequency });
        self
    }

    /// The name of a store that everybody in this process who names it shares (Django's `LOCATION`). The first one to name it
    /// decides how it evicts, and, unless that is [as Django counts](Self::lru), its bounds. Without it the store is the
    /// cache's own.
    #[must_use]
    pub fn location(mut self, name: impl Into<String>) -> Self {
        self.location = Some(name.into());
        self
    }

    /// Whether these are the bounds of a store that counts as Django's does.
    pub(crate) fn counts_as_django(&self) -> bool {
        self.lru.is_some()
    }

    /// The same bounds for a store of its own.
    pub(crate) fn unnamed(mut self) -> Self {
        self.location = None;
        self
    }

    /// What these bounds come to.
    pub(super) fn plan(&self) -> Plan {
        if self.lru.is_some() {
            return Plan { shards: 1, shard_capacity: 0, largest: None, entry_floor: 0, by_bytes: false, items: 0 };
        }
        let widest = available_parallelism().map_or(1, NonZeroUsize::get) as u64 * 4;
        match self.max_bytes {
            None => {
                let entries = self.max_entries.unwrap_or(Self::DEFAULT_MAX_ENTRIES).max(1);
                let wanted = (entries / ENTRIES_PER_SHARD).clamp(widest, 1024.max(widest));
                let shards = power_of_two_up_to(wanted.min(entries / FEWEST_PER_SHARD));
                let shard_capacity = (entries / shards).max(1);
                Plan { shards, shard_capacity, largest: None, entry_floor: 0, by_bytes: false, items: shard_capacity }
            }
            Some(bytes) => {
                let by_size = match self.max_value_bytes {
                    // A value must fit into the hot share of one shard.
                    Some(largest) => (bytes as f64 * HOT_SHARE / largest.max(1) as f64) as u64,
                    None if bytes < 4 << 20 => 1,
                    None => (bytes / (64 << 20)).max(8),
                };
                let shards = power_of_two_up_to(by_size.min(widest.max(8)));
                let shard_capacity = (bytes / shards).max(1);
                let hot = ((shard_capacity as f64 * HOT_SHARE) as u64).max(1);
                Plan {
                    shards,
                    shard_capacity,
                    largest: Some(self.max_value_bytes.map_or(hot, |largest| largest.min(hot))),
                    // With both bounds an entry weighs at least its share, so that neither is passed.
                    entry_floor: self.max_entries.map_or(0, |entries| bytes.div_ceil(entries.max(1))),
                    by_bytes: true,
                    items: (shard_capacity / 512).max(1),
                }
            }
        }
    }
}

/// Bounds, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) shards: u64,
    /// Entries or bytes of each shard, rounded down so that all together never pass the bound.
    pub(super) shard_capacity: u64,
    /// The heaviest entry that a shard takes.
    pub(super) largest: Option<u64>,
    pub(super) entry_floor: u64,
    pub(super) by_bytes: bool,
    /// About how many entries a shard holds, for the policy's memory of recently evicted ones.
    pub(super) items: u64,
}

fn power_of_two_up_to(wanted: u64) -> u64 {
    1 << wanted.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_never_add_up_to_more_than_the_bound() {
        for entries in [1, 2, 63, 64, 1000, 4096, 100_000, 1_000_001] {
            let plan = MemoryOptions::new().max_entries(entries).plan();
            assert!(plan.shards * plan.shard_capacity <= entries.max(plan.shards), "{entries}: {plan:?}");
            assert!(plan.shards == 1 || plan.shard_capacity >= FEWEST_PER_SHARD, "{entries}: {plan:?}");
        }
    }

    #[test]
    fn the_largest_value_that_was_asked_for_fits_a_shard() {
        let plan = MemoryOptions::new().max_bytes(256 << 20).max_value_bytes(64 << 20).plan();
        assert_eq!(plan.largest, Some(64 << 20));
        assert!((plan.shard_capacity as f64 * HOT_SHARE) as u64 >= 64 << 20, "{plan:?}");
        let small = MemoryOptions::new().max_bytes(1 << 20).plan();
        assert_eq!(small.shards, 1);
    }
}
