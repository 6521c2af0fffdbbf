//! A store in a directory, shared by all processes of a machine, or in shared memory.
//!
//! Entries lie in memory-mapped files: a hit takes no lock and no system call, a write is one visit under a kernel lock
//! that is free again when its holder dies, whatever way. What is damaged, torn or half written is a miss. The engine below
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
mod time;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mapped::Mapped;
pub use options::FileOptions;
pub(crate) use options::plan;

use crate::backend::{
    Abilities, Backend, Claim, Count, Housekeeping, Inspection, Lease, Lookup, Page, Put, Sharing, Size, When,
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
pub struct FileStore(Arc<Mapped>);

impl FileStore {
    /// Opens the store, and makes it if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the directory cannot be made or written, lies on a
    /// network file system, or holds a store of another version of the format.
    pub fn new(options: &FileOptions, clock: Clock) -> Result<Self> {
        Ok(Self(Arc::new(Mapped::open(options, clock)?)))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FileStore").field(&self.0.directory()).finish()
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
        Abilities {
            sharing: Sharing::Machine,
            atomic: Sharing::Machine,
            durable: self.0.is_durable(),
            never_waits: true,
            keeps_objects: false,
            keeps: true,
            scans: true,
            markers: true,
            resolution: Duration::from_millis(4),
            largest_value: Some(self.0.largest_value()),
            strict_keys: None,
        }
    }

    #[inline]
    fn glance(&self, _key: &Parts<'_>, _see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        None
    }

    #[inline]
    async fn get(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Payload>> {
        self.0.get(key)
    }

    async fn get_many(&self, keys: &[Key<'_>], _hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        keys.iter().map(|key| self.0.get(key)).collect()
    }

    async fn entry(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Entry>> {
        self.0.entry(key)
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        self.0.put(key, entry, when)
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        entries.into_iter().map(|(key, entry)| self.0.put(&key, entry, When::Always)).collect()
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        self.0.remove(key, when)
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        let mut removed = 0;
        for key in keys {
            removed += usize::from(self.0.remove(key, When::Always)?);
        }
        Ok(removed)
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        self.0.add_to(key, delta, create)
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        self.0.touch(key, deadline)
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        self.0.lease(key, markers, length, claim)
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.0.release(key, stamp)
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        self.0.generations(markers)
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        self.0.renew(markers)
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.0.clear(scope)
    }

    async fn clear_store(&self) -> Result<()> {
        self.0.clear_store()
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        self.0.scan(scope, pattern, from)
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        self.0.inspect(key)
    }

    async fn size(&self) -> Result<Size> {
        self.0.size()
    }

    fn housekeeping(&self) -> Housekeeping {
        self.0.housekeeping()
    }

    async fn close(&self) -> Result<()> {
        self.0.close();
        Ok(())
    }
}
