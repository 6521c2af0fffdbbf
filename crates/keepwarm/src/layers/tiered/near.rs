//! What goes into the near tier, and what takes it out again.

use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::Shared;
use crate::backend::{Backend, Change, Claim, Lease, Lookup, Put, Refusal, Watcher, When};
use crate::blocking::poll_once;
use crate::entry::{Entry, Mark, Marker, MarkerKind, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Scope};
use crate::payload::Payload;

/// When markers were last renewed, as far as this process was told. A marker that is renewed while an entry under it is
/// being fetched is known near only afterwards, so that the near tier could not compare its generation.
///
/// Told apart by their hash: two that share a place cost a fetch that is not kept.
pub(super) struct Renewals {
    /// How many there were.
    count: AtomicU64,
    /// The number of the last one of the markers of this place.
    last: [AtomicU64; Self::PLACES],
    hasher: foldhash::fast::RandomState,
}

impl Default for Renewals {
    fn default() -> Self {
        Self { count: AtomicU64::new(0), last: [const { AtomicU64::new(0) }; Self::PLACES], hasher: Default::default() }
    }
}

impl Renewals {
    const PLACES: usize = 1024;

    fn place(&self, name: &(impl Hash + ?Sized)) -> &AtomicU64 {
        &self.last[self.hasher.hash_one(name) as usize % Self::PLACES]
    }

    fn note(&self, name: &str) {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.place(name).fetch_max(number, Ordering::SeqCst);
    }

    fn so_far(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether the marker may have been renewed since there were so many.
    fn since(&self, so_far: u64, name: &str) -> bool {
        self.place(name).load(Ordering::SeqCst) > so_far
    }
}

/// The right to keep near what is fetched next. It lies near as a lease on the key: what removes the key ends it, so that
/// a fetch that was overtaken is refused in the visit that would keep it.
pub(super) struct Token<'a> {
    shared: &'a Shared,
    key: Key<'a>,
    stamp: Stamp,
    renewals: u64,
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        // One that was used up is not there any more.
        drop(poll_once(self.shared.near.release(&self.key, self.stamp)));
    }
}

/// What a reader finds near.
pub(super) enum Near<'a> {
    Hit(Payload),
    /// Nothing: it is to be fetched, and kept if there is a token.
    Fetch(Option<Token<'a>>),
}

impl Shared {
    /// Whether the store tells what changes. Begins to watch at the first use.
    pub(super) fn watches(self: &Arc<Self>) -> bool {
        if self.watching.load(Ordering::SeqCst) {
            return true;
        }
        if !self.begun.swap(true, Ordering::SeqCst) {
            let watcher: Weak<dyn Watcher> = Arc::<Self>::downgrade(self);
            self.feed.watch(watcher);
        }
        self.watching.load(Ordering::SeqCst)
    }

    /// Looks near. The token lies there before anything is asked of the store.
    pub(super) fn look<'a>(self: &'a Arc<Self>, key: &Key<'a>) -> Near<'a> {
        if !self.watches() {
            return Near::Fetch(None);
        }
        if let Ok(Lookup::Hit(payload)) = poll_once(self.near.get(key, &[])) {
            return Near::Hit(payload);
        }
        self.fetches.fetch_add(1, Ordering::Relaxed);
        self.know(key.scope());
        let renewals = self.renewals.so_far();
        match poll_once(self.near.lease(key, &[], self.max_staleness, Claim::Missing)) {
            Ok(Lease::Hit(payload)) => Near::Hit(payload),
            Ok(Lease::Granted(fence)) => {
                Near::Fetch(Some(Token { shared: self, key: *key, stamp: fence.stamp, renewals }))
            }
            // Another reader is fetching it, and will keep it.
            _ => Near::Fetch(None),
        }
    }

    /// Remembers the prefix, before anything of it lies near.
    fn know(&self, scope: &Scope) {
        let known = |scopes: &[Scope]| scopes.iter().any(|known| known.index() == scope.index());
        if known(&self.scopes.read()) {
            return;
        }
        let mut scopes = self.scopes.write();
        if !known(&scopes) {
            scopes.push(scope.clone());
        }
    }

    /// Keeps near what was fetched, unless an invalidation overtook it.
    pub(super) fn keep(&self, token: &Token<'_>, entry: &Entry, payload: Payload) {
        let now = self.clock.now();
        let latest = now.saturating_add(self.max_staleness);
        let deadline = match entry.deadline.moment() {
            Some(moment) => Deadline::at(moment.min(latest)),
            None => Deadline::at(latest),
        };
        let marks = match entry.marks.as_deref().filter(|marks| !marks.is_empty()) {
            None => None,
            Some(marks) => match self.tie(marks, token.renewals) {
                Some(marks) => Some(marks),
                None => return self.count_overtaken(),
            },
        };
        let near = Entry { payload, deadline, stamp: Stamp(0), written: entry.written, marks };
        if let Ok(Put::Refused(Refusal::Condition | Refusal::Overtaken)) =
            poll_once(self.near.put(&token.key, near, When::Unchanged(token.stamp)))
        {
            self.count_overtaken();
        }
    }

    /// The entry's markers with the generations that they have near, which are the near tier's own; `None` when one was
    /// renewed since the fetch began. The generations come first: a renewal that the comparison does not see finds the
    /// markers known near, and moves them on.
    fn tie(&self, marks: &[Mark], renewals: u64) -> Option<Arc<[Mark]>> {
        let markers: Vec<Marker> = marks.iter().map(|mark| mark.marker.clone()).collect();
        let generations = poll_once(self.near.generations(&markers)).ok()?;
        if markers.iter().any(|marker| self.renewals.since(renewals, marker.name())) {
            return None;
        }
        let tied = markers.into_iter().zip(generations).map(|(marker, generation)| Mark { marker, generation });
        Some(tied.collect())
    }

    fn count_overtaken(&self) {
        self.overtaken.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes a key from the near tier, and poisons what is being fetched.
    pub(super) fn forget(&self, key: &Key<'_>) {
        never_fails(poll_once(self.near.remove(key, When::Always)));
    }

    pub(super) fn forget_marker(&self, marker: &Marker) {
        self.renewals.note(marker.name());
        never_fails(poll_once(self.near.renew(std::slice::from_ref(marker))));
    }

    pub(super) fn forget_scope(&self, scope: &Scope) {
        never_fails(poll_once(self.near.clear(scope)));
    }

    pub(super) fn forget_everything(&self) {
        never_fails(poll_once(self.near.clear_store()));
    }
}

fn never_fails<T>(answer: Result<T>) {
    debug_assert!(answer.is_ok(), "memory does not fail");
}

impl Watcher for Shared {
    fn watching(&self) {
        // What was fetched while nobody watched may have changed since.
        self.forget_everything();
        self.watching.store(true, Ordering::SeqCst);
    }

    fn lost(&self) {
        self.watching.store(false, Ordering::SeqCst);
        self.forget_everything();
    }

    fn changed(&self, change: Change<'_>) {
        match change {
            Change::Key(text) => {
                // Which prefix the key belongs to its text does not always say: it is looked for under each.
                for scope in self.scopes.read().iter() {
                    self.forget(&Key::new(text, scope));
                }
            }
            Change::Marker(name) => {
                for kind in [MarkerKind::Tag, MarkerKind::Namespace] {
                    self.forget_marker(&Marker::new(kind, name));
                }
            }
            Change::Scope(prefix) => self.forget_scope(&Scope::new(prefix)),
            Change::Everything => self.forget_everything(),
        }
    }
}
