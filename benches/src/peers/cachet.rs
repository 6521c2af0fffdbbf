//! cachet over its own memory tier, with its quick clock switched on and everything optional switched off.

use std::sync::Arc;

use cachet::{Cache, CacheEntry};
use tick::Clock;

use super::{Peer, SharingPeer};
use crate::executor::runtime;
use crate::time::TIMEOUT;
use crate::values::Sample;

/// `Cachet<T>` hands out copies, `Cachet<Arc<T>>` shares.
#[derive(Debug)]
pub(crate) struct Cachet<V>(Cache<String, V>);

impl<V: Clone + Send + Sync + 'static> Cachet<V> {
    pub(crate) fn of(entries: usize, single_flight: bool) -> Self {
        let _inside = runtime().enter();
        let clock = Clock::new_tokio().with_fast_instant(true);
        let builder = Cache::builder(clock).memory_with(|memory| memory.max_capacity(entries as u64));
        Self(if single_flight { builder.stampede_protection().build() } else { builder.build() })
    }

    async fn insert(&self, key: &str, value: V) {
        let inserted = self.0.insert(key.to_owned(), CacheEntry::expires_after(value, TIMEOUT)).await;
        inserted.expect("a memory tier has no reason to fail");
    }

    async fn lookup(&self, key: &str) -> Option<V> {
        self.0.get(key).await.expect("a memory tier has no reason to fail").map(CacheEntry::into_value)
    }

    pub(crate) fn cache(&self) -> &Cache<String, V> {
        &self.0
    }
}

impl<T: Sample> Peer<T> for Cachet<T> {
    fn with_capacity(entries: usize) -> Self {
        Self::of(entries, false)
    }

    async fn set(&self, key: &str, value: &T) {
        self.insert(key, value.clone()).await;
    }

    async fn get(&self, key: &str) -> Option<T> {
        self.lookup(key).await
    }
}

impl<T: Sample> Peer<T> for Cachet<Arc<T>> {
    fn with_capacity(entries: usize) -> Self {
        Self::of(entries, false)
    }

    async fn set(&self, key: &str, value: &T) {
        self.insert(key, Arc::new(value.clone())).await;
    }

    async fn get(&self, key: &str) -> Option<T> {
        self.lookup(key).await.map(|value| T::clone(&value))
    }
}

impl<T: Sample> SharingPeer<T> for Cachet<Arc<T>> {
    type Shared = Arc<T>;

    async fn get_shared(&self, key: &str) -> Option<Arc<T>> {
        self.lookup(key).await
    }
}
