//! After a writer that died with the lock: the next one puts the books in order.

use super::index::Entry;
use super::{CURSOR, LIVE_COUNT, LIVE_UNITS, NEXT_SWEEP, TAIL, Visit};
use crate::options::{BUCKET, INDEX_AT};
use crate::spot::Ring;
use crate::words::{WORD, Words};

impl<W: Words> Visit<'_, W> {
    /// Covers what was reserved and not written, drops index words that point to nothing, and counts anew. Every step of
    /// the write path leaves a state that this makes whole, and so does dying in here.
    #[cold]
    pub(super) fn repair(&mut self) {
        self.pad_over(Ring::Small);
        self.pad_over(Ring::Main);
        for ring in [Ring::Small, Ring::Main] {
            self.shard.set_ring(ring, LIVE_UNITS, 0);
            self.shard.set_ring(ring, LIVE_COUNT, 0);
        }
        let mask = self.shard.mask();
        let end = INDEX_AT + (mask as usize + 1) * BUCKET;
        for slot in (INDEX_AT..end).step_by(WORD) {
            let entry = self.shard.entry(slot);
            if !entry.points() {
                continue;
            }
            let record = self.shard.record(entry).filter(|record| {
                let tail = self.shard.position(record.spot.ring, TAIL);
                let position = record.spot.position;
                let behind = position.lap == tail.lap && position.offset < tail.offset;
                // The first word that leads to it counts: a doubling that was cut short leaves others.
                let first = self.shard.slot_of(record) == Some(slot);
                first && !behind && self.shard.is_intact(record.spot)
            });
            match record {
                Some(record) => self.count(record.spot.ring, record.units, true),
                None => self.shard.set_entry(slot, Entry::EMPTY),
            }
        }
        self.shard.save(CURSOR, 0);
        self.shard.save(NEXT_SWEEP, 0);
    }
}
