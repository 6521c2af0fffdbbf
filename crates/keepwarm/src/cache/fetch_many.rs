//! Reading or computing many keys with one loader call: `get_or_set_many`.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::{Future, IntoFuture};
use std::task::Poll;

use super::call::{Begun, Call, Verb};
use super::options::{tags_option, timeout_option, version_option};
use super::{Cache, Reader};
use crate::blocking::drive;
use crate::compute::{Chain, ManyTask, detached};
use crate::entry::Marker;
use crate::error::{FetchError, Result};
use crate::expiry::Timeout;
use crate::key::Version;
use crate::payload::Value;

impl Cache {
    /// Reads many keys and computes those that are missing with one call of the loader, which gets their names. Each
    /// missing key is computed once among all callers, in batches or alone; what others compute is waited for. Names
    /// that the loader does not give are not in the answer, and nothing is stored for them.
    ///
    /// The loader is called again only for keys that another caller was computing and did not deliver.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("user:1", "Ada").wait()?;
    /// let users: HashMap<String, String> = cache
    ///     .get_or_set_many(["user:1", "user:2"], |missing| async move {
    ///         assert_eq!(missing, ["user:2"]);
    ///         missing.into_iter().map(|name| (name, "Grace".to_owned())).collect::<HashMap<_, _>>()
    ///     })
    ///     .wait()?;
    /// assert_eq!((users["user:1"].as_str(), users["user:2"].as_str()), ("Ada", "Grace"));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_set`](Self::get_or_set).
    pub fn get_or_set_many<'a, I, F, R, T>(&'a self, keys: I, loader: F) -> FetchMany<'a, ManyAlways<F>>
    where
        I: IntoIterator<Item: Into<String>>,
        F: FnMut(Vec<String>) -> R,
        R: Future<Output = HashMap<String, T>>,
        T: Value,
    {
        FetchMany::new(self, keys, ManyAlways(loader))
    }

    /// The same with a loader that may fail: its error goes to its own caller, and nothing of its batch is stored.
    ///
    /// # Errors
    /// As [`get_or_try_set`](Self::get_or_try_set).
    pub fn get_or_try_set_many<'a, I, F, R, T, E>(&'a self, keys: I, loader: F) -> FetchMany<'a, ManyTry<F>>
    where
        I: IntoIterator<Item: Into<String>>,
        F: FnMut(Vec<String>) -> R,
        R: Future<Output = Result<HashMap<String, T>, E>>,
        T: Value,
    {
        FetchMany::new(self, keys, ManyTry(loader))
    }
}

/// A loader of many keys, of either kind.
pub trait ManyLoader {
    /// Its future.
    type Future: Future;
    /// What it computes for each key.
    type Value: Value;
    /// What it fails with.
    type Error;
    /// What its caller gets.
    type Answer;

    /// Starts it for these names.
    fn start(&mut self, missing: Vec<String>) -> Self::Future;
    /// What came out of its future.
    fn result(output: <Self::Future as Future>::Output) -> Result<HashMap<String, Self::Value>, Self::Error>;
    /// The caller's answer.
    fn answer(result: Result<HashMap<String, Self::Value>, FetchError<Self::Error>>) -> Self::Answer;
}

/// A loader that gives values.
pub struct ManyAlways<F>(F);

impl<F, R, T> ManyLoader for ManyAlways<F>
where
    F: FnMut(Vec<String>) -> R,
    R: Future<Output = HashMap<String, T>>,
    T: Value,
{
    type Future = R;
    type Value = T;
    type Error = Infallible;
    type Answer = Result<HashMap<String, T>>;

    fn start(&mut self, missing: Vec<String>) -> R {
        (self.0)(missing)
    }

    fn result(output: HashMap<String, T>) -> Result<HashMap<String, T>, Infallible> {
        Ok(output)
    }

    fn answer(result: Result<HashMap<String, T>, FetchError<Infallible>>) -> Result<HashMap<String, T>> {
        result.map_err(|error| match error {
            FetchError::Cache(error) => error,
            FetchError::Loader(never) => match never {},
        })
    }
}

/// A loader that gives values or fails.
pub struct ManyTry<F>(F);

impl<F, R, T, E> ManyLoader for ManyTry<F>
where
    F: FnMut(Vec<String>) -> R,
    R: Future<Output = Result<HashMap<String, T>, E>>,
    T: Value,
{
    type Future = R;
    type Value = T;
    type Error = E;
    type Answer = Result<HashMap<String, T>, FetchError<E>>;

    fn start(&mut self, missing: Vec<String>) -> R {
        (self.0)(missing)
    }

    fn result(output: Result<HashMap<String, T>, E>) -> Result<HashMap<String, T>, E> {
        output
    }

    fn answer(result: Result<HashMap<String, T>, FetchError<E>>) -> Result<HashMap<String, T>, FetchError<E>> {
        result
    }
}

/// See [`Cache::get_or_set_many`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct FetchMany<'a, L> {
    cache: &'a Cache,
    names: Vec<String>,
    loader: L,
    timeout: Timeout,
    tags: Vec<Marker>,
    version: Option<Version>,
    reader: Option<Reader>,
}

impl<'a, L> FetchMany<'a, L> {
    fn new(cache: &'a Cache, keys: impl IntoIterator<Item: Into<String>>, loader: L) -> Self {
        let mut seen = HashSet::new();
        // A name given twice is one key.
        let names = keys.into_iter().map(Into::into).filter(|name: &String| seen.insert(name.clone())).collect();
        Self { cache, names, loader, timeout: Timeout::Default, tags: Vec::new(), version: None, reader: None }
    }

    /// See [`Fetch::read_with`](super::Fetch::read_with).
    pub fn read_with(mut self, reader: Reader) -> Self {
        self.reader = Some(reader);
        self
    }

    /// Runs the loader in the caller's own task; see [`Fetch::inline`](super::Fetch::inline).
    pub fn inline(self) -> InlineMany<'a, L> {
        InlineMany(self)
    }
}

version_option! {
    impl['a, L] FetchMany<'a, L>;
}
timeout_option! {
    impl['a, L] FetchMany<'a, L>;
}
tags_option! {
    impl['a, L] FetchMany<'a, L>;
}

/// See [`FetchMany::inline`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct InlineMany<'a, L>(FetchMany<'a, L>);

impl<L: ManyLoader> FetchMany<'_, L> {
    fn task(self) -> Result<ManyTask<L>> {
        let stored = |name: String| {
            let key = self.cache.key(&name, self.version.as_ref())?;
            Ok((name, key))
        };
        Ok(ManyTask {
            cache: self.cache.clone(),
            keys: self.names.into_iter().map(stored).collect::<Result<_>>()?,
            loader: self.loader,
            timeout: self.timeout,
            markers: self.cache.markers().iter().chain(&self.tags).cloned().collect(),
            reader: self.reader,
            chain: Chain::current(),
        })
    }

    async fn run(self) -> L::Answer {
        L::answer(match self.task() {
            Ok(task) => task.run().await,
            Err(error) => Err(FetchError::Cache(error)),
        })
    }

    /// The same on this thread, without a runtime; the loader runs here.
    ///
    /// # Errors
    /// As the verb.
    pub fn wait(self) -> L::Answer {
        drive(self.run())
    }
}

impl<L: ManyLoader> InlineMany<'_, L> {
    /// The same on this thread, without a runtime.
    ///
    /// # Errors
    /// As the verb.
    pub fn wait(self) -> L::Answer {
        self.0.wait()
    }
}

impl<'a, L> Verb<'a> for FetchMany<'a, L>
where
    L: ManyLoader<Future: Send, Error: Send> + Send + 'static,
{
    type Output = L::Answer;

    #[inline]
    fn at_once(&self) -> Poll<L::Answer> {
        Poll::Pending
    }

    fn begin(self) -> Begun<'a, L::Answer> {
        Begun::Waits(Box::pin(async move {
            L::answer(match self.task() {
                Ok(task) => detached(task.run()).await,
                Err(error) => Err(FetchError::Cache(error)),
            })
        }))
    }
}

impl<'a, L> IntoFuture for FetchMany<'a, L>
where
    L: ManyLoader<Future: Send, Error: Send> + Send + 'static,
{
    type Output = L::Answer;
    type IntoFuture = Call<'a, Self, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(self)
    }
}

impl<'a, L> Verb<'a> for InlineMany<'a, L>
where
    L: ManyLoader<Future: Send, Error: Send> + Send + 'a,
{
    type Output = L::Answer;

    #[inline]
    fn at_once(&self) -> Poll<L::Answer> {
        Poll::Pending
    }

    fn begin(self) -> Begun<'a, L::Answer> {
        Begun::Waits(Box::pin(self.0.run()))
    }
}

impl<'a, L> IntoFuture for InlineMany<'a, L>
where
    L: ManyLoader<Future: Send, Error: Send> + Send + 'a,
{
    type Output = L::Answer;
    type IntoFuture = Call<'a, Self, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(self)
    }
}
