//! A store in a directory, shared by all processes of a machine, or in shared memory.
//!
//! Entries lie in memory-mapped files: a hit takes no lock, a write is one visit under a lock that is free again when
//! its holder dies, whatever way, and neither takes a system call. What is damaged, torn or half written is a miss. The engine below
//! is the crate `keepwarm-engine`; `docs/engine.md` in the repository explains its format and argues why it holds.
//!
//! ```
//! use keepwarm::{Cache, secs};
//!
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path();
//! let cache = Cache::file(directory)?;
//! cache.set("greeting", "hello").timeout(secs(60)).wait()?;
//!
//! // Another process, or another handle as here, sees the same.
//! let same = Cache::file(directory)?;
//! assert_eq!(same.get::<String>("greeting").wait()?.as_deref(), Some("hello"));
//! # Ok::<(), keepwarm::Error>(())
//! ```

mod mapped;
mod options;
mod plain;
mod time;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mapped::Mapped;
pub(crate) use options::plan;
pub use options::{FileMode, FileOptions};
use plain::Plain;

use crate::backend::{
    Abilities, Backend, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put, Sharing,
    Size, When, derived,
};
use crate::cache::{Cache, CacheBuilder};
use crate::clock::Clock;
use crate::entry::{Entry, Generation, Marker, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::layers::Stack;
use crate::payload::{Glimpse, Payload};

/// A store in a directory; clones share it, and so does whoever else opens the directory.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

enum Inner {
    Mapped(Box<Mapped>),
    Plain(Plain),
}

/// The verb of whichever it is.
macro_rules! either {
    ($of:expr, $store:ident => $verb:expr) => {
        match &*$of.0 {
            Inner::Mapped($store) => $verb,
            Inner::Plain($store) => $verb,
        }
    };
}

impl FileStore {
    /// Opens the store, and makes it if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the directory cannot be made or written, lies on a
    /// network file system, or holds a store of another version of the format.
    pub fn new(options: &FileOptions, clock: Clock) -> Result<Self> {
        let options = &options.absolute()?;
        Ok(Self(Arc::new(match options.mode {
            FileMode::Mapped => Inner::Mapped(Box::new(Mapped::open(options, clock)?)),
            FileMode::Files => Inner::Plain(Plain::open(options, clock)?),
        })))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FileStore").field(&either!(self, store => store.directory())).finish()
    }
}

impl Cache {
    /// A cache in a directory with the defaults: 1 GiB, a timeout of 300 seconds, no key prefix. `shm:name` puts it into
    /// shared memory.
    ///
    /// # Errors
    /// As [`FileStore::new`].
    pub fn file(location: impl Into<PathBuf>) -> Result<Self> {
        Self::builder().file(FileOptions::new(location)).build()
    }
}

impl CacheBuilder {
    /// Keeps entries in a directory, shared with every process that opens it.
    ///
    /// ```
    /// use keepwarm::{Cache, FileOptions};
    ///
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let directory = directory.path();
    /// let cache = Cache::builder().file(FileOptions::new(directory).max_bytes(64 << 20)).key_prefix("myapp").build()?;
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    pub fn file(self, options: FileOptions) -> Self {
        self.made(move |clock| Ok(Stack::new(FileStore::new(&options, clock)?)))
    }
}

impl Backend for FileStore {
    fn kind(&self) -> &'static str {
        "file"
    }

    #[inline]
    fn abilities(&self) -> Abilities {
        // One file for each entry lives on shared disks, goes by the wall clock, and waits for the disk.
        let (sharing, never_waits, millis, durable) = match &*self.0 {
            Inner::Mapped(store) => (Sharing::Machine, true, 4, store.is_durable()),
            Inner::Plain(_) => (Sharing::Machine, false, 1, true),
        };
        Abilities {
            sharing,
            atomic: sharing,
            durable,
            never_waits,
            keeps_objects: false,
            keeps: true,
            scans: true,
            markers: true,
            resolution: Duration::from_millis(millis),
            largest_value: Some(either!(self, store => store.largest_value())),
            strict_keys: None,
        }
    }

    #[inline]
    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        match &*self.0 {
            Inner::Mapped(store) => store.glance(key, see),
            Inner::Plain(_) => None,
        }
    }

    #[inline]
    fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        match &*self.0 {
            Inner::Mapped(store) => store.add_in_place(key, delta),
            Inner::Plain(_) => None,
        }
    }

    #[inline]
    fn put_at_once(&self, key: &Parts<'_>, value: Glimpse<'_>, deadline: Deadline) -> Option<Result<Put>> {
        match &*self.0 {
            Inner::Mapped(store) => store.put_at_once(key, value, deadline),
            Inner::Plain(_) => None,
        }
    }

    fn remove_at_once(&self, _key: &Parts<'_>) -> Option<bool> {
        None
    }

    #[inline]
    async fn get(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Payload>> {
        either!(self, store => store.get(key))
    }

    async fn get_many(&self, keys: &[Key<'_>], _hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        either!(self, store => keys.iter().map(|key| store.get(key)).collect())
    }

    async fn entry(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Entry>> {
        either!(self, store => store.entry(key))
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        derived::entries(self, keys, hint).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        either!(self, store => store.put(key, entry, when))
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        either!(self, store => entries.into_iter().map(|(key, entry)| store.put(&key, entry, When::Always)).collect())
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        either!(self, store => store.remove(key, when))
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        let mut removed = 0;
        for key in keys {
            removed += usize::from(either!(self, store => store.remove(key, When::Always))?);
        }
        Ok(removed)
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        either!(self, store => store.add_to(key, delta, create))
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        derived::tally(self, key, delta, create).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        derived::lock(self, key, owner, locking).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        either!(self, store => store.touch(key, deadline))
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        either!(self, store => store.lease(key, markers, length, claim))
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        either!(self, store => store.release(key, stamp))
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        either!(self, store => store.generations(markers))
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        either!(self, store => store.renew(markers))
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        either!(self, store => store.clear(scope))
    }

    async fn clear_store(&self) -> Result<()> {
        either!(self, store => store.clear_store())
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        match &*self.0 {
            Inner::Mapped(store) => store.scan(scope, pattern, from),
            Inner::Plain(store) => store.scan(scope, pattern),
        }
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        either!(self, store => store.inspect(key))
    }

    async fn size(&self) -> Result<Size> {
        match &*self.0 {
            Inner::Mapped(store) => store.size(),
            Inner::Plain(store) => Ok(store.size()),
        }
    }

    fn housekeeping(&self) -> Housekeeping {
        either!(self, store => store.housekeeping())
    }

    async fn close(&self) -> Result<()> {
        if let Inner::Mapped(store) = &*self.0 {
            store.close();
        }
        Ok(())
    }
}
