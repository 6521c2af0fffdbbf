//! Verbs on the whole alias: `clear`, `clear_store`, tags, statistics, `close`.

use super::Cache;
use super::call::awaitable;
use crate::backend::Size;
use crate::entry::Marker;
use crate::error::Result;
use crate::stats::Stats;

impl Cache {
    /// Removes every entry of this alias' key prefix, all versions, and nobody else's; O(1). Values that are being
    /// computed will not be kept. On a namespace it is [`Namespace::invalidate`](super::Namespace::invalidate).
    ///
    /// Django's `clear` flushes the whole store; that is [`clear_store`](Self::clear_store) here.
    ///
    /// # Errors
    /// When the store fails.
    pub fn clear(&self) -> Clear<'_> {
        Clear { cache: self, whole_store: false }
    }

    /// Removes everything from the store, other aliases' and other programs' entries too.
    ///
    /// # Errors
    /// When the store fails.
    pub fn clear_store(&self) -> Clear<'_> {
        Clear { cache: self, whole_store: true }
    }

    /// Makes every entry with this tag a miss, whatever its version; O(1). Values that are being computed under the tag
    /// will not be served later.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("product:1", "shoe").tags(["products", "category:3"]).wait()?;
    /// cache.invalidate_tag("category:3").wait()?;
    /// assert_eq!(cache.get::<String>("product:1").wait()?, None);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails.
    pub fn invalidate_tag(&self, tag: &str) -> InvalidateTags<'_> {
        self.invalidate_tags([tag])
    }

    /// The same for several tags in one round trip.
    ///
    /// # Errors
    /// When the store fails.
    pub fn invalidate_tags<I>(&self, tags: I) -> InvalidateTags<'_>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let markers = tags.into_iter().map(|tag| self.tag(tag.as_ref())).collect();
        InvalidateTags { cache: self, markers }
    }

    /// What this alias has done, what its store holds, and how the layers around it are. On a namespace: what was done
    /// through it. A store that is down leaves out what it holds.
    ///
    /// # Errors
    /// When the store answers with an error.
    pub fn stats(&self) -> ReadStats<'_> {
        ReadStats { cache: self }
    }

    /// Sets this alias' counters to zero. The store's own (evictions, expirations) go on.
    pub fn reset_stats(&self) {
        match self.view() {
            None => self.state().counters.reset(),
            Some(view) => view.counters.reset(),
        }
    }

    /// Gives back connections and files. May be repeated, and the cache works again afterwards.
    ///
    /// # Errors
    /// When the store fails to close.
    pub fn close(&self) -> Close<'_> {
        Close { cache: self }
    }
}

/// See [`Cache::clear`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Clear<'a> {
    cache: &'a Cache,
    whole_store: bool,
}

impl Clear<'_> {
    async fn run(self) -> Result<()> {
        let state = self.cache.state();
        let (cleared, verb) = match (self.whole_store, self.cache.view()) {
            (true, _) => (state.backend.clear_store().await, "clear_store"),
            (false, Some(view)) => (state.backend.renew(&view.markers[view.markers.len() - 1..]).await, "clear"),
            (false, None) => (state.backend.clear(state.keys.scope()).await, "clear"),
        };
        cleared.map_err(|error| self.cache.failed(error, verb, None))
    }
}

/// See [`Cache::invalidate_tags`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct InvalidateTags<'a> {
    cache: &'a Cache,
    markers: Vec<Marker>,
}

impl InvalidateTags<'_> {
    async fn run(self) -> Result<()> {
        let renewed = self.cache.state().backend.renew(&self.markers).await;
        renewed.map_err(|error| self.cache.failed(error, "invalidate_tags", None))
    }
}

/// See [`Cache::stats`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct ReadStats<'a> {
    cache: &'a Cache,
}

impl ReadStats<'_> {
    async fn run(self) -> Result<Stats> {
        let state = self.cache.state();
        let size = match state.backend.size().await.map_err(|error| self.cache.failed(error, "stats", None)) {
            // A store that is down is when statistics are looked at.
            Err(error) if error.is_transient() => Size::default(),
            size => size?,
        };
        let (name, counters) = match self.cache.view() {
            None => (state.name.clone(), &state.counters),
            Some(view) => (format!("{}/{}", state.name, view.name), &view.counters),
        };
        Ok(Stats::of(name, state.backend.kind(), counters, state.backend.housekeeping(), size))
    }
}

/// See [`Cache::close`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Close<'a> {
    cache: &'a Cache,
}

impl Close<'_> {
    async fn run(self) -> Result<()> {
        self.cache.state().backend.close().await.map_err(|error| self.cache.failed(error, "close", None))
    }
}

awaitable! {
    impl['a] Clear<'a> => Result<()>;
    impl['a] InvalidateTags<'a> => Result<()>;
    impl['a] ReadStats<'a> => Result<Stats>;
    impl['a] Close<'a> => Result<()>;
}
