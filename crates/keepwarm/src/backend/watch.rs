//! Being told what changes in a store: what a near tier needs to stay coherent with a shared one.

use std::sync::Weak;

/// What changed in a store, by whomever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change<'a> {
    /// What lies under this stored key was written, removed, evicted, or has expired.
    Key(&'a str),
    /// The tag or namespace of this stored name ([`Marker::name`](crate::entry::Marker::name)) was renewed or lost.
    Marker(&'a str),
    /// The scope of this key prefix was cleared.
    Scope(&'a str),
    /// Anything may have changed: the store was flushed, or it cannot be told what was changed.
    Everything,
}

/// Who is told. A [`Feed`] calls it from whatever thread it has; each call is short and never waits.
pub trait Watcher: Send + Sync {
    /// From here on every change is told: called after the store has confirmed that it watches, at the beginning and again
    /// after each [`lost`](Self::lost).
    fn watching(&self);

    /// Changes may be missed from here on: called as soon as that is known, and before any further change is told.
    fn lost(&self);

    /// Something changed. The changes of one key are told in their order.
    fn changed(&self, change: Change<'_>);
}

/// A source of changes: a store that tells what is written to it.
///
/// The store confirms the watch, then calls [`Watcher::watching`]; a change that the store makes after that is told,
/// whoever makes it. It is told soon after it took effect, not before it is acknowledged: what others change may be served
/// until the news is in, what the own process changes is taken care of by the tier itself.
pub trait Feed: Send + Sync + 'static {
    /// Begins to tell `watcher`, and goes on until it is gone, across lost connections. Called once by each watcher, at
    /// the first use of the cache and not when it is built; returns at once and never fails: what cannot be watched yet is
    /// tried again in the background.
    fn watch(&self, watcher: Weak<dyn Watcher>);
}
