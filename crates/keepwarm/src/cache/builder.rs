//! Building a cache in code; settings end here too.

use std::sync::Arc;
use std::time::Duration;

use super::{Cache, SharedState};
use crate::backend::{Backend, DynBackend};
use crate::backends::memory::{Memory, MemoryOptions};
use crate::clock::Clock;
use crate::codec::{Codec, Encoding, compression};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timeout;
use crate::key::{KeyFunction, KeyMaker, Version};
use crate::layers::{Layer, Stack};
use crate::stats::meters::Meters;

/// How long a cache keeps entries that are given no timeout (Django's default).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// How long one caller may compute a value before another takes over.
const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// Builds a [`Cache`]; every option has a default.
///
/// ```
/// use keepwarm::{Cache, MemoryOptions, mins};
///
/// let cache = Cache::builder()
///     .memory(MemoryOptions::new().max_entries(10_000))
///     .key_prefix("myapp")
///     .timeout(mins(5))
///     .build()?;
/// cache.set("user", "Ada").wait()?;
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[must_use = "a builder does nothing before `build`"]
pub struct CacheBuilder {
    name: String,
    store: Store,
    layers: Vec<Box<dyn FnOnce(Stack) -> Stack + Send>>,
    key_prefix: String,
    version: Version,
    key_function: Option<Arc<KeyFunction>>,
    timeout: Timeout,
    encoding: Encoding,
    clock: Clock,
    lease: Duration,
}

enum Store {
    Memory(MemoryOptions),
    /// Made with the cache's clock.
    Made(Box<dyn FnOnce(Clock) -> Result<Stack> + Send>),
    Given(Stack),
}

impl Default for CacheBuilder {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            store: Store::Memory(MemoryOptions::new()),
            layers: Vec::new(),
            key_prefix: String::new(),
            version: Version::default(),
            key_function: None,
            timeout: Timeout::After(DEFAULT_TIMEOUT),
            encoding: Encoding::default(),
            clock: Clock::system(),
            lease: DEFAULT_LEASE,
        }
    }
}

impl CacheBuilder {
    /// The name of the alias, for statistics and errors.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Keeps objects in this process, within these bounds. The default.
    pub fn memory(mut self, options: MemoryOptions) -> Self {
        self.store = Store::Memory(options);
        self
    }

    /// Uses this backend. Give it the same clock as the cache, where it takes one.
    pub fn backend(self, backend: impl Backend) -> Self {
        self.stack(Stack::new(backend))
    }

    /// Uses a backend that is made with the cache's clock when the cache is built.
    #[cfg_attr(not(feature = "file"), expect(dead_code, reason = "each user of it is a feature"))]
    pub(crate) fn made(mut self, make: impl FnOnce(Clock) -> Result<Stack> + Send + 'static) -> Self {
        self.store = Store::Made(Box::new(make));
        self
    }

    /// Uses a backend that is shared with other caches.
    pub fn stack(mut self, stack: Stack) -> Self {
        self.store = Store::Given(stack);
        self
    }

    /// Lays a layer around what is there: the layer given last is the outermost.
    pub fn layer<L: Layer + Send + 'static>(mut self, layer: L) -> Self {
        self.layers.push(Box::new(move |inner| Stack::new(layer.wrap(inner))));
        self
    }

    /// What stored keys begin with, and what `clear()` is limited to. None by default; `keepwarm` and what begins with
    /// `keepwarm.` are reserved.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// The version of keys where a call gives none; 1 by default. Raising it hides every older entry.
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.version = version.into();
        self
    }

    /// Builds stored keys from key, prefix and version in a way of your own; see [`KeyFunction`]. Listing keys is no
    /// longer possible.
    pub fn key_function(mut self, function: impl Fn(&str, &str, &Version) -> String + Send + Sync + 'static) -> Self {
        self.key_function = Some(Arc::new(function));
        self
    }

    /// How long entries live that are given no timeout; 300 seconds by default.
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.timeout = timeout.into().or(Timeout::After(DEFAULT_TIMEOUT));
        self
    }

    /// How values are encoded where the backend keeps bytes; MessagePack by default.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.encoding.codec = codec;
        self
    }

    /// From how many bytes on an encoded value is compressed with Zstandard, where the backend keeps bytes and where that
    /// makes it smaller; never by default. Needs the feature `zstd`, as does every program that reads such values: to
    /// others they are misses. A value that would be longer than 128 MiB is not compressed.
    ///
    /// Below some hundred bytes little is gained: the frame alone takes about ten.
    pub fn compress_min_bytes(mut self, bytes: u64) -> Self {
        self.encoding.compress_min_bytes = Some(bytes);
        self
    }

    /// Where the cache takes its time from; the system's monotonic clock by default.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long one caller may compute a value before another takes over; 30 seconds by default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Builds the cache. Touches no network: the first verb connects.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the options do not fit together.
    pub fn build(self) -> Result<Cache> {
        if self.lease.is_zero() {
            return Err(Error::new(ErrorKind::Configuration, "a lease of no length lets nobody compute"));
        }
        if self.encoding.compress_min_bytes.is_some() && !compression::AVAILABLE {
            let reason = "compress_min_bytes: this program was built without keepwarm's feature `zstd`";
            return Err(Error::new(ErrorKind::Configuration, reason));
        }
        if self.key_prefix == "keepwarm" || self.key_prefix.starts_with("keepwarm.") {
            let reason = format!("the key prefix {:?} is reserved for locks, `once` and markers", self.key_prefix);
            return Err(Error::new(ErrorKind::Configuration, reason));
        }
        let store = match self.store {
            Store::Memory(options) => Stack::new(Memory::new(&options, self.clock.clone())),
            Store::Made(make) => make(self.clock.clone())?,
            Store::Given(stack) => stack,
        };
        let innermost = store.clone().into_inner();
        let stack = self.layers.into_iter().fold(store, |inner, wrap| wrap(inner));
        let backend: Arc<dyn DynBackend> = stack.into_inner();
        let meters = Meters::new(&self.name);
        Ok(Cache {
            shared: Arc::new(SharedState {
                name: self.name,
                abilities: backend.abilities(),
                store: innermost,
                backend,
                keys: KeyMaker::new(&self.key_prefix, self.version, self.key_function),
                timeout: self.timeout,
                encoding: self.encoding,
                clock: self.clock,
                lease: self.lease,
                flights: Default::default(),
                counters: Default::default(),
                meters,
                namespaces: Default::default(),
            }),
            view: None,
        })
    }
}
