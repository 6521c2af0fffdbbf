//! Promise 3 over every store that keepwarm has: all orders of two readers and one invalidation.

use std::process::ExitCode;

use keepwarm::MemoryOptions;
use keepwarm::backends::memory::Memory;
use keepwarm_conformance::{Target, schedules};

fn main() -> ExitCode {
    let memory = Target::cloned("memory", |setup| {
        Memory::new(&MemoryOptions::new().max_entries(setup.capacity.unwrap_or(100)), setup.clock.clone())
    });
    let lru = Target::cloned("memory-lru", |setup| {
        Memory::new(&MemoryOptions::new().lru(setup.capacity.unwrap_or(100), 3), setup.clock.clone())
    });
    schedules::run([memory, lru])
}
