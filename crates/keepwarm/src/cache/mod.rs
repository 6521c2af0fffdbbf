//! The front: what users call. It joins keys, resolves timeouts, turns values into payloads and back, and counts; the
//! atomic work is the backend's.
//!
//! Each verb is one builder with one `async fn run`, which `.await` and `.wait()` both drive.

mod builder;
mod bulk;
mod call;
mod clear;
mod counter;
mod explain;
mod fetch;
mod fetch_many;
mod lock;
mod namespace;
mod options;
mod rate_limit;
mod read;
mod scan;
mod shape;
mod touch;
mod update;
mod version;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::CacheBuilder;
pub use bulk::{DeleteMany, Found, GetMany, SetMany};
pub use call::Call;
pub use clear::{Clear, Close, InvalidateTags, ReadStats};
pub use counter::Increment;
pub use explain::{Explain, ExplainedEntry, ExplainedMark, Explanation};
pub use fetch::{Always, Fetch, Inline, Loader, Try};
pub(crate) use fetch::{Fetched, Form};
pub use fetch_many::{FetchMany, InlineMany, ManyAlways, ManyLoader, ManyTry};
pub use lock::{Lock, LockGuard, LockTry, Release};
pub use namespace::Namespace;
pub use rate_limit::{RateLimit, RateLimited};
pub use read::{Get, HasKey, Remaining};
pub use scan::{DeletePattern, KeyIter, Keys};
pub(crate) use shape::read;
pub use shape::{Owned, Reader, Shape, Shared};
pub use touch::{Persist, Touch};
pub use update::Update;
pub use version::{MoveVersion, Rewriter};
pub use write::{Delete, Once, Set, SetIf};

use crate::backend::{Abilities, DynBackend, Lookup};
use crate::clock::Clock;
use crate::codec::Encoding;
use crate::compute::Flights;
use crate::entry::{Marker, MarkerKind, MissReason};
use crate::error::{Error, Result};
use crate::expiry::Timeout;
use crate::key::{Key, KeyBuffer, KeyMaker, Version, warning};
use crate::payload::Unreadable;
use crate::stats::{Counters, Event, events, meters::Meters};

/// A cache: a handle on one alias of one store, cheap to clone and to share between threads and tasks.
///
/// Every verb returns a builder: `.await` it, or `.wait()` for it on this thread. Nothing happens before.
///
/// ```
/// use keepwarm::{Cache, secs};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let cache = Cache::memory();
/// cache.set("greeting", "hello").timeout(secs(60)).await?;
/// assert_eq!(cache.get::<String>("greeting").await?.as_deref(), Some("hello"));
///
/// let answer = cache.get_or_set("answer", || async { 6 * 7 }).await?;
/// assert_eq!(answer, 42);
/// # Ok::<(), keepwarm::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Cache {
    shared: Arc<SharedState>,
    view: Option<Arc<View>>,
}

/// What all handles on one alias share.
pub(crate) struct SharedState {
    pub(crate) name: String,
    pub(crate) backend: Arc<dyn DynBackend>,
    /// The store below all layers, for raw access to it.
    #[allow(dead_code, reason = "only some backends have raw access")]
    pub(crate) store: Arc<dyn DynBackend>,
    /// Asked once: a stack of layers and its store do not change what they can do.
    pub(crate) abilities: Abilities,
    pub(crate) keys: KeyMaker,
    pub(crate) timeout: Timeout,
    /// How values become bytes.
    pub(crate) encoding: Encoding,
    pub(crate) clock: Clock,
    pub(crate) lease: Duration,
    pub(crate) flights: Arc<Flights>,
    pub(crate) counters: Counters,
    pub(crate) meters: Meters,
    pub(crate) namespaces: namespace::Namespaces,
}

/// A namespace's part of the key space.
pub(crate) struct View {
    pub(crate) name: String,
    /// What its keys begin with, behind prefix and version.
    pub(crate) lead: String,
    /// Its own marker last, behind those of the namespaces around it.
    pub(crate) markers: Box<[Marker]>,
    pub(crate) counters: Counters,
}

impl View {
    /// The alias' own name of the namespace's key.
    pub(crate) fn join<'b>(&self, buffer: &'b mut KeyBuffer, name: &str) -> &'b str {
        buffer.push(&self.lead);
        buffer.push(name);
        buffer.as_str()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cache")
            .field("name", &self.shared.name)
            .field("backend", &self.shared.backend.kind())
            .field("keys", &self.shared.keys)
            .field("namespace", &self.view.as_ref().map(|view| &view.name))
            .finish()
    }
}

impl Cache {
    /// A memory cache of its own with the defaults: 100,000 entries, a timeout of 300 seconds, no key prefix.
    pub fn memory() -> Self {
        Self::builder().build().expect("the defaults fit together")
    }

    /// A cache that keeps nothing; see [`backends::dummy`](crate::backends::dummy).
    pub fn dummy() -> Self {
        Self::builder().backend(crate::backends::dummy::Dummy).build().expect("the defaults fit together")
    }

    /// A builder with the defaults of [`Cache::memory`].
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// The name of the alias in settings; `default` where none was given.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The kind of its backend.
    pub fn backend_kind(&self) -> &'static str {
        self.shared.backend.kind()
    }

    /// What its backend, with its layers, can do and guarantees.
    pub fn abilities(&self) -> Abilities {
        self.shared.abilities
    }

    /// The version that is used where a call gives none.
    pub fn version(&self) -> &Version {
        self.shared.keys.version()
    }

    /// The stored key of `key`, as this cache would use it.
    ///
    /// ```
    /// use keepwarm::Cache;
    ///
    /// let cache = Cache::builder().key_prefix("myapp").build()?;
    /// assert_eq!(cache.make_key("user", None)?, "myapp:1:user");
    /// assert_eq!(cache.make_key("user", Some(2.into()))?, "myapp:2:user");
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`](crate::ErrorKind::InvalidKey) when the alias' key function panics or returns nothing.
    pub fn make_key(&self, key: &str, version: Option<Version>) -> Result<String> {
        Ok(self.key(key, version.as_ref())?.as_str().to_owned())
    }

    #[inline]
    pub(crate) fn state(&self) -> &SharedState {
        &self.shared
    }

    #[inline]
    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_deref()
    }

    #[inline]
    pub(crate) fn never_waits(&self) -> bool {
        self.shared.abilities.never_waits
    }

    /// Joins the stored key.
    #[inline]
    pub(crate) fn key(&self, name: &str, version: Option<&Version>) -> Result<KeyBuffer> {
        let mut buffer = KeyBuffer::new();
        self.join_key(&mut buffer, name, version)?;
        Ok(buffer)
    }

    /// The same where the caller's buffer lies: moving one costs a verb on memory a tenth of its time.
    #[inline]
    pub(crate) fn join_key(&self, buffer: &mut KeyBuffer, name: &str, version: Option<&Version>) -> Result<()> {
        match &self.view {
            None => self.shared.keys.make(buffer, name, version),
            Some(view) => self.shared.keys.make(buffer, view.join(&mut KeyBuffer::new(), name), version),
        }
    }

    /// Looks a stored key at, on every way but a hit: a hit's key was looked at when it was stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`](crate::ErrorKind::InvalidKey) when the backend does not take such keys.
    pub(crate) fn check(&self, key: &Key<'_>) -> Result<()> {
        let Some(reason) = warning(key.as_str()) else { return Ok(()) };
        if self.shared.abilities.strict_keys.is_some() {
            return Err(Error::new(crate::ErrorKind::InvalidKey, reason).with_key(key.as_str()));
        }
        self.count(Event::UnportableKey);
        Ok(())
    }

    /// The markers that entries of this handle have: its namespace.
    #[inline]
    pub(crate) fn markers(&self) -> &[Marker] {
        match &self.view {
            None => &[],
            Some(view) => &view.markers,
        }
    }

    /// The marker of a tag, inside the alias' prefix and the same in all versions.
    pub(crate) fn tag(&self, tag: &str) -> Marker {
        Marker::new(MarkerKind::Tag, format!("{}:tag:{tag}", self.shared.keys.scope().prefix()))
    }

    /// For bindings, which decode a [`Raw`](crate::Raw) after the read that gave it was counted: it could not be decoded after
    /// all, so that the read was no hit. `miss` says whether it is counted as a miss now, as undecodable; who goes on to
    /// compute the value counts it there.
    pub fn unreadable(&self, miss: bool) {
        self.count(Event::NoHit);
        if miss {
            self.miss(MissReason::Undecodable);
        }
    }

    #[inline]
    pub(crate) fn count(&self, event: Event) {
        self.count_many(event, 1);
    }

    #[inline]
    pub(crate) fn count_many(&self, event: Event, times: u64) {
        self.shared.counters.count(event, times);
        if let Some(view) = &self.view {
            view.counters.count(event, times);
        }
        events::counted(&self.shared.name, event, times);
        self.shared.meters.counted(event, times);
    }

    #[inline]
    pub(crate) fn miss(&self, reason: MissReason) {
        self.shared.counters.miss(reason);
        if let Some(view) = &self.view {
            view.counters.miss(reason);
        }
        events::missed(&self.shared.name, reason);
        self.shared.meters.missed(reason);
    }

    /// Counts a failure of the store and names what failed.
    #[cold]
    pub(crate) fn failed(&self, error: Error, verb: &'static str, key: Option<&str>) -> Error {
        self.count(Event::Error);
        let error = error.with_verb(verb).with_backend(self.shared.backend.kind());
        let error = match key {
            Some(key) => error.with_key(key),
            None => error,
        };
        events::failed(&self.shared.name, &error);
        error
    }

    /// Opens what a lookup found as a value, and counts a hit or a miss with its reason.
    #[inline]
    pub(crate) fn open<P, T>(&self, found: Lookup<P>, open: impl FnOnce(P) -> Result<T, Unreadable>) -> Option<T> {
        let reason = match found {
            Lookup::Hit(payload) => match open(payload) {
                Ok(value) => {
                    self.count(Event::Hit);
                    return Some(value);
                }
                Err(unreadable) => unreadable.reason(),
            },
            Lookup::Miss(reason) => reason,
        };
        self.miss(reason);
        None
    }
}
