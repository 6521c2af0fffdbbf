//! Callers of a server that is not well: what the longest call costs, what calls cost once it is known, and how soon the
//! server is used again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use keepwarm::{Cache, Put};
use keepwarm_conformance::servers::RedisServer;
use rustix::net::{AddressFamily, SocketType, bind, listen, socket};

use crate::Bench;
use crate::report::Report;

/// A call's deadline, and what a busy machine adds to it.
const LONGEST: f64 = 300.0;

/// How long each outage lasts, and how long the server's return is waited for.
const LENGTH: Duration = Duration::from_secs(2);

/// Tasks that call at once, beside a thread that blocks.
const TASKS: usize = 20;

#[derive(Debug, Default)]
struct Calls {
    longest: Duration,
    /// Those that began when the store was known to be down.
    turned_away: Vec<Duration>,
}

impl Calls {
    fn note(&mut self, was_down: bool, took: Duration) {
        self.longest = self.longest.max(took);
        if was_down {
            self.turned_away.push(took);
        }
    }

    fn late(&mut self) -> Duration {
        self.turned_away.sort_unstable();
        self.turned_away.get(self.turned_away.len() * 99 / 100).copied().unwrap_or(Duration::MAX)
    }
}

fn is_down(cache: &Cache) -> bool {
    cache.stats().wait().is_ok_and(|stats| stats.health.is_down())
}

/// Calls for a while, from a thread and from tasks.
fn call(cache: &Cache) -> Calls {
    let calls = Mutex::new(Calls::default());
    let begin = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            while begin.elapsed() < LENGTH {
                let was_down = is_down(cache);
                let call_begin = Instant::now();
                cache.get::<String>("key").wait().expect("a cache that degrades does not fail");
                let took = call_begin.elapsed();
                calls.lock().expect("nobody panics").note(was_down, took);
                thread::sleep(Duration::from_millis(1));
            }
        });
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                let tasks: Vec<_> = (0..TASKS)
                    .map(|_| {
                        let cache = cache.clone();
                        tokio::spawn(async move {
                            let mut longest = Duration::ZERO;
                            while begin.elapsed() < LENGTH {
                                let call_begin = Instant::now();
                                cache.get::<String>("key").await.expect("a cache that degrades does not fail");
                                longest = longest.max(call_begin.elapsed());
                                tokio::time::sleep(Duration::from_millis(5)).await;
                            }
                            longest
                        })
                    })
                    .collect();
                for task in tasks {
                    let longest = task.await.expect("no task panics");
                    calls.lock().expect("nobody panics").note(false, longest);
                }
            });
        });
    });
    calls.into_inner().expect("nobody panics")
}

fn report_calls(report: &mut Report, what: &str, mut calls: Calls, back: Duration) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    report.at_most(format!("server {what}: longest call"), "ms", millis(calls.longest), LONGEST);
    let late = calls.late();
    let figures = format!("ms, 99 of 100; {} calls", calls.turned_away.len());
    report.at_most(format!("server {what}: a call once the breaker is open"), &figures, millis(late), 1.0);
    report.at_most(format!("server {what}: back after its return"), "ms", millis(back), 500.0);
}

/// How long it takes until the server is used again: until it keeps what is written. A key each time, because the write that
/// was dropped before would have to be made good first.
fn until_back(cache: &Cache) -> Duration {
    let begin = Instant::now();
    for number in 0_u64.. {
        let kept = matches!(cache.set(&format!("key{number}"), "value").wait(), Ok(Put::Stored));
        if kept || begin.elapsed() > Duration::from_secs(30) {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    begin.elapsed()
}

fn degrading(url: &str) -> Cache {
    Cache::from_url(&format!("{url}?on_error=degrade")).expect("the URL of a server")
}

pub(crate) fn all(_: &Bench, report: &mut Report) {
    let mut server = RedisServer::start();
    let cache = degrading(&server.url(0));
    let warm = || assert!(cache.set("key", "value").wait().is_ok());
    warm();
    server.kill();
    let calls = call(&cache);
    server.restart();
    report_calls(report, "killed", calls, until_back(&cache));
    warm();
    server.stall();
    let calls = call(&cache);
    server.resume();
    report_calls(report, "stopped (SIGSTOP)", calls, until_back(&cache));
    let full = Full::new().expect("the machine has a free port");
    let cache = degrading(&format!("redis://{}/0", full.address));
    let calls = call(&cache);
    full.serve(server.port());
    report_calls(report, "unreachable (packets dropped)", calls, until_back(&cache));
}

/// A port that answers nobody: its queue is full, so that the kernel drops whoever knocks.
struct Full {
    listener: TcpListener,
    address: SocketAddr,
    _queued: Vec<TcpStream>,
}

impl Full {
    fn new() -> io::Result<Self> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listen(&socket, 0)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
        }
        Ok(Self { listener, address, _queued: queued })
    }

    /// From now on everybody is let through to the server on this port.
    fn serve(self, port: u16) {
        thread::spawn(move || {
            let _queued = self._queued;
            for client in self.listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let ways = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
                for (from, to) in ways {
                    if let (Ok(mut from), Ok(mut to)) = (from, to) {
                        thread::spawn(move || io::copy(&mut from, &mut to));
                    }
                }
            }
        });
    }
}
