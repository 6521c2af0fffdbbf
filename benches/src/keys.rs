//! Keys of 30 bytes and the order in which they are asked for.

use std::fmt::Write as _;

/// Bytes in a key.
pub(crate) const KEY_BYTES: usize = 30;

/// A small generator with a seed, so that every run asks for the same keys.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// splitmix64: passes the usual tests and has no state worth tuning.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }

    /// Below `bound`; the bias of the remainder is far below what a benchmark could notice.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// In [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Appends the key of an id: exactly [`KEY_BYTES`], different in its last digits as keys of real tables are.
pub(crate) fn write_key(text: &mut String, id: u64) {
    let digits = scramble(id) % 100_000_000_000_000_000;
    write!(text, "user:profile:{digits:017}").expect("a String takes all that is written to it");
}

/// The key of an id.
pub(crate) fn key_of(id: u64) -> String {
    let mut text = String::with_capacity(KEY_BYTES);
    write_key(&mut text, id);
    text
}

/// Ids in the order of a Zipf distribution: the popular ones are strewn over the key space, not its first.
#[derive(Debug)]
pub(crate) struct Zipf {
    cumulated: Vec<f64>,
    shuffled: Vec<u32>,
    random: Random,
}

impl Zipf {
    pub(crate) fn new(count: usize, exponent: f64, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut total = 0.0;
        let cumulated = (1..=count)
            .map(|rank| {
                total += (rank as f64).powf(-exponent);
                total
            })
            .collect();
        let mut shuffled: Vec<u32> = (0..count as u32).collect();
        random.shuffle(&mut shuffled);
        Self { cumulated, shuffled, random }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let total = self.cumulated.last().copied().unwrap_or_default();
        let point = self.random.unit() * total;
        let rank = self.cumulated.partition_point(|&until| until <= point);
        u64::from(self.shuffled[rank.min(self.shuffled.len() - 1)])
    }
}

/// What one contender is asked in one round. The keys lie one after the other, as warm as a key is that its caller has
/// just built: reading them from all over the memory would add the same constant to everybody and flatter the ratios.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    text: String,
    ids: Vec<u64>,
}

impl Batch {
    pub(crate) fn draw(zipf: &mut Zipf, count: usize) -> Self {
        Self::of((0..count).map(|_| zipf.next()))
    }

    pub(crate) fn of(ids: impl IntoIterator<Item = u64>) -> Self {
        let mut batch = Self::default();
        for id in ids {
            write_key(&mut batch.text, id);
            batch.ids.push(id);
        }
        batch
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    #[inline]
    pub(crate) fn key(&self, index: usize) -> &str {
        &self.text[index * KEY_BYTES..(index + 1) * KEY_BYTES]
    }

    #[inline]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.key(index))
    }

    /// The sum of the ids: what a contender that hits every time must have seen.
    pub(crate) fn sum(&self) -> u64 {
        self.ids.iter().fold(0, |sum, id| sum.wrapping_add(*id))
    }
}
