//! One server, reached in two ways with one face: a blocking caller drives a socket of its own, all tasks of a runtime
//! share one connection. (Measured: a hop from a blocking caller to a runtime's thread doubles the latency of a get and
//! triples its CPU.)

mod attempt;
mod backoff;
mod blocking;
mod inbox;
mod line;
mod raw;
mod reading;
mod request;
mod resolve;
mod shared;
mod socket;
mod tls;

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Value;

use super::address::Address;
use super::failure::Failure;
use super::options::{Login, RedisOptions, Trust};
use crate::backend::Limit;
use crate::clock::is_driven;
use backoff::Backoff;
pub use blocking::Borrowed;
use line::Question;
pub(super) use line::{Asking, Said};
pub use raw::Shared;
pub(super) use reading::{Answer, Found, Names};
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
    longest: Duration,
    /// When it began to wait: a call that is answered at once never looks at the clock.
    since: Cell<Option<Instant>>,
}

impl Patience {
    /// What the layers around this store leave, but no longer than `longest`.
    pub(super) fn of(longest: Duration) -> Self {
        Self { limit: Limit::current(), longest, since: Cell::new(None) }
    }

    /// What is left of it; zero when it is over. The first look begins it.
    pub(super) fn left(&self) -> Duration {
        if self.limit.is_called_off() {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let since = self.since.get().unwrap_or(now);
        self.since.set(Some(since));
        let until = since + self.longest;
        self.limit.until().map_or(until, |limit| limit.min(until)).saturating_duration_since(now)
    }
}

/// A read that was begun.
pub(super) enum Begun<'a> {
    /// A blocking caller has its answer.
    Done(Result<Answer, Failure>),
    Asked(Asking<'a>),
    /// It has to be connected first.
    Not,
}

/// One server.
#[derive(Debug)]
pub(super) struct Node {
    address: Address,
    ways: Ways,
    pool: blocking::Pool,
    shared: shared::Connections,
    backoff: Arc<Backoff>,
}

impl Node {
    pub(super) fn new(address: Address, ways: Ways) -> Self {
        let pool = blocking::Pool::new(ways.max_connections);
        Self { address, ways, pool, shared: shared::Connections::default(), backoff: Arc::default() }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks and gives an answer for each of the request's commands. A request that was never sent is sent again over a new
    /// connection, and so is one that may have been carried out, if repeating it does no harm.
    pub(super) async fn ask(self: &Arc<Self>, request: &Request) -> Result<Vec<Value>, Failure> {
        let packed = request.packed();
        let first = self.ask_once(&packed, request.len()).await;
        let again = match &first {
            Err(Failure::Unsent(_)) => true,
            Err(failure) => request.is_repeatable() && self.is_worth_another_try(failure),
            Ok(_) => false,
        };
        if again { self.ask_once(&packed, request.len()).await } else { first }
    }

    /// Whether a request that failed so and may be repeated should be.
    pub(super) fn is_worth_another_try(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Broken(_) | Failure::Unsent(_) => true,
            Failure::TimedOut => self.ways.retry_on_timeout,
            _ => false,
        }
    }

    async fn ask_once(self: &Arc<Self>, packed: &[u8], answers: usize) -> Result<Vec<Value>, Failure> {
        if is_driven() {
            return self.pool.ask(self, packed, answers);
        }
        self.shared.ask(self, packed, answers).await
    }

    /// Begins to read what lies under names, together with all who read at the same time. What is no string is not there.
    pub(super) fn begin<'a>(self: &Arc<Self>, names: Names<'a>) -> Begun<'a> {
        if is_driven() {
            return Begun::Done(self.pool.read(self, names));
        }
        self.shared.line(blocking::Use::Read).map_or(Begun::Not, |line| Begun::Asked(line.ask(Question::Names(names))))
    }

    /// The same to its end, over a new connection and once more where that may help.
    pub(super) async fn read(self: &Arc<Self>, names: Names<'_>) -> Result<Answer, Failure> {
        let first = self.read_once(names).await;
        match first {
            Err(failure) if self.is_worth_another_try(&failure) => self.read_once(names).await,
            first => first,
        }
    }

    /// The same, once.
    pub(super) async fn read_once(self: &Arc<Self>, names: Names<'_>) -> Result<Answer, Failure> {
        match self.begin(names) {
            Begun::Done(answer) => answer,
            Begun::Asked(asking) => asking.await?.read(),
            Begun::Not => self.shared.read(self, names).await,
        }
    }

    /// The connection that the tasks of this runtime share, for what the cache has no verb for.
    pub(super) async fn share(self: &Arc<Self>) -> Result<Shared, Failure> {
        let place = self.shared.hold(self).await?;
        Ok(Shared::new(Arc::clone(self), place))
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
