//! Raw access, for what a cache has no verb for.

pub use super::link::Borrowed as RedisConnection;
pub use super::link::Shared as RedisSharedConnection;

use super::Redis;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};

impl Redis {
    /// The connection that the tasks of this runtime share, for the `redis` crate's own commands. With several servers it is the
    /// one to the first, with Sentinel to the master, with a cluster to the first of the masters.
    ///
    /// # Errors
    /// When no connection can be made.
    pub async fn connection(&self) -> Result<RedisSharedConnection> {
        let master = self.0.servers.masters().await?.swap_remove(0);
        master.share().await.map_err(|failure| failure.at(master.address()))
    }

    /// A connection of one's own for this thread, given back when it is dropped.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn connection_wait(&self) -> Result<RedisConnection> {
        let master = crate::blocking::drive(self.0.servers.masters())?.swap_remove(0);
        master.borrow().map_err(|failure| failure.at(master.address()))
    }
}

impl Cache {
    /// The store as Redis, for raw access beside the cache: sets, sorted sets, streams, publishing.
    ///
    /// Stored keys are [`make_key`](Self::make_key)'s; what is written there by other means than this cache's is an entry
    /// only if it is a plain integer.
    ///
    /// ```no_run
    /// use keepwarm::Cache;
    ///
    /// let cache = Cache::from_url("redis://127.0.0.1:6379")?;
    /// let mut connection = cache.redis()?.connection_wait()?;
    /// let members: i64 = redis::cmd("SADD").arg("online").arg("Ada").query(&mut connection).unwrap();
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when its store is another one.
    pub fn redis(&self) -> Result<Redis> {
        let redis = self.state().store.as_any().downcast_ref::<Redis>();
        redis.cloned().ok_or_else(|| {
            let reason = format!("the store is not Redis but {}", self.backend_kind());
            Error::new(ErrorKind::Unsupported, reason)
        })
    }
}
