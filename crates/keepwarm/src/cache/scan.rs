//! Finding keys by pattern: `keys`, `iter_keys`, `delete_pattern`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Cache;
use super::call::awaitable;
use super::options::version_option;
use crate::blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Pattern, Version};
use crate::stats::Event;

impl Cache {
    /// The caller's names of all live keys that match, of this prefix and version, in no order. See [`Pattern`].
    ///
    /// Looks at every entry, in batches; [`iter_keys`](Self::iter_keys) does not hold them all at once.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when the backend cannot scan or a key function hides the names; and when the store
    /// fails.
    pub fn keys<'a>(&'a self, pattern: &'a str) -> Keys<'a> {
        Keys { cache: self, pattern, version: None }
    }

    /// The same, one after the other and lazily. Keys that come and go while it runs may or may not be among them.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set_many([("search:shoes", &1), ("search:hats", &2), ("other", &3)]).wait()?;
    /// let mut keys = cache.iter_keys("search:*");
    /// let mut found = Vec::new();
    /// while let Some(key) = keys.next_wait() {
    ///     found.push(key?);
    /// }
    /// found.sort();
    /// assert_eq!(found, ["search:hats", "search:shoes"]);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    pub fn iter_keys<'a>(&'a self, pattern: &str) -> KeyIter<'a> {
        KeyIter::new(self, pattern, None)
    }

    /// Removes every key that matches, of this prefix and version; how many. For group invalidation prefer tags and
    /// namespaces: they are O(1).
    ///
    /// # Errors
    /// As [`keys`](Self::keys); also on an alias that degrades, because what a pattern covers cannot be kept for later.
    pub fn delete_pattern<'a>(&'a self, pattern: &'a str) -> DeletePattern<'a> {
        DeletePattern { cache: self, pattern, version: None }
    }
}

/// See [`Cache::iter_keys`].
#[must_use = "an iterator does nothing unless it is asked"]
pub struct KeyIter<'a> {
    cache: &'a Cache,
    /// What stored keys begin with, or why they cannot be told apart.
    lead: Option<Arc<str>>,
    inner_lead: &'a str,
    pattern: String,
    page: VecDeque<String>,
    from: Option<u64>,
}

impl<'a> KeyIter<'a> {
    fn new(cache: &'a Cache, pattern: &str, version: Option<&Version>) -> Self {
        let inner_lead = cache.view().map_or("", |view| &view.lead);
        let lead = cache.state().keys.lead(version);
        Self { cache, lead, inner_lead, pattern: pattern.to_owned(), page: VecDeque::new(), from: Some(0) }
    }

    /// Looks at this version's keys instead of the alias' own; before the first key is asked for.
    pub fn version(self, version: impl Into<Version>) -> Self {
        Self { lead: self.cache.state().keys.lead(Some(&version.into())), ..self }
    }

    /// The next key; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<String>> {
        loop {
            if let Some(key) = self.page.pop_front() {
                return Some(Ok(key));
            }
            let from = self.from.take()?;
            match self.fetch(from).await {
                Ok(next) => self.from = next,
                Err(error) => return Some(Err(self.cache.failed(error, "keys", None))),
            }
        }
    }

    /// [`next`](Self::next) on this thread.
    pub fn next_wait(&mut self) -> Option<Result<String>> {
        blocking::drive(self.next())
    }

    async fn fetch(&mut self, from: u64) -> Result<Option<u64>> {
        let state = self.cache.state();
        if !state.abilities.scans {
            return Err(Error::new(ErrorKind::Unsupported, "this backend cannot list its keys"));
        }
        let Some(lead) = &self.lead else {
            let reason = "the alias' key function hides the names of its keys";
            return Err(Error::new(ErrorKind::Unsupported, reason));
        };
        let lead = [lead, self.inner_lead].concat();
        let literal = Pattern::literal(&lead);
        let pattern = Pattern::new([literal.as_str(), &self.pattern].concat());
        let page = state.backend.scan(state.keys.scope(), &pattern, from).await?;
        let name = |key: String| key.strip_prefix(&*lead).map(str::to_owned);
        self.page.extend(page.keys.into_iter().filter_map(name));
        Ok(page.next)
    }
}

/// See [`Cache::keys`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Keys<'a> {
    cache: &'a Cache,
    pattern: &'a str,
    version: Option<Version>,
}

impl Keys<'_> {
    async fn run(self) -> Result<Vec<String>> {
        let mut keys = KeyIter::new(self.cache, self.pattern, self.version.as_ref());
        let mut found = Vec::new();
        while let Some(key) = keys.next().await {
            found.push(key?);
        }
        Ok(found)
    }
}

/// See [`Cache::delete_pattern`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct DeletePattern<'a> {
    cache: &'a Cache,
    pattern: &'a str,
    version: Option<Version>,
}

impl DeletePattern<'_> {
    async fn run(self) -> Result<usize> {
        let cache = self.cache;
        let swallowed = || cache.state().backend.housekeeping().health.swallowed;
        let before = swallowed();
        let mut keys = KeyIter::new(cache, self.pattern, self.version.as_ref());
        let mut removed = 0;
        while let Some(first) = keys.next().await {
            // A page at a time: one round trip removes what one round trip found.
            let mut names = vec![first?];
            names.extend(keys.page.drain(..));
            let stored = cache.stored_keys(names.iter().map(String::as_str), self.version.as_ref())?;
            let keys: Vec<Key<'_>> = stored.keys(cache);
            let gone = cache.state().backend.remove_many(&keys).await;
            removed += gone.map_err(|error| cache.failed(error, "delete_pattern", None))?;
        }
        cache.count_many(Event::Delete, removed as u64);
        if swallowed() != before {
            // An alias that degrades lists no keys when the store fails; that all that match are gone would be untrue.
            let reason = "the store failed meanwhile: not every key that matches may have been found";
            return Err(cache.failed(Error::new(ErrorKind::Connection, reason), "delete_pattern", None));
        }
        Ok(removed)
    }
}

awaitable! {
    impl['a] Keys<'a> => Result<Vec<String>>;
    impl['a] DeletePattern<'a> => Result<usize>;
}

version_option! {
    impl['a] Keys<'a>;
    impl['a] DeletePattern<'a>;
}
