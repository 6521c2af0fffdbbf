//! The store's own file: what it is, who made it, in which run of the machine, and whether it was closed in order.
//!
//! ```text
//! 0    magic | version | layout (7 words) | seed | store | checksum of these    never changes
//! 128  boot (2 words) | file | session | time base | checksum of these          by whoever opens it alone
//! 192  closed in order (the time) | its check                                   by whoever closes it last
//! ```
//!
//! Its lock is shared by all who have the store open. Who gets it alone knows that nobody else has.

use std::sync::atomic::Ordering::Relaxed;

use crate::hash::checksum_words;
use crate::options::Layout;
use crate::words::{WORD, Words};

const MAGIC: u64 = u64::from_le_bytes(*b"keepwarm");
/// The version of everything in the directory. Words 0, 1 and 11 keep their place in every version.
pub(crate) const VERSION: u64 = 2;

const FIXED: usize = 11;
const RUN_AT: usize = 128;
const RUN: usize = 5;
const CLOSED_AT: usize = 192;

/// What never changes about a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) layout: Layout,
    /// Of the hashes of its keys.
    pub(crate) seed: u64,
    /// Its own number, which its other files carry as well.
    pub(crate) store: u64,
}

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    Head(Head),
    OtherVersion(u64),
    /// No head, or a damaged one.
    Nothing,
}

/// One period in which somebody had the store open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) boot: [u64; 2],
    /// The number of the file: a copy is not the store that it was copied from.
    pub(crate) file: u64,
    pub(crate) session: u64,
    /// The store's time is this and the machine's uptime, in milliseconds.
    pub(crate) base: u64,
}

pub(crate) fn read(words: &impl Words) -> Read {
    let fixed: [u64; FIXED] = std::array::from_fn(|index| words.load(index * WORD, Relaxed));
    if fixed[0] != MAGIC || words.load(FIXED * WORD, Relaxed) != checksum_words(fixed) {
        return Read::Nothing;
    }
    if fixed[1] != VERSION {
        return Read::OtherVersion(fixed[1]);
    }
    let layout = Layout::from_words(std::array::from_fn(|index| fixed[2 + index]));
    layout.map_or(Read::Nothing, |layout| Read::Head(Head { layout, seed: fixed[9], store: fixed[10] }))
}

pub(crate) fn write(words: &impl Words, head: &Head) {
    let mut fixed = [0; FIXED];
    fixed[..2].copy_from_slice(&[MAGIC, VERSION]);
    fixed[2..9].copy_from_slice(&head.layout.words());
    fixed[9..].copy_from_slice(&[head.seed, head.store]);
    for (index, word) in fixed.into_iter().enumerate() {
        words.store(index * WORD, word, Relaxed);
    }
    words.store(FIXED * WORD, checksum_words(fixed), Relaxed);
}

/// The last run; `None` when there was none or its words are torn.
pub(crate) fn run(words: &impl Words) -> Option<Run> {
    let fields: [u64; RUN] = std::array::from_fn(|index| words.load(RUN_AT + index * WORD, Relaxed));
    let [low, high, file, session, base] = fields;
    let whole = words.load(RUN_AT + RUN * WORD, Relaxed) == checksum_words(fields);
    whole.then_some(Run { boot: [low, high], file, session, base })
}

/// Begins a run: from here on the store is not closed in order.
pub(crate) fn begin(words: &impl Words, run: &Run) {
    words.store(CLOSED_AT, 0, Relaxed);
    let fields = [run.boot[0], run.boot[1], run.file, run.session, run.base];
    for (index, field) in fields.into_iter().enumerate() {
        words.store(RUN_AT + index * WORD, field, Relaxed);
    }
    words.store(RUN_AT + RUN * WORD, checksum_words(fields), Relaxed);
}

fn closing(words: &impl Words, time: u64) -> u64 {
    checksum_words([time, words.load(RUN_AT + RUN * WORD, Relaxed)])
}

/// When the run was closed in order, in the store's time.
pub(crate) fn closed(words: &impl Words) -> Option<u64> {
    let time = words.load(CLOSED_AT, Relaxed);
    (time != 0 && words.load(CLOSED_AT + WORD, Relaxed) == closing(words, time)).then_some(time)
}

/// Notes that everything is on the disk.
pub(crate) fn close(words: &impl Words, time: u64) {
    words.store(CLOSED_AT + WORD, closing(words, time.max(1)), Relaxed);
    words.store(CLOSED_AT, time.max(1), Relaxed);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::hash::mix;
    use crate::options::PAGE;
    use crate::words::Heap;

    /// Makes a head look like another version's.
    pub(crate) fn set_version(words: &impl Words, version: u64) {
        words.store(WORD, version, Relaxed);
        let fixed: [u64; FIXED] = std::array::from_fn(|index| words.load(index * WORD, Relaxed));
        words.store(FIXED * WORD, checksum_words(fixed), Relaxed);
    }

    #[test]
    fn whatever_the_words_are_a_layout_can_be_mapped() {
        let heap = Heap::new(PAGE);
        let made = Head { layout: Layout::of(64 << 20, None), seed: 1, store: 2 };
        let mut layouts = 0;
        for seed in 0..if cfg!(miri) { 30 } else { 50_000_u64 } {
            write(&heap, &made);
            // Any number in the place of one or two, and a checksum that fits: only the numbers themselves can be looked at.
            for turn in 0..1 + seed % 2 {
                let random = mix(seed * 2 + turn);
                let word = match random % 5 {
                    0 => 0,
                    1 => u64::MAX,
                    2 => 1 << ((random >> 8) % 64),
                    3 => heap.load((2 + (random >> 8) as usize % 7) * WORD, Relaxed),
                    _ => mix(random),
                };
                heap.store((2 + (random >> 16) as usize % 7) * WORD, word, Relaxed);
            }
            assert!(matches!(read(&heap), Read::Nothing) || read(&heap) == Read::Head(made), "its checksum fails");
            set_version(&heap, VERSION);
            if let Read::Head(head) = read(&heap) {
                layouts += 1;
                let length = head.layout.shard_length();
                assert!(
                    length < 1 << 40 && length % PAGE == 0 && head.layout.longest_record() > 0,
                    "{:?}",
                    head.layout
                );
            }
        }
        assert!(layouts > 0);
    }

    #[test]
    fn a_torn_run_is_none_and_a_torn_note_is_no_closing() {
        let heap = Heap::new(PAGE);
        let now = Run { boot: [1, 2], file: 3, session: 4, base: 5 };
        for bit in (0..(RUN + 1) * 64 + 128).step_by(if cfg!(miri) { 61 } else { 1 }) {
            begin(&heap, &now);
            close(&heap, 99);
            assert_eq!((run(&heap), closed(&heap)), (Some(now), Some(99)));
            let at =
                if bit < (RUN + 1) * 64 { RUN_AT + bit / 64 * WORD } else { CLOSED_AT + (bit / 64 - RUN - 1) * WORD };
            heap.store(at, heap.load(at, Relaxed) ^ 1 << (bit % 64), Relaxed);
            assert!(run(&heap).is_none() || closed(&heap).is_none(), "bit {bit}");
        }
    }
}
