//! Who may compute a value that is missing.

use super::{Store, opened};
use crate::error::Result;
use crate::shard::{Leased, Wish};
use crate::types::{Condition, Lease, Lookup, Miss, Scope};

impl Store {
    /// Asks for the right to compute a key until a time, or until its holder closes the store or dies. With `refresh` a live entry does not answer, but gets the lease's
    /// stamp, and another's lease ends.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn lease(&self, scope: Scope, key: &[u8], until: u64, refresh: bool, now: u64) -> Result<Lease> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        let wish = Wish { until, refresh, holder: state.member.number() };
        for _ in 0..16 {
            // A lease carries the generation of its prefix, so there must be one.
            self.scope(state, scope)?;
            let leased = self.visit(state, hash.low, now, |visit| visit.lease(hash, key, scope.0, &wish))?;
            match leased {
                Leased::Held { holder, .. } if state.member.lives(holder) => return Ok(Lease::Held),
                // Whoever computed is dead. It may be another's by now, who has another stamp.
                Leased::Held { stamp, .. } => self.visit(state, hash.low, now, |visit| visit.release(hash, stamp))?,
                Leased::Granted(stamp) => return Ok(Lease::Granted(stamp)),
                Leased::Live => match self.get(scope, key, now)? {
                    Lookup::Hit(value) => return Ok(Lease::Hit(value)),
                    // Its bytes are wrong, which only reading them shows: it is in the way of a fill.
                    Lookup::Miss(Miss::Torn) => {
                        self.remove(scope, key, Condition::Always, now)?;
                    }
                    Lookup::Miss(_) => {}
                },
            }
        }
        Ok(Lease::Held)
    }

    /// Gives back the lease with this stamp.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn release(&self, key: &[u8], stamp: u64, now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        self.visit(state, hash.low, now, |visit| visit.release(hash, stamp))
    }
}
