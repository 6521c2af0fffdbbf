//! Reading: `get`, `get_arc`, `has_key`, `ttl`.

use std::marker::PhantomData;
use std::task::Poll;

use super::call::awaitable;
use super::options::version_option;
use super::{Cache, Owned, Shape, Shared};
use crate::backend::Lookup;
use crate::entry::Entry;
use crate::error::Result;
use crate::expiry::Ttl;
use crate::key::{Key, KeyBuffer, Parts, Version, is_unportable};
use crate::payload::{Glanced, Glimpse, Unreadable, Value};
use crate::stats::Event;

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

    /// Shows a live value where it lies to `see`, and counts the read: for bindings, which take from it what they need without
    /// the payload being moved. The outer `None` is "not at hand, ask [`get`](Self::get)", with nothing counted; the inner one
    /// is a miss.
    ///
    /// `see` runs under the store's lock, unless the bytes are [lent](Glimpse::Lent): it must be short and must not use the cache.
    ///
    /// ```
    /// use keepwarm::{Cache, Glimpse};
    ///
    /// let cache = Cache::memory();
    /// cache.set("number", &7).wait()?;
    /// let seen = cache.at_hand("number", |glimpse| matches!(glimpse, Glimpse::Integer(7)));
    /// assert_eq!(seen, Some(Some(true)));
    /// assert_eq!(cache.at_hand("absent", |_| ()), Some(None));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    #[inline]
    pub fn at_hand<R>(&self, key: &str, see: impl FnOnce(Glimpse<'_>) -> R) -> Option<Option<R>> {
        let (mut see, mut seen) = (Some(see), None);
        match self.glance(key, None, &mut |glimpse| seen = see.take().map(|see| see(glimpse)))? {
            Lookup::Hit(()) => self.count(Event::Hit),
            Lookup::Miss(reason) => self.miss(reason),
        }
        Some(seen)
    }

    /// The same where a miss is to be followed by a computation, which counts it: `None` is "no hit at hand", with nothing
    /// counted.
    #[inline]
    pub fn hit_at_hand<R>(&self, key: &str, see: impl FnOnce(Glimpse<'_>) -> R) -> Option<R> {
        let (mut see, mut seen) = (Some(see), None);
        let found = self.glance(key, None, &mut |glimpse| seen = see.take().map(|see| see(glimpse)))?;
        if let Lookup::Hit(()) = found {
            self.count(Event::Hit);
        }
        seen
    }

    /// One lookup on a store that can show what it keeps, without a future and without joining the key or moving a
    /// payload. `None` where that cannot be, and for a miss of a key that is to be warned of.
    #[inline]
    pub(super) fn glance(
        &self,
        name: &str,
        version: Option<&Version>,
        see: &mut dyn FnMut(Glimpse<'_>),
    ) -> Option<Lookup<()>> {
        self.in_parts(name, version, |key| {
            let found = self.state().backend.glance(key, see)?;
            let warned = matches!(found, Lookup::Miss(_)) && is_unportable(&[key.lead(), key.name()]);
            (!warned).then_some(found)
        })
    }

    /// The same, of a value: not counted.
    #[inline]
    pub(super) fn glance_at<T: Value>(&self, name: &str, version: Option<&Version>) -> Option<Lookup<Glanced<T>>> {
        let mut glanced = None;
        match self.glance(name, version, &mut |glimpse| glanced = Some(Glanced::take(glimpse)))? {
            Lookup::Hit(()) => Some(Lookup::Hit(glanced?)),
            Lookup::Miss(reason) => Some(Lookup::Miss(reason)),
        }
    }

    /// Hands the parts of a stored key to `look`; `None` where a key is known only when it is joined.
    #[inline]
    pub(super) fn in_parts<R>(
        &self,
        name: &str,
        version: Option<&Version>,
        look: impl FnOnce(&Parts<'_>) -> Option<R>,
    ) -> Option<R> {
        let mut inner = KeyBuffer::new();
        let name = match self.view() {
            None => name,
            Some(view) => view.join(&mut inner, name),
        };
        look(&self.state().keys.parts(name, version)?)
    }

    /// Opens and counts what a lookup found.
    #[inline]
    fn finish<P, F>(
        &self,
        key: &Key<'_>,
        found: Lookup<P>,
        open: impl FnOnce(P) -> Result<F, Unreadable>,
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

    /// The answer of a store that shows what it keeps: the way of a hit has no future in it.
    #[inline]
    fn now(&self) -> Poll<Result<Option<S::Form>>> {
        match self.cache.glance_at(self.key, self.version.as_ref()) {
            Some(Lookup::Hit(Glanced::Shared(value))) => {
                self.cache.count(Event::Hit);
                Poll::Ready(Ok(Some(S::shared(value))))
            }
            Some(Lookup::Hit(Glanced::Decoded(value))) => {
                Poll::Ready(Ok(self.cache.open(Lookup::Hit(value), |value| value.map(S::decoded))))
            }
            Some(Lookup::Hit(Glanced::Other(payload))) => {
                Poll::Ready(Ok(self.cache.open(Lookup::Hit(payload), S::open)))
            }
            Some(Lookup::Miss(reason)) => {
                self.cache.miss(reason);
                Poll::Ready(Ok(None))
            }
            None => Poll::Pending,
        }
    }

    async fn run(self) -> Result<Option<S::Form>> {
        let mut key = KeyBuffer::new();
        self.cache.join_key(&mut key, self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), self.cache.state().keys.scope());
        match self.cache.state().backend.get(&key, self.cache.markers()).await {
            Ok(found) => self.cache.finish(&key, found, S::open),
            Err(error) => Err(self.cache.failed(error, "get", Some(key.as_str()))),
        }
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
    #[inline]
    fn now(&self) -> Poll<Result<bool>> {
        match self.cache.glance(self.key, self.version.as_ref(), &mut |_| ()) {
            Some(found) => Poll::Ready(Ok(matches!(found, Lookup::Hit(())))),
            None => Poll::Pending,
        }
    }

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
    impl['a, T, S] Get<'a, T, S> => Result<Option<S::Form>> [now] where [T: Value, S: Shape<T>];
    impl['a] HasKey<'a> => Result<bool> [now];
    impl['a] Remaining<'a> => Result<Ttl>;
}

version_option! {
    impl['a, T, S] Get<'a, T, S>;
    impl['a] HasKey<'a>;
    impl['a] Remaining<'a>;
}
