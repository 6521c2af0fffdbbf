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
