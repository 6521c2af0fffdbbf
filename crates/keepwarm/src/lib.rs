//! Keepwarm.

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
pub mod settings;
mod stats;
pub mod wire;

pub use __private::CacheInfo;
pub use backend::{Backend, Put, Refusal};
#[cfg(feature = "file")]
pub use backends::file::{FileMode, FileOptions, FileStore};
pub use backends::memory::MemoryOptions;
pub use cache::{Cache, CacheBuilder, Namespace};
pub use caches::{Caches, CachesBuilder, CloseAll, cache, caches};
pub use error::{Error, ErrorKind, FetchError, Result};
pub use expiry::{Deadline, Timeout, Ttl};
pub use keepwarm_macros::{cached, memoize};
pub use payload::{Glimpse, Object, Payload, Undecodable, Value};
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
