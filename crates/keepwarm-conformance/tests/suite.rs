//! The conformance suite over everything that keepwarm has.

use std::process::ExitCode;

use keepwarm::MemoryOptions;
use keepwarm::backends::dummy::Dummy;
use keepwarm::backends::memory::Memory;
use keepwarm_conformance::kit::{Encodes, Yields};
use keepwarm_conformance::{Setup, Suite, Target};

fn memory(setup: &Setup) -> Memory {
    let options = setup.capacity.map_or_else(MemoryOptions::new, |capacity| MemoryOptions::new().max_entries(capacity));
    Memory::new(&options, setup.clock.clone())
}

fn lru(setup: &Setup) -> Memory {
    Memory::new(&MemoryOptions::new().lru(setup.capacity.unwrap_or(10_000), 3), setup.clock.clone())
}

fn by_bytes(setup: &Setup) -> Memory {
    Memory::new(&MemoryOptions::new().max_bytes(256 << 20).max_value_bytes(128 << 20), setup.clock.clone())
}

fn main() -> ExitCode {
    Suite::new()
        .target(Target::cloned("memory", memory).bounded())
        .target(Target::cloned("memory-lru", lru).django_eviction())
        .target(Target::cloned("memory-bytes", by_bytes))
        .target(Target::cloned("dummy", |_: &Setup| Dummy))
        .backend("encoding", |setup| Encodes::around(memory(setup)))
        .backend("waiting", |setup| Yields::around(memory(setup)))
        .backend("encoding-waiting", |setup| Yields::around(Encodes::around(lru(setup))))
        .run()
}
