//! Who asked what, and what the next answers are for.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use redis::Value;

use super::Said;
use crate::backends::redis::failure::Failure;
use crate::backends::redis::link::inbox::{Garbage, Inbox, value};
use crate::backends::redis::link::reading::Batch;
use crate::backends::redis::link::socket::now_millis;

/// Who asked what.
#[derive(Default)]
pub(super) struct State {
    /// Commands that were not begun to be sent, as they are sent.
    pub(super) queued: Vec<u8>,
    /// Reads that will go out behind them.
    pub(super) batch: Batch,
    /// What the next answers are for, in their order.
    pub(super) due: VecDeque<Due>,
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
}

/// What an answer is for.
pub(super) enum Due {
    Commands { who: usize, answers: usize, values: Vec<Value> },
    Reads(Batch),
}

/// The place of one who asks.
pub(super) enum Seat {
    Free,
    Waits {
        waker: Waker,
        until: Option<Instant>,
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

    pub(super) fn waiting(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    pub(super) fn close_batch(&mut self) {
        if !self.batch.is_empty() {
            let packed = self.batch.pack(&mut self.queued);
            self.due.push_back(Due::Reads(packed));
        }
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
