//! Reading: `get`, `get_arc`, `has_key`, `ttl`.

use std::future::IntoFuture;
use std::marker::PhantomData;

use super::call::{Begun, Call, Verb, awaitable, begin};
use super::options::version_option;
use super::{Cache, Owned, Shape, Shared};
use crate::backend::Lookup;
use crate::blocking::{drive, poll_once};
use crate::entry::Entry;
use crate::error::Result;
use crate::expiry::Ttl;
use crate::key::{Key, KeyBuffer, Parts, Version, is_unportable};
use crate::payload::{Glanced, Undecodable, Value};

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
        Get::new(self, key)
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
    pub fn get_arc<'a, T: Value>(&'a self, key: &'a str) -> Get<'a, T, Shared> {
        Get::new(self, key)
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

    /// One lookup on a store that can show what it keeps, without a future and without joining the key or moving a
    /// payload; `None` where that cannot be.
    #[inline]
    pub(super) fn glance<T: Value, R>(
        &self,
        name: &str,
        version: Option<&Version>,
        finish: impl FnOnce(&Parts<'_>, Lookup<Glanced<T>>) -> R,
    ) -> Option<R> {
        let mut inner = KeyBuffer::new();
        let name = match self.view() {
            None => name,
            Some(view) => view.join(&mut inner, name),
        };
        let key = self.state().keys.parts(name, version)?;
        let mut glanced = None;
        let found = self.state().backend.glance(&key, &mut |glimpse| glanced = Some(Glanced::take(glimpse)))?;
        match (found, glanced) {
            (Lookup::Hit(()), Some(glanced)) => Some(finish(&key, Lookup::Hit(glanced))),
            (Lookup::Miss(reason), _) => Some(finish(&key, Lookup::Miss(reason))),
            (Lookup::Hit(()), None) => None,
        }
    }

    /// Opens and counts what a lookup found.
    #[inline]
    fn finish<P, F>(
        &self,
        key: &Key<'_>,
        found: Lookup<P>,
        open: impl FnOnce(P) -> Result<F, Undecodable>,
    ) -> Result<Option<F>> {
        if let Lookup::Miss(_) = found {
            self.check(key)?;
        }
        Ok(self.open(found, open))
    }

    /// One lookup of the entry itself, not counted.
    pub(super) async fn look(
        &self,
        name: &str,
        version: Option<&Version>,
        verb: &'static str,
    ) -> Result<Lookup<Entry>> {
        let key = self.key(name, version)?;
        let key = Key::new(key.as_str(), self.state().keys.scope());
        self.check(&key)?;
        let found = self.state().backend.entry(&key, self.markers()).await;
        found.map_err(|error| self.failed(error, verb, Some(key.as_str())))
    }
}

/// See [`Cache::get`] and [`Cache::get_arc`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Get<'a, T, S = Owned> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
    value: PhantomData<fn() -> (T, S)>,
}

impl<'a, T: Value, S: Shape<T>> Get<'a, T, S> {
    fn new(cache: &'a Cache, key: &'a str) -> Self {
        Self { cache, key, version: None, value: PhantomData }
    }

    /// The answer of a store that never waits: the way of a hit has no future in it, whose state would cost more than
    /// the lookup.
    #[inline]
    fn now(&self) -> Option<Result<Option<S::Form>>> {
        let open = |key: &Parts<'_>, found| {
            if let Lookup::Miss(_) = found
                && is_unportable(&[key.lead(), key.name()])
            {
                return None;
            }
            Some(Ok(self.cache.open(found, S::glanced)))
        };
        self.cache.glance(self.key, self.version.as_ref(), open)?
    }

    async fn run(self) -> Result<Option<S::Form>> {
        let key = self.cache.key(self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), self.cache.state().keys.scope());
        match self.cache.state().backend.get(&key, self.cache.markers()).await {
            Ok(found) => self.cache.finish(&key, found, S::open),
            Err(error) => Err(self.cache.failed(error, "get", Some(key.as_str()))),
        }
    }

    /// The same on this thread, without a runtime; see [`blocking`](crate#blocking).
    ///
    /// # Errors
    /// As the verb.
    #[inline]
    pub fn wait(self) -> Result<Option<S::Form>> {
        match self.now() {
            Some(answer) => answer,
            None if self.cache.never_waits() => poll_once(self.run()),
            None => drive(self.run()),
        }
    }
}

impl<'a, T: Value, S: Shape<T>> Verb<'a> for Get<'a, T, S> {
    type Output = Result<Option<S::Form>>;

    #[inline]
    fn begin(self) -> Begun<'a, Self::Output> {
        match self.now() {
            Some(answer) => Begun::Ready(answer),
            None => begin(self.cache.never_waits(), self.run()),
        }
    }
}

impl<'a, T: Value, S: Shape<T>> IntoFuture for Get<'a, T, S> {
    type Output = Result<Option<S::Form>>;
    type IntoFuture = Call<'a, Self, Self::Output>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Call::new(self)
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
    impl['a] HasKey<'a> => Result<bool>;
    impl['a] Remaining<'a> => Result<Ttl>;
}

version_option! {
    impl['a, T, S] Get<'a, T, S>;
    impl['a] HasKey<'a>;
    impl['a] Remaining<'a>;
}
