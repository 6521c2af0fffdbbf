//! The conformance suite over everything that keepwarm has.

mod support;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use keepwarm::backends::dummy::Dummy;
use keepwarm::backends::memory::Memory;
use keepwarm::layers::{Breaker, CallDeadline, Degrade, Layer, Stack, Tiered};
use keepwarm::{FileMode, MemoryOptions};
use keepwarm_conformance::kit::{Encodes, News, Yields};
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

/// Layers for the time that a loaded machine may take; that they end calls in time is tested by moving the clock.
const PATIENT: Duration = Duration::from_secs(60);

fn deadline(store: Stack) -> Stack {
    Stack::new(CallDeadline::new(PATIENT).wrap(store))
}

fn breaker(store: Stack) -> Stack {
    Stack::new(Breaker::new().slow(PATIENT).wrap(store))
}

fn degrade(store: Stack) -> Stack {
    Stack::new(Degrade::new().wrap(store))
}

/// A near tier around a shared store that tells at once what changes.
fn tiered(news: &News, setup: &Setup) -> impl Fn(Stack) -> Stack + Send + Sync + use<> {
    let (news, clock) = (news.clone(), setup.clock.clone());
    move |store| Stack::new(Tiered::new(news.clone()).clock(clock.clone()).wrap(store))
}

fn main() -> ExitCode {
    let outcome = Suite::new()
        .target(Target::cloned("memory", memory).bounded())
        .target(Target::cloned("memory-lru", lru).django_eviction())
        .target(Target::cloned("memory-bytes", by_bytes))
        .target(Target::cloned("file", support::file).bounded())
        .target(Target::cloned("file-mode-files", support::plain_files))
        .target(Target::cloned("file-cull", support::culled_file(FileMode::Mapped)).django_eviction())
        .target(Target::cloned("file-mode-files-cull", support::culled_file(FileMode::Files)).django_eviction())
        .target(Target::cloned("dummy", |_: &Setup| Dummy))
        .backend("custom", |setup| Adapter::new(OwnStore::default()).clock(setup.clock.clone()))
        .backend("encoding", |setup| Encodes::around(memory(setup)))
        .backend("waiting", |setup| Yields::around(memory(setup)))
        .backend("encoding-waiting", |setup| Yields::around(Encodes::around(lru(setup))))
        .target(Target::layered("deadline", |setup| (Yields::around(memory(setup)), deadline)))
        .target(Target::layered("breaker", |setup| (Yields::around(memory(setup)), breaker)))
        .target(Target::layered("degrade", |setup| (memory(setup), degrade)))
        .target(Target::layered("tiered", |setup| {
            let news = News::new();
            (news.around(Encodes::around(memory(setup))), tiered(&news, setup))
        }))
        .target(Target::layered("layers", |setup| {
            let news = News::new();
            let near = tiered(&news, setup);
            (Yields::around(news.around(Encodes::around(lru(setup)))), move |store| {
                near(degrade(breaker(deadline(store))))
            })
        }))
        .run();
    support::clean_up();
    outcome
}
