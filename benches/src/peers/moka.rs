//! moka's async cache with an expiry per entry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;

use super::{Peer, SharingPeer};
use crate::time::TIMEOUT;
use crate::values::Sample;

/// A value that brings its own timeout: moka asks the entry for it.
#[derive(Debug, Clone)]
pub(crate) struct Expiring<V> {
    pub(crate) value: V,
    pub(crate) timeout: Duration,
}

/// Asks the entry how long it lives, when it comes and when it is replaced.
#[derive(Debug)]
pub(crate) struct PerEntry;

impl<K, V> Expiry<K, Expiring<V>> for PerEntry {
    fn expire_after_create(&self, _key: &K, value: &Expiring<V>, _now: Instant) -> Option<Duration> {
        Some(value.timeout)
    }

    fn expire_after_update(
        &self,
        _key: &K,
        value: &Expiring<V>,
        _now: Instant,
        _left: Option<Duration>,
    ) -> Option<Duration> {
        Some(value.timeout)
    }
}

/// `Moka<T>` hands out copies, `Moka<Arc<T>>` shares: each is the quickest way to do its own.
#[derive(Debug)]
pub(crate) struct Moka<V: Clone + Send + Sync + 'static>(Cache<String, Expiring<V>>);

impl<V: Clone + Send + Sync + 'static> Moka<V> {
    pub(crate) fn of(entries: usize) -> Self {
        Self(Cache::builder().max_capacity(entries as u64).expire_after(PerEntry).build())
    }

    async fn insert(&self, key: &str, value: V) {
        self.0.insert(key.to_owned(), Self::entry(value)).await;
    }

    pub(crate) fn entry(value: V) -> Expiring<V> {
        Expiring { value, timeout: TIMEOUT }
    }

    pub(crate) fn cache(&self) -> &Cache<String, Expiring<V>> {
        &self.0
    }
}

impl<T: Sample> Peer<T> for Moka<T> {
    fn with_capacity(entries: usize) -> Self {
        Self::of(entries)
    }

    async fn set(&self, key: &str, value: &T) {
        self.insert(key, value.clone()).await;
    }

    async fn get(&self, key: &str) -> Option<T> {
        Some(self.0.get(key).await?.value)
    }

    async fn settle(&self) {
        self.0.run_pending_tasks().await;
    }
}

impl<T: Sample> Peer<T> for Moka<Arc<T>> {
    fn with_capacity(entries: usize) -> Self {
        Self::of(entries)
    }

    async fn set(&self, key: &str, value: &T) {
        self.insert(key, Arc::new(value.clone())).await;
    }

    async fn get(&self, key: &str) -> Option<T> {
        Some(T::clone(&self.0.get(key).await?.value))
    }

    async fn settle(&self) {
        self.0.run_pending_tasks().await;
    }
}

impl<T: Sample> SharingPeer<T> for Moka<Arc<T>> {
    type Shared = Arc<T>;

    async fn get_shared(&self, key: &str) -> Option<Arc<T>> {
        Some(self.0.get(key).await?.value)
    }
}
