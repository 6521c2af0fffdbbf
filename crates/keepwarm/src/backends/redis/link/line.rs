//! One connection that many tasks share: what they ask goes out together, and each is handed what it asked for.
//!
//! What is asked is queued under a lock and sent by the connection's driver, once for all who asked meanwhile; a caller
//! that is alone sends by itself, which saves it a wake-up. Answers come in the order of the questions.
//!
//! (Measured: the crate's multiplexed connection costs a channel with its semaphore, a channel for the answer, a future
//! and several allocations for each request, and one command each; 1.2 to 1.7 us of CPU where this one takes a third.)

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redis::Value;
use rustix::net::{RecvFlags, recv, sockopt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::inbox::{Inbox, value};
use super::reading::{Answer, Batch, Names};
use super::socket::{IDLE, now_millis};
use crate::backend::Limit;
use crate::backends::redis::failure::Failure;

/// Room for what was sent is kept up to this.
const KEPT: usize = 1 << 20;

/// What bytes go over.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

pub(super) struct Line {
    has_ended: AtomicBool,
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

/// Who asked what.
#[derive(Default)]
struct State {
    /// Commands that were not begun to be sent, as they are sent.
    queued: Vec<u8>,
    /// Reads that will go out behind them.
    batch: Batch,
    /// What the next answers are for, in their order.
    due: VecDeque<Due>,
    seats: Vec<Seat>,
    free: Vec<usize>,
    /// Wakes the driver.
    driver: Option<Waker>,
    /// It was woken, and has not looked since.
    called: bool,
    /// Nobody else asked when the last one who asked was answered.
    alone: bool,
    /// When the driver has to look who waits for too long.
    look_at: Option<Instant>,
    /// Since when no answer came though somebody asked, in milliseconds of the process's clock.
    silent_since: u64,
    ended: Option<Failure>,
}

/// What an answer is for.
enum Due {
    Commands { who: usize, answers: usize, values: Vec<Value> },
    Reads(Batch),
}

/// The place of one who asks.
enum Seat {
    Free,
    Waits { waker: Waker, until: Option<Instant> },
    /// Its answer is not wanted any more.
    Left,
    Answered(Result<Said, Failure>),
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
pub(super) enum Question<'a> {
    /// Commands as they are sent, and how many answers they have.
    Commands(&'a [u8], usize),
    Names(Names<'a>),
}

/// The bytes on their way.
struct Wire {
    open: Option<Open>,
    /// Who opened it: a child of `fork` has the same socket, and must not say anything over it.
    process: u32,
    sending: Vec<u8>,
    sent: usize,
    inbox: Inbox,
    /// Those who are to be woken; kept for its room.
    woken: Vec<Waker>,
}

struct Open {
    stream: Box<dyn Transport>,
    /// The same socket once more, to look whether the other side has closed it.
    socket: OwnedFd,
}

fn broken(kind: io::ErrorKind) -> Failure {
    Failure::Broken(io::Error::from(kind).into())
}

impl Wire {
    /// Sends what is queued; ready when nothing is left of it.
    fn send(&mut self, state: &Mutex<State>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(open) = &mut self.open else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        loop {
            if self.sent == self.sending.len() {
                self.sending.clear();
                self.sent = 0;
                if self.sending.capacity() > KEPT {
                    self.sending = Vec::new();
                }
                let mut state = state.lock();
                state.close_batch();
                std::mem::swap(&mut state.queued, &mut self.sending);
                drop(state);
                if self.sending.is_empty() {
                    return Pin::new(&mut open.stream).poll_flush(context);
                }
                if self.process != std::process::id() {
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

    /// Takes what comes; ready when nothing can come any more.
    fn receive(&mut self, line: &Line, context: &mut Context<'_>) -> Poll<Failure> {
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
            let handed_out = line.state.lock().hand_out(&mut self.inbox, &mut self.woken);
            match handed_out {
                Ok(0) => {}
                Ok(answered) => {
                    line.last_answer.store(now_millis(), Ordering::Relaxed);
                    line.waiting.fetch_sub(answered, Ordering::Relaxed);
                }
                Err(error) => return Poll::Ready(Failure::Broken(error)),
            }
            self.woken.drain(..).for_each(Waker::wake);
        }
    }
}

impl State {
    fn seat(&mut self, seat: Seat) -> usize {
        if let Some(who) = self.free.pop() {
            self.seats[who] = seat;
            return who;
        }
        self.seats.push(seat);
        self.seats.len() - 1
    }

    fn waiting(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    fn close_batch(&mut self) {
        if !self.batch.is_empty() {
            let packed = self.batch.pack(&mut self.queued);
            self.due.push_back(Due::Reads(packed));
        }
    }

    fn call_driver(&mut self) {
        if !std::mem::replace(&mut self.called, true)
            && let Some(driver) = &self.driver
        {
            driver.wake_by_ref();
        }
    }

    /// Hands out the answers that have come; how many questions were answered.
    fn hand_out(&mut self, inbox: &mut Inbox, woken: &mut Vec<Waker>) -> Result<usize, redis::RedisError> {
        let mut answered = 0;
        while let Some(bytes) = inbox.next()? {
            match self.due.pop_front() {
                None => return Err(super::inbox::Garbage.into()),
                Some(Due::Commands { who, answers, mut values }) => {
                    values.push(value(&bytes)?);
                    if values.len() < answers {
                        self.due.push_front(Due::Commands { who, answers, values });
                        continue;
                    }
                    answered += 1;
                    answer(&mut self.seats, &mut self.free, who, Ok(Said::Values(values)), woken);
                }
                Some(Due::Reads(batch)) => {
                    let (seats, free) = (&mut self.seats, &mut self.free);
                    batch.settle(bytes, |who, read| {
                        answered += 1;
                        answer(seats, free, who, Ok(Said::Read(read)), woken);
                    })?;
                }
            }
        }
        if answered > 0 {
            self.silent_since = now_millis();
            self.alone = answered == 1 && self.due.is_empty() && self.queued.is_empty() && self.batch.is_empty();
        }
        Ok(answered)
    }

    /// Wakes those whose time is over; when to look again. `Err` when the other side has been silent for too long.
    fn look(&mut self, patience: Duration) -> Result<(), ()> {
        let now = Instant::now();
        self.look_at = None;
        if self.due.is_empty() && self.queued.is_empty() && self.batch.is_empty() {
            return Ok(());
        }
        let silence = Duration::from_millis(now_millis().saturating_sub(self.silent_since));
        if silence >= patience {
            return Err(());
        }
        let mut next = now + (patience - silence);
        for seat in &self.seats {
            match seat {
                Seat::Waits { waker, until: Some(until) } if *until <= now => waker.wake_by_ref(),
                Seat::Waits { until: Some(until), .. } => next = next.min(*until),
                _ => {}
            }
        }
        self.look_at = Some(next);
        Ok(())
    }
}

/// Answers one who asked, if it is still there.
fn answer(
    seats: &mut [Seat],
    free: &mut Vec<usize>,
    who: usize,
    said: Result<Said, Failure>,
    woken: &mut Vec<Waker>,
) {
    match std::mem::replace(&mut seats[who], Seat::Answered(said)) {
        Seat::Waits { waker, .. } => woken.push(waker),
        _ => {
            seats[who] = Seat::Free;
            free.push(who);
        }
    }
}

impl Line {
    /// A connection over this stream, driven by a task of this runtime.
    pub(super) fn start(stream: impl Transport + 'static, socket: OwnedFd, patience: Duration) -> Arc<Self> {
        let stream: Box<dyn Transport> = Box::new(stream);
        let wire = Wire {
            open: Some(Open { stream, socket }),
            process: std::process::id(),
            sending: Vec::new(),
            sent: 0,
            inbox: Inbox::default(),
            woken: Vec::new(),
        };
        let line = Arc::new(Self {
            has_ended: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            last_answer: AtomicU64::new(now_millis()),
            patience,
            state: Mutex::new(State { alone: true, ..State::default() }),
            wire: Mutex::new(wire),
        });
        tokio::spawn(Driver { line: Arc::clone(&line), sleep: None, armed: None, yielded: false });
        line
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Whether it is worth asking over it.
    pub(super) fn is_usable(&self) -> bool {
        !self.has_ended() && !self.is_stale()
    }

    /// Whether the other side closed it while nobody used it. The driver would find out only when its runtime turns to it,
    /// and what was sent by then could not be told from what was carried out.
    fn is_stale(&self) -> bool {
        let idle = self.waiting.load(Ordering::Relaxed) == 0
            && now_millis().saturating_sub(self.last_answer.load(Ordering::Relaxed)) >= IDLE;
        if !idle {
            return false;
        }
        let Some(wire) = self.wire.try_lock() else { return false };
        let Some(open) = &wire.open else { return true };
        match recv(&open.socket, &mut [0_u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, length)) => length == 0,
            Err(error) => !matches!(error, rustix::io::Errno::AGAIN | rustix::io::Errno::INTR),
        }
    }

    /// Asks, once it is polled. Dropped, it is not waited for any more; it may be carried out all the same.
    pub(super) fn ask<'a>(self: Arc<Self>, question: Question<'a>) -> Asking<'a> {
        Asking { line: self, question, seat: None }
    }

    fn begin(&self, question: Question<'_>, waker: &Waker) -> Result<usize, Failure> {
        let until = Limit::keep();
        let mut state = self.state.lock();
        if let Some(failure) = &state.ended {
            return Err(failure.clone());
        }
        let who = state.seat(Seat::Waits { waker: waker.clone(), until });
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        match question {
            Question::Commands(packed, answers) => {
                state.queued.extend_from_slice(packed);
                state.due.push_back(Due::Commands { who, answers, values: Vec::with_capacity(answers) });
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
        if too_late || !alone {
            state.call_driver();
        }
        drop(state);
        if alone {
            self.send_now();
        }
        Ok(who)
    }

    /// Sends what is queued on behalf of its driver, if it can be done at once.
    fn send_now(&self) {
        let mut context = Context::from_waker(Waker::noop());
        let sent = self.wire.try_lock().map(|mut wire| wire.send(&self.state, &mut context));
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
                if matches!(state.seats[who], Seat::Waits { .. } | Seat::Left) {
                    answer(&mut state.seats, &mut state.free, who, Err(failure.clone()), &mut woken);
                }
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
    pub(super) fn close(&self) {
        self.has_ended.store(true, Ordering::Release);
        let mut state = self.state.lock();
        state.ended.get_or_insert_with(|| broken(io::ErrorKind::NotConnected));
        state.called = false;
        state.call_driver();
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
            Limit::keep();
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
        let left = std::mem::replace(&mut state.seats[who], Seat::Left);
        if matches!(left, Seat::Answered(_)) {
            state.seats[who] = Seat::Free;
            state.free.push(who);
        }
        drop(state);
        drop(left);
    }
}

/// The task that sends, receives, and watches the time of all who wait.
struct Driver {
    line: Arc<Line>,
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Instant>,
    /// It let others go first who may want to ask as well.
    yielded: bool,
}

impl Driver {
    fn drive(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let line = &*self.line;
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
        self.armed = look_at;
        while let Some(at) = self.armed {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
            if sleep.deadline().into_std() != at {
                sleep.as_mut().reset(at.into());
            }
            if sleep.as_mut().poll(context).is_pending() {
                break;
            }
            let mut state = line.state.lock();
            if state.look(line.patience).is_err() {
                return Poll::Ready(Failure::TimedOut);
            }
            self.armed = state.look_at;
        }
        let mut wire = line.wire.lock();
        if let Poll::Ready(failure) = wire.receive(line, context) {
            return Poll::Ready(failure);
        }
        let lets_others_go_first = {
            let state = line.state.lock();
            !state.alone && !(state.queued.is_empty() && state.batch.is_empty())
        };
        if lets_others_go_first && !std::mem::replace(&mut self.yielded, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.yielded = false;
        match wire.send(&line.state, context) {
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
