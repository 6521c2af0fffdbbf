//! The sockets of blocking callers: each call takes one and gives it back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use redis::Value;

use super::socket::SLICE;
use super::{Answer, Names, Node, Patience, Socket};
use crate::backend::is_withdrawn;
use crate::backends::redis::failure::Failure;

/// What a socket is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Commands that may not be sent twice: whether it is still good has to be seen first.
    Ask,
    /// A read, which is asked again where the socket was not.
    Read,
}

/// Sockets that nobody uses now; the one given back last is taken first, so that those not needed go stale together.
pub(super) struct Pool {
    state: Mutex<State>,
    freed: Condvar,
    most: Option<usize>,
    /// The process that opened them: a child of `fork` must not share them with its parent.
    process: AtomicU32,
}

#[derive(Default)]
struct State {
    idle: Vec<Socket>,
    /// How many there are, idle or in use.
    open: usize,
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        formatter.debug_struct("Pool").field("open", &state.open).field("idle", &state.idle.len()).finish()
    }
}

impl Pool {
    pub(super) fn new(most: Option<usize>) -> Self {
        let process = AtomicU32::new(std::process::id());
        Self { state: Mutex::default(), freed: Condvar::new(), most, process }
    }

    pub(super) fn ask(&self, node: &Arc<Node>, packed: &[u8], answers: usize) -> Result<Vec<Value>, Failure> {
        self.with(node, Use::Ask, |socket, patience| socket.ask(packed, answers, patience))
    }

    pub(super) fn read(&self, node: &Arc<Node>, names: Names<'_>) -> Result<Answer, Failure> {
        self.with(node, Use::Read, |socket, patience| socket.read(names, patience))
    }

    fn with<T>(
        &self,
        node: &Arc<Node>,
        what: Use,
        ask: impl FnOnce(&mut Socket, &Patience) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let patience = Patience::of(node.ways.socket_timeout);
        let mut socket = self.socket(node, what, &patience)?;
        let answer = ask(&mut socket, &patience);
        match &answer {
            Ok(_) => self.give_back(socket),
            Err(_) => {
                socket.reset();
                self.forget();
            }
        }
        answer
    }

    /// A socket for as long as it is held.
    pub(super) fn borrow(&self, node: &Arc<Node>, patience: &Patience) -> Result<Borrowed, Failure> {
        Ok(Borrowed { socket: Some(self.socket(node, Use::Ask, patience)?), node: Arc::clone(node) })
    }

    /// An idle socket that is still good, or a new one.
    fn socket(&self, node: &Node, what: Use, patience: &Patience) -> Result<Socket, Failure> {
        loop {
            let Some(idle) = self.take(patience)? else { break };
            if !idle.is_stale(what) {
                return Ok(idle);
            }
            self.forget();
        }
        node.backoff
            .may_try()
            .and_then(|()| {
                let connected = Socket::connect(&node.address, &node.ways, patience);
                if !is_withdrawn() {
                    node.backoff.tried(&connected);
                }
                connected
            })
            .inspect_err(|_| self.forget())
    }

    /// An idle socket, or `None` for the right to open one.
    fn take(&self, patience: &Patience) -> Result<Option<Socket>, Failure> {
        let mut left = None;
        loop {
            let mut state = self.state.lock();
            self.notice_fork(&mut state);
            if let Some(socket) = state.idle.pop() {
                return Ok(Some(socket));
            }
            if self.most.is_none_or(|most| state.open < most) {
                state.open += 1;
                return Ok(None);
            }
            match left {
                None => {}
                Some(Duration::ZERO) => return Err(Failure::TimedOut),
                // In slices: who waits may be told meanwhile to stop.
                Some(left) => drop(self.freed.wait_for(&mut state, left.min(SLICE))),
            }
            // Not under the lock: who is asked may be a program that uses this very pool.
            drop(state);
            left = Some(patience.left());
        }
    }

    fn notice_fork(&self, state: &mut State) {
        let process = std::process::id();
        if self.process.swap(process, Ordering::Relaxed) != process {
            // Closing them here says nothing to the server: the parent holds them still.
            *state = State::default();
        }
    }

    fn forget(&self) {
        let mut state = self.state.lock();
        state.open = state.open.saturating_sub(1);
        self.freed.notify_one();
    }

    fn give_back(&self, socket: Socket) {
        self.state.lock().idle.push(socket);
        self.freed.notify_one();
    }

    pub(super) fn close(&self) {
        let idle = {
            let mut state = self.state.lock();
            state.open = state.open.saturating_sub(state.idle.len());
            std::mem::take(&mut state.idle)
        };
        drop(idle);
        self.freed.notify_all();
    }
}

/// A connection of one's own to a server, for the `redis` crate's commands; given back when it is dropped; one that failed is closed instead.
pub struct Borrowed {
    socket: Option<Socket>,
    node: Arc<Node>,
}

impl fmt::Debug for Borrowed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RedisConnection").field(&self.node.address).finish()
    }
}

impl Borrowed {
    fn ask(&mut self, packed: &[u8], answers: usize, patience: &Patience) -> Result<Vec<Value>, Failure> {
        let Some(mut socket) = self.socket.take() else {
            return Err(Failure::Broken(std::io::Error::from(std::io::ErrorKind::NotConnected).into()));
        };
        match socket.ask(packed, answers, patience) {
            Ok(answers) => {
                self.socket = Some(socket);
                Ok(answers)
            }
            Err(failure) => {
                socket.reset();
                Err(failure)
            }
        }
    }

    /// The same within the usual time.
    pub(super) fn ask_packed(&mut self, packed: &[u8], answers: usize) -> Result<Vec<Value>, Failure> {
        self.ask(packed, answers, &Patience::of(self.node.ways.socket_timeout))
    }

    pub(super) fn database(&self) -> i64 {
        self.node.ways.login.database
    }

    pub(super) fn is_usable(&self) -> bool {
        self.socket.is_some()
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        match self.socket.take() {
            Some(socket) => self.node.pool.give_back(socket),
            None => self.node.pool.forget(),
        }
    }
}
