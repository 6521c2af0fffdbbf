//! One connection that many tasks share: what they ask goes out together, and each is handed what it asked for.
//!
//! What is asked is queued under a lock and sent by the connection's driver, once for all who asked meanwhile; a caller
//! that is alone sends by itself, which saves it a wake-up. Answers come in the order of the questions.
//!
//! (Measured with 100 tasks that read: over the crate's multiplexed connection the request alone, as it went before, takes
//! 1.27 us of CPU, with its channel and semaphore, its channel for the answer and its tree of values; over this one all of a
//! `get` takes 0.97, layers and decoding included.)

mod driver;
mod seats;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redis::Value;
use rustix::net::{RecvFlags, recv, sockopt};

use super::blocking::Use;
use super::inbox::Inbox;
use super::reading::{Answer, Batch, Names};
use super::socket::{IDLE, now_millis};
use crate::backend::{Limit, Wakes};
use crate::backends::redis::failure::Failure;
use driver::Driver;
use seats::{Asked, Seat, State, answer};
use wire::{Open, Transport, Wire};

pub(in crate::backends::redis::link) struct Line {
    has_ended: AtomicBool,
    /// Who opened it: a child of `fork` has the same socket, and must not say anything over it.
    process: u32,
    /// Questions that were not answered yet.
    waiting: AtomicUsize,
    /// When the last answer came, in milliseconds of the process's clock.
    last_answer: AtomicU64,
    /// How long it may be silent though somebody asked.
    patience: Duration,
    /// Taken after `wire`, where both are.
    state: Mutex<State>,
    wire: Mutex<Wire>,
}

/// What was answered to what was asked.
#[derive(Debug)]
pub(in crate::backends::redis) enum Said {
    Values(Vec<Value>),
    Read(Answer),
}

impl Said {
    /// As what was said to a read.
    pub(in crate::backends::redis) fn read(self) -> Result<Answer, Failure> {
        match self {
            Self::Read(answer) => Ok(answer),
            Self::Values(_) => Err(Failure::out_of_step()),
        }
    }
}

/// What is asked.
#[derive(Clone, Copy)]
pub(in crate::backends::redis::link) enum Question<'a> {
    /// Commands as they are sent, and how many answers they have.
    Commands(&'a [u8], usize),
    Names(Names<'a>),
}

fn broken(kind: io::ErrorKind) -> Failure {
    Failure::Broken(io::Error::from(kind).into())
}

impl Line {
    /// A connection over this stream, driven by a task of this runtime.
    pub(in crate::backends::redis::link) fn start(
        stream: impl Transport + 'static,
        socket: OwnedFd,
        patience: Duration,
    ) -> Arc<Self> {
        let stream: Box<dyn Transport> = Box::new(stream);
        let wire = Wire { open: Some(Open { stream, socket }), sending: Vec::new(), sent: 0, inbox: Inbox::default() };
        let line = Arc::new(Self {
            has_ended: AtomicBool::new(false),
            process: std::process::id(),
            waiting: AtomicUsize::new(0),
            last_answer: AtomicU64::new(now_millis()),
            patience,
            state: Mutex::new(State { alone: true, ..State::default() }),
            wire: Mutex::new(wire),
        });
        tokio::spawn(Driver::of(Arc::clone(&line)));
        line
    }

    pub(in crate::backends::redis::link) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Whether it is worth asking over it.
    pub(in crate::backends::redis::link) fn is_usable(&self, what: Use) -> bool {
        !self.has_ended() && !self.is_stale(what)
    }

    /// Whether the other side closed it while nobody used it. The driver would find out only when its runtime turns to it,
    /// and what was sent by then could not be told from what was carried out. One that was used just now is not looked at
    /// before a read, which is asked again where it failed.
    fn is_stale(&self, what: Use) -> bool {
        let now_used = || now_millis().saturating_sub(self.last_answer.load(Ordering::Relaxed)) < IDLE;
        if self.waiting.load(Ordering::Relaxed) > 0 || (what == Use::Read && now_used()) {
            return false;
        }
        let wire = match (self.wire.try_lock(), what) {
            (Some(wire), _) => wire,
            (None, Use::Read) => return false,
            // Its driver, who has just been told something that nobody asked for: that it is closed, most likely. It never waits
            // while it holds this; in a child of `fork` nobody is left who would let go.
            (None, Use::Ask) if self.process == std::process::id() => self.wire.lock(),
            (None, Use::Ask) => return true,
        };
        let Some(open) = &wire.open else { return true };
        match recv(&open.socket, &mut [0_u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, length)) => length == 0,
            Err(error) => !matches!(error, rustix::io::Errno::AGAIN | rustix::io::Errno::INTR),
        }
    }

    /// Asks, once it is polled. Dropped, it is not waited for any more; it may be carried out all the same.
    pub(in crate::backends::redis::link) fn ask<'a>(self: Arc<Self>, question: Question<'a>) -> Asking<'a> {
        Asking { line: self, question, seat: None }
    }

    fn begin(self: &Arc<Self>, question: Question<'_>, waker: &Waker) -> Result<usize, Failure> {
        let mut state = self.state.lock();
        let until = Limit::keep_and_wake(|calls| state.watch(calls, self));
        if let Some(failure) = &state.ended {
            return Err(failure.clone().unsent());
        }
        let number = state.asked;
        state.asked += 1;
        let who = state.seat(Seat::Waits { waker: waker.clone(), until, number });
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        match question {
            Question::Commands(packed, answers) => {
                state.queued.extend_from_slice(packed);
                let asked = Asked::Commands { who, answers, values: Vec::with_capacity(answers) };
                state.push(asked, packed.len());
            }
            Question::Names(names) => {
                if state.batch.is_full_for(names) {
                    state.close_batch();
                }
                state.batch.add(who, names);
            }
        }
        if before == 0 {
            state.silent_since = now_millis();
        }
        let too_late = match (state.look_at, until) {
            (None, _) => true,
            (Some(at), Some(until)) => until < at,
            (Some(_), None) => false,
        };
        if too_late {
            let patient = Instant::now() + self.patience;
            state.look_at = Some(until.map_or(patient, |until| until.min(patient)));
        }
        let alone = before == 0 && state.alone;
        let at_once = alone || state.is_enough_to_send(before);
        if too_late || !at_once {
            state.call_driver();
        }
        drop(state);
        if at_once {
            self.send_now();
        }
        Ok(who)
    }

    /// Sends what is queued on behalf of its driver, if it can be done at once.
    fn send_now(&self) {
        let mut context = Context::from_waker(Waker::noop());
        let sent = self.wire.try_lock().map(|mut wire| wire.send(self, &mut context));
        // Whatever is wrong, the driver finds it again.
        if !matches!(sent, Some(Poll::Ready(Ok(())))) {
            self.state.lock().call_driver();
        }
    }

    fn end(&self, failure: &Failure) {
        self.has_ended.store(true, Ordering::Release);
        let mut woken = Vec::new();
        let asked = {
            let mut state = self.state.lock();
            let state = &mut *state;
            state.ended.get_or_insert_with(|| failure.clone());
            let asked = state.waiting() > 0;
            for who in 0..state.seats.len() {
                let was_sent = match &state.seats[who] {
                    Seat::Waits { number, .. } => *number < state.taken,
                    Seat::Left => true,
                    Seat::Free | Seat::Answered(_) => continue,
                };
                let broke = matches!(failure, Failure::Broken(_));
                let failure = failure.clone();
                let failure = if broke && !was_sent { failure.unsent() } else { failure };
                answer(&mut state.seats, &mut state.free, who, Err(failure), &mut woken);
            }
            (state.due, state.batch, state.queued) = (VecDeque::new(), Batch::default(), Vec::new());
            state.driver = None;
            asked
        };
        woken.into_iter().for_each(Waker::wake);
        if let Some(open) = self.wire.lock().open.take()
            && asked
        {
            // The kernel must not deliver later what nobody waits for any more. Where that cannot be asked for, it is closed as
            // usual.
            let _ = sockopt::set_socket_linger(&open.socket, Some(Duration::ZERO));
        }
    }

    /// Ends it: nobody will use it any more.
    pub(in crate::backends::redis::link) fn close(&self) {
        self.has_ended.store(true, Ordering::Release);
        let mut state = self.state.lock();
        state.ended.get_or_insert_with(|| broken(io::ErrorKind::NotConnected));
        state.called = false;
        state.call_driver();
    }
}

impl Wakes for Line {
    fn wake_all(&self) {
        let waiting: Vec<Waker> = self.state.lock().waiting_wakers().collect();
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Waits for an answer.
pub(in crate::backends::redis) struct Asking<'a> {
    line: Arc<Line>,
    question: Question<'a>,
    seat: Option<usize>,
}

impl Future for Asking<'_> {
    type Output = Result<Said, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(who) = self.seat else {
            self.seat = Some(self.line.begin(self.question, context.waker())?);
            return Poll::Pending;
        };
        let mut state = self.line.state.lock();
        if let Seat::Waits { waker, .. } = &mut state.seats[who] {
            waker.clone_from(context.waker());
            Limit::keep_and_wake(|calls| state.watch(calls, &self.line));
            return Poll::Pending;
        }
        let Seat::Answered(said) = std::mem::replace(&mut state.seats[who], Seat::Free) else {
            unreachable!("a seat is left only by who has it")
        };
        state.free.push(who);
        drop(state);
        self.seat = None;
        Poll::Ready(said)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let Some(who) = self.seat else { return };
        let mut state = self.line.state.lock();
        let (left, struck_out) = state.give_up(who);
        self.line.waiting.fetch_sub(struck_out, Ordering::Relaxed);
        drop(state);
        drop(left);
    }
}
