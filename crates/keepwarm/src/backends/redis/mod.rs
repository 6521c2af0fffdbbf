//! Redis and Valkey: one store for many machines.
//!
//! Stored keys are exactly `prefix:version:key`. Integers lie as decimals, so that `INCR` of any client works on them;
//! everything else lies in the envelope of `docs/wire-format.md`. The server keeps the expiry. What must be decided in one
//! step is decided by a script on the server; everything else is a plain command. Redis 6.2 or later, or Valkey.
//!
//! | what | how it lies on the server |
//! |---|---|
//! | a tag or namespace | `keepwarm:tag:...`, `keepwarm:namespace:...`: a random generation; entries carry the generations they were written under |
//! | the clearing of a prefix | `keepwarm:scope:prefix`: a random generation that all its entries carry; its lowest bit says that what is left of before has not been swept yet, and that plain integers, which carry nothing, count for nothing until then |
//! | a lease on a missing key | a placeholder under the key itself: whatever any client writes or deletes there ends it |
//! | a lock | `keepwarm.lock.prefix:name`: its fencing number, until when it is held by the server's clock, and its owner; the number lies on for an hour after it |
//! | a lease on an entry that is refreshed | `keepwarm.refresh.key`, with the identity of the entry that it holds for; when the entry expires or goes first, what was computed is not kept |
//!
//! Records that are evicted or lost are made anew with another random generation, never from memory: that only costs
//! misses. With an eviction policy that may take any key they go like others; they are read with every entry, so that they
//! are the last to go under LRU and LFU.
//!
//! With several servers given, reads of values go to the replicas and may be as old as these are behind; whatever decides
//! something asks the first.

mod address;
mod background;
mod counters;
mod entries;
mod failure;
mod feed;
mod figures;
mod judge;
mod link;
mod locks;
mod names;
mod options;
mod raw;
mod scopes;
mod script_call;
mod scripts;
mod servers;
mod store;
mod sweep;
mod unseen;
mod verbs;
mod writes;

use std::fmt;
use std::sync::Arc;

pub use options::RedisOptions;
pub use raw::{RedisConnection, RedisSharedConnection};
use store::Store;

use crate::clock::Clock;

/// A store on Redis or Valkey; clones share its connections.
///
/// ```no_run
/// use keepwarm::Cache;
/// use keepwarm::backends::redis::{Redis, RedisOptions};
/// use keepwarm::clock::Clock;
///
/// let redis = Redis::new(&RedisOptions::url("redis://127.0.0.1:6379/0")?, Clock::system());
/// let cache = Cache::builder().backend(redis).key_prefix("myapp").build()?;
/// cache.set("user:7", "Ada").wait()?;
/// assert_eq!(cache.get::<String>("user:7").wait()?.as_deref(), Some("Ada"));
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Clone)]
pub struct Redis(Arc<Store>);

impl Redis {
    /// A store on these servers. Touches no network: the first verb connects.
    pub fn new(options: &RedisOptions, clock: Clock) -> Self {
        Self(Arc::new(Store::new(options, clock)))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redis").field("servers", &self.0.servers).finish_non_exhaustive()
    }
}
