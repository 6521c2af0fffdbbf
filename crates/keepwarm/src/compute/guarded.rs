//! Running a loader: its panics become errors, and its asking for a key that waits for itself is noticed.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use super::flight::{Flight, Leader};

/// The computations that the code running now is part of, innermost first.
pub(crate) struct Chain {
    flights: Vec<Arc<Flight>>,
    outer: Option<Arc<Self>>,
}

thread_local! {
    /// Set while a loader is polled on this thread; what a loader spawns on its own is not seen.
    static CURRENT: RefCell<Option<Arc<Chain>>> = const { RefCell::new(None) };
}

/// Held while a computation looks whether waiting for another would close a circle and, if not, notes that it waits: of
/// two that would close one at once, one must see the other's note. Only loaders that ask for keys under computation
/// come here.
static CIRCLES: Mutex<()> = Mutex::new(());

impl Chain {
    /// The chain that the code running now belongs to; asked where a verb begins, because its task may run elsewhere.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    fn contains(&self, flight: &Flight) -> bool {
        self.flights.iter().any(|known| known.id == flight.id)
            || self.outer.as_ref().is_some_and(|outer| outer.contains(flight))
    }

    /// Notes that all computations of the chain wait for `flight`, until the note is dropped; `None` where it, or
    /// whatever it waits for, is one of them.
    ///
    /// The outer ones wait too: each for the inner one that its loader asked for.
    pub(super) fn wait_for(self: &Arc<Self>, flight: &Arc<Flight>) -> Option<Waits> {
        let _circles = CIRCLES.lock();
        let mut seen = Vec::new();
        if self.is_awaited_by(flight, &mut seen) {
            return None;
        }
        self.for_each(&mut |own| own.waits_for.lock().push(Arc::clone(flight)));
        Some(Waits { chain: Arc::clone(self), flight: Arc::clone(flight) })
    }

    /// Whether `flight` belongs to the chain, or waits for one that does. A loader may wait for several at once.
    fn is_awaited_by(&self, flight: &Arc<Flight>, seen: &mut Vec<u64>) -> bool {
        if seen.contains(&flight.id) {
            return false;
        }
        seen.push(flight.id);
        if self.contains(flight) {
            return true;
        }
        let next = flight.waits_for.lock().clone();
        next.iter().any(|flight| self.is_awaited_by(flight, seen))
    }

    fn for_each(&self, visit: &mut dyn FnMut(&Flight)) {
        self.flights.iter().for_each(|flight| visit(flight));
        if let Some(outer) = &self.outer {
            outer.for_each(visit);
        }
    }
}

/// A note that the computations of a chain wait for a flight; see [`Chain::wait_for`].
pub(super) struct Waits {
    chain: Arc<Chain>,
    flight: Arc<Flight>,
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.chain.for_each(&mut |own| {
            let mut notes = own.waits_for.lock();
            // One of them: two calls of one loader may wait for the same flight.
            if let Some(note) = notes.iter().position(|flight| flight.id == self.flight.id) {
                notes.swap_remove(note);
            }
        });
    }
}

/// The loader panicked; the payload of the panic.
pub(crate) struct LoaderPanicked(Box<dyn Any + Send>);

impl LoaderPanicked {
    /// The panic's message, where it has one.
    pub(crate) fn message(&self) -> &str {
        let text = self.0.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| self.0.downcast_ref::<&'static str>().copied()).unwrap_or("no message")
    }
}

/// Runs `start` and the future it gives as the computation of these flights.
pub(crate) fn computing<F: Future>(
    leaders: &[&Leader],
    outer: Option<Arc<Chain>>,
    start: impl FnOnce() -> F,
) -> Guarded<F> {
    let flights = leaders.iter().map(|leader| Arc::clone(leader.flight())).collect();
    let chain = Arc::new(Chain { flights, outer });
    let future = within(&chain, start).map(Box::pin);
    Guarded { chain, future: Some(future) }
}

/// A loader's future; boxed, because it is pinned only after it was made and a computation is no hot path.
pub(crate) struct Guarded<F> {
    chain: Arc<Chain>,
    future: Option<Result<Pin<Box<F>>, LoaderPanicked>>,
}

impl<F: Future> Future for Guarded<F> {
    type Output = Result<F::Output, LoaderPanicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut future = match self.future.take().expect("a loader is not polled after it was ready") {
            Ok(future) => future,
            Err(panicked) => return Poll::Ready(Err(panicked)),
        };
        match within(&self.chain, || future.as_mut().poll(context)) {
            Ok(Poll::Pending) => {
                self.future = Some(Ok(future));
                Poll::Pending
            }
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panicked) => Poll::Ready(Err(panicked)),
        }
    }
}

/// Runs `step` as part of the chain, and catches its panic.
fn within<T>(chain: &Arc<Chain>, step: impl FnOnce() -> T) -> Result<T, LoaderPanicked> {
    let outer = CURRENT.replace(Some(Arc::clone(chain)));
    // The loader is not used again after a panic, so that nobody sees what it left half-done.
    let result = catch_unwind(AssertUnwindSafe(step));
    CURRENT.set(outer);
    result.map_err(LoaderPanicked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::compute::{Flights, Joined, Waiter};

    fn lead(flights: &Arc<Flights>, key: &str) -> Leader {
        match flights.join(key, Moment::from_nanos(0), None) {
            Joined::Leads(leader) => leader,
            _ => panic!("{key} is being computed already"),
        }
    }

    fn inside(leader: &Leader, outer: Option<&Arc<Chain>>) -> Arc<Chain> {
        Arc::new(Chain { flights: vec![Arc::clone(leader.flight())], outer: outer.cloned() })
    }

    /// Joins a flight from inside a chain; `None` where that would be a deadlock.
    fn wait(flights: &Arc<Flights>, key: &str, chain: &Arc<Chain>) -> Option<Waiter> {
        match flights.join(key, Moment::from_nanos(0), Some(chain)) {
            Joined::Waits(waiter) => Some(waiter),
            Joined::Deadlock => None,
            Joined::Leads(_) => panic!("nobody computes {key}"),
        }
    }

    #[test]
    fn of_two_loaders_that_close_a_circle_the_second_is_told_before_either_waits() {
        let flights = Arc::new(Flights::default());
        let (a, b) = (lead(&flights, "a"), lead(&flights, "b"));
        let first = wait(&flights, "b", &inside(&a, None));
        assert!(first.is_some());
        assert!(wait(&flights, "a", &inside(&b, None)).is_none());
        drop(first);
        assert!(wait(&flights, "a", &inside(&b, None)).is_some(), "who no longer waits closes no circle");
    }

    #[test]
    fn a_loader_that_waits_for_several_keys_at_once_is_seen_in_each_circle() {
        let flights = Arc::new(Flights::default());
        let (a, b, c) = (lead(&flights, "a"), lead(&flights, "b"), lead(&flights, "c"));
        let inside_a = inside(&a, None);
        let (to_b, to_c) = (wait(&flights, "b", &inside_a), wait(&flights, "c", &inside_a));
        assert!(to_b.is_some() && to_c.is_some());
        assert!(wait(&flights, "a", &inside(&b, None)).is_none());
        drop(to_b);
        assert!(wait(&flights, "a", &inside(&c, None)).is_none(), "the other wait is still noted");
    }

    #[test]
    fn a_circle_through_a_computation_inside_another_is_seen() {
        let flights = Arc::new(Flights::default());
        let (a, b, c) = (lead(&flights, "a"), lead(&flights, "b"), lead(&flights, "c"));
        // The loader of a computes b, whose loader waits for c; and c's asks for a.
        let inside_b = inside(&b, Some(&inside(&a, None)));
        let waiting = wait(&flights, "c", &inside_b);
        assert!(waiting.is_some());
        assert!(wait(&flights, "a", &inside(&c, None)).is_none());
    }
}
