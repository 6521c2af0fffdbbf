//! Reading or computing one key: `get_or_set`, `refresh` and their fallible twins.

use std::convert::Infallible;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::task::Poll;

use super::Cache;
use super::call::{Begun, Call, Verb};
use super::options::{tags_option, timeout_option, version_option};
use super::{Owned, Reader, Shape, Shared};
use crate::backend::Lookup;
use crate::blocking::drive;
use crate::compute::{Chain, Task, detached};
use crate::entry::Marker;
use crate::error::{FetchError, Result};
use crate::expiry::Timeout;
use crate::key::Version;
use crate::payload::{Glanced, Value};
use crate::stats::Event;

impl Cache {
    /// Reads a value, or computes, stores and returns it: of all callers who miss it at once, one computes.
    ///
    /// The loader runs in a task of its own where there is a tokio runtime, so that a caller who goes away does not end
    /// it; [`inline`](Fetch::inline) runs it in the caller's own task and needs nothing to be `'static`. A value that a
    /// delete, set, clear or invalidation overtook while it was computed is returned to those who asked before, and kept
    /// for nobody (see `compute` in ARCHITECTURE.md).
    ///
    /// ```
    /// use keepwarm::secs;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// let stats = cache.get_or_set("stats", || async { vec![1, 2, 3] }).timeout(secs(60)).tags(["orders"]).wait()?;
    /// assert_eq!(stats, [1, 2, 3]);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails before the loader could be asked; [`LoaderPanicked`](crate::ErrorKind::LoaderPanicked);
    /// [`Deadlock`](crate::ErrorKind::Deadlock)
    /// when the loader asks for a key whose computation waits for this one.
    pub fn get_or_set<'a, F, R>(&'a self, key: &'a str, loader: F) -> Fetch<'a, Always<F>>
    where
        F: FnOnce() -> R,
        R: Future<Output: Value>,
    {
        Fetch::new(self, key, Always(loader), false)
    }

    /// The same with a loader that may fail: its error goes to its own caller as it is, nothing is stored, and one of
    /// those who waited computes in its place.
    ///
    /// ```
    /// use keepwarm::FetchError;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// let parsed = cache.get_or_try_set("number", || async { "42".parse::<i32>() }).wait();
    /// assert_eq!(parsed.unwrap(), 42);
    /// let failed = cache.get_or_try_set("other", || async { "x".parse::<i32>() }).wait();
    /// assert!(matches!(failed, Err(FetchError::Loader(_))));
    /// ```
    ///
    /// # Errors
    /// [`FetchError::Loader`] with the loader's own error, [`FetchError::Cache`] as [`get_or_set`](Self::get_or_set).
    pub fn get_or_try_set<'a, F, R, T, E>(&'a self, key: &'a str, loader: F) -> Fetch<'a, Try<F>>
    where
        F: FnOnce() -> R,
        R: Future<Output = Result<T, E>>,
        T: Value,
    {
        Fetch::new(self, key, Try(loader), false)
    }

    /// Computes a value anew and swaps it in; readers see the old one until then, and no window of misses. Of several
    /// refreshes at once each computes, and the one that began last wins.
    ///
    /// # Errors
    /// As [`get_or_set`](Self::get_or_set).
    pub fn refresh<'a, F, R>(&'a self, key: &'a str, loader: F) -> Fetch<'a, Always<F>>
    where
        F: FnOnce() -> R,
        R: Future<Output: Value>,
    {
        Fetch::new(self, key, Always(loader), true)
    }

    /// The same with a loader that may fail: then the old value stays.
    ///
    /// # Errors
    /// As [`get_or_try_set`](Self::get_or_try_set).
    pub fn try_refresh<'a, F, R, T, E>(&'a self, key: &'a str, loader: F) -> Fetch<'a, Try<F>>
    where
        F: FnOnce() -> R,
        R: Future<Output = Result<T, E>>,
        T: Value,
    {
        Fetch::new(self, key, Try(loader), true)
    }
}

/// A loader of either kind.
pub trait Loader {
    /// Its future.
    type Future: Future;
    /// What it computes.
    type Value: Value;
    /// What it fails with.
    type Error;
    /// What its caller gets, for a value in the form `X`.
    type Answer<X>;

    /// Starts it.
    fn start(self) -> Self::Future;
    /// What came out of its future.
    fn result(output: <Self::Future as Future>::Output) -> Result<Self::Value, Self::Error>;
    /// The caller's answer.
    fn answer<X>(result: Result<X, FetchError<Self::Error>>) -> Self::Answer<X>;
}

/// A loader that gives a value.
pub struct Always<F>(F);

impl<F, R> Loader for Always<F>
where
    F: FnOnce() -> R,
    R: Future<Output: Value>,
{
    type Future = R;
    type Value = R::Output;
    type Error = Infallible;
    type Answer<X> = Result<X>;

    fn start(self) -> R {
        (self.0)()
    }

    fn result(output: R::Output) -> Result<R::Output, Infallible> {
        Ok(output)
    }

    fn answer<X>(result: Result<X, FetchError<Infallible>>) -> Result<X> {
        result.map_err(|error| match error {
            FetchError::Cache(error) => error,
            FetchError::Loader(never) => match never {},
        })
    }
}

/// A loader that gives a value or fails.
pub struct Try<F>(F);

impl<F, R, T, E> Loader for Try<F>
where
    F: FnOnce() -> R,
    R: Future<Output = Result<T, E>>,
    T: Value,
{
    type Future = R;
    type Value = T;
    type Error = E;
    type Answer<X> = Result<X, FetchError<E>>;

    fn start(self) -> R {
        (self.0)()
    }

    fn result(output: Result<T, E>) -> Result<T, E> {
        output
    }

    fn answer<X>(result: Result<X, FetchError<E>>) -> Result<X, FetchError<E>> {
        result
    }
}

/// See [`Cache::get_or_set`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Fetch<'a, L, S = Owned> {
    cache: &'a Cache,
    key: &'a str,
    loader: L,
    refresh: bool,
    timeout: Timeout,
    tags: Vec<Marker>,
    version: Option<Version>,
    reader: Option<Reader>,
    shape: PhantomData<fn() -> S>,
}

impl<'a, L> Fetch<'a, L> {
    fn new(cache: &'a Cache, key: &'a str, loader: L, refresh: bool) -> Self {
        let (timeout, tags, version) = (Timeout::Default, Vec::new(), None);
        Self { cache, key, loader, refresh, timeout, tags, version, reader: None, shape: PhantomData }
    }

    /// Gives the value shared with the store: a hit on a store that keeps objects copies nothing.
    pub fn arc(self) -> Fetch<'a, L, Shared> {
        let Self { cache, key, loader, refresh, timeout, tags, version, reader, .. } = self;
        Fetch { cache, key, loader, refresh, timeout, tags, version, reader, shape: PhantomData }
    }
}

impl<'a, L, S> Fetch<'a, L, S> {
    /// For bindings that fetch a [`Raw`](crate::Raw): what this reader cannot decode is a miss, and is computed anew.
    pub fn read_with(mut self, reader: Reader) -> Self {
        self.reader = Some(reader);
        self
    }

    /// Runs the loader in the caller's own task: it may borrow, and ends when the caller goes away; one of those who
    /// wait then computes in its place.
    pub fn inline(self) -> Inline<'a, L, S> {
        Inline(self)
    }
}

version_option! {
    impl['a, L, S] Fetch<'a, L, S>;
}
timeout_option! {
    impl['a, L, S] Fetch<'a, L, S>;
}
tags_option! {
    impl['a, L, S] Fetch<'a, L, S>;
}

/// See [`Fetch::inline`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Inline<'a, L, S = Owned>(Fetch<'a, L, S>);

pub(crate) type Form<L, S> = <S as Shape<<L as Loader>::Value>>::Form;
pub(crate) type Fetched<L, S> = Result<Form<L, S>, FetchError<<L as Loader>::Error>>;

impl<'a, L: Loader, S: Shape<L::Value>> Fetch<'a, L, S> {
    /// The whole answer, if it is a hit at hand; counts it. A miss is counted by the computation.
    #[inline]
    fn now(&self) -> Poll<L::Answer<Form<L, S>>> {
        if self.refresh || self.reader.is_some() {
            return Poll::Pending;
        }
        let form = match self.cache.glance_at(self.key, self.version.as_ref()) {
            Some(Lookup::Hit(Glanced::Shared(value))) => S::shared(value),
            Some(Lookup::Hit(Glanced::Decoded(Ok(value)))) => S::decoded(value),
            Some(Lookup::Hit(Glanced::Decoded(Err(_)))) => return Poll::Pending,
            Some(Lookup::Hit(Glanced::Other(payload))) => match S::open(payload) {
                Ok(form) => form,
                Err(_) => return Poll::Pending,
            },
            Some(Lookup::Miss(_)) | None => return Poll::Pending,
        };
        self.cache.count(Event::Hit);
        Poll::Ready(L::answer(Ok(form)))
    }

    fn task(self) -> Result<Task<L>> {
        let key = self.cache.key(self.key, self.version.as_ref())?;
        let markers = self.cache.markers().iter().chain(&self.tags).cloned().collect();
        let Self { cache, loader, refresh, timeout, reader, .. } = self;
        let chain = Chain::current();
        Ok(Task { cache: cache.clone(), key, loader, refresh, timeout, markers, reader, chain })
    }

    async fn run(self) -> L::Answer<Form<L, S>> {
        let fetched = match self.task() {
            Ok(task) => task.run::<S>().await,
            Err(error) => Err(FetchError::Cache(error)),
        };
        L::answer(fetched)
    }

    /// The same on this thread, without a runtime; the loader runs here.
    ///
    /// # Errors
    /// As the verb.
    pub fn wait(self) -> L::Answer<Form<L, S>> {
        match self.now() {
            Poll::Ready(answer) => answer,
            Poll::Pending => drive(self.run()),
        }
    }
}

impl<'a, L: Loader, S: Shape<L::Value>> Inline<'a, L, S> {
    /// The same on this thread, without a runtime.
    ///
    /// # Errors
    /// As the verb.
    pub fn wait(self) -> L::Answer<Form<L, S>> {
        self.0.wait()
    }
}

impl<'a, L, S> Verb<'a> for Fetch<'a, L, S>
where
    L: Loader<Future: Send, Error: Send> + Send + 'static,
    S: Shape<L::Value>,
{
    type Output = L::Answer<Form<L, S>>;

    #[inline]
    fn at_once(&self) -> Poll<Self::Output> {
        self.now()
    }

    fn begin(self) -> Begun<'a, Self::Output> {
        Begun::Waits(Box::pin(async move {
            L::answer(match self.task() {
                Ok(task) => detached(task.run::<S>()).await,
                Err(error) => Err(FetchError::Cache(error)),
            })
        }))
    }
}

impl<'a, L, S> IntoFuture for Fetch<'a, L, S>
where
    L: Loader<Future: Send, Error: Send> + Send + 'static,
    S: Shape<L::Value>,
{
    type Output = L::Answer<Form<L, S>>;
    type IntoFuture = Call<'a, Self, Self::Output>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Call::new(self)
    }
}

impl<'a, L, S> Verb<'a> for Inline<'a, L, S>
where
    L: Loader<Future: Send, Error: Send> + Send + 'a,
    S: Shape<L::Value>,
{
    type Output = L::Answer<Form<L, S>>;

    #[inline]
    fn at_once(&self) -> Poll<Self::Output> {
        self.0.now()
    }

    fn begin(self) -> Begun<'a, Self::Output> {
        Begun::Waits(Box::pin(self.0.run()))
    }
}

impl<'a, L, S> IntoFuture for Inline<'a, L, S>
where
    L: Loader<Future: Send, Error: Send> + Send + 'a,
    S: Shape<L::Value>,
{
    type Output = L::Answer<Form<L, S>>;
    type IntoFuture = Call<'a, Self, Self::Output>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Call::new(self)
    }
}
