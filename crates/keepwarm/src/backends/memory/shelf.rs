//! Where the slots of one shard lie, and which of them goes when it is full.

use lru::LruCache;
use quick_cache::unsync::Cache as ClockCache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::options::{Lru, Plan};
use super::slot::{Passing, Probe, Slot, StoredKey, WEIGHT_UNIT};

/// The slots of a shard under one of two policies.
pub(super) enum Shelf {
    /// quick_cache's policy, a scan-resistant relative of CLOCK-Pro and S3-FIFO: reads need no exclusive access.
    Clock(Box<ClockCache<StoredKey, Slot, Weigh, Passing, Evict>>),
    /// Least recently used, counted exactly as Django's locmem counts; reads move what they read.
    Lru(LruCache<Box<str>, Slot, foldhash::fast::RandomState>, Lru),
}

/// What a slot weighs on a clock shelf.
#[derive(Debug, Clone)]
pub(super) struct Weigh {
    by_bytes: bool,
}

impl Weighter<StoredKey, Slot> for Weigh {
    #[inline]
    fn weight(&self, _key: &StoredKey, slot: &Slot) -> u64 {
        if self.by_bytes { u64::from(slot.weight) * WEIGHT_UNIT } else { 1 }
    }
}

/// Takes what a clock shelf throws out, so that it is dropped after the lock is released: a value's own destructor may
/// be slow, or use the cache.
#[derive(Debug, Clone, Default)]
pub(super) struct Evict;

/// What one verb made a shelf give up.
#[derive(Default)]
pub(super) struct Gone {
    first: Option<Slot>,
    more: Vec<Slot>,
    /// How many live entries had to go for lack of room; replaced values do not count.
    pub(super) evicted: u64,
}

impl Gone {
    pub(super) fn keep(&mut self, slot: Slot) {
        match self.first {
            None => self.first = Some(slot),
            Some(_) => self.more.push(slot),
        }
    }
}

impl Lifecycle<StoredKey, Slot> for Evict {
    type RequestState = Gone;

    fn on_evict(&self, gone: &mut Gone, _key: StoredKey, slot: Slot) {
        gone.evicted += 1;
        gone.keep(slot);
    }
}

impl Shelf {
    pub(super) fn new(plan: &Plan, lru: Option<Lru>) -> Self {
        if let Some(lru) = lru {
            return Self::Lru(LruCache::unbounded_with_hasher(foldhash::fast::RandomState::default()), lru);
        }
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(usize::try_from(plan.items).unwrap_or(usize::MAX))
            .weight_capacity(plan.shard_capacity)
            .build()
            .expect("every option that has no default is given");
        let weigh = Weigh { by_bytes: plan.by_bytes };
        Self::Clock(Box::new(ClockCache::with_options(options, weigh, Passing::default(), Evict)))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Clock(cache) => cache.len(),
            Self::Lru(cache, _) => cache.len(),
        }
    }

    /// The bytes of a shelf that is bounded by bytes.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Clock(cache) => cache.weight(),
            Self::Lru(..) => 0,
        }
    }

    /// The slot; on a clock shelf this counts as a use.
    pub(super) fn look(&self, probe: &Probe<'_>) -> Option<&Slot> {
        match self {
            Self::Clock(cache) => cache.get(probe),
            Self::Lru(cache, _) => cache.peek(probe.text),
        }
    }

    /// The slot of the exact LRU by the text of its key; this counts as a use. A clock shelf has none by its text alone.
    pub(super) fn use_by_text(&mut self, text: &str) -> Option<&Slot> {
        match self {
            Self::Clock(_) => None,
            Self::Lru(cache, _) => cache.get(text),
        }
    }

    /// The slot, without counting as a use.
    pub(super) fn peek(&self, probe: &Probe<'_>) -> Option<&Slot> {
        match self {
            Self::Clock(cache) => cache.peek(probe),
            Self::Lru(cache, _) => cache.peek(probe.text),
        }
    }

    /// Changes the slot in place and counts as a use. The slot's weight must stay as it is.
    pub(super) fn change<T>(&mut self, probe: &Probe<'_>, change: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        match self {
            Self::Clock(cache) => cache.get_mut(probe).map(|mut slot| change(&mut slot)),
            Self::Lru(cache, _) => cache.get_mut(probe.text).map(change),
        }
    }

    /// Lays the slot down in any case; it must not be heavier than the plan's largest. `lru`: the bounds of who writes, where the
    /// shelf counts as Django's.
    pub(super) fn insert(&mut self, probe: &Probe<'_>, slot: Slot, lru: Option<Lru>, gone: &mut Gone) {
        match self {
            Self::Clock(cache) => {
                // A replacement that weighs the same is written in place, without a new key.
                if let Some(mut old) = cache.get_mut(probe).filter(|old| old.weight == slot.weight) {
                    gone.keep(std::mem::replace(&mut old, slot));
                    return;
                }
                let replaces = u64::from(cache.contains_key(probe));
                cache.insert_with_lifecycle(StoredKey::new(probe), slot, gone);
                gone.evicted = gone.evicted.saturating_sub(replaces);
            }
            Self::Lru(cache, own) => {
                cull(cache, lru.unwrap_or(*own), gone);
                if let Some(old) = cache.put(probe.text.into(), slot) {
                    gone.keep(old);
                }
            }
        }
    }

    pub(super) fn remove(&mut self, probe: &Probe<'_>) -> Option<Slot> {
        match self {
            Self::Clock(cache) => cache.remove(probe).map(|(_, slot)| slot),
            Self::Lru(cache, _) => cache.pop(probe.text),
        }
    }

    pub(super) fn for_each(&self, mut visit: impl FnMut(&str, &Slot)) {
        match self {
            Self::Clock(cache) => cache.iter().for_each(|(key, slot)| visit(key.text(), slot)),
            Self::Lru(cache, _) => cache.iter().for_each(|(key, slot)| visit(key, slot)),
        }
    }

    /// Drops every slot that `keep` does not want; how many.
    pub(super) fn retain(&mut self, keep: impl Fn(&Slot) -> bool) -> u64 {
        let before = self.len();
        match self {
            Self::Clock(cache) => cache.retain(|_, slot| keep(slot)),
            Self::Lru(cache, _) => {
                let dead: Vec<Box<str>> =
                    cache.iter().filter(|(_, slot)| !keep(slot)).map(|(key, _)| key.clone()).collect();
                for key in dead {
                    cache.pop(&*key);
                }
            }
        }
        (before - self.len()) as u64
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Clock(cache) => cache.clear(),
            Self::Lru(cache, _) => cache.clear(),
        }
    }
}

/// Makes room as Django's locmem does: looked at before the write, also when the key is already there; one in
/// `cull_frequency` goes, the least recently used first.
fn cull(cache: &mut LruCache<Box<str>, Slot, foldhash::fast::RandomState>, lru: Lru, gone: &mut Gone) {
    if cache.len() < lru.max_entries.get() {
        return;
    }
    let count = match lru.cull_frequency {
        0 => cache.len(),
        frequency => (cache.len() / frequency as usize).max(1),
    };
    for _ in 0..count {
        if let Some((_, slot)) = cache.pop_lru() {
            gone.evicted += 1;
            gone.keep(slot);
        }
    }
}
