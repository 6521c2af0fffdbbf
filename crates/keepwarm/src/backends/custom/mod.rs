//! Your own store in four methods.
//!
//! Implement [`Custom`], which is `get`, `set`, `delete` and `clear` over bytes, and wrap it in an [`Adapter`]: that is a
//! whole [`Backend`](crate::Backend), with conditional writes, counters that keep their timeout, tags, namespaces,
//! leases and a `clear` of one alias. Your store needs to know nothing of any of it.
//!
//! ```
//! use std::{collections::HashMap, sync::Mutex, time::Duration};
//!
//! use keepwarm::backends::custom::{Adapter, Custom, CustomError};
//!
//! #[derive(Default)]
//! struct MyStore(Mutex<HashMap<String, Vec<u8>>>);
//!
//! impl Custom for MyStore {
//!     async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
//!         Ok(self.0.lock().unwrap().get(key).cloned())
//!     }
//!     async fn set(&self, key: &str, value: Vec<u8>, _timeout: Option<Duration>) -> Result<(), CustomError> {
//!         self.0.lock().unwrap().insert(key.to_owned(), value);
//!         Ok(())
//!     }
//!     async fn delete(&self, key: &str) -> Result<bool, CustomError> {
//!         Ok(self.0.lock().unwrap().remove(key).is_some())
//!     }
//!     async fn clear(&self) -> Result<(), CustomError> {
//!         self.0.lock().unwrap().clear();
//!         Ok(())
//!     }
//! }
//!
//! let cache = keepwarm::Cache::builder().backend(Adapter::new(MyStore::default())).key_prefix("myapp").build()?;
//! cache.set("user", "Ada").timeout(keepwarm::secs(60)).wait()?;
//! assert_eq!(cache.get::<String>("user").wait()?.as_deref(), Some("Ada"));
//! assert_eq!(cache.incr("views", 1).or_insert(41, keepwarm::mins(5)).wait()?, 42);
//! # Ok::<(), keepwarm::Error>(())
//! ```
//!
//! # What the adapter does with your store
//! - Entries lie under their stored keys in wire format v1, which carries deadline, stamp and generations. Bytes that
//!   are not such an entry, or that belong to another key, are a miss.
//! - The state of a tag, a namespace and an alias' prefix is an entry of its own: `keepwarm:tag:…`,
//!   `keepwarm:namespace:…`, `keepwarm:scope:…`. When your store loses one, what it covered becomes a miss.
//! - A read of a live entry is one `get` for it, one for its prefix and one for each of its tags; a miss is one `get`; a
//!   plain write is a `get` and a `set`.
//! - `timeout` is passed to `set` only when the entry has a deadline, and then what is left of it. A store that forgets
//!   expired entries saves room; one that ignores `timeout` still never serves an expired entry.
//! - Clearing one alias moves its prefix on and calls nothing but `get` and `set`: the entries of other aliases in the
//!   same store stay. The old entries lie there, dead, until they are written over or your store drops them. Clearing the
//!   whole store calls your `clear`.
//!
//! - An error of yours is [`ErrorKind::Backend`](crate::ErrorKind::Backend), unless it is or was caused by an
//!   [`io::Error`](std::io::Error) that says that the store cannot be reached
//!   ([`Connection`](crate::ErrorKind::Connection): refused, reset, broken pipe, unexpected end ...) or did not answer in time
//!   ([`Timeout`](crate::ErrorKind::Timeout), also of tokio's `timeout`). Those are what a
//!   [`Breaker`](crate::layers::Breaker) counts.
//!
//! # What it guarantees, and what it cannot
//! Every verb is atomic among the threads and tasks of this process, through locks by key that every clone of the adapter
//! shares. A dropped future gives its lock back, a panic in your code passes through to the caller and leaves nothing
//! locked. Among processes there is no atomicity, because four methods cannot express any: two processes that count
//! at once can lose a count, and each computes a missing value for itself. Implement [`Backend`](crate::Backend) itself
//! for more. Keys cannot be listed.

mod adapter;
mod entries;
mod failures;
mod leases;
mod markers;
pub(in crate::backends) mod random;
mod time;
mod verbs;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use adapter::Adapter;

/// Whatever went wrong in a user's own store; `?` makes one of any error.
pub type CustomError = Box<dyn std::error::Error + Send + Sync>;

/// A user's own store; write the four methods as `async fn`.
///
/// They are called from many threads and tasks at once, never twice at once for writes of the same key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a custom store",
    label = "not a `Custom` store",
    note = "implement `keepwarm::backends::custom::Custom`: `get`, `set`, `delete` and `clear`, each an `async fn` whose \
            future is `Send`"
)]
pub trait Custom: Send + Sync + 'static {
    /// The bytes last set under `key`; `None` when there are none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, CustomError>> + Send;

    /// Stores the bytes in place of any others. They may be forgotten after `timeout`; `None` is for good.
    fn set(
        &self,
        key: &str,
        value: Vec<u8>,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<(), CustomError>> + Send;

    /// Forgets what is under `key`, and says whether there was something.
    fn delete(&self, key: &str) -> impl Future<Output = Result<bool, CustomError>> + Send;

    /// Forgets everything.
    fn clear(&self) -> impl Future<Output = Result<(), CustomError>> + Send;
}

/// A store that the application keeps a handle to.
impl<C: Custom> Custom for Arc<C> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        (**self).get(key).await
    }

    async fn set(&self, key: &str, value: Vec<u8>, timeout: Option<Duration>) -> Result<(), CustomError> {
        (**self).set(key, value, timeout).await
    }

    async fn delete(&self, key: &str) -> Result<bool, CustomError> {
        (**self).delete(key).await
    }

    async fn clear(&self) -> Result<(), CustomError> {
        (**self).clear().await
    }
}
