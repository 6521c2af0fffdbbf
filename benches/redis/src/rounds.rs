//! Taking turns.

use std::time::Duration;

use crate::time::Measured;

/// How many rounds, and how long each side's turn is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    count: usize,
    pub(crate) length: Duration,
}

/// What a side did, round by round.
#[derive(Debug, Default)]
pub(crate) struct Turns(Vec<Measured>);

impl Rounds {
    pub(crate) fn new(count: usize, length: Duration) -> Self {
        Self { count, length }
    }

    /// Lets all sides have a turn in each round.
    pub(crate) fn take<const SIDES: usize>(
        self,
        sides: [&mut dyn FnMut(Duration) -> Measured; SIDES],
    ) -> [Turns; SIDES] {
        let mut turns: [Turns; SIDES] = std::array::from_fn(|_| Turns::default());
        let mut sides = sides;
        for _ in 0..self.count {
            for (side, turns) in sides.iter_mut().zip(&mut turns) {
                turns.0.push(side(self.length));
            }
        }
        turns
    }
}

pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Turns {
    /// The median of the rounds.
    pub(crate) fn value(&self) -> f64 {
        median(self.0.iter().map(|turn| turn.value))
    }

    /// The median of what a call cost this process.
    pub(crate) fn cpu(&self) -> f64 {
        median(self.0.iter().map(|turn| turn.cpu))
    }

    /// The median of the rounds' ratios.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours.value / theirs.value))
    }
}
