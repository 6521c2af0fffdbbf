//! The schedule test as a test binary: every way to read against every invalidation, over some targets.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use super::{Elsewhere, Invalidation, Reading, Telling, explore, explore_tiers};
use crate::target::Target;

/// Runs everything over these targets, with the arguments of the process as the standard test harness takes them.
#[must_use = "return it from `main`, or failures go unseen"]
pub fn run(targets: impl IntoIterator<Item = Target>) -> ExitCode {
    run_some(targets, &Reading::SAFE)
}

/// The same for some ways to read: over a store beyond a network an order takes milliseconds, and there are hundreds of
/// thousands.
#[must_use = "return it from `main`, or failures go unseen"]
pub fn run_some(targets: impl IntoIterator<Item = Target>, readings: &[Reading]) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials(targets, readings)).exit_code()
}

/// All of [`run`], and the orders of changes elsewhere and the news of them over a near tier.
#[must_use = "return it from `main`, or failures go unseen"]
pub fn run_with_tiers(targets: impl IntoIterator<Item = Target>) -> ExitCode {
    let mut trials = trials(targets, &Reading::SAFE);
    for elsewhere in Elsewhere::ALL {
        trials.extend([Telling::Later, Telling::Lost].map(|telling| near(elsewhere, telling)));
        trials.push(near_too_early(elsewhere));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trials(targets: impl IntoIterator<Item = Target>, readings: &[Reading]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for target in targets {
        for invalidation in Invalidation::ALL {
            trials.extend(readings.iter().map(|&reading| safe(&target, reading, invalidation)));
            trials.push(naive(&target, invalidation));
        }
    }
    trials
}

fn near(elsewhere: Elsewhere, telling: Telling) -> Trial {
    let name = format!("near::{elsewhere:?}::{telling:?}");
    Trial::test(name.clone(), move || {
        let explored = explore_tiers(elsewhere, telling);
        eprintln!("{:9} schedules  {name}", explored.schedules);
        match explored.first_stale {
            None => Ok(()),
            Some(steps) => Err(format!("{} stale of {}: {steps:#?}", explored.stale, explored.schedules).into()),
        }
    })
}

/// That the test finds what is kept although the news is out: news that come before the change keep nothing off.
fn near_too_early(elsewhere: Elsewhere) -> Trial {
    Trial::test(format!("near::the_test_finds_news_that_come_too_early::{elsewhere:?}"), move || {
        let explored = explore_tiers(elsewhere, Telling::TooEarly);
        match explored.stale {
            0 => Err(format!("no staleness in {} schedules", explored.schedules).into()),
            _ => Ok(()),
        }
    })
}

fn safe(target: &Target, reading: Reading, invalidation: Invalidation) -> Trial {
    let target = target.clone();
    let name = format!("{}::{reading:?}::{invalidation:?}", target.name());
    Trial::test(name.clone(), move || {
        let explored = explore(&target, reading, invalidation);
        eprintln!("{:9} schedules  {name}", explored.schedules);
        match explored.first_stale {
            None => Ok(()),
            Some(steps) => Err(format!("{} stale of {}: {steps:#?}", explored.stale, explored.schedules).into()),
        }
    })
}

/// That the test finds staleness where there is some: a target that passes without it has shown nothing.
fn naive(target: &Target, invalidation: Invalidation) -> Trial {
    let target = target.clone();
    let name = format!("{}::the_test_finds_what_naive_code_does::{invalidation:?}", target.name());
    Trial::test(name, move || {
        let explored = explore(&target, Reading::Naive, invalidation);
        match explored.stale {
            0 => Err(format!("no staleness in {} schedules of naive code", explored.schedules).into()),
            _ => Ok(()),
        }
    })
}
