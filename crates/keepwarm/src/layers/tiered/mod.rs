//! A near tier: memory in this process in front of a shared store, kept coherent by the store's own news of what changes.
//!
//! A hit near costs what a hit in memory costs. What goes in and when is argued for in ARCHITECTURE.md: the near tier holds
//! nothing that was fetched before an invalidation whose news is in.

mod near;
mod verbs;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::time::Duration;

use parking_lot::RwLock;

use super::{Layer, Stack};
use crate::backend::Feed;
use crate::backends::memory::{Memory, MemoryOptions};
use crate::clock::Clock;

use near::Renewals;

/// Lays memory in front of a shared store that tells what changes in it.
///
/// Reads (`get`, `get_arc`, `get_many`, `get_or_set` and its kin) look near first, and keep near what they fetch. Everything
/// else asks the shared store, and every write through this cache empties its place near before it returns.
///
/// What this process invalidates is gone near when the verb returns. What others invalidate is gone when the news of it
/// is in, which takes about as long as a round trip; should the connection fall silent without breaking, what lies near
/// is served for at most [`max_staleness`](Self::max_staleness) after it was fetched. While the store cannot be watched
/// nothing is served near.
///
/// Lay it outermost, around what degrades:
///
/// ```
/// use std::sync::Weak;
///
/// use keepwarm::backend::{Feed, Watcher};
/// use keepwarm::layers::Tiered;
/// use keepwarm::{Cache, MemoryOptions, secs};
///
/// /// What a shared backend brings: here one that nobody else writes to.
/// struct Alone;
///
/// impl Feed for Alone {
///     fn watch(&self, watcher: Weak<dyn Watcher>) {
///         watcher.upgrade().expect("it has just begun").watching();
///     }
/// }
///
/// # let store = keepwarm::backends::memory::Memory::new(&MemoryOptions::new(), Default::default());
/// let cache = Cache::builder()
///     .backend(store)
///     .layer(Tiered::new(Alone).near(MemoryOptions::new().max_entries(10_000)).max_staleness(secs(10)))
///     .build()?;
/// cache.set("key", "value").wait()?;
/// assert_eq!(cache.get::<String>("key").wait()?.as_deref(), Some("value"));
/// assert_eq!(cache.stats().wait()?.health.near.map(|near| near.entries), Some(1));
/// # Ok::<(), keepwarm::Error>(())
/// ```
pub struct Tiered {
    feed: Box<dyn Feed>,
    near: MemoryOptions,
    max_staleness: Duration,
    clock: Clock,
}

/// How many entries lie near where nothing else is said.
const DEFAULT_ENTRIES: u64 = 10_000;

/// How long what lies near may be served where nothing else is said.
const DEFAULT_STALENESS: Duration = Duration::from_secs(30);

impl fmt::Debug for Tiered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tiered")
            .field("near", &self.near)
            .field("max_staleness", &self.max_staleness)
            .finish_non_exhaustive()
    }
}

impl Tiered {
    /// A near tier that is told by `feed` what changes in the store that it is laid around.
    pub fn new(feed: impl Feed) -> Self {
        Self {
            feed: Box::new(feed),
            near: MemoryOptions::new().max_entries(DEFAULT_ENTRIES),
            max_staleness: DEFAULT_STALENESS,
            clock: Clock::system(),
        }
    }

    /// The bounds of the near tier; 10,000 entries where this is not called. A name (`location`) means nothing here: each
    /// tier has a memory of its own.
    #[must_use]
    pub fn near(mut self, options: MemoryOptions) -> Self {
        self.near = options;
        self
    }

    /// How long what was fetched may be served near, whatever the store tells or does not tell; 30 seconds where this is not
    /// called.
    #[must_use]
    pub fn max_staleness(mut self, max_staleness: Duration) -> Self {
        self.max_staleness = max_staleness;
        self
    }

    /// Goes by this clock instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

impl Layer for Tiered {
    type Wrapped = Tiers;

    fn wrap(self, inner: Stack) -> Tiers {
        Tiers(Arc::new(Shared {
            far: inner,
            near: Memory::new(&self.near.unnamed(), self.clock.clone()),
            feed: self.feed,
            max_staleness: self.max_staleness,
            clock: self.clock,
            watched_by: AtomicU32::new(0),
            watching: AtomicBool::new(false),
            renewals: Renewals::default(),
            scopes: RwLock::default(),
            fetches: AtomicU64::new(0),
            overtaken: AtomicU64::new(0),
        }))
    }
}

/// A shared store with a near tier in front of it.
#[derive(Clone)]
pub struct Tiers(Arc<Shared>);

impl fmt::Debug for Tiers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tiers")
            .field("near", &self.0.near)
            .field("far", &self.0.far.kind())
            .finish_non_exhaustive()
    }
}

struct Shared {
    far: Stack,
    near: Memory,
    feed: Box<dyn Feed>,
    max_staleness: Duration,
    clock: Clock,
    /// The process that asked the feed to watch; 0 before the first use, because building a cache touches no network.
    watched_by: AtomicU32,
    /// Whether the store tells what changes; nothing is served near without that.
    watching: AtomicBool,
    renewals: Renewals,
    /// The prefixes of what lies near, to find what is told by its stored key alone.
    scopes: RwLock<Vec<crate::key::Scope>>,
    fetches: AtomicU64,
    overtaken: AtomicU64,
}
