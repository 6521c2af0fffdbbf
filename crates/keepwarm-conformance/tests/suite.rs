//! The conformance suite over everything that keepwarm has.

mod support;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use keepwarm::MemoryOptions;
use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use keepwarm::backends::dummy::Dummy;
use keepwarm::backends::memory::Memory;
use keepwarm_conformance::kit::{Encodes, Yields};
use keepwarm_conformance::{Setup, Suite, Target};
use parking_lot::Mutex;

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

/// What a user brings: four methods over bytes.
#[derive(Default)]
struct OwnStore(Mutex<HashMap<String, Vec<u8>>>);

impl Custom for OwnStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        Ok(self.0.lock().get(key).cloned())
    }

    async fn set(&self, key: &str, value: Vec<u8>, _timeout: Option<Duration>) -> Result<(), CustomError> {
        self.0.lock().insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<bool, CustomError> {
        Ok(self.0.lock().remove(key).is_some())
    }

    async fn clear(&self) -> Result<(), CustomError> {
        self.0.lock().clear();
        Ok(())
    }
}

fn main() -> ExitCode {
    let outcome = Suite::new()
        .target(Target::cloned("memory", memory).bounded())
        .target(Target::cloned("memory-lru", lru).django_eviction())
        .target(Target::cloned("memory-bytes", by_bytes))
        .target(Target::cloned("file", support::file).bounded())
        .target(Target::cloned("file-mode-files", support::plain_files))
        .target(Target::cloned("dummy", |_: &Setup| Dummy))
        .backend("custom", |setup| Adapter::new(OwnStore::default()).clock(setup.clock.clone()))
        .backend("encoding", |setup| Encodes::around(memory(setup)))
        .backend("waiting", |setup| Yields::around(memory(setup)))
        .backend("encoding-waiting", |setup| Yields::around(Encodes::around(lru(setup))))
        .run();
    support::clean_up();
    outcome
}
