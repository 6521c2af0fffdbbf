//! What is compared with.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::time::{Measured, lone};

/// The bytes of a get and of its answer, back and forth with a thread that does nothing else: what the wire and two
/// wake-ups cost. The server itself is asked for how many bytes they are.
pub(crate) fn ping_pong(port: u16, length: Duration) -> Measured {
    let request = b"*3\r\n$4\r\nMGET\r\n$6\r\n:1:key\r\n$15\r\nkeepwarm:scope:\r\n";
    let mut server = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    server.write_all(request).expect("the server listens");
    let mut answer = vec![0; 4096];
    let answered = server.read(&mut answer).expect("the server answers");
    let answer = answer[..answered].to_vec();
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
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_nodelay(true).expect("a socket takes it");
    let mut buffer = [0; 4096];
    let measured = lone(length, || {
        stream.write_all(request).expect("somebody listens");
        let mut read = 0;
        while read < answered {
            read += stream.read(&mut buffer).expect("somebody answers");
        }
    });
    drop(stream);
    echo.join().expect("the thread ends");
    measured
}

/// The same bytes to the server itself: what is left of a get when nothing is made of its answer.
pub(crate) fn bare(port: u16, length: Duration) -> Measured {
    let request = b"*3\r\n$4\r\nMGET\r\n$6\r\n:1:key\r\n$15\r\nkeepwarm:scope:\r\n";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    stream.set_nodelay(true).expect("a socket takes it");
    let mut buffer = [0; 4096];
    stream.write_all(request).expect("the server listens");
    let answered = stream.read(&mut buffer).expect("the server answers");
    lone(length, || {
        stream.write_all(request).expect("the server listens");
        let mut read = 0;
        while read < answered {
            read += stream.read(&mut buffer).expect("the server answers");
        }
    })
}

/// The server's own measuring program.
pub(crate) struct Benchmark {
    pub(crate) port: u16,
}

impl Benchmark {
    /// How many commands a second it measures, as the median of three.
    pub(crate) fn rate(&self, clients: usize, pipeline: usize, command: &[&str]) -> f64 {
        let mut rates: Vec<f64> = (0..3).map(|_| self.once(clients, pipeline, command)).collect();
        rates.sort_by(f64::total_cmp);
        rates[1]
    }

    fn once(&self, clients: usize, pipeline: usize, command: &[&str]) -> f64 {
        let requests = if command.len() > 10 { 30_000 } else { 100_000 * pipeline.min(8) };
        let (port, clients, pipeline) = (self.port.to_string(), clients.to_string(), pipeline.to_string());
        let output = Command::new("redis-benchmark")
            .args(["-p", &port, "-c", &clients, "-P", &pipeline, "-n", &requests.to_string(), "--csv"])
            .args(command)
            .output()
            .expect("redis-benchmark is installed with the server");
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().last().unwrap_or_default();
        let rate = line.rsplit_once("\",\"").map_or(line, |_| line);
        // "test","rps",...: the second field.
        let field = rate.split("\",\"").nth(1).unwrap_or_default().trim_matches('"');
        field.parse().unwrap_or_else(|_| panic!("redis-benchmark says {text}"))
    }
}
