//! Promise 3 over every store that keepwarm has: all orders of two readers and one invalidation.

mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::MemoryOptions;
use keepwarm::backends::memory::Memory;
use keepwarm_conformance::Target;
use keepwarm_conformance::schedules::{Invalidation, Reading, explore};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let memory = Target::cloned("memory", |setup| {
        Memory::new(&MemoryOptions::new().max_entries(setup.capacity.unwrap_or(100)), setup.clock.clone())
    });
    let lru = Target::cloned("memory-lru", |setup| {
        Memory::new(&MemoryOptions::new().lru(setup.capacity.unwrap_or(100), 3), setup.clock.clone())
    });
    let (safe, naive) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut trials = Vec::new();
    let file = Target::cloned("file", support::emptied_file);
    for target in [memory, lru, file] {
        for invalidation in Invalidation::ALL {
            for reading in Reading::SAFE {
                let (target, safe) = (target.clone(), Arc::clone(&safe));
                let name = format!("{}::{reading:?}::{invalidation:?}", target.name());
                trials.push(Trial::test(name.clone(), move || {
                    let explored = explore(&target, reading, invalidation);
                    safe.fetch_add(explored.schedules, Ordering::Relaxed);
                    eprintln!("{:9} schedules  {name}", explored.schedules);
                    match explored.first_stale {
                        None => Ok(()),
                        Some(steps) => {
                            Err(format!("{} stale of {}: {steps:#?}", explored.stale, explored.schedules).into())
                        }
                    }
                }));
            }
            let (target, naive) = (target.clone(), Arc::clone(&naive));
            let name = format!("{}::the_test_finds_what_naive_code_does::{invalidation:?}", target.name());
            trials.push(Trial::test(name, move || {
                let explored = explore(&target, Reading::Naive, invalidation);
                naive.fetch_add(explored.stale, Ordering::Relaxed);
                match explored.stale {
                    0 => Err(format!("no staleness in {} schedules of naive code", explored.schedules).into()),
                    _ => Ok(()),
                }
            }));
        }
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    support::clean_up();
    conclusion.exit_code()
}
