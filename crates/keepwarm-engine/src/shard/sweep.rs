//! Dead entries go by and by, a few at each write, so that no write takes long and no thread is needed.

use super::index::Entry;
use super::read::moved_on;
use super::{CURSOR, NEXT_SWEEP, ROUND_MIN, SEEN_CHANGES, Visit};
use crate::options::INDEX_AT;
use crate::record::{NEVER, Record, State};
use crate::words::{WORD, Words};

/// So many index words are looked at for one write while there is something to sweep.
const STRETCH: u64 = 64;
/// A round of the index begins at most so often, in milliseconds.
const PAUSE: u64 = 1000;

impl<W: Words> Visit<'_, W> {
    /// Whether an entry is dead to everybody.
    pub(super) fn is_dead(&self, record: &Record) -> bool {
        let words = self.shard.words();
        record.state(words, self.now) != State::Live
            || record.epoch != self.markers.epoch()
            || !self.markers.is_any_scope(record.scope)
            || record.has_marks() && moved_on(self.markers, &record.marks(words)).is_some()
    }

    /// Notes when an entry that was written just now will have to be swept.
    #[inline]
    pub(super) fn sweep_after(&self, deadline: u64) {
        if deadline < NEVER {
            if deadline < self.shard.load(NEXT_SWEEP) {
                self.shard.save(NEXT_SWEEP, deadline);
            }
            if deadline < self.shard.load(ROUND_MIN) {
                self.shard.save(ROUND_MIN, deadline);
            }
        }
    }

    /// Looks at a stretch of the index, if there is reason to.
    #[inline]
    pub(super) fn sweep(&mut self) {
        let changes = self.markers.changes();
        if changes != self.shard.load(SEEN_CHANGES) {
            self.shard.save(SEEN_CHANGES, changes);
            self.shard.save(NEXT_SWEEP, self.now);
        }
        if self.shard.load(NEXT_SWEEP) <= self.now {
            self.sweep_some();
        }
    }

    /// Looks at the whole index at once.
    pub(crate) fn sweep_all(&mut self) {
        self.shard.save(CURSOR, 0);
        loop {
            self.sweep_some();
            if self.shard.load(CURSOR) == 0 {
                return;
            }
        }
    }

    fn sweep_some(&mut self) {
        let slots = (self.shard.mask() + 1) * 8;
        let from = self.shard.load(CURSOR);
        if from == 0 {
            self.shard.save(ROUND_MIN, NEVER);
        }
        let end = from.saturating_add(STRETCH).min(slots);
        for index in from..end {
            let slot = INDEX_AT + index as usize * WORD;
            let entry = self.shard.entry(slot);
            if !entry.points() {
                continue;
            }
            match self.shard.record(entry) {
                Some(record) if !self.is_dead(&record) => {
                    if let Some(deadline) = record.deadline(self.shard.words()) {
                        self.sweep_after(deadline.max(self.now + 1));
                    }
                }
                Some(record) if self.shard.is_intact(record.spot) => self.expire(slot, &record),
                _ => self.shard.set_entry(slot, Entry::EMPTY),
            }
        }
        if end < slots {
            self.shard.save(CURSOR, end);
            return;
        }
        self.shard.save(CURSOR, 0);
        let next = self.shard.load(ROUND_MIN);
        self.shard.save(NEXT_SWEEP, if next >= NEVER { u64::MAX } else { next.max(self.now + PAUSE) });
    }
}
