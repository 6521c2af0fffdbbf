//! Computing a missing value once: single flight inside the process, a lease through the store beyond it, and a fence
//! against invalidations that arrive while the loader runs.
//!
//! All computing verbs end here. What they share:
//! 1. Whoever misses joins the key's flight or starts it ([`flight`]).
//! 2. The one who started it takes a lease from the store, which carries the generations of all markers.
//! 3. It runs the loader ([`guarded`]: panics are caught, asking for the own key is an error).
//! 4. It stores the value under the lease. A delete, set, clear or invalidation in between has ended the lease or moved a
//!    generation, and the store refuses: the value goes to the caller who asked before that, and to nobody else.
//! 5. It lands the flight: whoever joined before step 4 takes the value; who joined later looks again.

mod flight;
mod grant;
mod guarded;
mod many;
mod task;

pub(crate) use flight::{Flights, Joined, Landing, Leader, Waiter};
pub(crate) use grant::Grant;
pub(crate) use guarded::{Chain, LoaderPanicked, computing};
pub(crate) use many::ManyTask;
pub(crate) use task::{Pause, Task, await_landing, panicked};

use std::future::Future;

/// Runs a future to its end even if the caller goes away: on tokio as a task, elsewhere in place.
pub(crate) async fn detached<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return future.await };
    match runtime.spawn(future).await {
        Ok(answer) => answer,
        // Loaders' panics are caught inside; what panics here is our own, or the runtime shuts down under the caller.
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}
