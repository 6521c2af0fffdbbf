//! The task behind a connection.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use tokio::time::Sleep;

use super::{Line, broken};
use crate::backends::redis::failure::Failure;

/// The task that sends, receives, and watches the time of all who wait.
pub(super) struct Driver {
    line: Arc<Line>,
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Instant>,
    /// It let others go first who may want to ask as well.
    yielded: bool,
    /// Those who are to be woken; kept for its room.
    woken: Vec<Waker>,
}

impl Driver {
    pub(super) fn of(line: Arc<Line>) -> Self {
        Self { line, sleep: None, armed: None, yielded: false, woken: Vec::new() }
    }

    fn is_time_to_look(&mut self, context: &mut Context<'_>) -> bool {
        let Some(at) = self.armed else { return false };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if sleep.deadline().into_std() != at {
            sleep.as_mut().reset(at.into());
        }
        sleep.as_mut().poll(context).is_ready()
    }

    fn drive(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let line = Arc::clone(&self.line);
        let look_at = {
            let mut state = line.state.lock();
            state.called = false;
            if !state.driver.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                state.driver = Some(context.waker().clone());
            }
            if let Some(failure) = &state.ended {
                return Poll::Ready(failure.clone());
            }
            state.look_at
        };
        // Before it is judged whether too much time has passed: the answer may lie there.
        let received = line.wire.lock().receive(&line, &mut self.woken, context);
        self.woken.drain(..).for_each(Waker::wake);
        if let Poll::Ready(failure) = received {
            return Poll::Ready(failure);
        }
        self.armed = look_at;
        if self.is_time_to_look(context) {
            let mut state = line.state.lock();
            if state.look(line.patience).is_err() {
                return Poll::Ready(Failure::TimedOut);
            }
            self.armed = state.look_at;
            drop(state);
            if self.is_time_to_look(context) {
                // Time that a test moves runs ahead of that of sockets.
                context.waker().wake_by_ref();
            }
        }
        let lets_others_go_first = {
            let state = line.state.lock();
            !(state.alone || state.queued.is_empty() && state.batch.is_empty())
        };
        if lets_others_go_first && !std::mem::replace(&mut self.yielded, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.yielded = false;
        let sent = line.wire.lock().send(&line, context);
        match sent {
            Poll::Ready(Err(error)) => Poll::Ready(Failure::Broken(error.into())),
            _ => Poll::Pending,
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let failure = ready!(self.drive(context));
        self.line.end(&failure);
        Poll::Ready(())
    }
}

/// Also when its runtime drops it.
impl Drop for Driver {
    fn drop(&mut self) {
        self.line.end(&broken(io::ErrorKind::ConnectionAborted));
    }
}
