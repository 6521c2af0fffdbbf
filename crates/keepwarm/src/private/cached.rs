//! Running a cached function: the cache first, the body on a miss, and the body alone when the cache fails.
//!
//! A store that is down must not take the function down with it, and the function has no error to report it with. So the
//! body runs exactly once and its result goes to the caller; the failure is in the statistics of the cache.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::cache::{self, Cache};
use crate::error::{Error, ErrorKind, FetchError, Result};
use crate::expiry::Timeout;
use crate::key::Version;
use crate::payload::Value;

use super::kind::Kind;

/// One call of a cached function: where to ask, for what, and how to keep it.
pub struct Call {
    target: Result<(Cache, String)>,
    options: Options,
}

struct Options {
    timeout: Timeout,
    tags: Vec<String>,
    version: Option<Version>,
}

impl Call {
    /// # Panics
    /// When the alias does not exist or cannot be built: that is a mistake in the program or its settings, and a function
    /// that silently never caches would hide it.
    pub fn new(cache: Result<Cache>, key: Result<String>) -> Self {
        if let Err(error) = &cache
            && matches!(error.kind(), ErrorKind::InvalidBackend | ErrorKind::Configuration)
        {
            panic!("a cached function has no cache: {error}");
        }
        let target = cache.and_then(|cache| Ok((cache, key?)));
        Self { target, options: Options { timeout: Timeout::Default, tags: Vec::new(), version: None } }
    }

    pub fn timeout(mut self, timeout: Timeout) -> Self {
        self.options.timeout = timeout;
        self
    }

    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.options.version = Some(version.into());
        self
    }

    pub async fn invalidate(self) -> Result<bool> {
        let (cache, key) = self.target?;
        self.options.delete(&cache, &key).await
    }

    pub fn invalidate_blocking(self) -> Result<bool> {
        let (cache, key) = self.target?;
        self.options.delete(&cache, &key).wait()
    }
}

impl Options {
    fn of<'a, L>(&self, fetch: cache::Fetch<'a, L>) -> cache::Fetch<'a, L> {
        let fetch = fetch.timeout(self.timeout).tags(&self.tags);
        match self.version.clone() {
            Some(version) => fetch.version(version),
            None => fetch,
        }
    }

    fn delete<'a>(&self, cache: &'a Cache, key: &'a str) -> cache::Delete<'a> {
        let delete = cache.delete(key);
        match self.version.clone() {
            Some(version) => delete.version(version),
            None => delete,
        }
    }
}

/// A body that runs at most once: for the cache, or without it when the cache fails before that.
struct Body<F, T>(Mutex<Stage<F, T>>);

enum Stage<F, T> {
    Waiting(F),
    Started,
    /// What came out, for the case that the cache fails after the body ran: the value may be one that cannot be encoded.
    Finished(T),
}

impl<F, T> Body<F, T> {
    fn new(body: F) -> Self {
        Self(Mutex::new(Stage::Waiting(body)))
    }

    /// For the loader, which the cache starts at most once.
    fn start<Out>(&self) -> Out
    where
        F: FnOnce() -> Out,
    {
        match std::mem::replace(&mut *self.0.lock(), Stage::Started) {
            Stage::Waiting(body) => body(),
            Stage::Started | Stage::Finished(_) => unreachable!("the cache starts a loader once"),
        }
    }

    /// The part of the result that is kept; a copy stays here where the store has to encode it, which can fail.
    fn finish<K, R>(&self, result: R, cache: &Cache) -> Result<T, K::Aside>
    where
        K: Kind<R, Kept = T>,
        T: Clone,
    {
        let result = K::split(result);
        if let Ok(value) = &result
            && !cache.abilities().keeps_objects
        {
            *self.0.lock() = Stage::Finished(value.clone());
        }
        result
    }

    /// What is left to do when the cache failed: take the value, or run the body.
    ///
    /// # Panics
    /// When the body panicked, or asked for the very call that it was computing.
    fn without_cache(&self, error: Error) -> Without<F, T> {
        match std::mem::replace(&mut *self.0.lock(), Stage::Started) {
            // Without the cache it would only ask again, deeper and deeper.
            Stage::Waiting(_) if error.kind() == ErrorKind::Deadlock => {
                panic!("a cached function gave no result: {error}")
            }
            Stage::Waiting(body) => Without::Run(body),
            Stage::Finished(value) => Without::Take(value),
            Stage::Started => panic!("a cached function gave no result: {error}"),
        }
    }
}

enum Without<F, T> {
    Run(F),
    Take(T),
}

/// Whether a refresh came to say that there is no value any more: then the old one is to go.
fn is_absent<K: Kind<R>, R>(refreshed: &Result<K::Kept, FetchError<K::Aside>>) -> bool {
    matches!(refreshed, Err(FetchError::Loader(aside)) if K::is_absence(aside))
}

/// The function's own result, or the cache's error.
fn settle<K: Kind<R>, R>(fetched: Result<K::Kept, FetchError<K::Aside>>) -> Result<R> {
    match fetched {
        Ok(kept) => Ok(K::join(Ok(kept))),
        Err(FetchError::Loader(aside)) => Ok(K::join(Err(aside))),
        Err(FetchError::Cache(error)) => Err(error),
    }
}

/// What a call is for. The verbs share their entrances, so that a type that cannot be cached is reported once and not for
/// each of them.
pub trait Verb<R> {
    const REFRESHES: bool;
    type Answer;

    fn answer(result: Result<R>) -> Self::Answer;
}

/// The function itself: never an error of the cache.
pub struct Fetch;

impl<R> Verb<R> for Fetch {
    const REFRESHES: bool = false;
    type Answer = R;

    fn answer(result: Result<R>) -> R {
        result.unwrap_or_else(|error| unreachable!("a cached function does without its cache: {error}"))
    }
}

/// Its `refresh`.
pub struct Refresh;

impl<R> Verb<R> for Refresh {
    const REFRESHES: bool = true;
    type Answer = Result<R>;

    fn answer(result: Result<R>) -> Result<R> {
        result
    }
}

/// Runs the body, if it must run, in a task of its own.
pub async fn run<V, K, R, F, Fut>(_: V, _: K, call: Call, body: F) -> V::Answer
where
    V: Verb<R>,
    K: Kind<R>,
    K::Kept: Value,
    K::Aside: Send + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send,
{
    let Call { target, options } = call;
    let (cache, key) = match target {
        Ok(target) => target,
        Err(error) if V::REFRESHES => return V::answer(Err(error)),
        Err(_) => return V::answer(Ok(body().await)),
    };
    if V::REFRESHES {
        let loader = move || async move { K::split(body().await) };
        let refreshed = options.of(cache.try_refresh(&key, loader)).await;
        if is_absent::<K, R>(&refreshed)
            && let Err(error) = options.delete(&cache, &key).await
        {
            return V::answer(Err(error));
        }
        return V::answer(settle::<K, R>(refreshed));
    }
    let body = Arc::new(Body::new(body));
    let loader = {
        let (body, cache) = (body.clone(), cache.clone());
        move || async move { body.finish::<K, R>(body.start().await, &cache) }
    };
    let fetched = options.of(cache.get_or_try_set(&key, loader)).await;
    V::answer(Ok(match settle::<K, R>(fetched).map_err(|error| body.without_cache(error)) {
        Ok(result) => result,
        Err(Without::Take(value)) => K::join(Ok(value)),
        Err(Without::Run(body)) => body().await,
    }))
}

/// Runs the body, if it must run, in the caller's task; it may borrow.
pub async fn run_inline<V, K, R, F, Fut>(_: V, _: K, call: Call, body: F) -> V::Answer
where
    V: Verb<R>,
    K: Kind<R>,
    K::Kept: Value,
    K::Aside: Send,
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output = R> + Send,
{
    let Call { target, options } = call;
    let (cache, key) = match target {
        Ok(target) => target,
        Err(error) if V::REFRESHES => return V::answer(Err(error)),
        Err(_) => return V::answer(Ok(body().await)),
    };
    if V::REFRESHES {
        let loader = move || async move { K::split(body().await) };
        let refreshed = options.of(cache.try_refresh(&key, loader)).inline().await;
        if is_absent::<K, R>(&refreshed)
            && let Err(error) = options.delete(&cache, &key).await
        {
            return V::answer(Err(error));
        }
        return V::answer(settle::<K, R>(refreshed));
    }
    let body = Body::new(body);
    let loader = || async { body.finish::<K, R>(body.start().await, &cache) };
    let fetched = options.of(cache.get_or_try_set(&key, loader)).inline().await;
    V::answer(Ok(match settle::<K, R>(fetched).map_err(|error| body.without_cache(error)) {
        Ok(result) => result,
        Err(Without::Take(value)) => K::join(Ok(value)),
        Err(Without::Run(body)) => body().await,
    }))
}

/// Runs the body, if it must run, on this thread.
pub fn run_blocking<V, K, R>(_: V, _: K, call: Call, body: impl FnOnce() -> R) -> V::Answer
where
    V: Verb<R>,
    K: Kind<R>,
    K::Kept: Value,
{
    let Call { target, options } = call;
    let (cache, key) = match target {
        Ok(target) => target,
        Err(error) if V::REFRESHES => return V::answer(Err(error)),
        Err(_) => return V::answer(Ok(body())),
    };
    if V::REFRESHES {
        let loader = move || async move { K::split(body()) };
        let refreshed = options.of(cache.try_refresh(&key, loader)).wait();
        if is_absent::<K, R>(&refreshed)
            && let Err(error) = options.delete(&cache, &key).wait()
        {
            return V::answer(Err(error));
        }
        return V::answer(settle::<K, R>(refreshed));
    }
    let body = Body::new(body);
    let loader = || async { body.finish::<K, R>(body.start(), &cache) };
    let fetched = options.of(cache.get_or_try_set(&key, loader)).wait();
    V::answer(Ok(match settle::<K, R>(fetched).map_err(|error| body.without_cache(error)) {
        Ok(result) => result,
        Err(Without::Take(value)) => K::join(Ok(value)),
        Err(Without::Run(body)) => body(),
    }))
}

/// Says what a future gives, which `?` in an async block needs to be told.
pub fn with_output<R, Fut: Future<Output = R>>(future: Fut) -> Fut {
    future
}
