//! What is compared with.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::time::{Measured, Watch, lone};

/// The bytes of a get, as the cache sends them.
const REQUEST: &[u8] = b"*3\r\n$4\r\nMGET\r\n$6\r\n:1:key\r\n$15\r\nkeepwarm:scope:\r\n";

/// The bytes of a get and of its answer, back and forth.
pub(crate) struct PingPong {
    stream: TcpStream,
    answered: usize,
    echo: Option<JoinHandle<()>>,
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_nodelay(true).expect("a socket takes it");
    stream
}

fn ask(stream: &mut TcpStream, answered: usize) {
    let mut buffer = [0; 4096];
    stream.write_all(REQUEST).expect("somebody listens");
    let mut read = 0;
    while read < answered {
        read += stream.read(&mut buffer).expect("somebody answers");
    }
}

/// What the server answers.
fn answer(port: u16) -> Vec<u8> {
    let mut server = connect(port);
    server.write_all(REQUEST).expect("the server listens");
    let mut answer = vec![0; 4096];
    let answered = server.read(&mut answer).expect("the server answers");
    answer.truncate(answered);
    answer
}

impl PingPong {
    /// With a thread that does nothing else: what the wire and two wake-ups cost. The server itself is asked for how many
    /// bytes they are.
    pub(crate) fn raw(port: u16) -> Self {
        let answer = answer(port);
        let answered = answer.len();
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the machine has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let echo = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody connects");
            stream.set_nodelay(true).expect("a socket takes it");
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                if stream.write_all(&answer).is_err() {
                    return;
                }
            }
        });
        Self { stream: connect(address.port()), answered, echo: Some(echo) }
    }

    /// With the server itself: what is left of a get when nothing is made of its answer.
    pub(crate) fn bare(port: u16) -> Self {
        Self { stream: connect(port), answered: answer(port).len(), echo: None }
    }

    pub(crate) fn turn(&mut self, length: Duration) -> Measured {
        lone(length, || ask(&mut self.stream, self.answered))
    }
}

impl Drop for PingPong {
    fn drop(&mut self) {
        // The other thread reads until it is closed.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        if let Some(echo) = self.echo.take() {
            let _ = echo.join();
        }
    }
}

/// The same bytes to the server by a task that owns its socket: what is left of an awaited get when nothing is made of its
/// answer and the connection is nobody else's.
pub(crate) async fn bare_async(port: u16, length: Duration) -> Measured {
    let answered = answer(port).len();
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket takes it");
    let mut buffer = vec![0; 4096];
    let mut watch = Watch::begin();
    while watch.is_on(length) {
        let begin = Instant::now();
        stream.write_all(REQUEST).await.expect("the server listens");
        let mut read = 0;
        while read < answered {
            read += stream.read(&mut buffer).await.expect("the server answers");
        }
        watch.took(begin);
    }
    watch.end()
}

/// The server's own measuring program.
pub(crate) struct Benchmark<'a> {
    pub(crate) port: u16,
    pub(crate) clients: usize,
    pub(crate) pipeline: usize,
    pub(crate) command: &'a [&'a str],
}

impl Benchmark<'_> {
    /// How many commands a second it measures, in about as long.
    pub(crate) fn turn(&self, length: Duration) -> Measured {
        let guess = self.once(2_000 * self.pipeline.min(20));
        self.once((guess * length.as_secs_f64()) as usize + 1000).into()
    }

    fn once(&self, requests: usize) -> f64 {
        let (port, clients, pipeline) = (self.port.to_string(), self.clients.to_string(), self.pipeline.to_string());
        let output = Command::new("redis-benchmark")
            .args(["-p", &port, "-c", &clients, "-P", &pipeline, "-n", &requests.to_string(), "--csv"])
            .args(self.command)
            .output()
            .expect("redis-benchmark is installed with the server");
        let text = String::from_utf8_lossy(&output.stdout);
        // "test","rps",...: the second field of the last line.
        let line = text.lines().last().unwrap_or_default();
        let field = line.split("\",\"").nth(1).unwrap_or_default().trim_matches('"');
        field.parse().unwrap_or_else(|_| panic!("redis-benchmark says {text}"))
    }
}

impl From<f64> for Measured {
    /// What another process did: its CPU is not ours.
    fn from(value: f64) -> Self {
        Self { value, cpu: 0.0 }
    }
}
