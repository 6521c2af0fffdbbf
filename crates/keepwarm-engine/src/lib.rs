//! The store behind Keepwarm's `file` backend: a cache in a directory, shared by all processes of a machine.
//!
//! A few memory-mapped files: shards of an index and two logs each. Readers take no lock and write nothing but a count of
//! uses; a writer holds the lock of one shard, which is free again when its process dies, whatever way. Whatever it
//! leaves behind is made whole by the next one. Nothing on the disk is believed: what an index word leads to is compared
//! and checked before it is handed out, so that the worst that damage can cause is a miss.
//!
//! `docs/engine.md` in the repository describes the format and argues why it holds. The engine knows nothing of Keepwarm's
//! types; applications use it through the `keepwarm` crate.
//!
//! ```
//! use keepwarm_engine::{Condition, Lookup, NEVER, Options, Scope, Store, ValueRef, Write};
//!
//! # let directory = std::env::temp_dir().join(format!("keepwarm-engine-{}", std::process::id()));
//! let store = Store::new(Options::new(&directory));
//! let (scope, now) = (Scope::of("myapp"), store.time()?);
//! let write = Write { value: ValueRef::Integer(41), deadline: NEVER, written: now, marks: &[], condition: Condition::Always };
//! store.put(scope, b"myapp:1:views", &write, now)?;
//! assert_eq!(store.add(scope, b"myapp:1:views", 1, None, now)?, keepwarm_engine::Count::Now(42));
//! # drop(store);
//! # std::fs::remove_dir_all(directory).unwrap();
//! # Ok::<(), keepwarm_engine::Error>(())
//! ```

mod bulk;
#[cfg(feature = "crash-points")]
pub mod crash;
#[cfg(not(feature = "crash-points"))]
#[path = "no_crash.rs"]
mod crash;
mod error;
mod hash;
mod head;
mod leases;
mod locked;
mod map;
mod markers;
mod marks;
mod members;
#[cfg(all(test, not(miri)))]
mod modelled;
mod options;
mod prepare;
mod record;
mod shard;
mod side;
mod spot;
mod state;
mod store;
mod sys;
mod types;
mod words;

pub use error::{Error, Result};
pub use options::Options;
pub use store::Store;
pub use sys::{FileLock, random, user};
pub use types::{
    Condition, Count, Entry, Housekeeping, Inspection, Lease, Lookup, Mark, MarkRef, Marker, Miss, NEVER, Page, Scope,
    Size, Stored, Value, ValueRef, Write,
};
