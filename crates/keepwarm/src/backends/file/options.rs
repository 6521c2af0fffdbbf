//! Where a store lies and how large it may grow.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::settings::{DJANGO_CULL_FREQUENCY, DJANGO_MAX_ENTRIES, Options};

/// How a file store keeps its entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileMode {
    /// In a few memory-mapped files: fast, on local disks.
    #[default]
    Mapped,
    /// One file for each entry: slow, and right wherever files can be locked and renamed, network file systems among them.
    /// Deadlines follow the wall clock as it was when each process opened the store, and calls block their thread while the
    /// disk works.
    Files,
}

/// Django's way to keep to a number of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cull {
    pub(super) max_entries: u64,
    pub(super) frequency: u32,
}

impl Cull {
    /// How many of so many entries go before another one is written.
    pub(super) fn due(self, entries: u64) -> u64 {
        match self.frequency {
            _ if entries < self.max_entries => 0,
            0 => entries,
            frequency => (entries / u64::from(frequency)).max(1),
        }
    }
}

/// Where a file store lies, and its bounds.
///
/// The process that makes the store decides its bounds; another one that asks for other bounds while it is in use gets those,
/// and makes it anew with its own when nobody else has it open.
///
/// ```
/// use keepwarm::FileOptions;
///
/// let options = FileOptions::new(".cache").max_bytes(256 << 20);
/// let in_memory = FileOptions::new("shm:myapp");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOptions {
    pub(super) location: PathBuf,
    pub(super) max_bytes: u64,
    pub(super) max_entries: Option<u64>,
    pub(super) cull: Option<Cull>,
    pub(super) patience: Duration,
    pub(super) mode: FileMode,
}

impl FileOptions {
    /// How many bytes a store may take that was given no bound: 1 GiB.
    pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

    /// A store in a directory, which is made if it is missing; a relative one is taken from the working directory at the time when
    /// the store is opened. `shm:name` is one in shared memory, gone when the machine ends.
    pub fn new(location: impl Into<PathBuf>) -> Self {
        Self {
            location: location.into(),
            max_bytes: Self::DEFAULT_MAX_BYTES,
            max_entries: None,
            cull: None,
            patience: Duration::from_secs(5),
            mode: FileMode::Mapped,
        }
    }

    /// At most this many bytes on the disk, the store's bookkeeping included; at least 1 MiB. A store that holds less takes
    /// less. An eighth of it is the largest value that fits.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// At most this many entries, expired ones that are not swept yet included.
    #[must_use]
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = Some(entries);
        self
    }

    /// Keeps to so many entries as Django counts: a store that has them drops one in `frequency`, all of them for 0, before it
    /// takes another, or the same key's once more. Who goes is as without; what is dead goes first. Without it a full store
    /// evicts one entry at a time, which keeps more. In place of [`max_entries`](Self::max_entries).
    #[must_use]
    pub fn cull(mut self, max_entries: u64, frequency: u32) -> Self {
        self.cull = Some(Cull { max_entries: max_entries.max(1), frequency });
        self
    }

    /// How long a verb waits for a lock that another process holds, before it fails with
    /// [`ErrorKind::Timeout`]; 5 seconds unless told. A lock is held for
    /// microseconds, and freed by the kernel when its holder dies: only a process that is stopped holds one for long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How entries are kept; in mapped files unless told.
    #[must_use]
    pub fn mode(mut self, mode: FileMode) -> Self {
        self.mode = mode;
        self
    }

    /// The same with a place that stays where it is when the process changes its working directory, as Django's does.
    pub(super) fn absolute(&self) -> Result<Self> {
        let mut options = self.clone();
        if self.name_in_memory().is_none() {
            options.location = std::path::absolute(&self.location).map_err(|error| {
                let message = format!("the location {:?} names no directory", self.location);
                Error::new(ErrorKind::Configuration, message).with_source(error)
            })?;
        }
        Ok(options)
    }

    fn name_in_memory(&self) -> Option<&str> {
        self.location.to_str().and_then(|location| location.strip_prefix("shm:"))
    }

    /// How the engine is asked for it.
    pub(super) fn engine(&self) -> Result<keepwarm_engine::Options> {
        let mut engine = keepwarm_engine::Options::new(self.location.clone());
        if let Some(name) = self.name_in_memory() {
            engine.directory = shared_memory(name)?;
            // Nothing of it outlives the machine: there is no disk to wait for.
            engine.durable = false;
        }
        engine.max_bytes = self.max_bytes;
        engine.max_entries = self.max_entries.filter(|_| self.cull.is_none());
        engine.patience = self.patience;
        Ok(engine)
    }
}

/// The directory of a store in shared memory. Users of a machine do not meet in it.
fn shared_memory(name: &str) -> Result<PathBuf> {
    const PLACE: &str = "/dev/shm";
    let refuse = |message: String| Err(Error::new(ErrorKind::Configuration, message));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
        return refuse(format!(
            "`shm:{name}` names no shared memory; write `shm:` and letters, digits, `-`, `_` or `.`"
        ));
    }
    if !Path::new(PLACE).is_dir() {
        return refuse(format!("`shm:{name}`: this system has no {PLACE}; give a directory"));
    }
    Ok(Path::new(PLACE).join(format!("keepwarm-{}-{name}", keepwarm_engine::user())))
}

/// Reads the options of an alias.
pub(crate) fn plan(options: &Options) -> Result<FileOptions> {
    let refuse =
        |message: &str| Err(Error::new(ErrorKind::Configuration, format!("alias `{}`: {message}", options.alias())));
    let Some(location) = options.text("location")?.filter(|location| !location.is_empty()) else {
        return refuse("a file cache needs LOCATION, the directory to keep it in (or `shm:<name>`)");
    };
    let mut file = FileOptions::new(location);
    if let Some(bytes) = options.size("max_bytes")? {
        if bytes < 1 << 20 {
            return refuse("max_bytes of a file cache is at least 1 MiB");
        }
        file = file.max_bytes(bytes);
    }
    bound(options, &mut file)?;
    if options.one_of("mode", &["mapped", "files"])?.as_deref() == Some("files") {
        if file.name_in_memory().is_some() {
            return refuse("`shm:` is memory, and mode = \"files\" is for disks that cannot be mapped");
        }
        file = file.mode(FileMode::Files);
    }
    if let Some(patience) = options.duration("lock_timeout")? {
        file = file.patience(patience);
    }
    Ok(file)
}

/// The bound on entries. Who sets one in Django's words counts on Django's numbers; a bound in bytes Django does not have.
fn bound(options: &Options, file: &mut FileOptions) -> Result<()> {
    let max_entries = options.whole("max_entries", 1)?;
    let frequency = options.whole("cull_frequency", 0)?;
    let has_bytes = options.size("max_bytes")?.is_some();
    let cull = match options.one_of("eviction", &["s3-fifo", "cull"])?.as_deref() {
        Some("s3-fifo") if frequency.is_some() => {
            let message = "cull_frequency says how `cull` evicts; with eviction = \"s3-fifo\" it means nothing";
            return Err(Error::new(ErrorKind::Configuration, format!("alias `{}`: {message}", options.alias())));
        }
        Some(word) => word == "cull",
        None => frequency.is_some() || (max_entries.is_some() && !has_bytes),
    };
    if cull {
        let frequency = frequency.unwrap_or(DJANGO_CULL_FREQUENCY);
        let frequency = u32::try_from(frequency).unwrap_or(u32::MAX);
        file.cull = Some(Cull { max_entries: max_entries.unwrap_or(DJANGO_MAX_ENTRIES), frequency });
    } else {
        file.max_entries = max_entries;
    }
    Ok(())
}
