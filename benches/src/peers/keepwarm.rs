//! Keepwarm through its public verbs: awaited, and driven by `.wait()`.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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

/// A verb, unwrapped. Not an `async fn` around it: that is a future of its own between the loop and the verb, whose state
/// costs more than the lookup, and that the raw engine's, which is no future inside, does not have once it is compiled.
struct Answer<F>(F);

impl<T, F: Future<Output = keepwarm::Result<T>> + Unpin> Future for Answer<F> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.expect(NEVER_FAILS))
    }
}

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
    fn get<'a>(&'a self, key: &'a str) -> impl Future<Output = Option<T>> {
        Answer(self.0.get::<T>(key).into_future())
    }
}

impl<T: Sample> SharingPeer<T> for Keepwarm {
    type Shared = Arc<T>;

    #[inline]
    fn get_shared<'a>(&'a self, key: &'a str) -> impl Future<Output = Option<Arc<T>>> {
        Answer(self.0.get_arc::<T>(key).into_future())
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
