//! One store for several aliases.

use std::time::Duration;

use keepwarm::backend::{
    Abilities, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put, Size, When,
};
use keepwarm::entry::{Entry, Generation, Marker, Stamp};
use keepwarm::key::{Key, Parts, Pattern, Scope};
use keepwarm::layers::Stack;
use keepwarm::{Backend, Deadline, Glimpse, Payload, Result};

/// A handle on a store that several caches, with prefixes of their own, look into; clones are the same store.
///
/// ```
/// use keepwarm::backends::dummy::Dummy;
/// use keepwarm::Cache;
/// use keepwarm_conformance::kit::Shared;
///
/// let store = Shared::new(Dummy);
/// let pages = Cache::builder().backend(store.clone()).key_prefix("pages").build()?;
/// let sessions = Cache::builder().backend(store).key_prefix("sessions").build()?;
/// # let _ = (pages, sessions);
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Clone)]
pub struct Shared(Stack);

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Shared").field(&self.0.kind()).finish()
    }
}

impl Shared {
    /// Makes a store shareable.
    pub fn new(backend: impl Backend) -> Self {
        Self(Stack::new(backend))
    }
}

impl From<Stack> for Shared {
    fn from(stack: Stack) -> Self {
        Self(stack)
    }
}

#[deny(clippy::missing_trait_methods)]
impl Backend for Shared {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn abilities(&self) -> Abilities {
        self.0.abilities()
    }

    fn housekeeping(&self) -> Housekeeping {
        self.0.housekeeping()
    }

    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        self.0.glance(key, see)
    }

    fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        self.0.add_in_place(key, delta)
    }

    fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool> {
        self.0.remove_at_once(key)
    }

    fn put_at_once(&self, key: &Parts<'_>, value: Glimpse<'_>, deadline: Deadline) -> Option<Result<Put>> {
        self.0.put_at_once(key, value, deadline)
    }

    async fn get(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        self.0.get(key, hint).await
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        self.0.get_many(keys, hint).await
    }

    async fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Entry>> {
        self.0.entry(key, hint).await
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        self.0.entries(keys, hint).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        self.0.put(key, entry, when).await
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        self.0.put_many(entries).await
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        self.0.remove(key, when).await
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        self.0.remove_many(keys).await
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        self.0.add_to(key, delta, create).await
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        self.0.tally(key, delta, create).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        self.0.lock(key, owner, locking).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        self.0.touch(key, deadline).await
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        self.0.lease(key, markers, length, claim).await
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.0.release(key, stamp).await
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        self.0.generations(markers).await
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        self.0.renew(markers).await
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.0.clear(scope).await
    }

    async fn clear_store(&self) -> Result<()> {
        self.0.clear_store().await
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        self.0.scan(scope, pattern, from).await
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        self.0.inspect(key).await
    }

    async fn size(&self) -> Result<Size> {
        self.0.size().await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}
