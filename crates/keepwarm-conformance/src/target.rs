//! What the suite runs over: a kind of store, of which every case gets a fresh one.

use std::fmt;
use std::sync::Arc;

use keepwarm::clock::Clock;
use keepwarm::layers::Stack;
use keepwarm::{Backend, CacheBuilder};

use crate::kit::Shared;

/// What a fresh store is made for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Setup {
    /// The time that the store is to go by.
    pub clock: Clock,
    /// At most this many entries, where the case is about bounds.
    pub capacity: Option<u64>,
}

type Make = dyn Fn(&Setup) -> Store + Send + Sync;
type Attach = dyn Fn(CacheBuilder) -> CacheBuilder + Send + Sync;
type Lay = dyn Fn(Stack) -> Stack + Send + Sync;

/// One fresh store.
#[derive(Clone)]
pub(crate) struct Store {
    /// The store itself, to be wrapped.
    pub(crate) backend: Shared,
    /// Makes a cache look into it.
    pub(crate) attach: Arc<Attach>,
    /// The store without what each process lays around it.
    pub(crate) bare: Shared,
    /// Lays around the store what a process has of its own.
    pub(crate) lay: Option<Arc<Lay>>,
}

impl Store {
    pub(crate) fn shared(backend: Shared) -> Self {
        let attached = backend.clone();
        Self {
            bare: backend.clone(),
            backend,
            attach: Arc::new(move |builder| builder.backend(attached.clone())),
            lay: None,
        }
    }
}

/// A kind of store that the suite runs over.
#[derive(Clone)]
pub struct Target {
    pub(crate) name: String,
    pub(crate) make: Arc<Make>,
    pub(crate) follows_clock: bool,
    pub(crate) takes_capacity: bool,
    pub(crate) django_eviction: bool,
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target {
    /// A store under test; `make` makes an empty one, each time it is called.
    pub fn new<B: Backend>(name: impl Into<String>, make: impl Fn(&Setup) -> B + Send + Sync + 'static) -> Self {
        Self::of(name, move |setup| Store::shared(Shared::new(make(setup))))
    }

    /// A store with layers around it. `make` makes an empty store, and what lays the layers of one process around it:
    /// cases see one process, the schedule test two.
    pub fn layered<B: Backend, L>(
        name: impl Into<String>,
        make: impl Fn(&Setup) -> (B, L) + Send + Sync + 'static,
    ) -> Self
    where
        L: Fn(Stack) -> Stack + Send + Sync + 'static,
    {
        Self::of(name, move |setup| {
            let (backend, lay) = make(setup);
            let bare = Shared::new(backend);
            let layered = lay(Stack::new(bare.clone()));
            Store { bare, lay: Some(Arc::new(lay)), ..Store::shared(layered.into()) }
        })
    }

    /// The same for a backend whose clones are one store: caches use it directly, without a handle around it.
    pub fn cloned<B: Backend + Clone>(
        name: impl Into<String>,
        make: impl Fn(&Setup) -> B + Send + Sync + 'static,
    ) -> Self {
        Self::of(name, move |setup| {
            let backend = make(setup);
            let shared = Shared::new(backend.clone());
            Store { attach: Arc::new(move |builder| builder.backend(backend.clone())), ..Store::shared(shared) }
        })
    }

    fn of(name: impl Into<String>, make: impl Fn(&Setup) -> Store + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            make: Arc::new(make),
            follows_clock: true,
            takes_capacity: false,
            django_eviction: false,
        }
    }

    /// Its name in the names of trials.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The store goes by a clock of its own and not by [`Setup::clock`]: cases that move time are skipped.
    #[must_use]
    pub fn own_clock(mut self) -> Self {
        self.follows_clock = false;
        self
    }

    /// The store keeps to [`Setup::capacity`].
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.takes_capacity = true;
        self
    }

    /// The store keeps to [`Setup::capacity`] and evicts as Django's locmem does with a cull frequency of 3.
    #[must_use]
    pub fn django_eviction(mut self) -> Self {
        self.takes_capacity = true;
        self.django_eviction = true;
        self
    }
}
