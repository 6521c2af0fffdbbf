//! One opaque error for everything that can go wrong between a caller and a store.
//!
//! Opaque, because a public enum with payloads freezes every cause into the API; the kind is what a program decides on,
//! the rest is for people. A miss, a refused put and an undecodable value are answers, not errors, and have no kind here.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// The result of a cache verb.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for a program to decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings, or a builder's options, do not fit together. Nothing was built.
    Configuration,
    /// The named backend, or the named alias, does not exist (Django's `InvalidCacheBackendError`).
    InvalidBackend,
    /// The key cannot be used with this backend or came out of a failing key function (Django's `InvalidCacheKey`).
    InvalidKey,
    /// The timeout is not a number.
    InvalidTimeout,
    /// The verb needs a live entry and there is none (Django's `ValueError` of `incr` and `incr_version`).
    Missing,
    /// A counter verb met a value that is not an integer. The value is untouched.
    NotAnInteger,
    /// A counter would leave the range of 64 bits. The value is untouched.
    Overflow,
    /// The value cannot be encoded. What was stored under the key before is untouched.
    Encode,
    /// The backend cannot do this, or not with the guarantee that was asked for.
    Unsupported,
    /// The store cannot be reached, or the connection broke.
    Connection,
    /// The store did not answer in time, or a lock was not free in time.
    Timeout,
    /// The lock is no longer held by this owner.
    LockLost,
    /// The loader asked for the key it is computing, directly or through other keys.
    Deadlock,
    /// The loader panicked. Nothing was stored.
    LoaderPanicked,
    /// Any other failure of the store.
    Backend,
}

/// Why a verb failed: its kind, the verb, the backend, the key and the cause.
///
/// `Display` is one line; `Debug` shows all parts.
///
/// ```
/// use keepwarm::{Cache, ErrorKind};
///
/// let cache = Cache::memory();
/// let error = cache.incr("absent", 1).wait().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Missing);
/// assert_eq!(error.key(), Some(":1:absent"));
/// assert!(!error.is_transient());
/// ```
pub struct Error(Box<Parts>);

struct Parts {
    kind: ErrorKind,
    message: Cow<'static, str>,
    verb: Option<&'static str>,
    backend: Option<Cow<'static, str>>,
    key: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with a message for people; backends and layers make theirs with it.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts { kind, message: message.into(), verb: None, backend: None, key: None, source: None }))
    }

    /// Names the verb, unless an inner room already did.
    #[must_use]
    pub fn with_verb(mut self, verb: &'static str) -> Self {
        self.0.verb.get_or_insert(verb);
        self
    }

    /// Names the backend, unless an inner room already did.
    #[must_use]
    pub fn with_backend(mut self, backend: impl Into<Cow<'static, str>>) -> Self {
        self.0.backend.get_or_insert_with(|| backend.into());
        self
    }

    /// Names the stored key, unless an inner room already did.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.0.key.get_or_insert_with(|| key.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong, for a program to decide on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The verb that failed, as it is called in the API: `get`, `set`, `incr` ...
    pub fn verb(&self) -> Option<&'static str> {
        self.0.verb
    }

    /// The backend it failed on: `memory`, `redis` ...
    pub fn backend(&self) -> Option<&str> {
        self.0.backend.as_deref()
    }

    /// The stored key it failed for, with prefix and version.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Connection | ErrorKind::Timeout)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.0;
        match (parts.verb, parts.key.as_deref()) {
            (Some(verb), Some(key)) => write!(formatter, "{verb} {key:?}: ")?,
            (Some(verb), None) => write!(formatter, "{verb}: ")?,
            (None, Some(key)) => write!(formatter, "{key:?}: ")?,
            (None, None) => {}
        }
        formatter.write_str(&parts.message)?;
        if let Some(backend) = &parts.backend {
            write!(formatter, " (backend {backend})")?;
        }
        if let Some(source) = &parts.source {
            write!(formatter, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("verb", &self.0.verb)
            .field("backend", &self.0.backend)
            .field("key", &self.0.key)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Why a computing verb failed: the cache, or the caller's own loader.
///
/// The loader's error comes back as it was, and needs neither `Clone` nor `Error`: each failing caller gets its own.
#[derive(Debug)]
pub enum FetchError<E> {
    /// The cache failed before the loader could be asked.
    Cache(Error),
    /// The loader failed. Nothing was stored.
    Loader(E),
}

impl<E> FetchError<E> {
    /// The loader's own error, if it was the loader that failed.
    pub fn into_loader(self) -> Option<E> {
        match self {
            Self::Loader(error) => Some(error),
            Self::Cache(_) => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for FetchError<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cache(error) => error.fmt(formatter),
            Self::Loader(error) => error.fmt(formatter),
        }
    }
}

impl<E: StdError + 'static> StdError for FetchError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Cache(error) => Some(error),
            Self::Loader(error) => Some(error),
        }
    }
}

impl<E> From<Error> for FetchError<E> {
    fn from(error: Error) -> Self {
        Self::Cache(error)
    }
}
