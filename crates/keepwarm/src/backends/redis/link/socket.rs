//! A socket that a blocking caller drives itself.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use redis::{Cmd, ErrorKind, Parser, RedisError, Value};
use rustix::net::{RecvFlags, recv, sockopt};
use rustls::{ClientConnection, StreamOwned};

use super::resolve::resolve;
use super::{Patience, Ways};
use crate::backends::redis::address::Address;
use crate::backends::redis::failure::Failure;
use crate::backends::redis::options::Login;

/// How often a socket that waits looks whether its call is over.
const SLICE: Duration = Duration::from_millis(10);

/// A connection of its own.
pub(in crate::backends::redis) struct Socket {
    stream: Stream,
    parser: Parser,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            Self::Tls(stream) => stream.sock.as_fd(),
        }
    }

    fn as_io(&mut self) -> &mut dyn Transport {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
            Self::Tls(stream) => &mut **stream,
        }
    }
}

trait Transport: Read + Write {}

impl<T: Read + Write> Transport for T {}

/// Reads and writes until the call is over.
struct Patient<'a> {
    stream: &'a mut dyn Transport,
    patience: &'a Patience,
}

impl Patient<'_> {
    fn again<T>(&mut self, mut step: impl FnMut(&mut dyn Transport) -> io::Result<T>) -> io::Result<T> {
        loop {
            match step(self.stream) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if self.patience.left().is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A peer that sends a byte now and then must not be waited for without end.
        if self.patience.left().is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.again(|stream| stream.read(buffer))
    }
}

impl Socket {
    /// Connects and logs in.
    pub(in crate::backends::redis) fn connect(
        address: &Address,
        ways: &Ways,
        patience: &Patience,
    ) -> Result<Self, Failure> {
        let stream = match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).map_err(unreachable)?;
                stream.set_read_timeout(Some(SLICE)).map_err(unreachable)?;
                stream.set_write_timeout(Some(SLICE)).map_err(unreachable)?;
                Stream::Unix(stream)
            }
            Address::Tcp { host, port, tls } => {
                let stream = connect(host, *port, patience).map_err(unreachable)?;
                stream.set_nodelay(true).map_err(unreachable)?;
                stream.set_read_timeout(Some(SLICE)).map_err(unreachable)?;
                stream.set_write_timeout(Some(SLICE)).map_err(unreachable)?;
                if *tls {
                    let session = ways.tls.session(host, &ways.trust)?;
                    Stream::Tls(Box::new(StreamOwned::new(session, stream)))
                } else {
                    Stream::Tcp(stream)
                }
            }
        };
        let mut socket = Self { stream, parser: Parser::new() };
        socket.log_in(ways, patience)?;
        Ok(socket)
    }

    fn log_in(&mut self, ways: &Ways, patience: &Patience) -> Result<(), Failure> {
        for command in greeting(&ways.login) {
            let answer = self.ask(&command.get_packed_command(), 1, patience).map_err(|failure| match failure {
                Failure::Broken(error) => Failure::Unreachable(error),
                Failure::TimedOut => Failure::Unreachable(io::Error::from(io::ErrorKind::TimedOut).into()),
                other => other,
            })?;
            if let Some(Value::ServerError(error)) = answer.into_iter().next() {
                return Err(Failure::of_connecting(error.into()));
            }
        }
        Ok(())
    }

    /// Sends what is packed and reads so many answers.
    pub(in crate::backends::redis) fn ask(
        &mut self,
        packed: &[u8],
        answers: usize,
        patience: &Patience,
    ) -> Result<Vec<Value>, Failure> {
        self.send(packed, patience)?;
        (0..answers).map(|_| self.read(patience)).collect()
    }

    pub(in crate::backends::redis) fn send(&mut self, mut packed: &[u8], patience: &Patience) -> Result<(), Failure> {
        let mut stream = Patient { stream: self.stream.as_io(), patience };
        while !packed.is_empty() {
            let sent = stream.again(|stream| stream.write(packed)).map_err(Failure::of_io)?;
            if sent == 0 {
                return Err(Failure::of_io(io::ErrorKind::WriteZero.into()));
            }
            packed = &packed[sent..];
        }
        stream.again(|stream| stream.flush()).map_err(Failure::of_io)
    }

    pub(in crate::backends::redis) fn read(&mut self, patience: &Patience) -> Result<Value, Failure> {
        let reader = Patient { stream: self.stream.as_io(), patience };
        self.parser
            .parse_value(reader)
            .map_err(|error| if error.is_timeout() { Failure::TimedOut } else { Failure::Broken(error) })
    }

    /// Reads what there is, for those who make sense of it themselves.
    pub(in crate::backends::redis) fn read_some(
        &mut self,
        buffer: &mut [u8],
        patience: &Patience,
    ) -> Result<usize, Failure> {
        Patient { stream: self.stream.as_io(), patience }.read(buffer).map_err(Failure::of_io)
    }

    /// Whether the other side has closed it, or said something that nobody asked for, since it was last used.
    pub(super) fn is_stale(&self) -> bool {
        let mut byte = [0_u8; 1];
        let peeked = recv(self.stream.fd(), &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        !matches!(peeked, Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR))
    }

    /// Drops the socket at once with all that was not sent: the kernel must not deliver it later.
    pub(super) fn reset(self) {
        // Where that cannot be asked for, it is closed as usual.
        let _ = sockopt::set_socket_linger(self.stream.fd(), Some(Duration::ZERO));
    }
}

fn unreachable(error: io::Error) -> Failure {
    Failure::Unreachable(error.into())
}

fn connect(host: &str, port: u16, patience: &Patience) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in resolve(host, port, patience)? {
        let left = patience.left();
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// What is said first on a connection.
pub(super) fn greeting(login: &Login) -> Vec<Cmd> {
    let mut commands = Vec::new();
    if let Some(password) = &login.password {
        let mut command = redis::cmd("AUTH");
        if let Some(username) = &login.username {
            command.arg(username);
        }
        command.arg(password);
        commands.push(command);
    }
    if login.database != 0 {
        let mut command = redis::cmd("SELECT");
        command.arg(login.database);
        commands.push(command);
    }
    commands
}

/// The crate's own commands on a socket of ours, for raw access.
impl redis::ConnectionLike for super::Borrowed {
    fn req_packed_command(&mut self, packed: &[u8]) -> redis::RedisResult<Value> {
        let mut answers = self.ask_packed(packed, 1).map_err(raw)?;
        answers.pop().ok_or_else(|| RedisError::from((ErrorKind::Client, "no answer")))?.extract_error()
    }

    fn req_packed_commands(&mut self, packed: &[u8], offset: usize, count: usize) -> redis::RedisResult<Vec<Value>> {
        let mut answers = self.ask_packed(packed, offset + count).map_err(raw)?;
        Ok(answers.split_off(offset))
    }

    fn get_db(&self) -> i64 {
        self.database()
    }

    fn check_connection(&mut self) -> bool {
        self.req_packed_command(&redis::cmd("PING").get_packed_command()).is_ok()
    }

    fn is_open(&self) -> bool {
        self.is_usable()
    }
}

fn raw(failure: Failure) -> RedisError {
    match failure {
        Failure::Unreachable(error) | Failure::Broken(error) | Failure::Refused(error) => error,
        Failure::TimedOut => io::Error::from(io::ErrorKind::TimedOut).into(),
        Failure::Settings(reason) => (ErrorKind::InvalidClientConfig, "settings", reason).into(),
    }
}
