//! Evicting many entries at once, for who counts them as Django does.

use super::{Store, opened};
use crate::error::Result;
use crate::sys::random;

impl Store {
    /// Makes place for one more where there are too many entries: `due` says, of how many entries there are, how many have to
    /// go. Dead ones go first, and are counted anew. Several who do so at once may let more go than one alone.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn make_place(&self, now: u64, due: impl Fn(u64) -> u64) -> Result<()> {
        if due(self.size(now)?.entries) == 0 {
            return Ok(());
        }
        let state = self.state(now)?;
        let state = opened(&state);
        for shard in &state.shards {
            self.visit_shard(state, shard, now, self.options.patience, |visit| visit.sweep_all())?;
        }
        let counts: Vec<u64> = state.shards.iter().map(|shard| shard.inner.size().0).collect();
        let all: u64 = counts.iter().sum();
        let due = due(all).min(all);
        // Each shard its part, and what that leaves from whoever still has some, beginning anywhere.
        let mut parts: Vec<u64> = counts.iter().map(|count| due * count / all.max(1)).collect();
        let mut left = due - parts.iter().sum::<u64>();
        let first = random() as usize;
        for at in 0..counts.len() * 2 {
            let at = (first.wrapping_add(at)) % counts.len();
            if left > 0 && parts[at] < counts[at] {
                parts[at] += 1;
                left -= 1;
            }
        }
        for (shard, part) in state.shards.iter().zip(parts).filter(|(_, part)| *part > 0) {
            self.visit_shard(state, shard, now, self.options.patience, |visit| visit.evict_many(part))?;
        }
        Ok(())
    }
}
