//! A cache for Rust with Django's verbs, names and settings: **never stale by accident, never down because the cache is
//! down, never the bottleneck.**
//!
//! ```
//! use keepwarm::{Cache, hours, secs};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), keepwarm::Error> {
//! let cache = Cache::memory();
//! cache.set("greeting", "hello").timeout(secs(60)).await?;
//! assert_eq!(cache.get::<String>("greeting").await?.as_deref(), Some("hello"));
//!
//! // Computed once, however many callers miss it together.
//! let orders = cache.get_or_set("orders:open", || async { vec![17, 4] }).tags(["orders"]).await?;
//! assert_eq!(orders, [17, 4]);
//! // From here on nobody gets what was read before, not even from a computation that is still under way.
//! cache.invalidate_tag("orders").await?;
//!
//! // The same verbs without async: a store that never waits is asked on the spot.
//! assert_eq!(cache.incr("views", 1).or_insert(0, hours(24)).wait()?, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! - [`Cache`] has the verbs; each gives a builder that is awaited, or waited for with `.wait()`.
//! - [`Caches`] holds the aliases of a program and reads [`settings`]; [`cache()`] is the default one.
//! - [`cached`] and [`memoize`] keep what functions return.
//! - [`backends`] are the stores; [`backend::Backend`] is what a store of your own implements, or the four methods of
//!   [`backends::custom::Custom`]. [`layers`] wrap them.
//! - [`Stats`] and [`Cache::explain`] say what happens and why a key is not there.
//! - [`Timeout`] and [`Ttl`] are how long entries live; [`clock`] is what they are measured by, and its manual twin for tests.
//!
//! # What holds everywhere
//!
//! - A hit and a miss are different types: `Ok(None)` is a miss, a cached `None` is `Ok(Some(None))`.
//! - A miss, a refused write and a value that cannot be read as what is asked for are answers, counted with their reason.
//!   An [`Error`] is something that failed, or a mistake of the caller.
//! - A value that was computed from what was read before a delete, set, clear, tag or namespace invalidation is never
//!   served after it.
//! - Every verb may be called from any thread and task; dropping its future leaves no lease, waiter or half a write.
//!
//! # Features
//!
//! `file` is the store in a directory, and `redis` that on Redis or Valkey. `tracing` tells of misses, computations and
//! failures; `metrics` counts in the program's recorder; `zstd` compresses large values. None is on by default.

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
pub mod backend;
pub mod backends;
mod blocking;
pub mod cache;
mod caches;
pub mod clock;
pub mod codec;
mod compute;
pub mod entry;
mod error;
mod expiry;
pub mod key;
pub mod layers;
mod payload;
mod random;
pub mod schema;
pub mod settings;
mod stats;
pub mod wire;

pub use __private::CacheInfo;
pub use backend::{Backend, Put, Refusal};
#[cfg(feature = "file")]
pub use backends::file::{FileMode, FileOptions, FileStore};
pub use backends::memory::MemoryOptions;
pub use blocking::{wait, wait_unless};
pub use cache::{Cache, CacheBuilder, Namespace};
pub use caches::{Caches, CachesBuilder, CloseAll, cache, caches};
pub use error::{Error, ErrorKind, FetchError, Result};
pub use expiry::{Deadline, Timeout, Ttl};
pub use keepwarm_macros::{Cacheable, cached, memoize};
pub use payload::{Glimpse, Object, Payload, Raw, Undecodable, Unreadable, Value};
pub use schema::Cacheable;
pub use stats::Stats;

use std::time::Duration;

/// So many milliseconds.
pub const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// So many seconds.
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many minutes.
pub const fn mins(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// So many hours.
pub const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// The examples of the project's README are run with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
