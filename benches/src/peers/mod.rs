//! The contenders, each behind the same three verbs and each used the way its own documentation shows.
//!
//! Callers hold keys as strings and pass `&str`; every entry has a deadline; all are large enough for the workload.

mod cachet;
mod foyer;
mod hitbox;
mod keepwarm;
mod moka;
mod raw;

use std::future::Future;
use std::ops::Deref;

pub(crate) use self::cachet::Cachet;
pub(crate) use self::foyer::Foyer;
pub(crate) use self::hitbox::Hitbox;
pub(crate) use self::keepwarm::{Keepwarm, KeepwarmBlocking, NEVER_FAILS, cache_of};
pub(crate) use self::moka::Moka;
pub(crate) use self::raw::{Raw, RawComputing};
use crate::values::Sample;

/// A cache that hands out values.
pub(crate) trait Peer<T: Sample>: Send + Sync + Sized + 'static {
    /// An empty cache of at most this many entries.
    fn with_capacity(entries: usize) -> Self;

    /// Stores a value for a day.
    fn set(&self, key: &str, value: &T) -> impl Future<Output = ()> + Send;

    /// The caller's own copy of a value.
    fn get<'a>(&'a self, key: &'a str) -> impl Future<Output = Option<T>> + Send;

    /// Does what the cache has put off, so that its memory can be looked at.
    fn settle(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A cache that can hand out a value without copying it.
pub(crate) trait SharingPeer<T: Sample>: Peer<T> {
    /// The shared value.
    type Shared: Deref<Target = T> + Send;

    /// A value shared with the cache.
    fn get_shared<'a>(&'a self, key: &'a str) -> impl Future<Output = Option<Self::Shared>> + Send;
}
