//! A store that can fail and stall, layers around it, and a clock that a test moves.

use std::time::{Duration, Instant};

use keepwarm::backends::memory::Memory;
use keepwarm::clock::Clock;
use keepwarm::layers::{Breaker, CallDeadline, Degrade};
use keepwarm::{Cache, CacheBuilder, ErrorKind, MemoryOptions, Stats};
use keepwarm_conformance::kit::{Fault, Faults, Gate, ManualClock, PATIENCE, Record, Shared, Yields};

pub(crate) const DEADLINE: Duration = Duration::from_millis(250);

/// A store that really waits, with a switch for failures, a gate, and a record of what reached it.
pub(crate) struct Bench {
    pub(crate) clock: ManualClock,
    pub(crate) faults: Faults,
    pub(crate) gate: Gate,
    pub(crate) record: Record,
    pub(crate) store: Shared,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let store = Shared::new(Memory::new(&MemoryOptions::new(), Clock::manual(&clock)));
        Self { clock, faults: Faults::new(), gate: Gate::new(), record: Record::new(), store }
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::manual(&self.clock)
    }

    /// A cache on the store without layers: what another process sees.
    pub(crate) fn direct(&self) -> Cache {
        Cache::builder().backend(self.store.clone()).clock(self.clock()).build().unwrap()
    }

    /// The store as the network shows it.
    pub(crate) fn bare(&self) -> CacheBuilder {
        let store = self.gate.around(self.faults.around(self.record.around(self.store.clone())));
        Cache::builder().backend(Yields::around(store)).clock(self.clock())
    }

    pub(crate) fn with_deadline(&self) -> CacheBuilder {
        self.bare().layer(CallDeadline::new(DEADLINE).clock(self.clock()))
    }

    pub(crate) fn with_breaker(&self) -> CacheBuilder {
        self.with_deadline().layer(Breaker::new().clock(self.clock()))
    }

    /// All three layers.
    pub(crate) fn degrading(&self) -> Cache {
        self.degrading_as(|degrade| degrade)
    }

    pub(crate) fn degrading_as(&self, change: impl FnOnce(Degrade) -> Degrade) -> Cache {
        let degrade = change(Degrade::new().clock(self.clock()));
        self.with_breaker().layer(degrade).build().unwrap()
    }

    /// From now on every call fails at once.
    pub(crate) fn down(&self) {
        self.faults.always(Fault::Refused(ErrorKind::Connection));
    }

    /// Moves time on, in steps, until `condition` holds; who works in the background has its turns.
    pub(crate) fn time_passes_until(&self, what: &str, condition: impl Fn() -> bool) {
        let begin = Instant::now();
        let mut rounds = 0_u64;
        while !condition() {
            assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
            rounds += 1;
            // Also where nobody sleeps: who worked may be lost with its runtime, and is missed only when time has passed.
            if self.clock.sleepers() > 0 || rounds.is_multiple_of(1000) {
                self.clock.advance(Duration::from_millis(10));
            }
            std::thread::yield_now();
        }
    }

    /// The store works again, and the layers have found out and delivered everything.
    pub(crate) fn up_again(&self, cache: &Cache) {
        self.faults.heal();
        self.gate.open();
        self.time_passes_until("the store is back", || !stats(cache).health.is_down());
    }
}

pub(crate) fn stats(cache: &Cache) -> Stats {
    cache.stats().wait().unwrap()
}

/// Runs the case with a runtime of several threads.
pub(crate) fn on_tokio<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap().block_on(work)
}
