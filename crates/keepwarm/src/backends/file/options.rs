//! Where a store lies and how large it may grow.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::settings::Options;

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
    pub(super) patience: Duration,
    pub(super) mode: FileMode,
}

impl FileOptions {
    /// How many bytes a store may take that was given no bound: 1 GiB.
    pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

    /// A store in a directory, which is made if it is missing; `shm:name` is one in shared memory, gone when the machine ends.
    pub fn new(location: impl Into<PathBuf>) -> Self {
        Self {
            location: location.into(),
            max_bytes: Self::DEFAULT_MAX_BYTES,
            max_entries: None,
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

    /// How the engine is asked for it.
    pub(super) fn engine(&self) -> Result<keepwarm_engine::Options> {
        let mut engine = keepwarm_engine::Options::new(self.location.clone());
        if let Some(name) = self.location.to_str().and_then(|location| location.strip_prefix("shm:")) {
            engine.directory = shared_memory(name)?;
            // Nothing of it outlives the machine: there is no disk to wait for.
            engine.durable = false;
        }
        engine.max_bytes = self.max_bytes;
        engine.max_entries = self.max_entries;
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
    file.max_entries = options.whole("max_entries", 1)?;
    // Taken so that Django's settings load; this store evicts one entry at a time.
    options.whole("cull_frequency", 0)?;
    if options.one_of("mode", &["mapped", "files"])?.as_deref() == Some("files") {
        if file.location.to_str().is_some_and(|location| location.starts_with("shm:")) {
            return refuse("`shm:` is memory, and mode = \"files\" is for disks that cannot be mapped");
        }
        file = file.mode(FileMode::Files);
    }
    if let Some(patience) = options.duration("lock_timeout")? {
        file = file.patience(patience);
    }
    Ok(file)
}
