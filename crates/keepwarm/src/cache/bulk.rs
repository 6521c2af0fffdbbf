//! Many keys in one call and, where the store has one, one round trip: `get_many`, `set_many`, `delete_many`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::Serialize;

use super::Cache;
use super::call::awaitable;
use super::options::{tags_option, timeout_option, version_option};
use super::{Owned, Shape, Shared};
use crate::backend::{Lookup, Put, Refusal};
use crate::entry::{Entry, Marker, Stamp};
use crate::error::{Error, Result};
use crate::expiry::Timeout;
use crate::key::{Key, KeyBuffer, Version};
use crate::payload::{Glanced, Payload, Raw, Value};
use crate::stats::Event;

/// What a read of many keys found, under the caller's own names. The hasher is foldhash's: on a memory cache the
/// standard one would cost more than the lookups.
pub type Found<K, T> = HashMap<K, T, foldhash::fast::RandomState>;

impl Cache {
    /// Reads many keys; the answer has those that are there. No keys, no round trip.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set_many([("a", &1), ("b", &2)]).wait()?;
    /// let found = cache.get_many::<i32, _>(["a", "b", "c"]).wait()?;
    /// assert_eq!((found.len(), found.get("a"), found.get("c")), (2, Some(&1), None));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn get_many<'a, T, I>(&'a self, keys: I) -> GetMany<'a, T, I::Item>
    where
        T: Value,
        I: IntoIterator,
        I::Item: AsRef<str> + Eq + Hash + Send + Sync,
    {
        GetMany { cache: self, keys: keys.into_iter().collect(), version: None, shape: PhantomData }
    }

    /// Stores many values in any case; the names of those that the store refused, so nothing when all went in.
    ///
    /// The values are taken up here, not when it is awaited.
    ///
    /// # Errors
    /// When a value cannot be encoded (then nothing is stored), or the store fails.
    pub fn set_many<'a, 'v, I, K, V>(&'a self, items: I) -> SetMany<'a>
    where
        I: IntoIterator<Item = (K, &'v V)>,
        K: Into<Cow<'a, str>>,
        V: ?Sized + Serialize + ToOwned + 'v,
        V::Owned: Value,
    {
        let state = self.state();
        let payload = |value| Payload::of(value, state.abilities.keeps_objects, state.encoding);
        self.set_many_payloads(items.into_iter().map(|(key, value)| Ok((key.into(), payload(value)?))))
    }

    /// The same for the values of a binding, which gives them away.
    ///
    /// ```
    /// use keepwarm::{Cache, Payload, Raw};
    ///
    /// let cache = Cache::memory();
    /// cache.set_many_raw([("seven", Raw(Payload::Integer(7)))]).wait()?;
    /// assert_eq!(cache.get::<i64>("seven").wait()?, Some(7));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_many`](Self::set_many).
    pub fn set_many_raw<'a, I, K>(&'a self, items: I) -> SetMany<'a>
    where
        I: IntoIterator<Item = (K, Raw)>,
        K: Into<Cow<'a, str>>,
    {
        let encoding = self.state().encoding;
        self.set_many_payloads(items.into_iter().map(|(key, raw)| Ok((key.into(), Payload::of_raw(raw.0, encoding)))))
    }

    fn set_many_payloads<'a>(&'a self, items: impl Iterator<Item = Result<(Cow<'a, str>, Payload)>>) -> SetMany<'a> {
        // `collect` into a `Result` would not know how many they are.
        let mut taken = Vec::with_capacity(items.size_hint().0);
        let items = items.into_iter().try_for_each(|item| {
            taken.push(item?);
            Ok(())
        });
        SetMany {
            cache: self,
            items: items.map(|()| taken),
            timeout: Timeout::Default,
            tags: Vec::new(),
            version: None,
        }
    }

    /// Removes many keys; how many of them were there.
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn delete_many<'a, I>(&'a self, keys: I) -> DeleteMany<'a>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        DeleteMany { cache: self, keys: keys.into_iter().map(Into::into).collect(), version: None }
    }

    /// Joins the stored keys of many names in one allocation, and hands them to `use_keys`.
    pub(super) fn stored_keys<'n>(
        &self,
        names: impl ExactSizeIterator<Item = &'n str>,
        version: Option<&Version>,
    ) -> Result<StoredKeys> {
        let mut text = String::with_capacity(names.len() * 40);
        let mut ends = Vec::with_capacity(names.len());
        for name in names {
            let mut key = KeyBuffer::new();
            self.join_key(&mut key, name, version)?;
            text.push_str(key.as_str());
            ends.push(text.len());
        }
        Ok(StoredKeys { text, ends })
    }
}

/// Many stored keys, one behind the other.
pub(super) struct StoredKeys {
    text: String,
    ends: Vec<usize>,
}

impl StoredKeys {
    pub(super) fn keys<'k>(&'k self, cache: &'k Cache) -> Vec<Key<'k>> {
        let scope = cache.state().keys.scope();
        let mut start = 0;
        let key = |&end: &usize| {
            let key = Key::new(&self.text[start..end], scope);
            start = end;
            key
        };
        self.ends.iter().map(key).collect()
    }
}

/// See [`Cache::get_many`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct GetMany<'a, T, K, S = Owned> {
    cache: &'a Cache,
    keys: Vec<K>,
    version: Option<Version>,
    shape: PhantomData<fn() -> (T, S)>,
}

impl<'a, T, K> GetMany<'a, T, K> {
    /// Gives the values shared with the store: on a store that keeps objects, hits copy nothing. As
    /// [`Cache::get_arc`] is to [`Cache::get`].
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("page:1", "a long text").wait()?;
    /// let found = cache.get_many::<String, _>(["page:1", "page:2"]).arc().wait()?;
    /// assert_eq!(found.get("page:1").map(|page: &Arc<String>| page.len()), Some(11));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    pub fn arc(self) -> GetMany<'a, T, K, Shared> {
        let Self { cache, keys, version, .. } = self;
        GetMany { cache, keys, version, shape: PhantomData }
    }
}

impl<T: Value, K: AsRef<str> + Eq + Hash + Send + Sync, S: Shape<T>> GetMany<'_, T, K, S> {
    /// The keys that lie at hand are taken out, and those that are not left for the store to be asked.
    fn take_at_hand(&mut self) -> Found<K, S::Form> {
        let mut found = Found::with_capacity_and_hasher(self.keys.len(), Default::default());
        let mut hits = 0;
        let keys = std::mem::take(&mut self.keys);
        for name in keys {
            match self.cache.glance_at(name.as_ref(), self.version.as_ref()) {
                None => self.keys.push(name),
                Some(Lookup::Hit(Glanced::Shared(value))) => {
                    hits += 1;
                    found.insert(name, S::shared(value));
                }
                Some(Lookup::Hit(Glanced::Decoded(value))) => {
                    if let Some(value) = self.cache.open(Lookup::Hit(value), |value| value.map(S::decoded)) {
                        found.insert(name, value);
                    }
                }
                Some(Lookup::Hit(Glanced::Other(payload))) => {
                    if let Some(value) = self.cache.open(Lookup::Hit(payload), S::open) {
                        found.insert(name, value);
                    }
                }
                Some(Lookup::Miss(reason)) => self.cache.miss(reason),
            }
        }
        self.cache.count_many(Event::Hit, hits);
        found
    }

    async fn run(mut self) -> Result<Found<K, S::Form>> {
        let mut found = self.take_at_hand();
        if self.keys.is_empty() {
            return Ok(found);
        }
        let stored = self.cache.stored_keys(self.keys.iter().map(K::as_ref), self.version.as_ref())?;
        let keys = stored.keys(self.cache);
        let lookups = self.cache.state().backend.get_many(&keys, self.cache.markers()).await;
        let lookups = lookups.map_err(|error| self.cache.failed(error, "get_many", None))?;
        for ((name, key), lookup) in self.keys.into_iter().zip(&keys).zip(lookups) {
            if let Lookup::Miss(_) = lookup {
                self.cache.check(key)?;
            }
            if let Some(value) = self.cache.open(lookup, S::open) {
                found.insert(name, value);
            }
        }
        Ok(found)
    }
}

/// See [`Cache::set_many`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct SetMany<'a> {
    cache: &'a Cache,
    items: Result<Vec<(Cow<'a, str>, Payload)>>,
    timeout: Timeout,
    tags: Vec<Marker>,
    version: Option<Version>,
}

impl SetMany<'_> {
    async fn run(self) -> Result<Vec<String>> {
        let cache = self.cache;
        let failed = |error: Error| cache.failed(error, "set_many", None);
        let items = self.items.map_err(failed)?;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let stored = cache.stored_keys(items.iter().map(|(name, _)| &**name), self.version.as_ref())?;
        let keys = stored.keys(cache);
        keys.iter().try_for_each(|key| cache.check(key))?;
        let marks = cache.capture(&self.tags).await.map_err(failed)?;
        let written = cache.state().clock.now();
        let Some(deadline) = self.timeout.or(cache.state().timeout).deadline(written) else {
            // Not to be kept: that is what was asked for, not a failure.
            cache.state().backend.remove_many(&keys).await.map_err(failed)?;
            return Ok(Vec::new());
        };
        let mut names = Vec::with_capacity(items.len());
        let mut entries = Vec::with_capacity(items.len());
        for (key, (name, payload)) in keys.iter().zip(items) {
            // The stamp is the backend's to give.
            entries.push((*key, Entry { payload, deadline, stamp: Stamp(0), written, marks: marks.clone() }));
            names.push(name);
        }
        let puts = cache.state().backend.put_many(entries).await.map_err(failed)?;
        let refused = puts.iter().filter(|put| !put.is_stored()).count();
        cache.count_many(Event::Set, (puts.len() - refused) as u64);
        let down = puts.iter().filter(|put| matches!(put, Put::Refused(Refusal::StoreDown))).count();
        cache.count_many(Event::Refusal, (refused - down) as u64);
        let kept = |put: &Put| matches!(put, Put::Stored | Put::Refused(Refusal::NotKept));
        Ok(names.into_iter().zip(puts).filter(|(_, put)| !kept(put)).map(|(name, _)| name.into_owned()).collect())
    }
}

/// See [`Cache::delete_many`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct DeleteMany<'a> {
    cache: &'a Cache,
    keys: Vec<String>,
    version: Option<Version>,
}

impl DeleteMany<'_> {
    async fn run(self) -> Result<usize> {
        if self.keys.is_empty() {
            return Ok(0);
        }
        let cache = self.cache;
        let stored = cache.stored_keys(self.keys.iter().map(String::as_str), self.version.as_ref())?;
        let keys = stored.keys(cache);
        keys.iter().try_for_each(|key| cache.check(key))?;
        let removed = cache.state().backend.remove_many(&keys).await;
        let removed = removed.map_err(|error| cache.failed(error, "delete_many", None))?;
        cache.count_many(Event::Delete, removed as u64);
        Ok(removed)
    }
}

awaitable! {
    impl['a, T, K, S] GetMany<'a, T, K, S> => Result<Found<K, S::Form>> where [T: Value, S: Shape<T>, K: AsRef<str> + Eq + Hash + Send + Sync + 'a];
    impl['a] SetMany<'a> => Result<Vec<String>>;
    impl['a] DeleteMany<'a> => Result<usize>;
}

version_option! {
    impl['a, T, K, S] GetMany<'a, T, K, S>;
    impl['a] SetMany<'a>;
    impl['a] DeleteMany<'a>;
}
timeout_option! {
    impl['a] SetMany<'a>;
}
tags_option! {
    impl['a] SetMany<'a>;
}
