//! A snapshot of the counters, for people, programs and Prometheus.

use std::fmt::Write;

use serde::Serialize;

use super::{Counters, Event};
use crate::backend::{BreakerState, Health, Housekeeping, ServerFigures, Size};
use crate::entry::MissReason;

/// What a cache has done since it was built, or since its statistics were reset.
///
/// Counters are read one after the other while others count on: the sums fit each other only when nobody else is at work.
/// Evictions and expirations are the store's own, shared by all who use it.
///
/// ```
/// use keepwarm::{Cache, entry::MissReason};
///
/// let cache = Cache::memory();
/// cache.get::<String>("absent").wait()?;
/// cache.set("key", "value").wait()?;
/// cache.get::<String>("key").wait()?;
/// let stats = cache.stats().wait()?;
/// assert_eq!((stats.hits, stats.misses(), stats.missed(MissReason::Absent)), (1, 1, 1));
/// assert_eq!(stats.hit_rate(), Some(0.5));
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// The alias or namespace.
    pub name: String,
    /// The kind of backend.
    pub backend: String,
    /// Reads that found a live value of the right type.
    pub hits: u64,
    /// Reads that did not, by reason, in the order of [`MissReason::ALL`].
    pub misses_by_reason: Vec<(MissReason, u64)>,
    /// Values stored, by `set`, `add`, fills and the like.
    pub sets: u64,
    /// Values that the store refused: too large, not to be kept.
    pub refusals: u64,
    /// Entries deleted by name.
    pub deletes: u64,
    /// Loaders that were run.
    pub computations: u64,
    /// Callers who waited for another's computation.
    pub waits: u64,
    /// Computed values that an invalidation overtook: returned to their caller, not kept.
    pub overtaken: u64,
    /// Failures of the store that were raised; those that were swallowed are in `health`.
    pub errors: u64,
    /// Keys that Memcached would refuse: over 250 bytes, or with spaces or control characters.
    pub unportable_keys: u64,
    /// Live entries that the store evicted for lack of room.
    pub evictions: u64,
    /// Dead entries that the store removed.
    pub expirations: u64,
    /// Entries in the store now, where it can tell.
    pub entries: Option<u64>,
    /// Bytes in the store now, where it counts them.
    pub bytes: Option<u64>,
    /// How the layers around the store are: the breaker, what was swallowed and dropped, the near tier.
    pub health: Health,
    /// What the store's servers tell of themselves; `None` for a store without servers.
    pub server: Option<ServerFigures>,
}

impl Stats {
    pub(crate) fn of(name: String, backend: &str, counters: &Counters, kept: Housekeeping, size: Size) -> Self {
        Self {
            name,
            backend: backend.to_owned(),
            // Both are counted on while they are read.
            hits: counters.event(Event::Hit).saturating_sub(counters.event(Event::NoHit)),
            misses_by_reason: MissReason::ALL.iter().map(|&reason| (reason, counters.misses(reason))).collect(),
            sets: counters.event(Event::Set),
            refusals: counters.event(Event::Refusal),
            deletes: counters.event(Event::Delete),
            computations: counters.event(Event::Computation),
            waits: counters.event(Event::Wait),
            overtaken: counters.event(Event::Overtaken),
            errors: counters.event(Event::Error),
            unportable_keys: counters.event(Event::UnportableKey),
            evictions: kept.evictions,
            expirations: kept.expirations,
            entries: size.entries,
            bytes: size.bytes,
            health: kept.health,
            server: kept.server,
        }
    }

    /// All misses.
    pub fn misses(&self) -> u64 {
        self.misses_by_reason.iter().map(|(_, count)| count).sum()
    }

    /// The misses of one reason.
    pub fn missed(&self, reason: MissReason) -> u64 {
        self.misses_by_reason.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| *count)
    }

    /// Hits among all reads, from 0 to 1; `None` before the first read.
    pub fn hit_rate(&self) -> Option<f64> {
        let reads = self.hits + self.misses();
        (reads > 0).then(|| self.hits as f64 / reads as f64)
    }

    /// The snapshot in Prometheus' text format, one sample of each metric labelled with the cache's name.
    pub fn prometheus(&self) -> String {
        let label = format!("cache=\"{}\"", self.name.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n"));
        let mut text = String::new();
        let mut sample = |name: &str, kind: &str, labels: &str, value: u64, first: bool| {
            if first {
                writeln!(text, "# TYPE keepwarm_{name} {kind}").expect("writing to a string cannot fail");
            }
            writeln!(text, "keepwarm_{name}{{{labels}}} {value}").expect("writing to a string cannot fail");
        };
        sample("hits_total", "counter", &label, self.hits, true);
        for (index, (reason, count)) in self.misses_by_reason.iter().enumerate() {
            let labels = format!("{label},reason=\"{}\"", reason.name());
            sample("misses_total", "counter", &labels, *count, index == 0);
        }
        let counters = [
            ("sets_total", self.sets),
            ("refusals_total", self.refusals),
            ("deletes_total", self.deletes),
            ("computations_total", self.computations),
            ("waits_total", self.waits),
            ("overtaken_total", self.overtaken),
            ("errors_total", self.errors),
            ("unportable_keys_total", self.unportable_keys),
            ("evictions_total", self.evictions),
            ("expirations_total", self.expirations),
            ("swallowed_failures_total", self.health.swallowed),
            ("dropped_writes_total", self.health.dropped_writes),
            ("breaker_opened_total", self.health.opened),
            ("breaker_turned_away_total", self.health.turned_away),
        ];
        for (name, count) in counters {
            sample(name, "counter", &label, count, true);
        }
        // 0 closed, 1 half-open, 2 open: what is worse is higher.
        let breaker = self.health.breaker.map(|breaker| match breaker {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        });
        let gauges = [
            ("entries", self.entries),
            ("bytes", self.bytes),
            ("breaker_state", breaker),
            ("undelivered_invalidations", breaker.map(|_| self.health.undelivered)),
            ("near_entries", self.health.near.map(|near| near.entries)),
            ("near_watching", self.health.near.map(|near| u64::from(near.watching))),
            ("near_fetches", self.health.near.map(|near| near.fetches)),
            ("server_connected_clients", self.server.map(|server| server.connected_clients)),
            ("server_used_memory_bytes", self.server.map(|server| server.used_memory)),
        ];
        for (name, value) in gauges {
            if let Some(value) = value {
                sample(name, "gauge", &label, value, true);
            }
        }
        text
    }
}
