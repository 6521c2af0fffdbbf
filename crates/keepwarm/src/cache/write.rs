//! Writing one key: `set`, `add`, `replace`, `delete`, `once`.

use std::sync::Arc;
use std::task::Poll;

use serde::Serialize;

use super::Cache;
use super::call::awaitable;
use super::options::{tags_option, timeout_option, version_option};
use crate::backend::{Put, Refusal, When};
use crate::entry::{Entry, Mark, Marker, Marks, MissReason, Stamp};
use crate::error::Result;
use crate::expiry::{Deadline, Timeout};
use crate::key::{Key, KeyBuffer, Parts, Version, is_unportable};
use crate::payload::{Payload, Value};
use crate::stats::Event;

impl Cache {
    /// Stores a value in any case.
    ///
    /// The value is borrowed: text comes back as `String`, everything else as the type it had. A store may refuse (the
    /// value is too large, the timeout zero); then an older value of the key is gone too.
    ///
    /// ```
    /// use keepwarm::{Put, Timeout, secs};
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("text", "value").wait()?;
    /// cache.set("list", &vec![1, 2, 3]).timeout(secs(60)).tags(["numbers"]).wait()?;
    /// assert!(!cache.set("text", "gone").timeout(Timeout::ZERO).wait()?.is_stored());
    /// assert_eq!(cache.get::<String>("text").wait()?, None);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the value cannot be encoded (the old one stays), or the store fails.
    pub fn set<'a, V>(&'a self, key: &'a str, value: &'a V) -> Set<'a, V>
    where
        V: ?Sized + Serialize + ToOwned + Sync,
        V::Owned: Value,
    {
        Set { cache: self, key, value, version: None, timeout: Timeout::Default, tags: Vec::new() }
    }

    /// Stores a value only if there is no live entry: of many callers at once, one gets `true`.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn add<'a, V>(&'a self, key: &'a str, value: &'a V) -> SetIf<'a, V>
    where
        V: ?Sized + Serialize + ToOwned + Sync,
        V::Owned: Value,
    {
        SetIf::new(self.set(key, value), When::Absent, "add")
    }

    /// Stores a value only if there is a live entry; whether there was.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn replace<'a, V>(&'a self, key: &'a str, value: &'a V) -> SetIf<'a, V>
    where
        V: ?Sized + Serialize + ToOwned + Sync,
        V::Owned: Value,
    {
        SetIf::new(self.set(key, value), When::Present, "replace")
    }

    /// Removes an entry; whether there was a live one. A value that is being computed for the key will not be kept.
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn delete<'a>(&'a self, key: &'a str) -> Delete<'a> {
        Delete { cache: self, key, version: None }
    }

    /// `true` for the first caller of this name, as long as the store lives and keeps it: for work that must not be done
    /// twice, like a migration. It survives `clear()`; how long it survives a restart is the backend's `durable`.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// assert!(cache.once("migration-17").wait()?);
    /// cache.clear().wait()?;
    /// assert!(!cache.once("migration-17").wait()?);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails.
    pub fn once<'a>(&'a self, name: &'a str) -> Once<'a> {
        Once { cache: self, name }
    }

    /// The marks of an entry that is written now: its namespace and its tags, at their current generations.
    pub(super) async fn capture(&self, tags: &[Marker]) -> Result<Marks> {
        let markers: Vec<Marker> = self.markers().iter().chain(tags).cloned().collect();
        if markers.is_empty() {
            return Ok(None);
        }
        let generations = self.state().backend.generations(&markers).await?;
        Ok(Some(marked(markers, generations)))
    }

    /// An entry of this alias, or `None` when the timeout says that it is not to be kept.
    pub(super) fn entry(&self, payload: Payload, timeout: Timeout, marks: Marks) -> Option<Entry> {
        let now = self.state().clock.now();
        let deadline = timeout.or(self.state().timeout).deadline(now)?;
        // The stamp is the backend's to give.
        Some(Entry { payload, deadline, stamp: Stamp(0), written: now, marks })
    }

    /// Stores a payload when `when` holds, or does what a timeout of zero asks for.
    pub(super) async fn store(
        &self,
        key: &Key<'_>,
        payload: Payload,
        timeout: Timeout,
        tags: &[Marker],
        when: When,
    ) -> Result<Put> {
        self.check(key)?;
        let backend = &self.state().backend;
        let marks = self.capture(tags).await?;
        let put = match self.entry(payload, timeout, marks) {
            Some(entry) => backend.put(key, entry, when).await?,
            None if when == When::Absent => match backend.get(key, self.markers()).await? {
                crate::backend::Lookup::Hit(_) => Put::Refused(Refusal::Condition),
                crate::backend::Lookup::Miss(MissReason::StoreDown) => Put::Refused(Refusal::StoreDown),
                crate::backend::Lookup::Miss(_) => Put::Refused(Refusal::NotKept),
            },
            None => {
                let removed = backend.remove(key, when).await?;
                Put::Refused(if removed || when == When::Always { Refusal::NotKept } else { Refusal::Condition })
            }
        };
        self.count_put(put);
        Ok(put)
    }

    #[inline]
    fn count_put(&self, put: Put) {
        match put {
            Put::Stored => self.count(Event::Set),
            Put::Refused(Refusal::TooLarge | Refusal::StoreFull | Refusal::NotKept) => self.count(Event::Refusal),
            Put::Refused(_) => {}
        }
    }
}

/// Pairs markers with the generations that were captured for them.
pub(super) fn marked(markers: Vec<Marker>, generations: Vec<crate::entry::Generation>) -> Arc<[Mark]> {
    markers.into_iter().zip(generations).map(|(marker, generation)| Mark { marker, generation }).collect()
}

/// See [`Cache::set`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Set<'a, V: ?Sized> {
    cache: &'a Cache,
    key: &'a str,
    value: &'a V,
    version: Option<Version>,
    timeout: Timeout,
    tags: Vec<Marker>,
}

impl<V> Set<'_, V>
where
    V: ?Sized + Serialize + ToOwned + Sync,
    V::Owned: Value,
{
    /// The whole write, where the store takes a value that stays its caller's: no entry, no future, and text and bytes are
    /// encoded where the last ones of this thread were.
    #[inline]
    fn now(&self) -> Poll<Result<Put>> {
        let (cache, state) = (self.cache, self.cache.state());
        let plain = cache.view().is_none() && self.tags.is_empty();
        if !plain || state.abilities.keeps_objects || !state.abilities.never_waits {
            return Poll::Pending;
        }
        let Some(deadline) = self.timeout.or(state.timeout).deadline(state.clock.now()) else { return Poll::Pending };
        let put = cache.in_parts(self.key, self.version.as_ref(), |key| {
            if is_unportable(&[key.lead(), key.name()]) {
                return None;
            }
            Payload::lend(self.value, state.encoding, |value| state.backend.put_at_once(key, value, deadline))?
        });
        match put {
            None => Poll::Pending,
            Some(Ok(put)) => {
                cache.count_put(put);
                Poll::Ready(Ok(put))
            }
            Some(Err(error)) => Poll::Ready(Err(cache.failed(
                error,
                "set",
                cache.make_key(self.key, self.version.clone()).ok().as_deref(),
            ))),
        }
    }

    async fn run(self) -> Result<Put> {
        self.put(When::Always, "set").await
    }

    async fn put(self, when: When, verb: &'static str) -> Result<Put> {
        let state = self.cache.state();
        let mut key = KeyBuffer::new();
        self.cache.join_key(&mut key, self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), state.keys.scope());
        let stored = match Payload::of(self.value, state.abilities.keeps_objects, state.encoding) {
            Ok(payload) => self.cache.store(&key, payload, self.timeout, &self.tags, when).await,
            Err(error) => Err(error),
        };
        stored.map_err(|error| self.cache.failed(error, verb, Some(key.as_str())))
    }
}

/// See [`Cache::add`] and [`Cache::replace`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct SetIf<'a, V: ?Sized> {
    cache: &'a Cache,
    key: &'a str,
    value: &'a V,
    version: Option<Version>,
    timeout: Timeout,
    tags: Vec<Marker>,
    when: When,
    verb: &'static str,
}

impl<'a, V: ?Sized> SetIf<'a, V> {
    fn new(set: Set<'a, V>, when: When, verb: &'static str) -> Self {
        let Set { cache, key, value, version, timeout, tags } = set;
        Self { cache, key, value, version, timeout, tags, when, verb }
    }
}

impl<V> SetIf<'_, V>
where
    V: ?Sized + Serialize + ToOwned + Sync,
    V::Owned: Value,
{
    async fn run(self) -> Result<bool> {
        // A store that keeps nothing has added, as Django's dummy says; a value too large has not.
        let Self { cache, key, value, version, timeout, tags, when, verb } = self;
        let put = Set { cache, key, value, version, timeout, tags }.put(when, verb).await?;
        Ok(matches!(put, Put::Stored | Put::Refused(Refusal::NotKept)))
    }
}

/// See [`Cache::delete`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Delete<'a> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
}

impl Delete<'_> {
    /// The whole delete, where the store does it without a joined key.
    #[inline]
    fn now(&self) -> Poll<Result<bool>> {
        let cache = self.cache;
        let remove = |key: &Parts<'_>| {
            let removed = cache.state().backend.remove_at_once(key)?;
            // Who stored it was warned of its key; who did not is warned where there is nothing at hand.
            let warned = !removed && is_unportable(&[key.lead(), key.name()]);
            (!warned).then_some(removed)
        };
        let Some(removed) = cache.in_parts(self.key, self.version.as_ref(), remove) else { return Poll::Pending };
        if removed {
            cache.count(Event::Delete);
        }
        Poll::Ready(Ok(removed))
    }

    async fn run(self) -> Result<bool> {
        let state = self.cache.state();
        let mut key = KeyBuffer::new();
        self.cache.join_key(&mut key, self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), state.keys.scope());
        self.cache.check(&key)?;
        let removed = state.backend.remove(&key, When::Always).await;
        let removed = removed.map_err(|error| self.cache.failed(error, "delete", Some(key.as_str())))?;
        if removed {
            self.cache.count(Event::Delete);
        }
        Ok(removed)
    }
}

/// See [`Cache::once`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Once<'a> {
    cache: &'a Cache,
    name: &'a str,
}

impl Once<'_> {
    async fn run(self) -> Result<bool> {
        let state = self.cache.state();
        // A scope of its own, which no alias' `clear()` reaches and no alias' keys: such prefixes are reserved.
        let prefix = format!("keepwarm.once.{}", state.keys.scope().prefix());
        let scope = crate::key::Scope::new(&prefix);
        let text = format!("{prefix}:{}", self.name);
        let key = Key::new(&text, &scope);
        let now = state.clock.now();
        let entry = Entry {
            payload: Payload::Integer(1),
            deadline: Deadline::NEVER,
            stamp: Stamp(0),
            written: now,
            marks: None,
        };
        match state.backend.put(&key, entry, When::Absent).await {
            Ok(put) => Ok(put.is_stored()),
            Err(error) => Err(self.cache.failed(error, "once", Some(&text))),
        }
    }
}

awaitable! {
    impl['a, V] Set<'a, V> => Result<Put> [now] where [V: ?Sized + Serialize + ToOwned + Sync, V::Owned: Value];
    impl['a, V] SetIf<'a, V> => Result<bool> where [V: ?Sized + Serialize + ToOwned + Sync, V::Owned: Value];
    impl['a] Delete<'a> => Result<bool> [now];
    impl['a] Once<'a> => Result<bool>;
}

version_option! {
    impl['a, V: ?Sized] Set<'a, V>;
    impl['a, V: ?Sized] SetIf<'a, V>;
    impl['a] Delete<'a>;
}
timeout_option! {
    impl['a, V: ?Sized] Set<'a, V>;
    impl['a, V: ?Sized] SetIf<'a, V>;
}
tags_option! {
    impl['a, V: ?Sized] Set<'a, V>;
    impl['a, V: ?Sized] SetIf<'a, V>;
}
