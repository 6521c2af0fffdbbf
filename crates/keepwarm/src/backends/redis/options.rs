//! What a Redis store is reached by: servers, login, timeouts.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::address::{self, Address};
use crate::error::{Error, ErrorKind, Result};

/// How the servers of a store belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topology {
    /// Writes go to the first, reads to any other.
    Fixed(Vec<Address>),
    /// These watch over the servers of a service and know which one is the master.
    Sentinel { sentinels: Vec<Address>, service: String },
    /// These, and what they know of the others, share the keys among them.
    Cluster(Vec<Address>),
}

/// How a client logs in.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: i64,
}

/// Tells names and no secrets.
impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "(hidden)");
        formatter
            .debug_struct("Login")
            .field("username", &self.username)
            .field("password", &password)
            .field("database", &self.database)
            .finish()
    }
}

/// How the servers of a `rediss://` URL are known to be the right ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Trust {
    /// A file of certificates in PEM form that are trusted instead of the system's.
    pub(super) authorities: Option<PathBuf>,
    /// A client's certificate chain and its key, in PEM form.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// What a store on Redis or Valkey is reached by. Building one touches no network.
///
/// ```
/// use keepwarm::backends::redis::RedisOptions;
/// use keepwarm::millis;
///
/// let options = RedisOptions::url("redis://user:secret@cache.example:6379/1")?.socket_timeout(millis(100));
/// assert!(!format!("{options:?}").contains("secret"));
/// assert!(RedisOptions::url("redis+cluster://one:7000,two:7000").is_ok());
/// assert!(RedisOptions::url("redis+sentinel://one,two:26379/mymaster").is_ok());
/// assert!(RedisOptions::url("http://cache.example").is_err());
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RedisOptions {
    pub(super) topology: Topology,
    pub(super) login: Login,
    pub(super) sentinel_login: Login,
    pub(super) trust: Trust,
    pub(super) connect_timeout: Duration,
    pub(super) socket_timeout: Duration,
    pub(super) retry_on_timeout: bool,
    pub(super) max_connections: Option<usize>,
}

impl RedisOptions {
    /// From a URL, or several of one kind separated by `,` or `;`:
    ///
    /// | URL | what |
    /// |---|---|
    /// | `redis://user:password@host:port/db`, `valkey://` | one server; of several, writes go to the first and reads to the others |
    /// | `rediss://`, `valkeys://` | the same with TLS |
    /// | `unix:///path/to/socket?db=1` | through a socket of this machine |
    /// | `redis+sentinel://user:password@host:port,host:port/service/db` | the master of a service that Sentinel watches |
    /// | `redis+cluster://user:password@host:port,host:port` | a cluster; any of its nodes will do |
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no such URL.
    pub fn url(url: &str) -> Result<Self> {
        Self::urls([url])
    }

    /// Whether it can be watched: of a cluster, each node tells only of its own keys.
    pub(crate) fn can_be_watched(&self) -> bool {
        !matches!(self.topology, Topology::Cluster { .. })
    }

    /// The same from a list.
    ///
    /// # Errors
    /// As [`url`](Self::url).
    pub fn urls<'u>(urls: impl IntoIterator<Item = &'u str>) -> Result<Self> {
        let (topology, login) = address::parse(urls)?;
        Ok(Self {
            topology,
            login,
            sentinel_login: Login::default(),
            trust: Trust::default(),
            connect_timeout: Duration::from_secs(1),
            socket_timeout: Duration::from_millis(250),
            retry_on_timeout: false,
            max_connections: None,
        })
    }

    /// Who logs in, in place of what the URL says.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.login.username = Some(username.into());
        self
    }

    /// The password, in place of what the URL says.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.login.password = Some(password.into());
        self
    }

    /// The number of the database, in place of what the URL says.
    #[must_use]
    pub fn database(mut self, database: i64) -> Self {
        self.login.database = database;
        self
    }

    /// The password of the sentinels themselves.
    #[must_use]
    pub fn sentinel_password(mut self, password: impl Into<String>) -> Self {
        self.sentinel_login.password = Some(password.into());
        self
    }

    /// Trusts the certificates in this PEM file instead of the system's.
    #[must_use]
    pub fn authorities(mut self, file: impl Into<PathBuf>) -> Self {
        self.trust.authorities = Some(file.into());
        self
    }

    /// Shows this certificate chain to servers that ask for one; both files are PEM.
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.trust.identity = Some((certificate.into(), key.into()));
        self
    }

    /// How long connecting may take; 1 second where this is not called. A blocking call connects within its own
    /// [`socket_timeout`](Self::socket_timeout).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an answer may take; 250 milliseconds where this is not called. A connection that takes longer is given
    /// up.
    #[must_use]
    pub fn socket_timeout(mut self, timeout: Duration) -> Self {
        self.socket_timeout = timeout;
        self
    }

    /// Asks once more when an answer did not come in time, where asking twice does no harm.
    #[must_use]
    pub fn retry_on_timeout(mut self, retry: bool) -> Self {
        self.retry_on_timeout = retry;
        self
    }

    /// How many connections may be open to one server; blocking callers beyond it wait for one to be free. No bound where
    /// this is not called: as many as there are threads that call at once, and one for all tasks of a runtime.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections.max(1));
        self
    }
}

pub(super) fn refuse(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, reason.into())
}
