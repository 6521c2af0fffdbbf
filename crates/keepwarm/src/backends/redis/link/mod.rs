//! One server, reached in two ways with one face: a blocking caller drives a socket of its own, all tasks of a runtime
//! share one connection. (Measured: a hop from a blocking caller to a runtime's thread doubles the latency of a get and
//! triples its CPU.)

mod backoff;
mod blocking;
mod request;
mod resolve;
mod shared;
mod socket;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Value;
use redis::aio::MultiplexedConnection;

use super::address::Address;
use super::failure::Failure;
use super::options::{Login, RedisOptions, Trust};
use crate::backend::Limit;
use crate::clock::is_driven;
use backoff::Backoff;
pub use blocking::Borrowed;
pub(super) use request::{Request, packed};
pub(super) use socket::Socket;

/// How servers are reached and logged in to.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub(super) login: Login,
    pub(super) trust: Trust,
    pub(super) connect_timeout: Duration,
    pub(super) socket_timeout: Duration,
    pub(super) retry_on_timeout: bool,
    pub(super) max_connections: Option<usize>,
    tls: Arc<tls::Tls>,
}

impl Ways {
    pub(super) fn of(options: &RedisOptions) -> Self {
        Self {
            login: options.login.clone(),
            trust: options.trust.clone(),
            connect_timeout: options.connect_timeout,
            socket_timeout: options.socket_timeout,
            retry_on_timeout: options.retry_on_timeout,
            max_connections: options.max_connections,
            tls: Arc::default(),
        }
    }
}

/// How long a call that waits inside one poll may take.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    limit: Limit,
    until: Instant,
}

impl Patience {
    /// What the layers around this store leave, but no longer than `longest`.
    pub(super) fn of(longest: Duration) -> Self {
        let limit = Limit::current();
        let until = Instant::now() + limit.left().map_or(longest, |left| left.min(longest));
        Self { limit, until }
    }

    /// What is left of it; zero when it is over.
    pub(super) fn left(&self) -> Duration {
        if self.limit.is_called_off() {
            return Duration::ZERO;
        }
        self.until.saturating_duration_since(Instant::now())
    }
}

/// One server.
#[derive(Debug)]
pub(super) struct Node {
    address: Address,
    ways: Ways,
    pool: blocking::Pool,
    shared: shared::Connections,
    backoff: Backoff,
}

impl Node {
    pub(super) fn new(address: Address, ways: Ways) -> Self {
        let pool = blocking::Pool::new(ways.max_connections);
        Self { address, ways, pool, shared: shared::Connections::default(), backoff: Backoff::default() }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks and gives an answer for each of the request's commands. A request that was never sent is sent again over a new
    /// connection, and so is one that may have been carried out, if repeating it does no harm.
    pub(super) async fn ask(self: &Arc<Self>, request: &Request) -> Result<Vec<Value>, Failure> {
        let first = self.ask_once(request).await;
        let again = match &first {
            Err(Failure::Broken(_)) => request.is_repeatable(),
            Err(Failure::TimedOut) => request.is_repeatable() && self.ways.retry_on_timeout,
            _ => false,
        };
        if again { self.ask_once(request).await } else { first }
    }

    async fn ask_once(self: &Arc<Self>, request: &Request) -> Result<Vec<Value>, Failure> {
        if is_driven() {
            return self.pool.ask(self, request);
        }
        self.shared.ask(self, request).await
    }

    /// The connection that the tasks of this runtime share.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<MultiplexedConnection, Failure> {
        self.shared.connection(self).await
    }

    /// A socket of one's own for good, beside those of the pool.
    pub(super) fn open(&self, patience: &Patience) -> Result<Socket, Failure> {
        Socket::connect(&self.address, &self.ways, patience)
    }

    /// A socket of one's own, to be given back.
    pub(super) fn borrow(self: &Arc<Self>) -> Result<Borrowed, Failure> {
        self.pool.borrow(self, &Patience::of(self.ways.socket_timeout))
    }

    /// Gives all connections back.
    pub(super) fn close(&self) {
        self.pool.close();
        self.shared.close();
    }
}
