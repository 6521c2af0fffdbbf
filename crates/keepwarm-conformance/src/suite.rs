//! The suite: every case, over every target, through both faces, under every variant of settings.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use keepwarm::Backend;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::Face;
use crate::behaviours::BEHAVIOURS;
use crate::case::Case;
use crate::need::Need;
use crate::settings::{SETTINGS, Settings};
use crate::subject::{Subject, drive};
use crate::target::{Setup, Target};

/// What every deliberate panic of a case begins with; the suite prints all others.
pub(crate) const ON_PURPOSE: &str = "on purpose";

/// The longest that one case may take before it is reported as hanging.
const LONGEST: Duration = Duration::from_secs(15);

/// A run of the conformance suite.
///
/// It takes the arguments of the process as the standard test harness does: a filter, `--list`, `--test-threads`.
#[derive(Debug, Default)]
pub struct Suite {
    targets: Vec<Target>,
    one_at_a_time: bool,
}

impl Suite {
    /// With nothing to run over yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs over a backend of yours; `make` makes an empty one, each time it is called.
    #[must_use]
    pub fn backend<B: Backend>(self, name: &str, make: impl Fn(&Setup) -> B + Send + Sync + 'static) -> Self {
        self.target(Target::new(name, make))
    }

    /// Runs over a target, which can say more of itself than a backend can.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Runs no two cases at once: for targets whose stores share a server that cases flush.
    #[must_use]
    pub fn one_at_a_time(mut self) -> Self {
        self.one_at_a_time = true;
        self
    }

    /// Runs everything, prints what was skipped and why, and the outcome as the standard test harness does.
    #[must_use = "return it from `main`, or failures go unseen"]
    pub fn run(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        if self.one_at_a_time {
            arguments.test_threads = Some(1);
        }
        quieten_deliberate_panics();
        let mut trials = Vec::new();
        let mut skips = BTreeMap::<String, usize>::new();
        for (trial, skipped) in self.trials() {
            if let Some(reason) = skipped.filter(|_| !arguments.is_filtered_out(&trial)) {
                *skips.entry(reason).or_default() += 1;
            }
            trials.push(trial);
        }
        if !arguments.list && !skips.is_empty() {
            eprintln!("\nskipped, by what is missing:");
            skips.iter().for_each(|(reason, count)| eprintln!("{count:7}  {reason}"));
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }

    /// Every trial, and why it is skipped if it is.
    fn trials(&self) -> impl Iterator<Item = (Trial, Option<String>)> {
        self.targets.iter().flat_map(|target| {
            Face::ALL.into_iter().flat_map(move |face| {
                SETTINGS.iter().filter(|settings| settings.capacity.is_none() || target.takes_capacity).flat_map(
                    move |settings| {
                        let abilities = Subject::new(target, *settings, face).abilities();
                        BEHAVIOURS.iter().flat_map(move |(behaviour, cases)| {
                            cases.iter().map(move |case| {
                                let name = format!(
                                    "{}::{}::{}::{behaviour}::{}",
                                    target.name,
                                    face.name(),
                                    settings.name,
                                    case.name
                                );
                                let keeps =
                                    (case.keeps() && !abilities.keeps).then(|| "the store keeps nothing".to_owned());
                                let missing = keeps.or_else(|| {
                                    case.needs
                                        .iter()
                                        .find_map(|need: &Need| need.missing(target, &abilities, settings, face))
                                });
                                (trial(name, target, face, *settings, case, missing.clone()), missing)
                            })
                        })
                    },
                )
            })
        })
    }
}

fn trial(
    name: String,
    target: &Target,
    face: Face,
    settings: Settings,
    case: &'static Case,
    missing: Option<String>,
) -> Trial {
    let target = target.clone();
    Trial::ignorable_test(name, move || match missing {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => carry_out(target, face, settings, case).map(|()| Completion::Completed),
    })
}

/// Runs one case on a thread of its own, so that one that hangs fails and does not hang the suite.
fn carry_out(target: Target, face: Face, settings: Settings, case: &'static Case) -> Result<(), Failed> {
    let (done, outcome) = mpsc::channel();
    let body = move || {
        let subject = Subject::new(&target, settings, face);
        match face {
            Face::Blocking => drive((case.run)(&subject)),
            Face::Async => {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build()
                    .expect("the machine can run two more threads");
                runtime.block_on((case.run)(&subject));
                // A case that left something hanging has said so; it must not hold up the others.
                runtime.shutdown_background();
            }
        }
    };
    let run = thread::Builder::new().name(case.name.to_owned()).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(body));
        // Nobody listens any more when the case was given up.
        let _ = done.send(result);
    });
    run.map_err(|error| Failed::from(format!("no thread for the case: {error}")))?;
    match outcome.recv_timeout(LONGEST) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(panic)) => Err(message(&*panic).into()),
        Err(RecvTimeoutError::Timeout) => Err(format!("it hangs: not done after {LONGEST:?}").into()),
        Err(RecvTimeoutError::Disconnected) => Err("the case's thread died".into()),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<String>() {
        return text.clone();
    }
    panic.downcast_ref::<&str>().map_or_else(|| "it panicked".to_owned(), |text| (*text).to_owned())
}

/// Cases make loaders and key functions panic; only the panics that nobody meant are printed.
fn quieten_deliberate_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !message(info.payload()).starts_with(ON_PURPOSE) {
            print(info);
        }
    }));
}
