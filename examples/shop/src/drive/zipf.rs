//! Skewed popularity: the first is asked for twice as often as the second and ten times as often as the tenth.

use fastrand::Rng;

/// Draws ranks from 0 by Zipf's law with exponent 1.
#[derive(Debug)]
pub(super) struct Zipf {
    cumulated: Vec<f64>,
}

impl Zipf {
    /// # Panics
    /// Without anything to draw from.
    pub(super) fn new(count: usize) -> Self {
        assert!(count > 0, "there must be something to draw from");
        let mut sum = 0.0;
        let cumulated = (1..=count)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { cumulated }
    }

    pub(super) fn draw(&self, random: &mut Rng) -> usize {
        let sum = self.cumulated.last().copied().unwrap_or_default();
        let point = random.f64() * sum;
        self.cumulated.partition_point(|cumulated| *cumulated <= point).min(self.cumulated.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn popularity_is_skewed() {
        let zipf = Zipf::new(1_000);
        let mut random = Rng::with_seed(1);
        let mut drawn = vec![0_u32; 1_000];
        for _ in 0..100_000 {
            drawn[zipf.draw(&mut random)] += 1;
        }
        let ratio = f64::from(drawn[0]) / f64::from(drawn[9]);
        assert!((8.0..12.5).contains(&ratio), "{ratio}");
        let top: u32 = drawn[..100].iter().sum();
        assert!((66_000..73_000).contains(&top), "the first tenth gets two thirds, not {top}");
    }
}
