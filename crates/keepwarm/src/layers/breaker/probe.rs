//! Asking a store that was down whether it still is: one probe at a time, in the background, so that no caller pays for it
//! and a store that is back is used at once, also where nobody has called for an hour.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::Shared;
use crate::clock::Moment;
use crate::error::Error;
use crate::key::{Key, Scope};
use crate::layers::background::{self, Turn};
use crate::layers::deadline::within;

impl Shared {
    /// Makes sure that somebody probes.
    pub(super) fn keep_probing(self: &Arc<Self>) {
        if let Some(turn) = self.prober.take(self.options.clock.now(), self.next_sign_of_life()) {
            background::run(probe(Arc::downgrade(self), turn));
        }
    }

    /// A prober that has not been heard of by then got lost: a probe, a pause, and as much again, 700 milliseconds with the defaults.
    /// Only a runtime that nobody polls and a `fork` lose one in silence; one whose runtime is shut down leaves its post at once.
    fn next_sign_of_life(&self) -> Moment {
        let round = self.options.probe + self.options.pause;
        self.options.clock.now().saturating_add(round * 2)
    }

    /// One probe; whether the store is back.
    async fn probe_once(&self) -> bool {
        let scope = Scope::new("keepwarm.probe");
        let key = Key::new("keepwarm.probe:1:probe", &scope);
        let clock = &self.options.clock;
        let begun = clock.now();
        self.probing.store(true, Ordering::SeqCst);
        let answer = within(clock, self.options.probe, || self.inner.get(&key, &[])).await;
        self.probing.store(false, Ordering::SeqCst);
        let answered = answer.is_some_and(|answer| !answer.is_err_and(|error: Error| error.is_transient()));
        answered && clock.now().since(begun) <= self.options.slow
    }
}

/// Probes until the store is back, the breaker is gone, or another prober has taken over.
async fn probe(breaker: Weak<Shared>, turn: Turn) {
    loop {
        let Some(shared) = breaker.upgrade() else { return };
        if !turn.renew(shared.next_sign_of_life()) {
            return;
        }
        if shared.probe_once().await {
            // The post first: who opens the breaker again right after this begins a prober of its own.
            turn.leave();
            shared.close();
            return;
        }
        let pause = shared.options.clock.sleep(shared.options.pause);
        drop(shared);
        pause.await;
    }
}
