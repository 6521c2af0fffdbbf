//! The raw engine: quick_cache with a deadline beside each value, checked on the way out. What every ratio is taken to.

use std::convert::Infallible;
use std::sync::Arc;

use quick_cache::sync;

use super::{Peer, SharingPeer};
use crate::time::{TIMEOUT, coarse_now};
use crate::values::Sample;

/// A shared value and its deadline.
#[derive(Debug)]
struct RawEntry<T> {
    value: Arc<T>,
    deadline: u64,
}

// Derived, it would ask for `T: Clone`.
impl<T> Clone for RawEntry<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), deadline: self.deadline }
    }
}

/// quick_cache with deadlines.
#[derive(Debug)]
pub(crate) struct Raw<T>(sync::Cache<Box<str>, RawEntry<T>>);

impl<T> Raw<T> {
    /// Room for this many entries.
    pub(crate) fn of(entries: usize) -> Self {
        Self(sync::Cache::new(entries))
    }

    #[inline]
    pub(crate) fn get_now(&self, key: &str) -> Option<Arc<T>> {
        let entry = self.0.get(key)?;
        (coarse_now() < entry.deadline).then_some(entry.value)
    }

    #[inline]
    pub(crate) fn set_now(&self, key: &str, value: T) {
        self.0.insert(key.into(), RawEntry { value: Arc::new(value), deadline: deadline() });
    }
}

/// The raw engine where it computes what is missing: its single flight wants keys that `str` can be turned into.
#[derive(Debug)]
pub(crate) struct RawComputing<T>(sync::Cache<String, RawEntry<T>>);

impl<T> RawComputing<T> {
    pub(crate) fn of(entries: usize) -> Self {
        Self(sync::Cache::new(entries))
    }

    /// The shared value, computed when it is missing.
    pub(crate) async fn get_or_compute(&self, key: &str, load: impl Future<Output = T>) -> Arc<T> {
        let dated = async { Ok::<_, Infallible>(RawEntry { value: Arc::new(load.await), deadline: deadline() }) };
        let Ok(entry) = self.0.get_or_insert_async(key, dated).await;
        assert!(coarse_now() < entry.deadline, "nothing expires while the benches run");
        entry.value
    }
}

fn deadline() -> u64 {
    coarse_now() + TIMEOUT.as_nanos() as u64
}

impl<T: Sample> Peer<T> for Raw<T> {
    fn with_capacity(entries: usize) -> Self {
        Self::of(entries)
    }

    async fn set(&self, key: &str, value: &T) {
        self.set_now(key, value.clone());
    }

    #[inline]
    async fn get(&self, key: &str) -> Option<T> {
        self.get_now(key).map(|value| T::clone(&value))
    }
}

impl<T: Sample> SharingPeer<T> for Raw<T> {
    type Shared = Arc<T>;

    #[inline]
    async fn get_shared(&self, key: &str) -> Option<Arc<T>> {
        self.get_now(key)
    }
}
