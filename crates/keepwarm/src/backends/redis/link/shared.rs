//! The connection that all tasks of a runtime share, and its supervisor.
//!
//! It lives in the runtime of those who use it: from another one's thread each answer would cost two wake-ups more. Who
//! polls without any runtime is served by one of our own. A connection that breaks is made anew by the next who asks; one
//! that gives no answer in time is given up by the watch that runs beside it, for all who wait on it at once.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{Handle, Id};

use super::tls::server_name;
use super::{Node, Request, Ways};
use crate::backends::redis::address::Address;
use crate::backends::redis::failure::Failure;
use crate::clock::Clock;

/// A connection that is not used for so many milliseconds is looked at before it is used again.
const IDLE: u64 = 5;

/// One connection for each runtime that uses the server.
#[derive(Default)]
pub(super) struct Connections(Mutex<Places>);

#[derive(Default)]
struct Places {
    /// The process that made them: a child of `fork` has none of its parent's runtimes.
    process: u32,
    by_runtime: HashMap<Id, Arc<Place>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connections").field("runtimes", &self.0.lock().by_runtime.len()).finish()
    }
}

/// The connection of one runtime.
struct Place {
    runtime: Handle,
    live: Mutex<Option<Live>>,
    /// Who holds it connects; the others wait for what comes of it.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Live {
    connection: MultiplexedConnection,
    traffic: Arc<Traffic>,
    /// The same socket once more, to look whether the other side has closed it.
    socket: Arc<OwnedFd>,
}

/// What goes over a connection.
#[derive(Default)]
struct Traffic {
    /// Requests whose callers wait.
    waiting: AtomicUsize,
    /// Since when nothing came though somebody asked, in milliseconds of the process's clock; 0 for not.
    silent_since: AtomicU64,
    /// When the last answer came.
    last_answer: AtomicU64,
    timed_out: AtomicBool,
    ended: AtomicBool,
}

fn now_millis() -> u64 {
    (Clock::system().now().as_nanos() / 1_000_000).max(1)
}

impl Traffic {
    fn asks(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.silent_since.compare_exchange(0, now_millis(), Ordering::Relaxed, Ordering::Relaxed);
    }

    fn answered(&self) {
        let now = now_millis();
        let silent = if self.waiting.load(Ordering::Relaxed) > 1 { now } else { 0 };
        self.silent_since.store(silent, Ordering::Relaxed);
        self.last_answer.store(now, Ordering::Relaxed);
    }

    /// Ends when there was no answer for `patience` to something that was asked.
    async fn silence(&self, patience: Duration) {
        let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        loop {
            let since = self.silent_since.load(Ordering::Relaxed);
            let silent = if since == 0 { 0 } else { now_millis().saturating_sub(since) };
            if silent >= patience {
                return;
            }
            Clock::system().sleep(Duration::from_millis(patience - silent)).await;
        }
    }
}

/// A request that is under way; a caller who goes away is not waited for any more.
struct Asking<'t>(&'t Traffic);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
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
    fn place(&self) -> Arc<Place> {
        let runtime = Handle::try_current().unwrap_or_else(|_| OWN_RUNTIME.clone());
        let id = runtime.id();
        let mut places = self.0.lock();
        let process = std::process::id();
        if places.process != process {
            // The parent's must not be dropped here: that would take its sockets out of the parent's poll.
            std::mem::forget(std::mem::replace(&mut *places, Places { process, by_runtime: HashMap::new() }));
        }
        if let Some(place) = places.by_runtime.get(&id) {
            return Arc::clone(place);
        }
        // Runtimes that are gone have taken their connections' tasks along.
        places.by_runtime.retain(|_, place| place.live.lock().as_ref().is_none_or(|live| !live.has_ended()));
        let place = Arc::new(Place { runtime, live: Mutex::default(), connecting: tokio::sync::Mutex::new(()) });
        places.by_runtime.insert(id, Arc::clone(&place));
        place
    }

    pub(super) async fn ask(&self, node: &Node, request: &Request) -> Result<Vec<Value>, Failure> {
        let place = self.place();
        let live = match place.live() {
            Some(live) => live,
            None => place.connect(node).await?,
        };
        live.ask(request).await
    }

    pub(super) async fn connection(&self, node: &Node) -> Result<MultiplexedConnection, Failure> {
        let place = self.place();
        Ok(match place.live() {
            Some(live) => live.connection,
            None => place.connect(node).await?.connection,
        })
    }

    pub(super) fn close(&self) {
        let places = std::mem::take(&mut self.0.lock().by_runtime);
        drop(places);
    }
}

impl Place {
    fn live(&self) -> Option<Live> {
        self.live.lock().as_ref().filter(|live| !live.has_ended() && !live.is_stale()).cloned()
    }

    async fn connect(&self, node: &Node) -> Result<Live, Failure> {
        let _connecting = self.connecting.lock().await;
        if let Some(live) = self.live() {
            return Ok(live);
        }
        node.backoff.may_try()?;
        // A task of its own: whoever gives up waiting does not end it for the others, nor for the next call.
        let (address, ways) = (node.address.clone(), node.ways.clone());
        let connecting = self.runtime.spawn(async move {
            let patience = ways.connect_timeout;
            let connecting = connect(&address, &ways);
            within(patience, connecting)
                .await
                .unwrap_or_else(|| Err(Failure::Unreachable(std::io::Error::from(std::io::ErrorKind::TimedOut).into())))
        });
        let connected = match connecting.await {
            Ok(connected) => connected,
            Err(error) => Err(Failure::Unreachable(std::io::Error::other(error).into())),
        };
        node.backoff.tried(&connected);
        let live = connected?;
        *self.live.lock() = Some(live.clone());
        Ok(live)
    }
}

impl Live {
    fn has_ended(&self) -> bool {
        self.traffic.ended.load(Ordering::Acquire)
    }

    /// Whether the other side closed it while nobody used it. The driver would find out only when its runtime turns to it,
    /// and what was sent by then could not be told from what was carried out.
    fn is_stale(&self) -> bool {
        let idle = self.traffic.waiting.load(Ordering::Relaxed) == 0
            && now_millis().saturating_sub(self.traffic.last_answer.load(Ordering::Relaxed)) >= IDLE;
        if !idle {
            return false;
        }
        let mut byte = [0_u8; 1];
        match recv(&self.socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, length)) => length == 0,
            Err(error) => !matches!(error, rustix::io::Errno::AGAIN | rustix::io::Errno::INTR),
        }
    }

    async fn ask(mut self, request: &Request) -> Result<Vec<Value>, Failure> {
        let traffic = Arc::clone(&self.traffic);
        traffic.asks();
        let _asking = Asking(&traffic);
        let answered = match request.single() {
            Some(command) => self.connection.send_packed_command(command).await.map(|answer| vec![answer]),
            None => self.connection.send_packed_commands(request.commands(), 0, request.len()).await,
        };
        match answered {
            Ok(answers) => {
                traffic.answered();
                Ok(answers)
            }
            Err(_) if traffic.timed_out.load(Ordering::Acquire) => Err(Failure::TimedOut),
            Err(error) => {
                // Whatever it is, the answers of this connection can no longer be told apart.
                traffic.ended.store(true, Ordering::Release);
                Err(Failure::Broken(error))
            }
        }
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

async fn connect(address: &Address, ways: &Ways) -> Result<Live, Failure> {
    let unreachable = |error: std::io::Error| Failure::Unreachable(error.into());
    match address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(unreachable)?;
            let socket = stream.as_fd().try_clone_to_owned().map_err(unreachable)?;
            start(stream, socket, ways).await
        }
        Address::Tcp { host, port, tls } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
            stream.set_nodelay(true).map_err(unreachable)?;
            let socket = stream.as_fd().try_clone_to_owned().map_err(unreachable)?;
            if !*tls {
                return start(stream, socket, ways).await;
            }
            let connector = tokio_rustls::TlsConnector::from(ways.tls.config(&ways.trust)?);
            let name = server_name(host)?;
            start(connector.connect(name, stream).await.map_err(unreachable)?, socket, ways).await
        }
    }
}

/// Logs in, and sets the connection's driver and its watch going.
async fn start<S>(stream: S, socket: OwnedFd, ways: &Ways) -> Result<Live, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut login = RedisConnectionInfo::default().set_db(ways.login.database).set_skip_set_lib_name();
    if let Some(username) = &ways.login.username {
        login = login.set_username(username);
    }
    if let Some(password) = &ways.login.password {
        login = login.set_password(password);
    }
    // Timeouts are kept by the watch: one for the connection instead of a timer for each request.
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&login, stream, config).await.map_err(Failure::of_connecting)?;
    let traffic = Arc::new(Traffic::default());
    tokio::spawn(supervise(driver, Arc::clone(&traffic), ways.socket_timeout));
    Ok(Live { connection, traffic, socket: Arc::new(socket) })
}

/// Says that a connection has ended, also when its runtime drops it.
struct Ends(Arc<Traffic>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
    }
}

async fn supervise(driver: impl Future<Output = ()>, traffic: Arc<Traffic>, patience: Duration) {
    let mut driver = Box::pin(driver);
    let ends = Ends(Arc::clone(&traffic));
    let mut silence: Pin<Box<dyn Future<Output = ()> + Send + '_>> = Box::pin(traffic.silence(patience));
    poll_fn(|context| {
        if driver.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if silence.as_mut().poll(context).is_ready() {
            traffic.timed_out.store(true, Ordering::Release);
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    // Before the driver is dropped, which answers everybody who waits: they find why.
    drop(ends);
    drop(driver);
}
