//! Places in a log: ring, lap and offset.

/// The unit of offsets and lengths in a log, in bytes.
pub(crate) const UNIT: usize = 16;

const OFFSET_BITS: u32 = 28;
const OFFSET: u64 = (1 << OFFSET_BITS) - 1;
const SHORT_LAP: u64 = (1 << 19) - 1;
const LAP: u64 = (1 << 35) - 1;
const MAIN: u64 = 1 << 63;
const SHORT_MAIN: u64 = 1 << 47;

/// The largest ring in bytes.
pub(crate) const LARGEST_RING: usize = (OFFSET as usize) * UNIT;

/// Where a ring stands: how often it went round, and how far it is this time, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) lap: u64,
    pub(crate) offset: u64,
}

impl Position {
    #[inline]
    pub(crate) fn from_word(word: u64) -> Self {
        Self { lap: word >> OFFSET_BITS & LAP, offset: word & OFFSET }
    }

    #[inline]
    pub(crate) fn word(self) -> u64 {
        self.lap << OFFSET_BITS | self.offset
    }

    /// The beginning of the next lap.
    pub(crate) fn next_lap(self) -> Self {
        // A lap whose short form is 0 is left out: a ghost looks like that.
        let next = (self.lap + 1) & LAP;
        Self { lap: if next & SHORT_LAP == 0 { next + 1 } else { next }, offset: 0 }
    }

    /// The beginning of the lap before.
    pub(crate) fn previous_lap(self) -> Self {
        let before = self.lap.wrapping_sub(1) & LAP;
        Self { lap: if before & SHORT_LAP == 0 { before.wrapping_sub(1) & LAP } else { before }, offset: 0 }
    }

    /// Whether `self` lies in the lap just before that of `later`.
    #[inline]
    pub(crate) fn is_lap_before(self, later: Self) -> bool {
        self.next_lap().lap == later.lap
    }
}

/// Which of a shard's two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ring {
    /// What is new.
    Small,
    /// What was asked for again.
    Main,
}

/// Where a record lies and when it was put there; no two records ever have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) ring: Ring,
    pub(crate) position: Position,
}

impl Spot {
    #[inline]
    pub(crate) fn from_word(word: u64) -> Self {
        let ring = if word & MAIN == 0 { Ring::Small } else { Ring::Main };
        Self { ring, position: Position::from_word(word) }
    }

    #[inline]
    pub(crate) fn word(self) -> u64 {
        self.position.word() | if self.ring == Ring::Main { MAIN } else { 0 }
    }

    /// In the 48 bits that the index has for it: the lap is cut short.
    #[inline]
    pub(crate) fn short(self) -> u64 {
        let ring = if self.ring == Ring::Main { SHORT_MAIN } else { 0 };
        ring | (self.position.lap & SHORT_LAP) << OFFSET_BITS | self.position.offset
    }
}

/// The ring and offset of a short form.
#[inline]
pub(crate) fn of_short(short: u64) -> (Ring, usize) {
    let ring = if short & SHORT_MAIN == 0 { Ring::Small } else { Ring::Main };
    (ring, (short & OFFSET) as usize * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_come_back_and_are_never_a_ghosts() {
        let mut position = Position { lap: SHORT_LAP - 1, offset: OFFSET };
        for _ in 0..4 {
            for ring in [Ring::Small, Ring::Main] {
                let spot = Spot { ring, position };
                assert_eq!(Spot::from_word(spot.word()), spot);
                assert_eq!(of_short(spot.short()), (ring, position.offset as usize * UNIT));
            }
            let next = position.next_lap();
            assert_ne!(Spot { ring: Ring::Small, position: next }.short(), 0);
            assert!(position.is_lap_before(next) && !next.is_lap_before(position));
            assert_eq!(next.previous_lap().lap, position.lap);
            position = next;
        }
    }
}
