//! Reading: `get`, `get_arc`, `has_key`, `ttl`.

use std::marker::PhantomData;
use std::sync::Arc;

use super::Cache;
use super::call::awaitable;
use super::options::version_option;
use crate::backend::Lookup;
use crate::error::Result;
use crate::expiry::Ttl;
use crate::key::{Key, Version};
use crate::payload::{Payload, Undecodable, Value};

impl Cache {
    /// Reads a value: `None` is a miss, so a cached null is `Some(None)` when read as `get::<Option<T>>`.
    ///
    /// What cannot be read as a `T` is a miss too, counted as undecodable. In a store that keeps objects the value is
    /// cloned out; [`get_arc`](Self::get_arc) shares it.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("user:7:manager", &None::<String>).wait()?;
    /// assert_eq!(cache.get::<Option<String>>("user:7:manager").wait()?, Some(None));
    /// assert_eq!(cache.get::<Option<String>>("user:8:manager").wait()?, None);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    #[inline]
    pub fn get<'a, T: Value>(&'a self, key: &'a str) -> Get<'a, T> {
        Get { cache: self, key, version: None, value: PhantomData }
    }

    /// Reads a value shared with the store: on a store that keeps objects, a hit copies and allocates nothing.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("page", &vec![0_u8; 1 << 20]).wait()?;
    /// let page: std::sync::Arc<Vec<u8>> = cache.get_arc("page").wait()?.expect("it was just set");
    /// assert_eq!(page.len(), 1 << 20);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    #[inline]
    pub fn get_arc<'a, T: Value>(&'a self, key: &'a str) -> GetArc<'a, T> {
        GetArc { cache: self, key, version: None, value: PhantomData }
    }

    /// Whether there is a live entry, whatever its value. Not counted as a read.
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn has_key<'a>(&'a self, key: &'a str) -> HasKey<'a> {
        HasKey { cache: self, key, version: None }
    }

    /// How long the entry still lives.
    ///
    /// ```
    /// use keepwarm::{Timeout, Ttl, secs};
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("forever", &1).timeout(Timeout::Never).wait()?;
    /// assert_eq!(cache.ttl("forever").wait()?, Ttl::Never);
    /// assert_eq!(cache.ttl("absent").wait()?, Ttl::Absent);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn ttl<'a>(&'a self, key: &'a str) -> Remaining<'a> {
        Remaining { cache: self, key, version: None }
    }

    /// One lookup, opened and counted.
    #[inline]
    pub(super) async fn read<T>(
        &self,
        name: &str,
        version: Option<&Version>,
        verb: &'static str,
        open: impl FnOnce(Payload) -> Result<T, Undecodable>,
    ) -> Result<Option<T>> {
        let key = self.key(name, version)?;
        let key = Key::new(key.as_str(), self.state().keys.scope());
        match self.state().backend.get(&key, self.markers()).await {
            Ok(found) => {
                if let Lookup::Miss(_) = found {
                    self.check(&key)?;
                }
                Ok(self.open(found, open))
            }
            Err(error) => Err(self.failed(error, verb, Some(key.as_str()))),
        }
    }

    /// One lookup of the entry itself, not counted.
    pub(super) async fn look(&self, name: &str, version: Option<&Version>, verb: &'static str) -> Result<Lookup> {
        let key = self.key(name, version)?;
        let key = Key::new(key.as_str(), self.state().keys.scope());
        self.check(&key)?;
        let found = self.state().backend.get(&key, self.markers()).await;
        found.map_err(|error| self.failed(error, verb, Some(key.as_str())))
    }
}

/// See [`Cache::get`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Get<'a, T> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
    value: PhantomData<fn() -> T>,
}

impl<T: Value> Get<'_, T> {
    #[inline]
    async fn run(self) -> Result<Option<T>> {
        self.cache.read(self.key, self.version.as_ref(), "get", Payload::into_value).await
    }
}

/// See [`Cache::get_arc`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct GetArc<'a, T> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
    value: PhantomData<fn() -> T>,
}

impl<T: Value> GetArc<'_, T> {
    #[inline]
    async fn run(self) -> Result<Option<Arc<T>>> {
        self.cache.read(self.key, self.version.as_ref(), "get", Payload::into_arc).await
    }
}

/// See [`Cache::has_key`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct HasKey<'a> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
}

impl HasKey<'_> {
    async fn run(self) -> Result<bool> {
        let found = self.cache.look(self.key, self.version.as_ref(), "has_key").await?;
        Ok(matches!(found, Lookup::Hit(_)))
    }
}

/// See [`Cache::ttl`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Remaining<'a> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
}

impl Remaining<'_> {
    pub(super) async fn run(self) -> Result<Ttl> {
        let found = self.cache.look(self.key, self.version.as_ref(), "ttl").await?;
        Ok(match found {
            Lookup::Miss(_) => Ttl::Absent,
            Lookup::Hit(entry) => entry.deadline.left(self.cache.state().clock.now()).map_or(Ttl::Never, Ttl::Left),
        })
    }
}

awaitable! {
    impl['a, T] Get<'a, T> => Result<Option<T>> where [T: Value];
    impl['a, T] GetArc<'a, T> => Result<Option<Arc<T>>> where [T: Value];
    impl['a] HasKey<'a> => Result<bool>;
    impl['a] Remaining<'a> => Result<Ttl>;
}

version_option! {
    impl['a, T] Get<'a, T>;
    impl['a, T] GetArc<'a, T>;
    impl['a] HasKey<'a>;
    impl['a] Remaining<'a>;
}
