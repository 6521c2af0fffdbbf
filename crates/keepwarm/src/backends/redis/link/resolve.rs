//! Looking up the names of servers. The system's resolver blocks for as long as it likes, so that it is asked on a thread of
//! its own, and left to itself when a call is over.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Patience;

/// How often who waits looks whether its call was called off.
const SLICE: Duration = Duration::from_millis(10);

/// The addresses of a host, within the patience of the call.
pub(super) fn resolve(host: &str, port: u16, patience: &Patience) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    on_a_thread(patience, move || Ok((host.as_str(), port).to_socket_addrs()?.collect()))
}

fn on_a_thread<T: Send + 'static>(
    patience: &Patience,
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (tell, told) = mpsc::sync_channel(1);
    // Nobody listens any more when the call was over first.
    thread::Builder::new().name("keepwarm-resolve".to_owned()).spawn(move || drop(tell.send(ask())))?;
    loop {
        match told.recv_timeout(patience.left().min(SLICE)) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Timeout) if patience.left().is_zero() => return Err(io::ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the resolver panicked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_resolver_that_hangs_is_waited_for_as_long_as_the_call_may_take() {
        let (_open, closed) = mpsc::channel::<()>();
        let begin = Instant::now();
        // Until the other end is dropped, which is after the call.
        let hangs = move || closed.recv().map_err(io::Error::other);
        let answer = on_a_thread(&Patience::of(Duration::from_millis(50)), hangs);
        assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(begin.elapsed() >= Duration::from_millis(50));
    }

    #[test]
    fn numbers_are_not_looked_up_and_names_are() {
        let patience = Patience::of(Duration::from_secs(30));
        assert_eq!(resolve("127.0.0.1", 7, &patience).unwrap(), ["127.0.0.1:7".parse().unwrap()]);
        assert_eq!(resolve("::1", 7, &patience).unwrap(), ["[::1]:7".parse().unwrap()]);
        assert!(resolve("localhost", 7, &patience).unwrap().iter().any(|address| address.ip().is_loopback()));
    }
}
