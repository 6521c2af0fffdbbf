//! Contenders in interleaved rounds, each round in an order of its own: A, B, C, then C, A, B, ... Every figure is the
//! median over the rounds of what one contender took divided by what another took *in the same round*: whatever slows
//! the machine down slows both.
//!
//! The order is drawn anew because a fixed one favours whoever follows a lane over the same cache: merely rotated, the
//! second of two equal lanes was a third quicker.

use crate::executor::runtime;
use crate::keys::{Batch, Random};
use crate::time::{thread_time, wall_time};

/// One contender at one workload: runs a batch and returns what it saw, so that a wrong answer is noticed and no
/// compiler can leave the work out.
pub(crate) struct Lane {
    pub(crate) name: String,
    run: Box<dyn FnMut(&Batch) -> u64>,
    /// How many operations one key of the batch stands for.
    operations_per_key: f64,
}

impl Lane {
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut(&Batch) -> u64 + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run), operations_per_key: 1.0 }
    }

    /// With a tokio runtime around it, for a contender that looks for one.
    pub(crate) fn inside_tokio(mut self) -> Self {
        let mut run = self.run;
        self.run = Box::new(move |batch| {
            let _inside = runtime().enter();
            run(batch)
        });
        self
    }

    /// When a lane does its batch several times over, on several threads say.
    pub(crate) fn operations_per_key(mut self, operations: f64) -> Self {
        self.operations_per_key = operations;
        self
    }
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// The processor time of the one thread that works.
    Thread,
    /// The time on the wall, of several threads.
    Wall,
}

/// What every lane must have seen when a batch is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Every key hit, with its own value.
    SumOfIds,
    /// Lanes may differ, as under eviction.
    Nothing,
}

/// How a group of lanes is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) warm: usize,
    pub(crate) timed: usize,
    pub(crate) watch: Watch,
    pub(crate) check: Check,
}

/// The nanoseconds an operation took, by lane and round.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) group: String,
    pub(crate) lanes: Vec<(String, Vec<f64>)>,
    pub(crate) base: String,
    pub(crate) notes: Vec<String>,
    /// What each lane saw in the last round.
    pub(crate) seen: Vec<(String, u64)>,
}

impl Outcome {
    fn rounds_of(&self, lane: &str) -> Option<&[f64]> {
        self.lanes.iter().find(|(name, _)| name == lane).map(|(_, rounds)| rounds.as_slice())
    }

    /// The median over the rounds of `lane` over `base`.
    pub(crate) fn ratio(&self, lane: &str, base: &str) -> Option<f64> {
        self.over_rounds(lane, base, |of_lane, of_base| of_lane / of_base)
    }

    /// The median over the rounds of `lane` minus `base`, in nanoseconds.
    pub(crate) fn difference(&self, lane: &str, base: &str) -> Option<f64> {
        self.over_rounds(lane, base, |of_lane, of_base| of_lane - of_base)
    }

    fn over_rounds(&self, lane: &str, base: &str, of: impl Fn(f64, f64) -> f64) -> Option<f64> {
        let (of_lane, of_base) = (self.rounds_of(lane)?, self.rounds_of(base)?);
        Some(median(of_lane.iter().zip(of_base).map(|(of_lane, of_base)| of(*of_lane, *of_base)).collect()))
    }

    /// The middle half of the rounds' ratios: how far the median can be trusted.
    pub(crate) fn spread(&self, lane: &str, base: &str) -> Option<(f64, f64)> {
        let (of_lane, of_base) = (self.rounds_of(lane)?, self.rounds_of(base)?);
        let mut ratios: Vec<f64> = of_lane.iter().zip(of_base).map(|(of_lane, of_base)| of_lane / of_base).collect();
        ratios.sort_by(f64::total_cmp);
        Some((ratios[ratios.len() / 4], ratios[ratios.len() * 3 / 4]))
    }
}

/// The middle value; of an even number, the upper middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs the lanes in interleaved rounds.
///
/// # Panics
/// When a lane did not see what it must: then it measured something else than it says.
pub(crate) fn run(
    group: &str,
    base: &str,
    plan: Plan,
    mut lanes: Vec<Lane>,
    mut draw: impl FnMut(usize) -> Batch,
) -> Outcome {
    let mut nanoseconds = vec![Vec::with_capacity(plan.rounds); lanes.len()];
    let mut last_seen = vec![0; lanes.len()];
    let mut order: Vec<usize> = (0..lanes.len()).collect();
    let mut random = Random::new(0x0dd5);
    for _ in 0..plan.rounds {
        random.shuffle(&mut order);
        let (warm, timed) = (draw(plan.warm), draw(plan.timed));
        let expected = timed.sum();
        for &index in &order {
            let lane = &mut lanes[index];
            // The lanes before have filled the processor's caches with their entries; this lane brings its own back.
            std::hint::black_box((lane.run)(&warm));
            let time = match plan.watch {
                Watch::Thread => thread_time,
                Watch::Wall => wall_time,
            };
            let before = time();
            let seen = std::hint::black_box((lane.run)(&timed));
            let taken = time() - before;
            if plan.check == Check::SumOfIds {
                assert_eq!(seen, expected, "{group}: {} did not return every value", lane.name);
            }
            last_seen[index] = seen;
            nanoseconds[index].push(taken as f64 / (timed.len() as f64 * lane.operations_per_key));
        }
    }
    let seen = lanes.iter().map(|lane| lane.name.clone()).zip(last_seen).collect();
    let lanes = lanes.into_iter().map(|lane| lane.name).zip(nanoseconds).collect();
    Outcome { group: group.to_owned(), lanes, base: base.to_owned(), notes: Vec::new(), seen }
}
