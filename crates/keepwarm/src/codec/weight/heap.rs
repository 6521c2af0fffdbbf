//! What the allocator and the containers of the standard library take for what is put into them.

/// The size of a pointer: a type that is aligned less than that holds none, and so has no heap.
pub(super) const POINTER: usize = size_of::<usize>();

/// The size of a `String`, a `Vec` and a `BTreeMap` without what they hold.
pub(super) const VECTOR: usize = 3 * POINTER;

/// The size of a `HashMap` with its random keys, without what it holds.
pub(super) const TABLE: usize = 6 * POINTER;

/// What an allocation of `bytes` really takes: the usual allocators put a header of a pointer before it, hand out
/// multiples of two pointers, and nothing smaller than four.
pub(super) fn block(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    round_up(bytes.saturating_add(POINTER), 2 * POINTER).max(4 * POINTER)
}

/// A hash table of `count` entries of `entry` bytes: a power of two of slots, at most 7 of 8 used, and a byte for each.
pub(super) fn table(count: usize, entry: usize) -> usize {
    let slots = match count {
        0 => return 0,
        1..4 => 4,
        4..8 => 8,
        more => (more.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(usize::MAX),
    };
    block(slots.saturating_mul(entry.saturating_add(1)).saturating_add(16))
}

/// A B-tree of `count` entries of `entry` bytes, in nodes of 11 of which about 7 are used: between the 11 of a tree that
/// was built from sorted entries and the 6 of one that they were inserted into one by one.
pub(super) fn tree(count: usize, entry: usize) -> usize {
    let links = 2 * POINTER;
    let leaf = entry.saturating_mul(11).saturating_add(links);
    match count {
        0 => 0,
        1..12 => block(leaf),
        more => {
            let leaves = more / 8 + 1;
            let inner = leaves / 8 + 1;
            block(leaf).saturating_mul(leaves).saturating_add(block(leaf + 12 * POINTER).saturating_mul(inner))
        }
    }
}

/// `size` rounded up to a multiple of `align`.
pub(super) fn round_up(size: usize, align: usize) -> usize {
    size.checked_next_multiple_of(align.max(1)).unwrap_or(usize::MAX)
}
