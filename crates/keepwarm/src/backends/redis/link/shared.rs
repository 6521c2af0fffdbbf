//! The connection that all tasks of a runtime share.
//!
//! It lives in the runtime of those who use it: from another one's thread each answer would cost two wake-ups more. Who
//! polls without any runtime is served by one of our own. A connection that breaks is made anew by the next who asks; one
//! that gives no answer in time is given up by its driver, for all who wait on it at once.

use std::fmt;
use std::future::{Future, poll_fn};
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use redis::Value;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{Handle, Id};

use super::attempt::{Attempts, Ending};
use super::blocking::Use;
use super::line::{Line, Question, Said};
use super::reading::{Answer, Names};
use super::socket::greeting;
use super::tls::server_name;
use super::{Node, Ways};
use crate::backends::redis::address::Address;
use crate::backends::redis::failure::Failure;
use crate::clock::Clock;

/// One connection for each runtime that uses the server.
#[derive(Default)]
pub(super) struct Connections(Mutex<Places>);

#[derive(Default)]
struct Places {
    /// The process that made them: a child of `fork` has none of its parent's runtimes.
    process: u32,
    /// A program has few of them: looking them through is quicker than hashing.
    by_runtime: Vec<(Id, Arc<Place>)>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connections").field("runtimes", &self.0.lock().by_runtime.len()).finish()
    }
}

/// The connection of one runtime.
pub(super) struct Place {
    runtime: Handle,
    line: Mutex<Option<Arc<Line>>>,
    connecting: Arc<Attempts<Arc<Line>>>,
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Place").field("runtime", &self.runtime.id()).finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(line) = self.line.get_mut() {
            line.close();
        }
    }
}

/// The runtime of those who have none.
static OWN_RUNTIME: LazyLock<Handle> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime on a thread of its own needs nothing");
    let handle = runtime.handle().clone();
    let run = move || runtime.block_on(std::future::pending::<()>());
    std::thread::Builder::new().name("keepwarm-redis".to_owned()).spawn(run).expect("the machine runs one more thread");
    handle
});

impl Connections {
    /// The connection of this runtime, if there is a good one.
    pub(super) fn line(&self, what: Use) -> Option<Arc<Line>> {
        let runtime = Handle::try_current();
        let id = runtime.as_ref().map_or_else(|_| OWN_RUNTIME.id(), Handle::id);
        let places = self.0.lock();
        // No child of `fork` goes on in a runtime of its parent's; ours it finds, without the thread that ran it.
        if runtime.is_err() && places.process != std::process::id() {
            return None;
        }
        places.by_runtime.iter().find(|(known, _)| *known == id)?.1.line(what)
    }

    fn place(&self) -> Arc<Place> {
        let runtime = Handle::try_current().unwrap_or_else(|_| OWN_RUNTIME.clone());
        let id = runtime.id();
        let mut places = self.0.lock();
        let process = std::process::id();
        if places.process != process {
            // The parent's must not be dropped here: that would take its sockets out of the parent's poll.
            std::mem::forget(std::mem::replace(&mut *places, Places { process, by_runtime: Vec::new() }));
        }
        if let Some((_, place)) = places.by_runtime.iter().find(|(known, _)| *known == id) {
            return Arc::clone(place);
        }
        // Runtimes that are gone have taken their connections' tasks along.
        places.by_runtime.retain(|(_, place)| place.line.lock().as_ref().is_none_or(|line| !line.has_ended()));
        let place = Arc::new(Place { runtime, line: Mutex::default(), connecting: Arc::default() });
        places.by_runtime.push((id, Arc::clone(&place)));
        place
    }

    /// The connection of this runtime.
    async fn good_line(&self, node: &Node, what: Use) -> Result<Arc<Line>, Failure> {
        match self.line(what) {
            Some(line) => Ok(line),
            // Seldom, and large: kept out of the future of every verb.
            None => Box::pin(async move { self.place().connect(node, what).await }).await,
        }
    }

    pub(super) async fn ask(&self, node: &Node, packed: &[u8], answers: usize) -> Result<Vec<Value>, Failure> {
        if answers == 0 {
            return Ok(Vec::new());
        }
        let line = self.good_line(node, Use::Ask).await?;
        match line.ask(Question::Commands(packed, answers)).await? {
            Said::Values(values) => Ok(values),
            Said::Read(_) => Err(Failure::out_of_step()),
        }
    }

    pub(super) async fn read(&self, node: &Node, names: Names<'_>) -> Result<Answer, Failure> {
        let line = self.good_line(node, Use::Read).await?;
        line.ask(Question::Names(names)).await?.read()
    }

    /// Makes sure that this runtime has a connection, and that it stays while the place is held.
    pub(super) async fn hold(&self, node: &Node) -> Result<Arc<Place>, Failure> {
        self.good_line(node, Use::Ask).await?;
        Ok(self.place())
    }

    pub(super) fn close(&self) {
        let places = std::mem::take(&mut self.0.lock().by_runtime);
        drop(places);
    }
}

impl Place {
    fn line(&self, what: Use) -> Option<Arc<Line>> {
        self.line.lock().as_ref().filter(|line| line.is_usable(what)).cloned()
    }

    async fn connect(self: Arc<Self>, node: &Node, what: Use) -> Result<Arc<Line>, Failure> {
        let begin = |ending: Ending<Arc<Line>>| {
            node.backoff.may_try()?;
            let (place, address, ways) = (Arc::clone(&self), node.address.clone(), node.ways.clone());
            let backoff = Arc::clone(&node.backoff);
            let connecting = async move {
                let timed_out = || Failure::Unreachable(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
                within(ways.connect_timeout, connect(&address, &ways)).await.unwrap_or_else(|| Err(timed_out()))
            };
            let keep = move |connected: &Result<Arc<Line>, Failure>| {
                backoff.tried(connected);
                if let Ok(line) = connected {
                    *place.line.lock() = Some(Arc::clone(line));
                }
            };
            self.runtime.spawn(ending.make(connecting, keep));
            Ok(())
        };
        self.connecting.join(|| self.line(what), begin)?.outcome().await
    }
}

/// What `future` gives within `patience`.
async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut sleep = pin!(Clock::system().sleep(patience));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Closes a connection that nobody took.
struct New(Option<Arc<Line>>);

impl New {
    fn take(mut self) -> Option<Arc<Line>> {
        self.0.take()
    }
}

impl Drop for New {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.close();
        }
    }
}

async fn connect(address: &Address, ways: &Ways) -> Result<Arc<Line>, Failure> {
    let unreachable = |error: std::io::Error| Failure::Unreachable(error.into());
    let line = match address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(unreachable)?;
            let socket = stream.as_fd().try_clone_to_owned().map_err(unreachable)?;
            Line::start(stream, socket, ways.socket_timeout)
        }
        Address::Tcp { host, port, tls } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
            stream.set_nodelay(true).map_err(unreachable)?;
            let socket = stream.as_fd().try_clone_to_owned().map_err(unreachable)?;
            if *tls {
                let connector = tokio_rustls::TlsConnector::from(ways.tls.config(&ways.trust)?);
                let stream = connector.connect(server_name(host)?, stream).await.map_err(unreachable)?;
                Line::start(stream, socket, ways.socket_timeout)
            } else {
                Line::start(stream, socket, ways.socket_timeout)
            }
        }
    };
    let new = New(Some(Arc::clone(&line)));
    for command in greeting(&ways.login) {
        let packed = command.get_packed_command();
        let said = Arc::clone(&line).ask(Question::Commands(&packed, 1)).await.map_err(Failure::before_login)?;
        if let Said::Values(values) = said
            && let Some(Value::ServerError(error)) = values.into_iter().next()
        {
            return Err(Failure::of_connecting(error.into()));
        }
    }
    new.take().ok_or_else(Failure::out_of_step)
}
