//! Promise 3 over every store that keepwarm has: all orders of two readers and one invalidation.

mod support;

use std::process::ExitCode;

use keepwarm::MemoryOptions;
use keepwarm::backends::memory::Memory;
use keepwarm::layers::{Breaker, CallDeadline, Degrade, Layer, Stack, Tiered};
use keepwarm_conformance::kit::{Encodes, News};
use keepwarm_conformance::{Target, schedules};

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
    let file = Target::cloned("file", support::emptied_file);
    let outcome = schedules::run_with_tiers([memory, lru, file, tiered]);
    support::clean_up();
    outcome
}
