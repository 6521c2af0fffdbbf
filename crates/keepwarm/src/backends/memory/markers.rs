//! Tags and namespaces of a memory store.
//!
//! An entry holds on to its markers, so that a hit compares two numbers without a search. A marker that no entry holds any
//! more is dropped; asked for again it gets a generation that never was before, so that nothing old comes back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Moment;
use crate::entry::{Generation, Mark, Marker};

/// A marker that was asked for this recently is kept though no entry holds it: what is being computed under it would be
/// refused if it came back with another generation.
const RECENT: Duration = Duration::from_secs(60);

/// A marker's current generation.
pub(super) struct LiveMark {
    generation: AtomicU64,
    /// When it was last asked for, in nanoseconds of the store's clock.
    asked: AtomicU64,
}

impl LiveMark {
    #[inline]
    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }
}

pub(super) struct Markers {
    table: Mutex<Table>,
    /// Generations are counted from a random start and never used twice.
    next: AtomicU64,
}

#[derive(Default)]
struct Table {
    live: HashMap<Marker, Arc<LiveMark>, foldhash::fast::RandomState>,
    /// At this size the table looks for markers that nothing holds any more.
    prune_at: usize,
}

impl Table {
    fn prune(&mut self, now: Moment) {
        let recent = |live: &LiveMark| now.since(Moment::from_nanos(live.asked.load(Ordering::Relaxed))) < RECENT;
        self.live.retain(|_, live| Arc::strong_count(live) > 1 || recent(live));
        self.prune_at = self.live.len() * 2 + 64;
    }
}

impl Markers {
    pub(super) fn new() -> Self {
        Self { table: Mutex::default(), next: AtomicU64::new(fastrand::u64(..)) }
    }

    fn fresh(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// The current generations, made where there were none.
    pub(super) fn generations(&self, markers: &[Marker], now: Moment) -> Vec<Generation> {
        if markers.is_empty() {
            return Vec::new();
        }
        let mut table = self.table.lock();
        markers.iter().map(|marker| self.live(&mut table, marker, now).generation()).collect()
    }

    /// The places of the marks' generations; the generation of a lost marker is new, and differs from the mark's.
    pub(super) fn tie(&self, marks: &[Mark], now: Moment) -> Box<[Arc<LiveMark>]> {
        let mut table = self.table.lock();
        marks.iter().map(|mark| Arc::clone(self.live(&mut table, &mark.marker, now))).collect()
    }

    fn live<'t>(&self, table: &'t mut Table, marker: &Marker, now: Moment) -> &'t Arc<LiveMark> {
        if !table.live.contains_key(marker) {
            if table.live.len() >= table.prune_at {
                table.prune(now);
            }
            let live = LiveMark { generation: AtomicU64::new(self.fresh()), asked: AtomicU64::new(0) };
            table.live.insert(marker.clone(), Arc::new(live));
        }
        let live = &table.live[marker];
        live.asked.store(now.as_nanos(), Ordering::Relaxed);
        live
    }

    /// The current generation, if the marker is known.
    pub(super) fn peek(&self, marker: &Marker) -> Option<Generation> {
        self.table.lock().live.get(marker).map(|live| live.generation())
    }

    /// Moves the markers on. One that is not known is held by no entry: whoever captured it before it was dropped finds
    /// another generation when it comes back.
    pub(super) fn renew(&self, markers: &[Marker]) {
        let table = self.table.lock();
        for live in markers.iter().filter_map(|marker| table.live.get(marker)) {
            live.generation.store(self.fresh(), Ordering::SeqCst);
        }
    }

    /// How many markers are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table.lock().live.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::MarkerKind;

    fn tag(name: String) -> Marker {
        Marker::new(MarkerKind::Tag, name)
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(0).saturating_add(Duration::from_secs(1000 + seconds))
    }

    #[test]
    fn a_marker_that_nothing_holds_is_dropped_and_never_returns_to_an_old_generation() {
        let markers = Markers::new();
        let first = markers.generations(&[tag("kept".into()), tag("lost".into())], at(0));
        let kept = markers.tie(&[Mark { marker: tag("kept".into()), generation: first[0] }], at(0));
        for number in 0..10_000 {
            markers.generations(&[tag(format!("tag{number}"))], at(number));
        }
        assert!(markers.len() < 300, "{} markers for one that is held", markers.len());
        assert_eq!(kept[0].generation(), first[0]);
        assert_ne!(markers.generations(&[tag("lost".into())], at(10_000))[0], first[1]);
    }

    #[test]
    fn what_was_captured_just_now_is_still_there_when_it_is_tied() {
        let markers = Markers::new();
        let captured = markers.generations(&[tag("mine".into())], at(0))[0];
        for number in 0..1000 {
            markers.generations(&[tag(format!("tag{number}"))], at(30));
        }
        let tied = markers.tie(&[Mark { marker: tag("mine".into()), generation: captured }], at(31));
        assert_eq!(tied[0].generation(), captured);
    }
}
