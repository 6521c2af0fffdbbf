//! foyer's memory cache. It has no expiry, so that it gets the same deadline wrapper as the raw engine. Its verbs are
//! synchronous; its own way of sharing is a handle that pins the entry.

use std::ops::Deref;

use foyer_memory::{Cache, CacheBuilder, CacheEntry};

use super::{Peer, SharingPeer};
use crate::time::{TIMEOUT, coarse_now};
use crate::values::Sample;

/// A value and its deadline.
#[derive(Debug)]
pub(crate) struct Dated<T> {
    value: T,
    deadline: u64,
}

/// foyer with deadlines.
pub(crate) struct Foyer<T: Send + Sync + 'static>(Cache<String, Dated<T>>);

/// An entry that stays while it is held.
pub(crate) struct Pinned<T: Send + Sync + 'static>(CacheEntry<String, Dated<T>>);

impl<T: Send + Sync + 'static> Deref for Pinned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value().value
    }
}

impl<T: Sample> Foyer<T> {
    fn pinned(&self, key: &str) -> Option<Pinned<T>> {
        let entry = self.0.get(key)?;
        (coarse_now() < entry.value().deadline).then_some(Pinned(entry))
    }

    /// The shared value, computed when it is missing.
    pub(crate) async fn get_or_fetch<F: Future<Output = T> + Send + 'static>(
        &self,
        key: &str,
        load: impl FnOnce() -> F,
    ) -> Pinned<T> {
        let dated = || {
            let load = load();
            async move {
                let value = load.await;
                Ok::<_, std::convert::Infallible>(Dated { value, deadline: deadline() })
            }
        };
        Pinned(self.0.get_or_fetch(key, dated).await.expect("the loader does not fail"))
    }
}

fn deadline() -> u64 {
    coarse_now() + TIMEOUT.as_nanos() as u64
}

impl<T: Sample> Peer<T> for Foyer<T> {
    fn with_capacity(entries: usize) -> Self {
        Self(CacheBuilder::new(entries).build())
    }

    async fn set(&self, key: &str, value: &T) {
        self.0.insert(key.to_owned(), Dated { value: value.clone(), deadline: deadline() });
    }

    async fn get(&self, key: &str) -> Option<T> {
        self.pinned(key).map(|pinned| T::clone(&pinned))
    }
}

impl<T: Sample> SharingPeer<T> for Foyer<T> {
    type Shared = Pinned<T>;

    async fn get_shared(&self, key: &str) -> Option<Pinned<T>> {
        self.pinned(key)
    }
}
