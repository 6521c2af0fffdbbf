//! Doubling the index while others read it.

use std::sync::atomic::Ordering::Release;

use super::index::Entry;
use super::{MASK, Visit};
use crate::options::{BUCKET, INDEX_AT};
use crate::words::{WORD, Words};

impl<W: Words> Visit<'_, W> {
    /// Doubles the index. False when it is as large as it may be, or the disk is full.
    ///
    /// First the words that belong there are written into the new half, which nobody reads yet; then readers are sent there;
    /// then they are taken out of the old half. A reader that was under way and found nothing sees that the mask has
    /// changed and looks again. A writer that dies between leaves words that nobody looks for.
    #[cold]
    pub(super) fn double(&mut self) -> bool {
        let mask = self.shard.mask();
        let buckets = mask as usize + 1;
        if buckets * 2 > self.shard.layout.buckets
            || !(self.shard.allocate)(INDEX_AT + buckets * BUCKET, buckets * BUCKET)
        {
            return false;
        }
        let distance = buckets * BUCKET;
        let end = INDEX_AT + distance;
        let mut movers = Vec::new();
        for slot in (INDEX_AT..end).step_by(WORD) {
            let entry = self.shard.entry(slot);
            let record = entry.points().then(|| self.shard.record(entry)).flatten();
            let moves = record.is_some_and(|record| record.hash & buckets as u64 != 0);
            let moved = if moves { entry } else { Entry::EMPTY };
            self.shard.set_entry(slot + distance, moved);
            if moves {
                movers.push(slot);
            }
        }
        self.shard.words().store(MASK, mask * 2 + 1, Release);
        for slot in movers {
            self.shard.set_entry(slot, Entry::EMPTY);
        }
        self.moved = true;
        true
    }
}
