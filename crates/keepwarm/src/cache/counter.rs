//! Counters: `incr` and `decr`, atomic on every backend, keeping the deadline.

use std::task::Poll;

use super::Cache;
use super::call::awaitable;
use super::options::version_option;
use crate::backend::Count;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timeout;
use crate::key::{Key, Parts, Version};
use crate::payload::Payload;

impl Cache {
    /// Adds to an integer and gives the new one; its deadline stays. May go below zero.
    ///
    /// ```
    /// use keepwarm::{ErrorKind, hours};
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("counter", &0).wait()?;
    /// assert_eq!(cache.incr("counter", 5).wait()?, 5);
    /// assert_eq!(cache.incr("absent", 1).wait().unwrap_err().kind(), ErrorKind::Missing);
    /// // Creating and counting in one atomic step:
    /// assert_eq!(cache.incr("views:1", 1).or_insert(0, hours(24)).wait()?, 1);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without a live entry, [`ErrorKind::NotAnInteger`] when it is something else,
    /// [`ErrorKind::Overflow`] beyond 64 bits; each leaves what is there. And when the store fails.
    pub fn incr<'a>(&'a self, key: &'a str, delta: i64) -> Increment<'a> {
        Increment { cache: self, key, delta: Some(delta), create: None, version: None, verb: "incr" }
    }

    /// Subtracts from an integer; otherwise as [`incr`](Self::incr).
    ///
    /// # Errors
    /// As `incr`.
    pub fn decr<'a>(&'a self, key: &'a str, delta: i64) -> Increment<'a> {
        Increment { cache: self, key, delta: delta.checked_neg(), create: None, version: None, verb: "decr" }
    }
}

/// See [`Cache::incr`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Increment<'a> {
    cache: &'a Cache,
    key: &'a str,
    /// `None` where the negated delta does not fit 64 bits.
    delta: Option<i64>,
    create: Option<(i64, Timeout)>,
    version: Option<Version>,
    verb: &'static str,
}

impl Increment<'_> {
    /// Where there is no live entry, starts from `initial` with this timeout, in the same atomic step.
    pub fn or_insert(mut self, initial: i64, timeout: impl Into<Timeout>) -> Self {
        self.create = Some((initial, timeout.into()));
        self
    }

    /// Counts on a number that lies at hand.
    #[inline]
    fn now(&self) -> Poll<Result<i64>> {
        let (Some(delta), None) = (self.delta, &self.create) else { return Poll::Pending };
        let add = |key: &Parts<'_>| self.cache.state().backend.add_in_place(key, delta);
        match self.cache.in_parts(self.key, self.version.as_ref(), add) {
            Some(number) => Poll::Ready(Ok(number)),
            None => Poll::Pending,
        }
    }

    async fn run(self) -> Result<i64> {
        let state = self.cache.state();
        let key = self.cache.key(self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), state.keys.scope());
        self.cache.check(&key)?;
        let counted = self.count(&key).await;
        let kind = match counted {
            Ok(Count::Now(number)) => return Ok(number),
            Ok(Count::Missing) => (ErrorKind::Missing, "there is no such key"),
            Ok(Count::NotAnInteger) => (ErrorKind::NotAnInteger, "the value is not an integer"),
            Ok(Count::Overflow) => (ErrorKind::Overflow, "the number would leave 64 bits"),
            Err(error) => return Err(self.cache.failed(error, self.verb, Some(key.as_str()))),
        };
        // The caller's mistake, not the store's failure: not counted as an error.
        Err(Error::new(kind.0, kind.1).with_verb(self.verb).with_backend(state.backend.kind()).with_key(key.as_str()))
    }

    async fn count(&self, key: &Key<'_>) -> Result<Count> {
        let Some(delta) = self.delta else { return Ok(Count::Overflow) };
        let backend = &self.cache.state().backend;
        let Some((initial, timeout)) = self.create else { return backend.add_to(key, delta, None).await };
        let marks = self.cache.capture(&[]).await?;
        match self.cache.entry(Payload::Integer(initial), timeout, marks) {
            Some(entry) => backend.add_to(key, delta, Some(entry)).await,
            // Not to be kept: counted on what is there, or on nothing.
            None => Ok(match backend.add_to(key, delta, None).await? {
                Count::Missing => initial.checked_add(delta).map_or(Count::Overflow, Count::Now),
                counted => counted,
            }),
        }
    }
}

awaitable! {
    impl['a] Increment<'a> => Result<i64> [now];
}

version_option! {
    impl['a] Increment<'a>;
}
