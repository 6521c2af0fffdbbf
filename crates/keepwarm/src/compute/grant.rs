//! A granted lease: it is used up by storing, or given back.

use crate::backend::{DynBackend, Fence, Put, Refusal, When};
use crate::blocking::poll_once;
use crate::cache::Cache;
use crate::entry::{Entry, Mark, Marker, Stamp};
use crate::error::Result;
use crate::expiry::{Deadline, Timeout};
use crate::key::{Key, KeyBuffer};
use crate::payload::Payload;

/// The right, given by the store, to fill a key. Dropped, for whatever reason, it is given back as far as that can be done
/// without waiting or on tokio; otherwise it runs out.
pub(crate) struct Grant {
    cache: Cache,
    key: KeyBuffer,
    fence: Fence,
    over: bool,
}

impl Grant {
    pub(crate) fn new(cache: &Cache, key: &KeyBuffer, fence: Fence) -> Self {
        Self { cache: cache.clone(), key: key.clone(), fence, over: false }
    }

    fn backend(&self) -> &dyn DynBackend {
        &*self.cache.state().backend
    }

    fn key(&self) -> Key<'_> {
        Key::new(self.key.as_str(), self.cache.state().keys.scope())
    }

    /// Stores what was computed, unless something overtook it. `markers` are those that the lease was asked for with.
    pub(crate) async fn store(self, payload: Payload, timeout: Timeout, markers: &[Marker]) -> Result<Put> {
        let state = self.cache.state();
        let now = state.clock.now();
        // Not to be kept is a deadline that has passed: the store then still looks at the fence.
        let deadline = timeout.or(state.timeout).deadline(now).unwrap_or(Deadline::at(now));
        let marks = markers.iter().zip(&self.fence.generations);
        let marks = marks.map(|(marker, &generation)| Mark { marker: marker.clone(), generation });
        let marks = (!markers.is_empty()).then(|| marks.collect());
        let entry = Entry { payload, deadline, stamp: Stamp(0), written: now, marks };
        self.put(entry).await
    }

    /// Stores an entry, unless something overtook it.
    pub(crate) async fn put(mut self, entry: Entry) -> Result<Put> {
        let put = self.backend().put(&self.key(), entry, When::Unchanged(self.fence.stamp)).await?;
        // What an invalidation overtook has not used the lease up: it is given back, for the next who asks.
        self.over = !matches!(put, Put::Refused(Refusal::Overtaken));
        Ok(put)
    }

    /// Gives the lease back; an entry that was to be refreshed stays.
    pub(crate) async fn give_back(mut self) {
        self.over = true;
        self.end().await;
    }

    async fn end(&self) {
        // A lease that cannot be given back runs out.
        let _ = self.backend().release(&self.key(), self.fence.stamp).await;
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if self.cache.never_waits() {
            poll_once(self.end());
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let mut grant = Self::new(&self.cache, &self.key, self.fence.clone());
            // A runtime that shuts down drops the task at once: it must not try again.
            grant.over = true;
            runtime.spawn(async move { grant.end().await });
        }
    }
}
