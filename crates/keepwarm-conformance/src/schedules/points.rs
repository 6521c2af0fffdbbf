//! Named points at which a task waits until the scheduler lets it go on.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use keepwarm::Result;
use keepwarm::backend::Abilities;
use parking_lot::Mutex;

use crate::kit::{Answer, Call, Probe, Verb};

thread_local! {
    /// Who is being polled, for the names of points; a task that a loader runs in has no name of its own.
    static ACTOR: Cell<&'static str> = const { Cell::new("computation") };
}

/// Names the tasks that `poll` polls.
pub(super) fn acting<T>(actor: &'static str, poll: impl FnOnce() -> T) -> T {
    let outer = ACTOR.replace(actor);
    let answer = poll();
    ACTOR.set(outer);
    answer
}

/// Where tasks stand. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Points(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    next: u64,
    /// Verbs that were let go and have not answered: a store that really waits is waited for.
    under_way: usize,
    let_all_go: bool,
}

struct Waiting {
    number: u64,
    name: String,
    waker: Waker,
}

impl Points {
    /// Stops here until the scheduler lets this task go on.
    pub(super) async fn stop(&self, what: &str) {
        let name = format!("{}: {what}", ACTOR.get());
        let mut place = Place { points: self, number: None };
        poll_fn(|context| {
            let mut state = self.0.lock();
            if state.let_all_go {
                return Poll::Ready(());
            }
            let Some(number) = place.number else {
                let number = state.next;
                state.next += 1;
                state.waiting.push(Waiting { number, name: name.clone(), waker: context.waker().clone() });
                place.number = Some(number);
                return Poll::Pending;
            };
            match state.waiting.iter_mut().find(|waiting| waiting.number == number) {
                Some(waiting) => {
                    waiting.waker.clone_from(context.waker());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            }
        })
        .await;
    }

    /// How many tasks stand at points.
    pub(super) fn standing(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Where they stand, in the order of their arrival.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.lock().waiting.iter().map(|waiting| waiting.name.clone()).collect()
    }

    /// How many verbs are under way.
    pub(super) fn under_way(&self) -> usize {
        self.0.lock().under_way
    }

    /// Lets the one go that stands at this place in the order of arrival; its name.
    pub(super) fn let_go(&self, place: usize) -> String {
        let waiting = self.0.lock().waiting.remove(place);
        waiting.waker.wake();
        waiting.name
    }

    /// Holds nobody any more.
    pub(super) fn let_all_go(&self) {
        let waiting = {
            let mut state = self.0.lock();
            state.let_all_go = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(|waiting| waiting.waker.wake());
    }
}

/// A task's place; one that is dropped gives it up.
struct Place<'a> {
    points: &'a Points,
    number: Option<u64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.points.0.lock().waiting.retain(|waiting| waiting.number != number);
        }
    }
}

/// Stops before the verbs of a store.
#[derive(Clone)]
pub(super) struct Stepping {
    pub(super) points: Points,
    /// Whether also before reads. A reader's first read then comes in a step of its own after its beginning, which finds
    /// no more staleness, because a read that begins later has more to answer for; it multiplies the orders.
    pub(super) before_reads: bool,
    /// Whether also after reads: the answer is on its way, and something may overtake it.
    pub(super) after_reads: bool,
}

fn reads(call: &Call) -> bool {
    matches!(call.verb, Verb::Get | Verb::GetMany | Verb::Entry | Verb::Entries)
}

impl Probe for Stepping {
    fn waits(&self) -> bool {
        true
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, call: &Call) -> Result<()> {
        if self.before_reads || !reads(call) {
            let what = format!("{:?} {}", call.verb, call.names.join(" "));
            self.points.stop(&what).await;
        }
        self.points.0.lock().under_way += 1;
        Ok(())
    }

    async fn after(&self, call: &Call) -> Result<()> {
        self.points.0.lock().under_way -= 1;
        if self.after_reads && reads(call) {
            self.points.stop(&format!("{:?} has been answered", call.verb)).await;
        }
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}
