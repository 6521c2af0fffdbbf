//! What a cache counts: always on, because the day it is needed is the day nobody switched it on.
//!
//! Counters lie in stripes, one cache line or more for each of a few threads, so that two threads that hit at once do not
//! fight for a line.

#[cfg(feature = "tracing")]
pub(crate) mod events;
#[cfg(not(feature = "tracing"))]
#[path = "no_events.rs"]
pub(crate) mod events;
#[cfg(feature = "metrics")]
pub(crate) mod meters;
#[cfg(not(feature = "metrics"))]
#[path = "no_meters.rs"]
pub(crate) mod meters;
mod snapshot;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use snapshot::Stats;

use crate::entry::MissReason;

/// What is counted besides misses, which have a counter for each reason.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Hit,
    Set,
    Refusal,
    Delete,
    Computation,
    Wait,
    Error,
    Overtaken,
    UnportableKey,
    /// A hit that a binding could not decode after all: see `Cache::unreadable`.
    NoHit,
}

impl Event {
    /// All of them, each at its own number.
    const ALL: [Self; 10] = [
        Self::Hit,
        Self::Set,
        Self::Refusal,
        Self::Delete,
        Self::Computation,
        Self::Wait,
        Self::Error,
        Self::Overtaken,
        Self::UnportableKey,
        Self::NoHit,
    ];

    /// Its name in Prometheus, metrics and events.
    #[cfg_attr(not(any(feature = "tracing", feature = "metrics")), allow(dead_code, reason = "named only there"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hit => "hits",
            Self::Set => "sets",
            Self::Refusal => "refusals",
            Self::Delete => "deletes",
            Self::Computation => "computations",
            Self::Wait => "waits",
            Self::Error => "errors",
            Self::Overtaken => "overtaken",
            Self::UnportableKey => "unportable_keys",
            Self::NoHit => "hits_not_decoded",
        }
    }
}

const EVENTS: usize = Event::ALL.len();
const COUNTERS: usize = EVENTS + MissReason::ALL.len();
const STRIPES: usize = 8;

/// Aligned to two cache lines: processors fetch lines in pairs.
#[repr(align(128))]
#[derive(Debug)]
struct Stripe([AtomicU64; COUNTERS]);

impl Default for Stripe {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; COUNTERS])
    }
}

/// The counters of one alias, or of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Counters([Stripe; STRIPES]);

impl Counters {
    #[inline]
    pub(crate) fn count(&self, event: Event, times: u64) {
        self.add(event as usize, times);
    }

    #[inline]
    pub(crate) fn miss(&self, reason: MissReason) {
        self.add(EVENTS + reason as usize, 1);
    }

    #[inline]
    fn add(&self, counter: usize, times: u64) {
        self.0[stripe()].0[counter].fetch_add(times, Ordering::Relaxed);
    }

    fn sum(&self, counter: usize) -> u64 {
        self.0.iter().map(|stripe| stripe.0[counter].load(Ordering::Relaxed)).sum()
    }

    fn event(&self, event: Event) -> u64 {
        self.sum(event as usize)
    }

    fn misses(&self, reason: MissReason) -> u64 {
        self.sum(EVENTS + reason as usize)
    }

    /// Sets all to zero. Counts of other threads that fall between may be lost.
    pub(crate) fn reset(&self) {
        for counter in self.0.iter().flat_map(|stripe| &stripe.0) {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// The stripe of this thread, handed out in turn.
#[inline]
fn stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    let mine = MINE.get();
    if mine != usize::MAX {
        return mine & (STRIPES - 1);
    }
    let mine = NEXT.fetch_add(1, Ordering::Relaxed) & (STRIPES - 1);
    MINE.set(mine);
    mine
}
