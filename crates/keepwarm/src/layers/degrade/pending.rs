//! Invalidations that a store could not be told: kept until it can, so that nothing comes back that was taken away.
//!
//! They are all removals, so that their order does not matter and doing one twice only costs a miss. What they cover is not
//! read and not written before they were delivered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::backend::When;
use crate::clock::Moment;
use crate::entry::{Marker, Stamp};
use crate::key::{Key, Scope};

/// Scopes of locks and the like. What lies there belongs to one owner each: it is undone by its stamp or its owner, or runs out, and
/// never cleared along with others'.
const RESERVED: &str = "keepwarm.";

/// What is still to be done to a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Undo {
    /// The entry goes, whatever it is.
    Remove,
    /// The entry or lease with this stamp goes.
    RemoveUnchanged(Stamp),
    /// The lease with this stamp is given back.
    Release(Stamp),
    /// The lock of this owner is freed.
    Free(Arc<str>),
}

impl Undo {
    pub(super) fn of(when: When) -> Self {
        match when {
            When::Unchanged(stamp) => Self::RemoveUnchanged(stamp),
            When::Always | When::Absent | When::Present => Self::Remove,
        }
    }
}

/// How sure it is that what failed has had no effect, and will have none later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sureness {
    /// It was not asked for, or the store refused it.
    Sure,
    /// It may still be on its way: a stopped server carries out what it was sent when it goes on.
    Unsure,
}

#[derive(Debug, Clone, Copy)]
struct Owed {
    /// Counted on by every request, so that a delivery does not settle what was asked for after it began.
    number: u64,
    /// Whether it has to be done once more, some time after the first.
    again: bool,
    /// Not before this moment.
    due: Moment,
}

/// What is owed to the store.
#[derive(Debug)]
pub(super) struct Pending {
    keys: HashMap<(Box<str>, Undo), (Scope, Owed)>,
    /// How many of `keys` there are of each key.
    covered: HashMap<Box<str>, usize>,
    markers: HashMap<Marker, u64>,
    scopes: HashMap<u32, (Scope, u64)>,
    /// Scopes that were seen: where markers do not fit any more, these are cleared.
    seen: HashMap<u32, Scope>,
    most: usize,
    next: u64,
}

/// A part of what is owed, taken to the store.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) keys: Vec<DeliveredKey>,
    pub(super) markers: Vec<(Marker, u64)>,
    pub(super) scopes: Vec<(Scope, u64)>,
}

#[derive(Debug)]
pub(super) struct DeliveredKey {
    pub(super) text: Box<str>,
    pub(super) scope: Scope,
    pub(super) undo: Undo,
    number: u64,
}

impl Pending {
    pub(super) fn new(most: usize) -> Self {
        Self {
            keys: HashMap::new(),
            covered: HashMap::new(),
            markers: HashMap::new(),
            scopes: HashMap::new(),
            seen: HashMap::new(),
            most,
            next: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.markers.is_empty() && self.scopes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.markers.len() + self.scopes.len()
    }

    /// Whether what the store says of the key cannot be trusted yet. A marker that is to be renewed covers every key: what
    /// an entry stands under is known only when it is read.
    pub(super) fn covers(&self, key: &Key<'_>) -> bool {
        !self.markers.is_empty() && !is_reserved(key.scope())
            || self.covered.contains_key(key.as_str())
            || self.scopes.contains_key(&key.scope().index())
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Keeps the removal of a key.
    pub(super) fn key(&mut self, key: &Key<'_>, undo: Undo, sureness: Sureness, now: Moment) {
        let scope = key.scope();
        if is_reserved(scope) && undo == Undo::Remove {
            // It may be another owner's by the time it would be removed.
            return;
        }
        self.seen.entry(scope.index()).or_insert_with(|| scope.clone());
        if self.scopes.contains_key(&scope.index()) && sureness == Sureness::Sure {
            let number = self.number();
            self.scopes.insert(scope.index(), (scope.clone(), number));
            return;
        }
        let owed = Owed { number: self.number(), again: sureness == Sureness::Unsure, due: now };
        let place = (key.as_str().into(), undo);
        let known = self.keys.get(&place).is_some_and(|(_, known)| known.again);
        let owed = Owed { again: owed.again || known, ..owed };
        if self.keys.insert(place, (scope.clone(), owed)).is_none() {
            *self.covered.entry(key.as_str().into()).or_default() += 1;
        }
        if self.len() > self.most {
            self.clear_instead_of_keys();
        }
    }

    /// Keeps the renewal of markers; false where there is no room and nothing that could be cleared instead.
    pub(super) fn markers(&mut self, markers: &[Marker]) -> bool {
        for marker in markers {
            let number = self.number();
            self.markers.insert(marker.clone(), number);
        }
        if self.len() <= self.most {
            return true;
        }
        // Every entry under these markers lies in a scope of this cache.
        if self.seen.is_empty() {
            for marker in markers {
                self.markers.remove(marker);
            }
            return false;
        }
        for scope in self.seen.values().cloned().collect::<Vec<_>>() {
            self.scope(&scope);
        }
        self.markers.clear();
        true
    }

    /// Keeps the clearing of a scope, which takes the place of what is owed to its keys one by one.
    pub(super) fn scope(&mut self, scope: &Scope) {
        if is_reserved(scope) {
            return;
        }
        let number = self.number();
        self.scopes.insert(scope.index(), (scope.clone(), number));
        // What may still be on its way is removed by name all the same, when it has arrived.
        self.retain_keys(|of, owed| of.index() != scope.index() || owed.again);
    }

    /// Bounded: many removals become the clearing of their scopes.
    fn clear_instead_of_keys(&mut self) {
        let scopes: HashMap<u32, Scope> = self.keys.values().map(|(scope, _)| (scope.index(), scope.clone())).collect();
        for scope in scopes.into_values() {
            if is_reserved(&scope) {
                // Leases and locks: they run out by themselves.
                self.retain_keys(|of, _| of.index() != scope.index());
            } else {
                self.scope(&scope);
            }
        }
        if self.len() > self.most {
            // Even what may still be on its way is too much: it is covered by the clearing, as far as that can be.
            self.retain_keys(|_, _| false);
        }
    }

    fn retain_keys(&mut self, keep: impl Fn(&Scope, &Owed) -> bool) {
        let covered = &mut self.covered;
        self.keys.retain(|(text, _), (scope, owed)| {
            let kept = keep(scope, owed);
            if !kept {
                uncover(covered, text);
            }
            kept
        });
    }

    /// What can be delivered now, at most so many keys.
    pub(super) fn due(&self, now: Moment, most: usize) -> Delivery {
        let due = self.keys.iter().filter(|(_, (_, owed))| owed.due <= now).take(most);
        Delivery {
            keys: due
                .map(|((text, undo), (scope, owed))| DeliveredKey {
                    text: text.clone(),
                    scope: scope.clone(),
                    undo: undo.clone(),
                    number: owed.number,
                })
                .collect(),
            markers: self.markers.iter().map(|(marker, &number)| (marker.clone(), number)).collect(),
            scopes: self.scopes.values().cloned().collect(),
        }
    }

    /// When something is due next; `None` where there is something to deliver now.
    pub(super) fn next_due(&self) -> Option<Moment> {
        if !(self.markers.is_empty() && self.scopes.is_empty()) {
            return None;
        }
        self.keys.values().map(|(_, owed)| owed.due).min()
    }

    /// Takes off what was delivered, unless it was asked for again; what has to be done once more is due `again`.
    pub(super) fn delivered(&mut self, delivery: &Delivery, again: Moment) {
        for key in &delivery.keys {
            let place = (key.text.clone(), key.undo.clone());
            let Some((_, owed)) = self.keys.get_mut(&place).filter(|(_, owed)| owed.number == key.number) else {
                continue;
            };
            if owed.again {
                *owed = Owed { again: false, due: again, ..*owed };
                continue;
            }
            self.keys.remove(&place);
            uncover(&mut self.covered, &key.text);
        }
        for (marker, number) in &delivery.markers {
            if self.markers.get(marker) == Some(number) {
                self.markers.remove(marker);
            }
        }
        for (scope, number) in &delivery.scopes {
            if self.scopes.get(&scope.index()).is_some_and(|(_, known)| known == number) {
                self.scopes.remove(&scope.index());
            }
        }
    }
}

impl Delivery {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.markers.is_empty() && self.scopes.is_empty()
    }

    /// The keys that go whatever lies there, to be removed together.
    pub(super) fn removed(&self) -> Vec<Key<'_>> {
        let removed = self.keys.iter().filter(|key| key.undo == Undo::Remove);
        removed.map(|key| Key::new(&key.text, &key.scope)).collect()
    }
}

pub(super) fn is_reserved(scope: &Scope) -> bool {
    scope.prefix().starts_with(RESERVED)
}

fn uncover(covered: &mut HashMap<Box<str>, usize>, text: &str) {
    if let Some(count) = covered.get_mut(text) {
        *count -= 1;
        if *count == 0 {
            covered.remove(text);
        }
    }
}
