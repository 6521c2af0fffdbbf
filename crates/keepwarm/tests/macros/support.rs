//! What the tests share: a count of how often a body ran, and values to return.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// How often a body ran. Each test has its own, in a static beside its function.
#[derive(Debug, Default)]
pub(crate) struct Runs(AtomicU64);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one run; which one it is, from 1.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) run: u64,
}

/// Neither cloneable nor encodable: an error needs to be neither.
#[derive(Debug)]
pub(crate) struct Unavailable(pub(crate) u64);

/// A connection, say: nothing of a key.
pub(crate) struct Pool;
