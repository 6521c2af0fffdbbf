//! `update`: read, change, and write back only if nobody else wrote in between.

use std::marker::PhantomData;

use super::Cache;
use super::call::awaitable;
use super::options::{tags_option, timeout_option, version_option};
use crate::backend::{Lookup, Put, Refusal, When};
use crate::entry::{Marker, MissReason};
use crate::error::Result;
use crate::expiry::Timeout;
use crate::key::{Key, Version};
use crate::payload::{Payload, Value};
use crate::stats::Event;

/// So many rounds may fall to an invalidation before the value is given back without being kept. A function that
/// invalidates a tag of its own entry would otherwise go round for ever.
const OVERTAKEN: u32 = 8;

impl Cache {
    /// Changes a value by a function of the old one, without losing anybody else's change: when another write came
    /// between, the function is called again with what is there now. `None` in is "no live entry", `None` out removes it.
    ///
    /// The entry keeps its deadline and tags unless others are given; a new one gets the alias' timeout.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// let push = |list: Option<Vec<i32>>| {
    ///     let mut list = list.unwrap_or_default();
    ///     list.push(7);
    ///     Some(list)
    /// };
    /// assert_eq!(cache.update("list", push).wait()?, Some(vec![7]));
    /// assert_eq!(cache.update("list", push).wait()?, Some(vec![7, 7]));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// An invalidation of its tags or namespace that comes while the function runs makes it run again. Where that happens
    /// every time, as for a function that invalidates a tag of its own entry, the new value is given back and nothing is
    /// kept, as if the invalidation had come just after it.
    ///
    /// # Errors
    /// When the new value cannot be encoded, or the store fails.
    pub fn update<'a, T, F>(&'a self, key: &'a str, change: F) -> Update<'a, T, F>
    where
        T: Value,
        F: FnMut(Option<T>) -> Option<T> + Send + 'a,
    {
        Update {
            cache: self,
            key,
            change,
            timeout: Timeout::Default,
            tags: Vec::new(),
            version: None,
            value: PhantomData,
        }
    }
}

/// See [`Cache::update`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Update<'a, T, F> {
    cache: &'a Cache,
    key: &'a str,
    change: F,
    timeout: Timeout,
    tags: Vec<Marker>,
    version: Option<Version>,
    value: PhantomData<fn() -> T>,
}

impl<'a, T, F> Update<'a, T, F>
where
    T: Value,
    F: FnMut(Option<T>) -> Option<T> + Send + 'a,
{
    async fn run(mut self) -> Result<Option<T>> {
        let key = self.cache.key(self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), self.cache.state().keys.scope());
        self.cache.check(&key)?;
        let mut overtaken = 0;
        loop {
            match self.attempt(&key, &mut overtaken).await {
                Ok(Some(changed)) => return Ok(changed),
                Ok(None) => {}
                Err(error) => return Err(self.cache.failed(error, "update", Some(key.as_str()))),
            }
        }
    }

    /// One round; `None` when somebody else wrote in between, or an invalidation came in between that is not yet one too
    /// many.
    async fn attempt(&mut self, key: &Key<'_>, overtaken: &mut u32) -> Result<Option<Option<T>>> {
        let state = self.cache.state();
        let backend = &state.backend;
        // Before the function runs: an invalidation that comes while it does makes the write a refusal.
        let captured = self.cache.capture(&self.tags).await?;
        let found = match backend.entry(key, self.cache.markers()).await? {
            Lookup::Hit(entry) => Some(entry),
            Lookup::Miss(MissReason::StoreDown) => {
                // What is there cannot be seen and must not be read later, as if nothing had been changed.
                let new = (self.change)(None);
                backend.remove(key, When::Always).await?;
                return Ok(Some(new));
            }
            Lookup::Miss(_) => None,
        };
        let when = found.as_ref().map_or(When::Absent, |entry| When::Unchanged(entry.stamp));
        // What cannot be read as a `T` is no value to the function, but it is still replaced only if unchanged.
        let old = found.as_ref().and_then(|entry| {
            let opened = entry.payload.clone().into_value::<T>();
            if let Err(unreadable) = &opened {
                self.cache.miss(unreadable.reason());
            }
            opened.ok()
        });
        let Some(new) = (self.change)(old) else {
            let gone = match found {
                Some(_) => backend.remove(key, when).await?,
                None => true,
            };
            return Ok(gone.then_some(None));
        };
        let payload = Payload::of(&new, state.abilities.keeps_objects, state.encoding)?;
        let marks = match &found {
            Some(entry) if self.tags.is_empty() => entry.marks.clone(),
            _ => captured,
        };
        let Some(mut entry) = self.cache.entry(payload, self.timeout, marks) else {
            let gone = found.is_none() || backend.remove(key, when).await?;
            return Ok(gone.then_some(Some(new)));
        };
        if let (Timeout::Default, Some(found)) = (self.timeout, &found) {
            entry.deadline = found.deadline;
        }
        Ok(match backend.put(key, entry, when).await? {
            Put::Refused(Refusal::Condition) => None,
            Put::Refused(Refusal::Overtaken) => {
                *overtaken += 1;
                if *overtaken < OVERTAKEN || !(found.is_none() || backend.remove(key, when).await?) {
                    return Ok(None);
                }
                self.cache.count(Event::Overtaken);
                Some(Some(new))
            }
            Put::Refused(Refusal::StoreDown) => Some(Some(new)),
            Put::Refused(_) => {
                self.cache.count(Event::Refusal);
                Some(Some(new))
            }
            Put::Stored => {
                self.cache.count(Event::Set);
                Some(Some(new))
            }
        })
    }
}

awaitable! {
    impl['a, T, F] Update<'a, T, F> => Result<Option<T>> where [T: Value, F: FnMut(Option<T>) -> Option<T> + Send + 'a];
}

version_option! {
    impl['a, T, F] Update<'a, T, F>;
}
timeout_option! {
    impl['a, T, F] Update<'a, T, F>;
}
tags_option! {
    impl['a, T, F] Update<'a, T, F>;
}
