//! What can go wrong between the engine and the machine.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The result of an engine's verb.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a verb failed. A miss or a refused write is an answer and not an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Another process holds a lock and does not go on: it is stopped, or being debugged.
    Locked {
        /// The file whose lock it is.
        file: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The directory lies on a file system on which memory cannot be shared.
    NetworkFileSystem {
        /// The directory.
        directory: PathBuf,
        /// What kind of file system that is.
        kind: &'static str,
    },
    /// The store was made by another version of this format.
    Version {
        /// The file that says so.
        file: PathBuf,
        /// The version it is of.
        found: u64,
        /// The version that this program reads and writes.
        known: u64,
    },
    /// The system refused.
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(what: &'static str, file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::Io { what, file, source }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { file, waited } => write!(
                formatter,
                "another process has held the lock of {} for {waited:?} without going on; is it stopped, or being debugged?",
                file.display()
            ),
            Self::NetworkFileSystem { directory, kind } => write!(
                formatter,
                "{} lies on {kind}, where processes cannot share memory; choose a local directory, `shm:<name>`, \
                 or the slower mode `files`",
                directory.display()
            ),
            Self::Version { file, found, known } => write!(
                formatter,
                "{} is of format version {found}, and this program reads and writes version {known}; give each its own \
                 directory, or remove the older one's when no program uses it any more",
                file.display()
            ),
            Self::Io { what, file, source } => write!(formatter, "cannot {what} {}: {source}", file.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
