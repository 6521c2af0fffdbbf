//! Delivering what is owed, as soon as the store answers again: in the background, one worker at a time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::pending::{Delivery, Undo};
use super::{Shared, is_failure};
use crate::backend::{Locking, When};
use crate::clock::Moment;
use crate::error::Result;
use crate::layers::background::{self, Turn};

/// How long to wait after a delivery that failed. With a breaker in between, a try costs next to nothing while the store is
/// down.
const PAUSE: Duration = Duration::from_millis(50);

/// A worker that has not been heard of for so long got lost. A delivery is a few calls with a deadline each.
const LOST: Duration = Duration::from_secs(5);

/// So many keys are removed by one call.
const BATCH: usize = 1000;

impl Shared {
    /// Makes sure that somebody delivers what is owed.
    pub(super) fn keep_delivering(self: &Arc<Self>) {
        if !self.owes.load(Ordering::SeqCst) {
            return;
        }
        let now = self.options.clock.now();
        if let Some(turn) = self.deliverer.take(now, now.saturating_add(LOST)) {
            background::run(deliver(Arc::downgrade(self), turn));
        }
    }

    /// One delivery; how long to wait before the next, `None` when nothing is owed any more.
    async fn deliver_some(&self, turn: &Turn) -> Option<Duration> {
        let now = self.options.clock.now();
        let delivery = self.pending.lock().due(now, BATCH);
        if !delivery.is_empty() {
            if self.hand_over(&delivery).await.is_err() {
                return Some(PAUSE);
            }
            self.failing.store(false, Ordering::Relaxed);
            // From now: what is still on its way must have arrived by then.
            let again = self.options.clock.now().saturating_add(self.options.settle);
            self.pending.lock().delivered(&delivery, again);
        }
        let pending = self.pending.lock();
        if pending.is_empty() {
            // Under the lock: what is asked for from here on finds the post vacant.
            self.owes.store(false, Ordering::SeqCst);
            turn.leave();
            self.reporter.delivered();
            return None;
        }
        let now = self.options.clock.now();
        Some(pending.next_due().map_or(Duration::ZERO, |due: Moment| due.since(now)))
    }

    /// What the store refuses for good (a verb that it does not have) it will refuse for ever: that is taken as done, because
    /// nothing can be under what it does not have.
    async fn hand_over(&self, delivery: &Delivery) -> Result<()> {
        let settled = |answer: Result<()>| match answer {
            Err(error) if is_failure(&error) => Err(error),
            _ => Ok(()),
        };
        if !delivery.markers.is_empty() {
            let markers: Vec<_> = delivery.markers.iter().map(|(marker, _)| marker.clone()).collect();
            settled(self.inner.renew(&markers).await)?;
        }
        for (scope, _) in &delivery.scopes {
            settled(self.inner.clear(scope).await)?;
        }
        let removed = delivery.removed();
        if !removed.is_empty() {
            settled(self.inner.remove_many(&removed).await.map(drop))?;
        }
        for key in &delivery.keys {
            let stored = crate::key::Key::new(&key.text, &key.scope);
            match &key.undo {
                Undo::Remove => {}
                Undo::RemoveUnchanged(stamp) => {
                    settled(self.inner.remove(&stored, When::Unchanged(*stamp)).await.map(drop))?;
                }
                Undo::Free(owner) => settled(self.inner.lock(&stored, owner, Locking::Free).await.map(drop))?,
                Undo::Release(stamp) => settled(self.inner.release(&stored, *stamp).await)?,
            }
        }
        Ok(())
    }
}

/// Delivers until nothing is owed, the cache is gone, or another worker has taken over.
async fn deliver(degraded: Weak<Shared>, turn: Turn) {
    loop {
        let Some(shared) = degraded.upgrade() else { return };
        let now = shared.options.clock.now();
        if !turn.renew(now.saturating_add(LOST + shared.options.settle)) {
            return;
        }
        let Some(pause) = shared.deliver_some(&turn).await else { return };
        let sleep = shared.options.clock.sleep(pause);
        drop(shared);
        sleep.await;
    }
}
