//! The adapter's making and options.

use std::fmt;
use std::sync::Arc;

use super::Custom;
use super::leases::Stripes;
use super::time::WallTime;
use crate::backend::Sharing;
use crate::clock::Clock;

/// A [`Custom`] store as a [`Backend`](crate::Backend); see the [module](super). Clones share the store and its locks.
///
/// Two adapters over the same store do not share locks: wrap a store once, and give each alias a clone.
pub struct Adapter<C> {
    pub(super) store: Arc<C>,
    pub(super) stripes: Arc<Stripes>,
    pub(super) time: WallTime,
    pub(super) kind: &'static str,
    pub(super) sharing: Sharing,
    pub(super) durable: bool,
}

impl<C: Custom> Adapter<C> {
    /// The store as a backend that this process alone uses.
    pub fn new(store: C) -> Self {
        Self {
            store: Arc::new(store),
            stripes: Arc::default(),
            time: WallTime::new(Clock::system(), true),
            kind: "custom",
            sharing: Sharing::Process,
            durable: false,
        }
    }

    /// The name of its kind, in errors and statistics; `custom` unless told.
    #[must_use]
    pub fn named(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// Says who sees the same entries. Beyond this process deadlines follow the wall clock, which all of them share;
    /// within it a step of the wall clock moves none.
    #[must_use]
    pub fn shared(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self.keep_time()
    }

    /// Says that entries survive the end of the process.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self.keep_time()
    }

    /// Takes the time from this clock, which must be the one of the cache that it is put under.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.time = WallTime::new(clock, true);
        self.keep_time()
    }

    /// The user's store.
    pub fn store(&self) -> &C {
        &self.store
    }

    fn keep_time(mut self) -> Self {
        let private = self.sharing == Sharing::Process && !self.durable;
        self.time = WallTime::new(self.time.clock().clone(), private);
        self
    }
}

impl<C> Clone for Adapter<C> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            stripes: Arc::clone(&self.stripes),
            time: self.time.clone(),
            kind: self.kind,
            sharing: self.sharing,
            durable: self.durable,
        }
    }
}

impl<C> fmt::Debug for Adapter<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Adapter")
            .field("kind", &self.kind)
            .field("store", &std::any::type_name::<C>())
            .field("sharing", &self.sharing)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}
