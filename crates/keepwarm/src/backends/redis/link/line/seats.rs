//! Who asked what, and what the next answers are for.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use redis::Value;

use super::{Line, Said};
use crate::backend::Calls;
use crate::backends::redis::failure::Failure;
use crate::backends::redis::link::inbox::{Garbage, Inbox, value};
use crate::backends::redis::link::reading::Batch;
use crate::backends::redis::link::socket::now_millis;

/// So many questions, or bytes of them, are worth a trip although others are still to ask.
const ENOUGH_TO_SEND: usize = 32;
const ENOUGH_BYTES: usize = 4096;

/// Who asked what.
#[derive(Default)]
pub(super) struct State {
    /// Commands that were not begun to be sent, as they are sent.
    pub(super) queued: Vec<u8>,
    /// Reads that will go out behind them.
    pub(super) batch: Batch,
    /// What the next answers are for, in their order.
    pub(super) due: VecDeque<Due>,
    /// So many of the last of those were not begun to be sent.
    pub(super) unsent: usize,
    /// How many questions there were so far, and how many of them before the first that was not begun to be sent.
    pub(super) asked: u64,
    pub(super) taken: u64,
    /// How many were given up since those not sent were last looked through, and how many it takes to do it again.
    pub(super) given_up: usize,
    pub(super) enough_given_up: usize,
    pub(super) seats: Vec<Seat>,
    pub(super) free: Vec<usize>,
    /// Wakes the driver.
    pub(super) driver: Option<Waker>,
    /// It was woken, and has not looked since.
    pub(super) called: bool,
    /// Nobody else asked when the last one who asked was answered.
    pub(super) alone: bool,
    /// When the driver has to look who waits for too long.
    pub(super) look_at: Option<Instant>,
    /// Since when no answer came though somebody asked, in milliseconds of the process's clock.
    pub(super) silent_since: u64,
    pub(super) ended: Option<Failure>,
    /// The calls that are woken from here when they are called off.
    pub(super) watched: Vec<Arc<Calls>>,
}

/// What an answer is for.
pub(super) struct Due {
    asked: Asked,
    /// How long it is as it is sent.
    length: usize,
}

/// What was asked in one piece.
pub(super) enum Asked {
    Commands { who: usize, answers: usize, values: Vec<Value> },
    Reads(Batch),
}

impl Asked {
    /// Who waits for what is answered.
    fn askers(&self) -> impl Iterator<Item = usize> {
        let (one, many) = match self {
            Self::Commands { who, .. } => (Some(*who), &[][..]),
            Self::Reads(batch) => (None, &batch.askers[..]),
        };
        one.into_iter().chain(many.iter().map(|asker| asker.who))
    }
}

/// The place of one who asks.
pub(super) enum Seat {
    Free,
    Waits {
        waker: Waker,
        until: Option<Instant>,
        /// How many had asked before.
        number: u64,
    },
    /// Its answer is not wanted any more.
    Left,
    Answered(Result<Said, Failure>),
}

impl State {
    pub(super) fn seat(&mut self, seat: Seat) -> usize {
        if let Some(who) = self.free.pop() {
            self.seats[who] = seat;
            return who;
        }
        self.seats.push(seat);
        self.seats.len() - 1
    }

    /// Sees to it that these calls are woken when they are called off.
    pub(super) fn watch(&mut self, calls: &Arc<Calls>, line: &Arc<Line>) {
        if !self.watched.iter().any(|watched| Arc::ptr_eq(watched, calls)) {
            let line: Weak<Line> = Arc::downgrade(line);
            calls.add(line);
            self.watched.push(Arc::clone(calls));
        }
    }

    /// Wakes everybody who waits.
    pub(super) fn waiting_wakers(&self) -> impl Iterator<Item = Waker> {
        self.seats.iter().filter_map(|seat| match seat {
            Seat::Waits { waker, .. } => Some(waker.clone()),
            _ => None,
        })
    }

    pub(super) fn waiting(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    pub(super) fn close_batch(&mut self) {
        if !self.batch.is_empty() {
            let before = self.queued.len();
            let packed = self.batch.pack(&mut self.queued);
            let length = self.queued.len() - before;
            self.push(Asked::Reads(packed), length);
        }
    }

    /// Whether so much is queued that the server should begin with it, and not wait with those who are still to ask: half of all
    /// who wait, so that it works on one half while we work on the other. A few are not worth a trip of their own.
    pub(super) fn is_enough_to_send(&self, waiting: usize) -> bool {
        let questions = usize::try_from(self.asked - self.taken).unwrap_or(usize::MAX);
        questions >= ENOUGH_TO_SEND.max(waiting / 2) || self.queued.len() + self.batch.length() >= ENOUGH_BYTES
    }

    /// Notes what was queued.
    pub(super) fn push(&mut self, asked: Asked, length: usize) {
        self.due.push_back(Due { asked, length });
        self.unsent += 1;
    }

    /// Takes all that is queued, but nothing that was given up before. How many questions were struck out of it.
    pub(super) fn take(&mut self, sending: &mut Vec<u8>) -> usize {
        self.close_batch();
        let struck_out = if self.given_up > 0 { self.strike_out() } else { 0 };
        std::mem::swap(&mut self.queued, sending);
        (self.unsent, self.taken) = (0, self.asked);
        struck_out
    }

    /// Somebody does not wait any more: what it was answered, if it was, and how many questions were struck out.
    pub(super) fn give_up(&mut self, who: usize) -> (Option<Result<Said, Failure>>, usize) {
        match std::mem::replace(&mut self.seats[who], Seat::Left) {
            Seat::Answered(said) => {
                self.seats[who] = Seat::Free;
                self.free.push(who);
                (Some(said), 0)
            }
            Seat::Waits { number, .. } if number >= self.taken => {
                // A connection that takes nothing must not gather what nobody wants: one look through all for as many as half of
                // them.
                self.given_up += 1;
                (None, if self.given_up > self.enough_given_up { self.strike_out() } else { 0 })
            }
            _ => (None, 0),
        }
    }

    /// Strikes out what was not sent and nobody waits for. A read goes on with those it shares its command with.
    fn strike_out(&mut self) -> usize {
        self.close_batch();
        let (mut kept, mut from, mut struck_out) = (0, 0, 0);
        let sent = self.due.len() - self.unsent;
        let unsent = self.due.split_off(sent);
        for due in unsent {
            let until = from + due.length;
            if due.asked.askers().all(|who| matches!(self.seats[who], Seat::Left)) {
                for who in due.asked.askers() {
                    self.seats[who] = Seat::Free;
                    self.free.push(who);
                    struck_out += 1;
                }
            } else {
                self.queued.copy_within(from..until, kept);
                kept += due.length;
                self.due.push_back(due);
            }
            from = until;
        }
        self.queued.truncate(kept);
        self.unsent = self.due.len() - sent;
        (self.given_up, self.enough_given_up) = (0, self.unsent / 2);
        struck_out
    }

    pub(super) fn call_driver(&mut self) {
        if !std::mem::replace(&mut self.called, true)
            && let Some(driver) = &self.driver
        {
            driver.wake_by_ref();
        }
    }

    /// Hands out the answers that have come; how many questions were answered.
    pub(super) fn hand_out(&mut self, inbox: &mut Inbox, woken: &mut Vec<Waker>) -> Result<usize, redis::RedisError> {
        let mut answered = 0;
        while let Some(bytes) = inbox.next()? {
            match self.due.pop_front() {
                None => return Err(Garbage.into()),
                Some(Due { asked: Asked::Commands { who, answers, mut values }, length }) => {
                    values.push(value(&bytes)?);
                    if values.len() < answers {
                        self.due.push_front(Due { asked: Asked::Commands { who, answers, values }, length });
                        continue;
                    }
                    answered += 1;
                    answer(&mut self.seats, &mut self.free, who, Ok(Said::Values(values)), woken);
                }
                Some(Due { asked: Asked::Reads(batch), .. }) => {
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
    pub(super) fn look(&mut self, patience: Duration) -> Result<(), ()> {
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
                Seat::Waits { waker, until: Some(until), .. } if *until <= now => waker.wake_by_ref(),
                Seat::Waits { until: Some(until), .. } => next = next.min(*until),
                _ => {}
            }
        }
        self.look_at = Some(next);
        Ok(())
    }
}

/// Answers one who asked, if it is still there.
pub(super) fn answer(
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
