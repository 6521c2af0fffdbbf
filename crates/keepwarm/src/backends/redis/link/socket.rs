//! A socket that a blocking caller drives itself.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, Value};
use rustix::net::{RecvFlags, recv, sockopt};
use rustls::{ClientConnection, StreamOwned};

use super::blocking::Use;
use super::inbox::{Inbox, value};
use super::reading::{Answer, Batch, Names};
use super::resolve::resolve;
use super::{Patience, Ways};
use crate::backends::redis::address::Address;
use crate::backends::redis::failure::Failure;
use crate::backends::redis::options::Login;
use crate::clock::Clock;

/// How often a socket that waits looks whether its call is over.
pub(super) const SLICE: Duration = Duration::from_millis(10);

/// A socket that is not used for so many milliseconds is looked at before it is used again.
pub(super) const IDLE: u64 = 5;

/// The process's clock.
pub(super) fn now_millis() -> u64 {
    (Clock::system().now().as_nanos() / 1_000_000).max(1)
}

/// A connection of its own.
pub(in crate::backends::redis) struct Socket {
    stream: Stream,
    inbox: Inbox,
    /// Where what is asked is packed; kept for its room.
    packed: Vec<u8>,
    batch: Batch,
    /// When it was last used, in milliseconds of the process's clock.
    used: u64,
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
        let mut socket =
            Self { stream, inbox: Inbox::default(), packed: Vec::new(), batch: Batch::default(), used: now_millis() };
        socket.log_in(ways, patience)?;
        Ok(socket)
    }

    fn log_in(&mut self, ways: &Ways, patience: &Patience) -> Result<(), Failure> {
        for command in greeting(&ways.login) {
            let answer = self.ask(&command.get_packed_command(), 1, patience).map_err(Failure::before_login)?;
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
        let read = |_| value(&self.receive(patience)?).map_err(Failure::Broken);
        (0..answers).map(read).collect()
    }

    /// Reads what lies under names.
    pub(super) fn read(&mut self, names: Names<'_>, patience: &Patience) -> Result<Answer, Failure> {
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        self.batch.add(0, names);
        let batch = self.batch.pack(&mut packed);
        self.send(&packed, patience)?;
        self.packed = packed;
        let mut answer = None;
        batch.settle(self.receive(patience)?, |_, said| answer = Some(said)).map_err(Failure::Broken)?;
        answer.ok_or_else(Failure::out_of_step)
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

    /// The next answer.
    fn receive(&mut self, patience: &Patience) -> Result<Bytes, Failure> {
        let mut waited = false;
        loop {
            if let Some(answer) = self.inbox.next().map_err(|garbage| Failure::Broken(garbage.into()))? {
                self.used = now_millis();
                return Ok(answer);
            }
            // A peer that sends a byte now and then must not be waited for without end.
            if std::mem::replace(&mut waited, true) && patience.left().is_zero() {
                return Err(Failure::TimedOut);
            }
            let mut stream = Patient { stream: self.stream.as_io(), patience };
            let room = self.inbox.room();
            match stream.again(|stream| stream.read(room)).map_err(Failure::of_io)? {
                0 => return Err(Failure::of_io(io::ErrorKind::UnexpectedEof.into())),
                came => self.inbox.came(came),
            }
        }
    }

    /// The next thing that is said, asked for or not. One that does not come in time may still come later.
    pub(in crate::backends::redis) fn hear(&mut self, patience: &Patience) -> Result<Value, Failure> {
        value(&self.receive(patience)?).map_err(Failure::Broken)
    }

    /// Whether the other side has closed it, or said something that nobody asked for, since it was last used. One that was
    /// used just now is not looked at before a read: to look costs a fifth of the whole.
    pub(super) fn is_stale(&self, what: Use) -> bool {
        if !self.inbox.is_empty() {
            return true;
        }
        if what == Use::Read && now_millis().saturating_sub(self.used) < IDLE {
            return false;
        }
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
