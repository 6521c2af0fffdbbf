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

/// Held while one computation looks whether waiting for another would close a circle, and says that it waits: two that
/// do this at once must not both miss it. Only loaders that ask for other keys under computation come here.
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

    /// Notes that the innermost computations wait for `flight`, until the note is dropped.
    pub(super) fn waits_for(&self, flight: &Arc<Flight>) -> WaitsFor<'_> {
        let _circles = CIRCLES.lock();
        for own in &self.flights {
            *own.waits_for.lock() = Some(Arc::clone(flight));
        }
        WaitsFor(self)
    }
}

/// A note that computations wait; see [`Chain::waits_for`].
pub(super) struct WaitsFor<'a>(&'a Chain);

impl Drop for WaitsFor<'_> {
    fn drop(&mut self) {
        for own in &self.0.flights {
            *own.waits_for.lock() = None;
        }
    }
}

/// Whether code inside `chain` would wait for itself by waiting for `flight`.
pub(super) fn deadlocks(chain: Option<&Arc<Chain>>, flight: &Arc<Flight>) -> bool {
    let Some(chain) = chain else { return false };
    let _circles = CIRCLES.lock();
    let mut next = Some(Arc::clone(flight));
    while let Some(flight) = next {
        if chain.contains(&flight) {
            return true;
        }
        next = flight.waits_for.lock().clone();
    }
    false
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
