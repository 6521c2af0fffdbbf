//! Memory under a model checker, for the models of the engine's protocols.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use loom::sync::atomic::{AtomicU64, fence};

use crate::words::Words;

/// What a model is run without, to see that it notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    /// Every fence of this kind.
    Fence(Ordering),
}

/// Only the words that a model uses.
pub(crate) struct Modelled {
    words: BTreeMap<usize, AtomicU64>,
    without: Without,
}

impl Modelled {
    pub(crate) fn new(words: impl IntoIterator<Item = (usize, u64)>, without: Without) -> Self {
        Self { words: words.into_iter().map(|(at, value)| (at, AtomicU64::new(value))).collect(), without }
    }
}

impl Words for Modelled {
    fn load(&self, at: usize, order: Ordering) -> u64 {
        self.words[&at].load(order)
    }

    fn store(&self, at: usize, value: u64, order: Ordering) {
        self.words[&at].store(value, order);
    }

    fn exchange(&self, at: usize, current: u64, new: u64) -> bool {
        self.words[&at].compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn fence(&self, order: Ordering) {
        if self.without != Without::Fence(order) {
            fence(order);
        }
    }
}
