//! Promise 3 over every store that keepwarm has: all orders of two readers and one invalidation.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::MemoryOptions;
use keepwarm::backends::memory::Memory;
use keepwarm::layers::{Breaker, CallDeadline, Degrade, Layer, Stack, Tiered};
use keepwarm_conformance::Target;
use keepwarm_conformance::kit::{Encodes, News};
use keepwarm_conformance::schedules::{Elsewhere, Invalidation, Reading, Telling, explore, explore_tiers};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let memory = Target::cloned("memory", |setup| {
        Memory::new(&MemoryOptions::new().max_entries(setup.capacity.unwrap_or(100)), setup.clock.clone())
    });
    let lru = Target::cloned("memory-lru", |setup| {
        Memory::new(&MemoryOptions::new().lru(setup.capacity.unwrap_or(100), 3), setup.clock.clone())
    });
    // A near tier of its own in each process, around everything that else lies around a store; the news come at once.
    let tiered = Target::layered("tiered", |setup| {
        let (news, clock) = (News::new(), setup.clock.clone());
        let options = MemoryOptions::new().max_entries(setup.capacity.unwrap_or(100));
        let store = news.around(Encodes::around(Memory::new(&options, clock.clone())));
        let near = options.clone();
        let lay = move |store: Stack| {
            let clock = || clock.clone();
            let store = Stack::new(CallDeadline::default().clock(clock()).wrap(store));
            let store = Stack::new(Breaker::new().clock(clock()).wrap(store));
            let store = Stack::new(Degrade::new().clock(clock()).wrap(store));
            Stack::new(Tiered::new(news.clone()).near(near.clone()).clock(clock()).wrap(store))
        };
        (store, lay)
    });
    let (safe, naive) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut trials = Vec::new();
    for target in [memory, lru, tiered] {
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
    for elsewhere in Elsewhere::ALL {
        for telling in [Telling::Later, Telling::Lost, Telling::TooEarly] {
            trials.push(Trial::test(format!("near::{elsewhere:?}::{telling:?}"), move || {
                let explored = explore_tiers(elsewhere, telling);
                eprintln!("{:9} schedules  near::{elsewhere:?}::{telling:?}", explored.schedules);
                match (telling, explored.first_stale) {
                    // News that comes before the change keeps nothing off: the test has to find that.
                    (Telling::TooEarly, None) => Err("no staleness though the news came too early".into()),
                    (Telling::TooEarly, Some(_)) | (_, None) => Ok(()),
                    (_, Some(steps)) => {
                        Err(format!("{} stale of {}: {steps:#?}", explored.stale, explored.schedules).into())
                    }
                }
            }));
        }
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    conclusion.exit_code()
}
