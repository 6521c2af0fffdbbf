//! Moving an entry to another version: `incr_version`, `decr_version`.

use std::sync::Arc;

use super::Cache;
use super::call::awaitable;
use super::options::version_option;
use crate::backend::{Claim, Lease, Lookup, Put, Refusal, When};
use crate::compute::Grant;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, Version};
use crate::payload::Payload;
use crate::stats::Event;

impl Cache {
    /// Moves an entry `delta` versions up and gives the new version. Its deadline and tags stay.
    ///
    /// The value is stored under the new version before the old one is removed, so that a reader of either finds it; when
    /// the old entry changed in between, it stays.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("page", "text").wait()?;
    /// assert_eq!(cache.incr_version("page", 1).wait()?, 2);
    /// assert_eq!(cache.get::<String>("page").wait()?, None);
    /// assert_eq!(cache.get::<String>("page").version(2).wait()?.as_deref(), Some("text"));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without a live entry, [`ErrorKind::NotAnInteger`] when the version is a word,
    /// [`ErrorKind::Overflow`] beyond 64 bits, [`ErrorKind::Unsupported`] when a longer key makes the entry too large for
    /// the store; and when the store fails.
    pub fn incr_version<'a>(&'a self, key: &'a str, delta: i64) -> MoveVersion<'a> {
        MoveVersion { cache: self, key, delta: Some(delta), version: None, rewrite: None, verb: "incr_version" }
    }

    /// Moves an entry `delta` versions down; otherwise as [`incr_version`](Self::incr_version).
    ///
    /// # Errors
    /// As `incr_version`.
    pub fn decr_version<'a>(&'a self, key: &'a str, delta: i64) -> MoveVersion<'a> {
        MoveVersion { cache: self, key, delta: delta.checked_neg(), version: None, rewrite: None, verb: "decr_version" }
    }
}

/// How a binding makes a payload that lies under one stored key fit another.
pub type Rewriter = Arc<dyn Fn(&str, &str, Payload) -> Payload + Send + Sync>;

/// See [`Cache::incr_version`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct MoveVersion<'a> {
    cache: &'a Cache,
    key: &'a str,
    delta: Option<i64>,
    version: Option<Version>,
    rewrite: Option<Rewriter>,
    verb: &'static str,
}

impl MoveVersion<'_> {
    /// For bindings whose payloads are bound to the key they lie under.
    pub fn rewrite_with(mut self, rewrite: Rewriter) -> Self {
        self.rewrite = Some(rewrite);
        self
    }

    async fn run(self) -> Result<i64> {
        self.shift().await.map_err(|error| error.with_verb(self.verb).with_backend(self.cache.backend_kind()))
    }

    async fn shift(&self) -> Result<i64> {
        let cache = self.cache;
        let state = cache.state();
        let from = self.version.as_ref().unwrap_or(state.keys.version());
        let overflow = || Error::new(ErrorKind::Overflow, "the version would leave 64 bits");
        let number = from.number().ok_or_else(|| Error::new(ErrorKind::NotAnInteger, "the version is a word"))?;
        let number = number.checked_add(self.delta.ok_or_else(overflow)?).ok_or_else(overflow)?;
        let old = cache.key(self.key, Some(from))?;
        let old = Key::new(old.as_str(), state.keys.scope());
        let new_key = cache.key(self.key, Some(&Version::from(number)))?;
        let new = Key::new(new_key.as_str(), state.keys.scope());
        let failed = |error| cache.failed(error, self.verb, Some(old.as_str()));
        let missing = || Error::new(ErrorKind::Missing, "there is no such key").with_key(old.as_str());
        // A read would miss as well.
        let down = || Error::new(ErrorKind::Missing, "the store is down").with_key(old.as_str());
        loop {
            // Before the old entry is read: a clear that comes in between makes the write a refusal.
            let lease = state.backend.lease(&new, &[], state.lease, Claim::Refresh).await.map_err(failed)?;
            let fence = match lease {
                Lease::Granted(fence) => fence,
                Lease::StoreDown => return Err(down()),
                Lease::Hit(_) | Lease::Held => unreachable!("a refresh is always granted"),
            };
            let grant = Grant::new(cache, &new_key, fence);
            let Lookup::Hit(mut entry) = state.backend.entry(&old, cache.markers()).await.map_err(failed)? else {
                grant.give_back().await;
                return Err(missing());
            };
            let stamp = entry.stamp;
            if old.as_str() == new.as_str() {
                grant.give_back().await;
                return Ok(number);
            }
            if let Some(rewrite) = &self.rewrite {
                entry.payload = rewrite(old.as_str(), new.as_str(), entry.payload);
            }
            match grant.put(entry).await.map_err(failed)? {
                Put::Stored => {
                    state.backend.remove(&old, When::Unchanged(stamp)).await.map_err(failed)?;
                    return Ok(number);
                }
                // Another write or an invalidation came between: what is there now is moved, if anything is.
                Put::Refused(Refusal::Condition | Refusal::Overtaken) => {}
                Put::Refused(Refusal::StoreDown) => return Err(down()),
                // It expired under way.
                Put::Refused(Refusal::NotKept) => return Err(missing()),
                Put::Refused(refusal @ (Refusal::TooLarge | Refusal::StoreFull)) => {
                    cache.count(Event::Refusal);
                    let reason = match refusal {
                        Refusal::StoreFull => {
                            "the store has no room for the entry under its new version; it stays as it was"
                        }
                        _ => "under its new version the entry would be too large for the store; it stays as it was",
                    };
                    return Err(failed(Error::new(ErrorKind::Unsupported, reason)));
                }
            }
        }
    }
}

awaitable! {
    impl['a] MoveVersion<'a> => Result<i64>;
}

version_option! {
    impl['a] MoveVersion<'a>;
}
