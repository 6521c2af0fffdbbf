//! Looking over all files: bounds, leftovers, lists.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use keepwarm_engine::random;

use super::files::Name;
use super::{Found, Plain, marker_name};
use crate::backend::{Housekeeping, Inspection, Page, Size};
use crate::error::Result;
use crate::key::{Key, Pattern, Scope};
use crate::wire::Envelope;

/// The files are counted at one put of so many: every put would cost as much as there are files, as it does in Django.
const COUNTED_EVERY: u64 = 64;
/// A bound on entries is kept to this part of it.
const SLACK: u64 = 16;

/// What has been done of it.
pub(super) struct Keeping {
    puts: AtomicU64,
    /// So many entries there are at most, if nobody else writes: as many as were counted last, and the puts since.
    most: AtomicU64,
    evictions: AtomicU64,
}

impl Default for Keeping {
    /// Beginning anywhere: of many programs that put little before they end, one in so many counts.
    fn default() -> Self {
        Self {
            puts: AtomicU64::new(random() % COUNTED_EVERY),
            most: AtomicU64::new(u64::MAX),
            evictions: AtomicU64::new(0),
        }
    }
}

impl Plain {
    /// Before an entry is added: makes place for it as Django does. The files are counted where there may be too many, and
    /// when so many puts have come since the last time that others' may matter.
    pub(super) fn make_place(&self) {
        let Some(cull) = self.options.cull else { return };
        let every = (cull.max_entries / SLACK).clamp(1, COUNTED_EVERY);
        let most = self.keeping.most.fetch_add(1, Relaxed);
        let looks = self.keeping.puts.load(Relaxed).is_multiple_of(every);
        if most < cull.max_entries && !looks {
            return;
        }
        let entries = self.files.entries().len() as u64;
        let due = cull.due(entries);
        if due > 0 {
            self.keeping.evictions.fetch_add(self.files.cull(u64::MAX, entries - due), Relaxed);
        }
        self.keeping.most.store(entries - due + 1, Relaxed);
    }

    /// After a put, now and then: evicts the oldest entries beyond the bounds, and removes what the dead left.
    pub(super) fn tidy(&self) {
        let bound = self.options.max_entries.filter(|_| self.options.cull.is_none());
        let entries = bound.unwrap_or(u64::MAX);
        let every = (entries / SLACK).clamp(1, COUNTED_EVERY);
        if self.keeping.puts.fetch_add(1, Relaxed) % every == every - 1 {
            self.keeping.evictions.fetch_add(self.files.cull(self.options.max_bytes, entries), Relaxed);
            self.files.sweep();
        }
    }

    /// All at once: the files are listed anyway.
    pub(in super::super) fn scan(&self, scope: &Scope, pattern: &Pattern) -> Result<Page> {
        let mut keys = Vec::new();
        for (key, bytes) in self.files.entries().iter().filter_map(|entry| self.files.look(entry)) {
            let Ok(envelope) = Envelope::read(&key, bytes) else { continue };
            if pattern.matches(&key) && self.dead(scope, &envelope)?.is_none() {
                keys.push(key);
            }
        }
        Ok(Page { keys, next: None })
    }

    pub(in super::super) fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        let (envelope, dead) = match self.load(key, &Name::of(key.as_str()))? {
            Found::Live(envelope) => (envelope, None),
            Found::Dead(envelope, reason) => (envelope, Some(reason)),
            Found::Foreign | Found::Nothing => return Ok(None),
        };
        let mut generations = Vec::new();
        for mark in envelope.marks.as_deref().unwrap_or_default() {
            generations.push(self.generation(&marker_name(&mark.marker))?);
        }
        Ok(envelope.into_entry(self.anchor()).ok().map(|entry| Inspection { entry, dead, generations }))
    }

    pub(in super::super) fn size(&self) -> Size {
        let lengths: Vec<_> =
            self.files.entries().iter().filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
        Size { entries: Some(lengths.len() as u64), bytes: Some(lengths.iter().sum()) }
    }

    pub(in super::super) fn housekeeping(&self) -> Housekeeping {
        Housekeeping { evictions: self.keeping.evictions.load(Relaxed), ..Housekeeping::default() }
    }
}
