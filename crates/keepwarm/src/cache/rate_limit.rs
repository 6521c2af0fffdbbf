//! Limiting how often something happens: a counter that expires.

use std::time::Duration;

use super::Cache;
use super::call::awaitable;
use super::options::version_option;
use crate::backend::Count;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timeout;
use crate::key::{Key, Version};
use crate::payload::Payload;

impl Cache {
    /// Counts one use of `key` and tells whether it is among the first `limit` of its period. The period begins with the
    /// first use; of N callers at once exactly `limit` are allowed.
    ///
    /// ```
    /// use keepwarm::mins;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// let answers: Vec<bool> =
    ///     (0..4).map(|_| cache.rate_limit("login:7", 3, mins(1)).wait().map(|limit| limit.allowed)).collect::<Result<_, _>>()?;
    /// assert_eq!(answers, [true, true, true, false]);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotAnInteger`] when something else lies under the key; and when the store fails.
    pub fn rate_limit<'a>(&'a self, key: &'a str, limit: u64, period: Duration) -> RateLimit<'a> {
        RateLimit { cache: self, key, limit, period, version: None }
    }
}

/// What [`Cache::rate_limit`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    /// Whether this use is within the limit.
    pub allowed: bool,
    /// How many more are, in this period.
    pub remaining: u64,
    /// When the next period begins.
    pub reset_after: Duration,
}

/// See [`Cache::rate_limit`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct RateLimit<'a> {
    cache: &'a Cache,
    key: &'a str,
    limit: u64,
    period: Duration,
    version: Option<Version>,
}

impl RateLimit<'_> {
    async fn run(self) -> Result<RateLimited> {
        let state = self.cache.state();
        let key = self.cache.key(self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), state.keys.scope());
        self.cache.check(&key)?;
        let failed = |error| self.cache.failed(error, "rate_limit", Some(key.as_str()));
        let marks = self.cache.capture(&[]).await.map_err(failed)?;
        let entry = self.cache.entry(Payload::Integer(0), Timeout::After(self.period), marks);
        let Some(entry) = entry else {
            // A period of no length never has a second use.
            let remaining = self.limit.saturating_sub(1);
            return Ok(RateLimited { allowed: self.limit > 0, remaining, reset_after: Duration::ZERO });
        };
        let (counted, deadline) = state.backend.tally(&key, 1, entry).await.map_err(failed)?;
        let used = match counted {
            Count::Now(used) => used.max(0).cast_unsigned(),
            Count::Overflow => u64::MAX,
            Count::Missing | Count::NotAnInteger => {
                let reason = "what lies under the key is not a counter";
                return Err(Error::new(ErrorKind::NotAnInteger, reason).with_verb("rate_limit").with_key(key.as_str()));
            }
        };
        let reset_after = deadline.left(state.clock.now()).unwrap_or(Duration::MAX);
        Ok(RateLimited { allowed: used <= self.limit, remaining: self.limit.saturating_sub(used), reset_after })
    }
}

awaitable! {
    impl['a] RateLimit<'a> => Result<RateLimited>;
}

version_option! {
    impl['a] RateLimit<'a>;
}
