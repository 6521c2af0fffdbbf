//! The two protocols between a writer and readers without a lock, in every order and with every value that the memory model
//! allows: the engine's own code over loom's memory. Each of them is also run without one of the fences that it relies on, and
//! has to notice.

use loom::sync::Arc;
use loom::thread;

use super::index::Entry;
use super::ring::Room;
use super::*;
use crate::modelled::{Modelled, Without};
use crate::record::{Draft, HEADER, Record};
use crate::words::WORD;

const LAYOUT: Layout =
    Layout { shards: 1, small: PAGE, main: PAGE, buckets: 64, entries: u64::MAX, markers: 64, side_bytes: 0 };
const SLOT: usize = INDEX_AT;

/// A reader copies an old record of two words while a writer writes a new one over it, a lap later.
fn copying(without: Without) {
    loom::model(move || {
        let old = Spot { ring: Ring::Small, position: Position { lap: 1, offset: 0 } };
        let new = Spot { ring: Ring::Small, position: Position { lap: 2, offset: 0 } };
        let at = LAYOUT.small_at();
        let ring = ring_at(Ring::Small);
        let parts = [
            (SLOT, Entry::new(7, old).0),
            (at, 1),
            (at + WORD, 1),
            (ring + RESERVE, new.position.word()),
            (ring + HEAD, new.position.word()),
        ];
        let words = Modelled::new(parts, without);
        let shard = Arc::new(Shard::new(words, LAYOUT, Box::new(|_, _| true)));
        let writer = thread::spawn({
            let shard = Arc::clone(&shard);
            move || {
                let markers = Markers::new(Modelled::new([], Without::Nothing), 64);
                let mut visit = Visit { shard: &shard, markers: &markers, now: 0, gone: Gone::default(), moved: false };
                visit.fill(Room { at, spot: new, units: 1 }, |words, at, _| {
                    words.store(at, 2, Relaxed);
                    words.store(at + WORD, 2, Relaxed);
                });
                shard.set_entry(SLOT, Entry::new(7, new));
                // Its end lets the lock go, which is not in the model.
                std::mem::forget(visit);
            }
        });
        let entry = shard.entry(SLOT);
        let (spot, expected) = if entry == Entry::new(7, old) { (old, 1) } else { (new, 2) };
        let copy = [shard.load(at), shard.load(at + WORD)];
        if shard.is_intact(spot) {
            assert_eq!(copy, [expected; 2], "a torn copy");
        } else {
            assert_eq!(spot, old, "what is new is intact");
        }
        writer.join().unwrap();
    });
}

#[test]
fn what_is_intact_after_it_was_copied_is_whole() {
    copying(Without::Nothing);
}

#[test]
#[should_panic(expected = "a torn copy")]
fn the_model_notices_a_writer_without_its_fence() {
    copying(Without::Fence(Release));
}

#[test]
#[should_panic(expected = "a torn copy")]
fn the_model_notices_a_reader_without_its_fence() {
    copying(Without::Fence(Acquire));
}

/// A reader reads a number while a writer counts twice, which comes round to the half that the reader reads.
fn counting(without: Without) {
    const AT: usize = 0;
    const HASH: u64 = 99;
    fn record() -> Record {
        let spot = Spot { ring: Ring::Small, position: Position { lap: 1, offset: 0 } };
        let heap = crate::words::Heap::new(256);
        let body = crate::record::Body::Integer(0);
        let hash = crate::hash::NameHash { low: HASH, high: 0 };
        let draft = Draft {
            hash,
            key: b"",
            codec: 0,
            body,
            marks: &[],
            epoch: 0,
            scope: 0,
            written: 0,
            session: 0,
            deadline: crate::record::NEVER,
            stamp: 10,
            uses: 0,
            content: body.content(),
        };
        draft.write(&heap, AT, spot);
        Record::read(&heap, AT, 256).unwrap()
    }
    loom::model(move || {
        let record = record();
        let heap = crate::words::Heap::new(256);
        record.copy_number_words(&heap, 0, 10);
        // The stamp and the two halves.
        let used = [HEADER - WORD, HEADER, HEADER + WORD, HEADER + 2 * WORD, HEADER + 3 * WORD];
        let words = Arc::new(Modelled::new(used.map(|at| (AT + at, heap.load(AT + at, Relaxed))), without));
        let writer = thread::spawn({
            let words = Arc::clone(&words);
            move || {
                record.set_number(&*words, 1, 11);
                record.set_number(&*words, 2, 12);
            }
        });
        let (number, stamp) = record.number(&*words).expect("it is not torn");
        assert_eq!(stamp, 10 + number as u64, "another count's stamp");
        writer.join().unwrap();
    });
}

#[test]
fn a_number_is_one_that_was_counted_with_its_own_stamp() {
    counting(Without::Nothing);
}

#[test]
#[should_panic(expected = "it is not torn")]
fn the_model_notices_a_count_without_its_fence() {
    counting(Without::Fence(Release));
}

#[test]
#[should_panic(expected = "it is not torn")]
fn the_model_notices_a_look_at_a_number_without_its_fence() {
    counting(Without::Fence(Acquire));
}
