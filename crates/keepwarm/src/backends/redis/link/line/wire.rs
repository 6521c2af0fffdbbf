//! The bytes on their way, both ways.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Line, broken};
use crate::backends::redis::failure::Failure;
use crate::backends::redis::link::inbox::Inbox;
use crate::backends::redis::link::socket::now_millis;

/// Room for what was sent is kept up to this.
const KEPT: usize = 1 << 20;

/// What bytes go over.
pub(in crate::backends::redis::link) trait Transport:
    AsyncRead + AsyncWrite + Unpin + Send
{
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// The bytes on their way.
pub(super) struct Wire {
    pub(super) open: Option<Open>,
    pub(super) sending: Vec<u8>,
    pub(super) sent: usize,
    pub(super) inbox: Inbox,
}

pub(super) struct Open {
    pub(super) stream: Box<dyn Transport>,
    /// The same socket once more, to look whether the other side has closed it.
    pub(super) socket: OwnedFd,
}

impl Wire {
    /// Sends what is queued; ready when nothing is left of it.
    pub(super) fn send(&mut self, line: &Line, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(open) = &mut self.open else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        loop {
            if self.sent == self.sending.len() {
                self.sending.clear();
                self.sent = 0;
                if self.sending.capacity() > KEPT {
                    self.sending = Vec::new();
                }
                let struck_out = line.state.lock().take(&mut self.sending);
                line.waiting.fetch_sub(struck_out, Ordering::Relaxed);
                if self.sending.is_empty() {
                    return Pin::new(&mut open.stream).poll_flush(context);
                }
                if line.process != std::process::id() {
                    std::mem::forget(self.open.take());
                    return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
                }
            }
            let sent = ready!(Pin::new(&mut open.stream).poll_write(context, &self.sending[self.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
    }

    /// Takes what comes; ready when nothing can come any more. Whom it concerns is woken by who called this, without the lock
    /// around it: nobody knows what a waker does.
    pub(super) fn receive(&mut self, line: &Line, woken: &mut Vec<Waker>, context: &mut Context<'_>) -> Poll<Failure> {
        loop {
            let Some(open) = &mut self.open else { return Poll::Ready(broken(io::ErrorKind::NotConnected)) };
            let mut room = ReadBuf::new(self.inbox.room());
            match ready!(Pin::new(&mut open.stream).poll_read(context, &mut room)) {
                Err(error) => return Poll::Ready(Failure::Broken(error.into())),
                Ok(()) if room.filled().is_empty() => return Poll::Ready(broken(io::ErrorKind::UnexpectedEof)),
                Ok(()) => {}
            }
            let came = room.filled().len();
            self.inbox.came(came);
            let handed_out = line.state.lock().hand_out(&mut self.inbox, woken);
            match handed_out {
                Ok(0) => {}
                Ok(answered) => {
                    line.last_answer.store(now_millis(), Ordering::Relaxed);
                    line.waiting.fetch_sub(answered, Ordering::Relaxed);
                }
                Err(error) => return Poll::Ready(Failure::Broken(error)),
            }
        }
    }
}
