//! Runs a stage in every order.

use std::time::Duration;

use super::points::Points;
use super::runner::Runner;
use crate::kit::ManualClock;

/// The result of an exploration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many different orders were run.
    pub schedules: u64,
    /// In how many of them something stale was served.
    pub stale: u64,
    /// The first of those: its steps, in their order, and what was stale.
    pub first_stale: Option<Vec<String>>,
}

/// Where a play is played.
pub(super) struct Scene {
    pub(super) points: Points,
    pub(super) runner: Runner,
    pub(super) clock: ManualClock,
}

/// What can be done with the actors of a play, wherever they are.
pub(super) trait Stepped {
    /// Runs until nobody can go on by itself.
    fn settle(&mut self);
    /// How many stand at points.
    fn standing(&mut self) -> usize;
    /// Lets the one go that stands at this place; its name.
    fn let_go(&mut self, place: usize) -> String;
    /// Whether everybody has ended.
    fn is_done(&mut self) -> bool;
    /// How many wait for time to pass.
    fn sleepers(&mut self) -> usize;
    /// Lets time pass.
    fn advance(&mut self, time: Duration);
}

impl Stepped for Scene {
    fn settle(&mut self) {
        self.runner.settle(&self.points);
    }

    fn standing(&mut self) -> usize {
        self.points.standing()
    }

    fn let_go(&mut self, place: usize) -> String {
        self.points.let_go(place)
    }

    fn is_done(&mut self) -> bool {
        self.runner.is_done()
    }

    fn sleepers(&mut self) -> usize {
        self.clock.sleepers()
    }

    fn advance(&mut self, time: Duration) {
        self.clock.advance(time);
    }
}

/// Actors on a scene.
pub(super) trait Play {
    fn scene(&mut self) -> &mut dyn Stepped;

    /// What was stale, when everybody is done.
    fn finish(self: Box<Self>) -> Vec<String>;
}

/// At each step: which of how many was let go.
#[derive(Clone, Copy)]
struct Choice {
    taken: usize,
    among: usize,
}

/// Depth first, without a memory of states: an order is the list of its choices, and the next order changes the last
/// choice that can be changed.
pub(super) fn explore(make: &dyn Fn() -> Box<dyn Play>) -> Explored {
    explore_until(make, |_| false)
}

/// The same until somebody has seen enough.
pub(super) fn explore_until(make: &dyn Fn() -> Box<dyn Play>, enough: impl Fn(&Explored) -> bool) -> Explored {
    let mut explored = Explored::default();
    let mut choices: Vec<Choice> = Vec::new();
    loop {
        let (stale, steps) = run(make(), &mut choices);
        explored.schedules += 1;
        if !stale.is_empty() {
            explored.stale += 1;
            explored.first_stale.get_or_insert_with(|| steps.into_iter().chain(stale).collect());
        }
        if enough(&explored) {
            return explored;
        }
        while choices.last().is_some_and(|choice| choice.taken + 1 == choice.among) {
            choices.pop();
        }
        match choices.last_mut() {
            Some(choice) => choice.taken += 1,
            None => return explored,
        }
    }
}

/// The longest time that may have to pass on the clock before everybody is done. A lease is longer: who waits for one to
/// run out waits in vain, for somebody who is not computing.
const LONGEST: Duration = Duration::from_secs(1);

/// Runs one order: the choices given, and after them always the first. What was stale, and the steps.
fn run(mut play: Box<dyn Play>, choices: &mut Vec<Choice>) -> (Vec<String>, Vec<String>) {
    let scene = play.scene();
    let mut steps = Vec::new();
    let mut passed = Duration::ZERO;
    for step in 0.. {
        scene.settle();
        let among = scene.standing();
        if among == 0 {
            if scene.is_done() {
                break;
            }
            // Nobody can go on but by the clock: somebody looks again at what another process computes.
            assert!(scene.sleepers() > 0 && passed < LONGEST, "somebody waits in vain: {steps:#?}");
            let pause = Duration::from_millis(50);
            scene.advance(pause);
            passed += pause;
            steps.push("time passes".to_owned());
            // No choice: kept in step with the choices all the same.
            if choices.len() == step {
                choices.push(Choice { taken: 0, among: 1 });
            }
            continue;
        }
        if choices.len() == step {
            choices.push(Choice { taken: 0, among });
        }
        // One order of choices leads to one state, or a stage is not deterministic and its exploration worth nothing.
        assert_eq!(choices[step].among, among, "the same choices led elsewhere: {steps:#?}");
        steps.push(scene.let_go(choices[step].taken));
    }
    (play.finish(), steps)
}
