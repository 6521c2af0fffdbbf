//! Giving an entry another deadline: `touch`, `expire`, `persist`.

use super::Cache;
use super::call::awaitable;
use super::options::version_option;
use crate::backend::When;
use crate::error::Result;
use crate::expiry::Timeout;
use crate::key::{Key, KeyBuffer, Version};

impl Cache {
    /// Lets a live entry live `timeout` from now; whether there was one. Value, tags and version stay; an expired entry
    /// does not come back. A timeout of zero removes it.
    ///
    /// ```
    /// use keepwarm::{Timeout, secs};
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("session", "data").wait()?;
    /// assert!(cache.touch("session", secs(600)).wait()?);
    /// assert!(cache.touch("session", Timeout::Default).wait()?);
    /// assert!(!cache.touch("absent", secs(600)).wait()?);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn touch<'a>(&'a self, key: &'a str, timeout: impl Into<Timeout>) -> Touch<'a> {
        Touch { cache: self, key, timeout: timeout.into(), version: None, verb: "touch" }
    }

    /// The name that django-redis has for [`touch`](Self::touch).
    ///
    /// # Errors
    /// As `touch`.
    pub fn expire<'a>(&'a self, key: &'a str, timeout: impl Into<Timeout>) -> Touch<'a> {
        Touch { cache: self, key, timeout: timeout.into(), version: None, verb: "expire" }
    }

    /// Lets a live entry live for ever; whether there was one that would have expired.
    ///
    /// # Errors
    /// When the store fails and the alias does not degrade.
    pub fn persist<'a>(&'a self, key: &'a str) -> Persist<'a> {
        Persist { cache: self, key, version: None }
    }
}

/// See [`Cache::touch`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Touch<'a> {
    cache: &'a Cache,
    key: &'a str,
    timeout: Timeout,
    version: Option<Version>,
    verb: &'static str,
}

impl Touch<'_> {
    async fn run(self) -> Result<bool> {
        let state = self.cache.state();
        let mut key = KeyBuffer::new();
        self.cache.join_key(&mut key, self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), state.keys.scope());
        self.cache.check(&key)?;
        let touched = match self.timeout.or(state.timeout).deadline(state.clock.now()) {
            Some(deadline) => state.backend.touch(&key, deadline).await,
            None => state.backend.remove(&key, When::Present).await,
        };
        touched.map_err(|error| self.cache.failed(error, self.verb, Some(key.as_str())))
    }
}

/// See [`Cache::persist`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Persist<'a> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
}

impl Persist<'_> {
    async fn run(self) -> Result<bool> {
        use crate::expiry::Ttl;
        let mut ttl = self.cache.ttl(self.key);
        let mut touch = self.cache.touch(self.key, Timeout::Never);
        if let Some(version) = self.version {
            ttl = ttl.version(version.clone());
            touch = touch.version(version);
        }
        Ok(matches!(ttl.run().await?, Ttl::Left(_)) && touch.run().await?)
    }
}

awaitable! {
    impl['a] Touch<'a> => Result<bool>;
    impl['a] Persist<'a> => Result<bool>;
}

version_option! {
    impl['a] Touch<'a>;
    impl['a] Persist<'a>;
}
