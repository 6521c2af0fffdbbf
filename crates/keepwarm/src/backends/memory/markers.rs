//! Tags and namespaces of a memory store.
//!
//! An entry holds on to its markers, so that a hit compares two numbers without a search. A marker that no entry holds any
//! more is dropped; asked for again it gets a generation that never was before, so that nothing old comes back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::entry::{Generation, Mark, Marker};

/// A marker's current generation.
pub(super) struct LiveMark(AtomicU64);

impl LiveMark {
    #[inline]
    pub(super) fn generation(&self) -> Generation {
        Generation(self.0.load(Ordering::SeqCst))
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

impl Markers {
    pub(super) fn new() -> Self {
        Self { table: Mutex::default(), next: AtomicU64::new(fastrand::u64(..)) }
    }

    fn fresh(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// The current generations, made where there were none.
    pub(super) fn generations(&self, markers: &[Marker]) -> Vec<Generation> {
        self.find(markers.iter(), LiveMark::generation)
    }

    /// The places of the marks' generations; the generation of a lost marker is new, and differs from the mark's.
    pub(super) fn tie(&self, marks: &[Mark]) -> Box<[Arc<LiveMark>]> {
        let mut table = self.table.lock();
        marks.iter().map(|mark| Arc::clone(self.live(&mut table, &mark.marker))).collect()
    }

    fn find<'m, T>(&self, markers: impl Iterator<Item = &'m Marker>, map: impl Fn(&LiveMark) -> T) -> Vec<T> {
        let mut table = self.table.lock();
        markers.map(|marker| map(self.live(&mut table, marker))).collect()
    }

    fn live<'t>(&self, table: &'t mut Table, marker: &Marker) -> &'t Arc<LiveMark> {
        if !table.live.contains_key(marker) {
            if table.live.len() >= table.prune_at {
                table.live.retain(|_, live| Arc::strong_count(live) > 1);
                table.prune_at = table.live.len() * 2 + 64;
            }
            table.live.insert(marker.clone(), Arc::new(LiveMark(AtomicU64::new(self.fresh()))));
        }
        &table.live[marker]
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
            live.0.store(self.fresh(), Ordering::SeqCst);
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

    #[test]
    fn a_marker_that_nothing_holds_is_dropped_and_never_returns_to_an_old_generation() {
        let markers = Markers::new();
        let first = markers.generations(&[tag("kept".into()), tag("lost".into())]);
        let kept = markers.tie(&[Mark { marker: tag("kept".into()), generation: first[0] }]);
        for number in 0..10_000 {
            markers.generations(&[tag(format!("tag{number}"))]);
        }
        assert!(markers.len() < 200, "{} markers for one that is held", markers.len());
        assert_eq!(kept[0].generation(), first[0]);
        assert_ne!(markers.generations(&[tag("lost".into())])[0], first[1]);
    }
}
