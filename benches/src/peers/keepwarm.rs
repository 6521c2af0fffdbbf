//! Keepwarm through its public verbs: awaited, and driven by `.wait()`.

use std::sync::Arc;

use keepwarm::{Cache, MemoryOptions};

use super::{Peer, SharingPeer};
use crate::time::TIMEOUT;
use crate::values::Sample;

/// Keepwarm, awaited.
#[derive(Debug, Clone)]
pub(crate) struct Keepwarm(pub(crate) Cache);

/// Keepwarm, driven by `.wait()`. The async verbs of the trait are ready at once, so that the loop around them is the
/// same as everybody's.
#[derive(Debug, Clone)]
pub(crate) struct KeepwarmBlocking(pub(crate) Cache);

/// Why a verb is unwrapped.
pub(crate) const NEVER_FAILS: &str = "a memory store has no reason to fail";

/// A memory cache of this many entries.
pub(crate) fn cache_of(entries: usize) -> Cache {
    let memory = MemoryOptions::new().max_entries(entries as u64);
    Cache::builder().memory(memory).timeout(TIMEOUT).build().expect("the settings are good")
}

impl<T: Sample> Peer<T> for Keepwarm {
    fn with_capacity(entries: usize) -> Self {
        Self(cache_of(entries))
    }

    async fn set(&self, key: &str, value: &T) {
        assert!(self.0.set(key, value).await.expect(NEVER_FAILS).is_stored());
    }

    #[inline]
    async fn get(&self, key: &str) -> Option<T> {
        self.0.get::<T>(key).await.expect(NEVER_FAILS)
    }
}

impl<T: Sample> SharingPeer<T> for Keepwarm {
    type Shared = Arc<T>;

    #[inline]
    async fn get_shared(&self, key: &str) -> Option<Arc<T>> {
        self.0.get_arc::<T>(key).await.expect(NEVER_FAILS)
    }
}

impl<T: Sample> Peer<T> for KeepwarmBlocking {
    fn with_capacity(entries: usize) -> Self {
        Self(cache_of(entries))
    }

    async fn set(&self, key: &str, value: &T) {
        assert!(self.0.set(key, value).wait().expect(NEVER_FAILS).is_stored());
    }

    #[inline]
    async fn get(&self, key: &str) -> Option<T> {
        self.0.get::<T>(key).wait().expect(NEVER_FAILS)
    }
}

impl<T: Sample> SharingPeer<T> for KeepwarmBlocking {
    type Shared = Arc<T>;

    #[inline]
    async fn get_shared(&self, key: &str) -> Option<Arc<T>> {
        self.0.get_arc::<T>(key).wait().expect(NEVER_FAILS)
    }
}
