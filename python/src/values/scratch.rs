//! What encoding takes beside its bytes, kept by each thread for its next value: a value of two kilobytes would otherwise spend a
//! quarter of its time on room that grows.

use std::cell::Cell;

use rmp::encode::ByteBuf;

use super::repeats::Written;

/// Room beyond this is given back.
const KEPT_BYTES: usize = 64 << 10;
const KEPT_PLACES: usize = 4096;

#[derive(Default)]
pub(super) struct Scratch {
    pub(super) out: ByteBuf,
    pub(super) seen: Seen,
    pub(super) written: Written,
}

thread_local! {
    static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Lends this thread's, empty. Encoding may run code of the value's own that encodes as well: that gets another.
    pub(super) fn lend<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut scratch = KEPT.with(Cell::take).unwrap_or_default();
        scratch.seen.begin();
        scratch.written.begin();
        let done = work(&mut scratch);
        scratch.written.end();
        scratch.out.as_mut_vec().clear();
        if scratch.out.as_vec().capacity() <= KEPT_BYTES && scratch.seen.places.len() <= KEPT_PLACES {
            KEPT.with(|kept| kept.set(Some(scratch)));
        }
        done
    }
}

/// The containers of one value by their addresses: those that can be changed have no form where they are met twice. A table that
/// is emptied by counting its rounds.
#[derive(Default)]
pub(super) struct Seen {
    /// An address, and the round in which it was met. As many as a power of two, at most half of them of this round.
    places: Vec<(usize, u32)>,
    round: u32,
    count: usize,
}

impl Seen {
    fn begin(&mut self) {
        self.count = 0;
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.places.is_empty() {
            self.places = vec![(0, 0); 128];
            self.round = 1;
        }
    }

    /// Notes an address; whether it is a new one.
    pub(super) fn insert(&mut self, address: usize) -> bool {
        if self.count * 2 >= self.places.len() {
            self.grow();
        }
        let new = Self::put(&mut self.places, self.round, address);
        self.count += usize::from(new);
        new
    }

    fn put(places: &mut [(usize, u32)], round: u32, address: usize) -> bool {
        let last = places.len() - 1;
        // Addresses are multiples of sixteen: the high bits of a product tell them apart.
        let mut at = ((address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & last;
        loop {
            match places[at] {
                (known, met) if met == round && known == address => return false,
                (_, met) if met == round => at = (at + 1) & last,
                _ => {
                    places[at] = (address, round);
                    return true;
                }
            }
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mut places = vec![(0, 0); self.places.len() * 4];
        for &(address, _) in self.places.iter().filter(|(_, met)| *met == self.round) {
            Self::put(&mut places, self.round, address);
        }
        self.places = places;
    }
}
