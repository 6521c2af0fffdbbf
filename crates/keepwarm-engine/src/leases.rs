//! Leases: who may compute a missing value, for all processes.
//!
//! They lie in a small table of their own, a set for each hash. One that is displaced costs its holder's fill, which is
//! then refused: never a wrong value.
//!
//! A slot is `hash low, hash high, stamp, until, scope, epoch, holder, check`; the check covers the others, so that a slot that
//! was half written when its writer died, or torn by the disk, is no lease.

use std::sync::atomic::Ordering::Relaxed;

use crate::hash::{NameHash, checksum_words};
use crate::options::{BUCKET, LEASE_SETS, LEASES_AT};
use crate::words::{WORD, Words};

/// Slots of a set.
pub(crate) const WAYS: usize = 4;
const FIELDS: usize = 7;

/// A lease on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) hash: NameHash,
    pub(crate) stamp: u64,
    /// In milliseconds.
    pub(crate) until: u64,
    /// The generation of the key's prefix and the epoch of the store at the grant: who moves them on ends the lease.
    pub(crate) scope: u64,
    pub(crate) epoch: u64,
    /// The number of the member that computes: the lease of a dead one is free at once.
    pub(crate) holder: u64,
}

fn slots(hash: NameHash) -> impl Iterator<Item = usize> {
    // Bits that chose neither bucket nor tag.
    let set = (hash.high >> 20) as usize % LEASE_SETS;
    (0..WAYS).map(move |way| LEASES_AT + (set * WAYS + way) * BUCKET)
}

fn read(words: &impl Words, at: usize) -> Option<Lease> {
    let fields: [u64; FIELDS] = std::array::from_fn(|index| words.load(at + index * WORD, Relaxed));
    let [low, high, stamp, until, scope, epoch, holder] = fields;
    let whole = stamp != 0 && words.load(at + FIELDS * WORD, Relaxed) == checksum_words(fields);
    whole.then_some(Lease { hash: NameHash { low, high }, stamp, until, scope, epoch, holder })
}

fn write(words: &impl Words, at: usize, lease: Lease) {
    let Lease { hash, stamp, until, scope, epoch, holder } = lease;
    let fields = [hash.low, hash.high, stamp, until, scope, epoch, holder];
    for (index, field) in fields.into_iter().enumerate() {
        words.store(at + index * WORD, field, Relaxed);
    }
    words.store(at + FIELDS * WORD, checksum_words(fields), Relaxed);
}

fn erase(words: &impl Words, at: usize) {
    words.store(at + 2 * WORD, 0, Relaxed);
}

/// The lease on a key, run out or not.
pub(crate) fn find(words: &impl Words, hash: NameHash) -> Option<Lease> {
    slots(hash).filter_map(|at| read(words, at)).find(|lease| lease.hash == hash)
}

/// Gives a lease, in place of any on the same key.
pub(crate) fn grant(words: &impl Words, lease: Lease) {
    end(words, lease.hash);
    // An empty slot, or the one that runs out first.
    let until = |at: usize| read(words, at).map_or(0, |held| held.until);
    let at = slots(lease.hash).min_by_key(|&at| until(at)).expect("a set has slots");
    write(words, at, lease);
}

/// Ends the lease on a key.
#[inline]
pub(crate) fn end(words: &impl Words, hash: NameHash) {
    for at in slots(hash) {
        if words.load(at, Relaxed) == hash.low && words.load(at + 2 * WORD, Relaxed) != 0 {
            erase(words, at);
        }
    }
}

/// Ends them all.
pub(crate) fn end_all(words: &impl Words) {
    for slot in 0..LEASE_SETS * WAYS {
        erase(words, LEASES_AT + slot * BUCKET);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix;
    use crate::options::INDEX_AT;
    use crate::words::Heap;

    const HASH: NameHash = NameHash { low: 1, high: 2 };

    #[test]
    fn whatever_the_bytes_are_a_lease_is_one_that_was_given() {
        let heap = Heap::new(INDEX_AT);
        let given = Lease { hash: HASH, stamp: 3, until: 4, scope: 5, epoch: 6, holder: 7 };
        let rounds = if cfg!(miri) { 50 } else { 20_000 };
        for seed in 0..rounds {
            grant(&heap, given);
            assert_eq!(find(&heap, HASH), Some(given));
            let at = slots(HASH).find(|at| read(&heap, *at).is_some()).unwrap();
            let torn = at + (mix(seed) % (FIELDS as u64 + 1)) as usize * WORD;
            heap.store(
                torn,
                if seed % 2 == 0 { mix(seed) } else { heap.load(torn, Relaxed) ^ 1 << (seed % 64) },
                Relaxed,
            );
            assert_eq!(find(&heap, HASH), None, "seed {seed}");
            erase(&heap, at);
        }
        for slot in 0..(INDEX_AT - LEASES_AT) / WORD {
            heap.store(LEASES_AT + slot * WORD, mix(slot as u64), Relaxed);
        }
        assert_eq!(find(&heap, HASH), None);
        grant(&heap, given);
        assert_eq!(find(&heap, HASH), Some(given), "what is no lease is in nobody's way");
    }
}
