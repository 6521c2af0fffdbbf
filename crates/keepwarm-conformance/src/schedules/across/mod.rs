//! The schedule test across two processes of the operating system.
//!
//! The first reader plays in one process; the second reader and who invalidates play in another. Each has its own cache on the
//! store that both share, and stops where the schedule test stops everywhere: before the verbs of the store and at the loader's
//! reading. A coordinator, the test itself, talks to both through pipes. It lets one actor of either go at a time, waits
//! until its process has come to rest, and so runs every order of the steps of all of them. Between two steps nothing moves in
//! either process: what one finds is what the other has left in the store, and nothing else is shared.
//!
//! The database lies with the coordinator, and goes with each step to the process that takes it. The two processes' clocks
//! are moved on together.

mod child;
mod pair;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use keepwarm::Backend;
use libtest_mimic::{Arguments, Failed, Trial};
use pair::Pair;
use serde::{Deserialize, Serialize};

use super::explorer::{Explored, explore_until};
use super::stage::{FIRST, Invalidation, Reading};
use crate::target::Setup;

/// Names the place of the store to a process of the test.
const PLACE: &str = "KEEPWARM_SCHEDULES_PLACE";

/// What a process is told, a line each.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    what: What,
    world: World,
}

#[derive(Debug, Serialize, Deserialize)]
enum What {
    /// To begin a play; the first one empties the store before.
    Begin { reading: Reading, invalidation: Invalidation, first: bool },
    /// To let the actor go that stands at this place.
    LetGo(usize),
    /// To let so many milliseconds pass.
    Pass(u64),
    /// To end the play.
    Finish,
}

/// The database, and the version that a read beginning now must give at least.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct World {
    database: u64,
    invalidated: u64,
}

impl World {
    const FIRST: Self = Self { database: FIRST, invalidated: FIRST };
}

/// What a process answers when it has come to rest.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    /// The names of those who stand at points.
    standing: Vec<String>,
    is_done: bool,
    sleepers: usize,
    world: World,
    /// At the end: what was stale.
    stale: Vec<String>,
}

/// Runs the orders of every invalidation and these ways to read as a test binary, over a store that two processes share.
///
/// `place` makes room for a store and says where: a directory, a URL. `open` opens the store of a place; it is called once in
/// each of the processes, which are this very program, started anew: `main` has to come here at once, and whatever the
/// processes are to share has to be made in `place`.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use keepwarm::{FileOptions, FileStore};
/// use keepwarm_conformance::schedules::{Reading, run_across_processes};
///
/// fn main() -> ExitCode {
///     let place = || tempfile::tempdir().unwrap().keep().to_string_lossy().into_owned();
///     run_across_processes("file", &Reading::ACROSS, place, |setup, place| {
///         FileStore::new(&FileOptions::new(place), setup.clock.clone()).unwrap()
///     })
/// }
/// ```
#[must_use = "return it from `main`, or failures go unseen"]
pub fn run_across_processes<B: Backend>(
    name: &str,
    readings: &[Reading],
    place: impl Fn() -> String + Send + Sync + 'static,
    open: impl FnOnce(&Setup, &str) -> B,
) -> ExitCode {
    if let Ok(place) = std::env::var(PLACE) {
        child::play(|setup| open(setup, &place));
        return ExitCode::SUCCESS;
    }
    let place: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(place);
    let mut trials = Vec::new();
    for invalidation in Invalidation::ALL {
        for &reading in readings.iter().chain(&[Reading::Naive]) {
            let place = Arc::clone(&place);
            let trial = match reading {
                Reading::Naive => format!("{name}::the_test_finds_what_naive_code_does::{invalidation:?}"),
                _ => format!("{name}::{reading:?}::{invalidation:?}"),
            };
            trials.push(Trial::test(trial.clone(), move || judge(&trial, &place(), reading, invalidation)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn judge(name: &str, place: &str, reading: Reading, invalidation: Invalidation) -> Result<(), Failed> {
    let explored = explore_across_processes(place, reading, invalidation);
    eprintln!("{:9} schedules  {name}", explored.schedules);
    match (reading, explored.first_stale) {
        (Reading::Naive, None) => Err(format!("no staleness in {} schedules of naive code", explored.schedules).into()),
        (Reading::Naive, Some(_)) | (_, None) => Ok(()),
        (_, Some(steps)) => Err(format!("{} stale of {}: {steps:#?}", explored.stale, explored.schedules).into()),
    }
}

/// Runs every order over one place, in two processes that live as long as this takes.
fn explore_across_processes(place: &str, reading: Reading, invalidation: Invalidation) -> Explored {
    let pair = Rc::new(RefCell::new(Pair::start(place)));
    // Of what naive code does wrong once is enough.
    let enough = |explored: &Explored| reading == Reading::Naive && explored.stale > 0;
    explore_until(&|| Box::new(Pair::begin(&pair, reading, invalidation)), enough)
}
