//! Layers that do the same around every verb: one implementation of the door for all of them.

use std::future::Future;
use std::time::Duration;

use super::{Layer, Stack};
use crate::backend::{
    Abilities, Backend, Claim, Count, Health, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put,
    Size, When,
};
use crate::entry::{Entry, Generation, Marker, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// What is done around every verb of a [`Guarded`] stack, whichever it is.
pub trait Guard: Send + Sync + 'static {
    /// Carries out a verb, which begins when `begin` is called, or answers in its place.
    ///
    /// A store that never waits has done its work when `begin` returns, or at the first poll after it. A guard that waits by
    /// itself must not stand around such a store, which promises to be ready at the first poll.
    fn pass<T: Send + Unpin, F: Future<Output = Result<T>> + Send>(
        &self,
        begin: impl FnOnce() -> F + Send,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Adds what this layer knows to the health of the stack.
    fn health(&self, health: &mut Health);
}

/// One guard within another: two layers that cost a call one future, and not a box for each.
#[derive(Debug, Clone)]
pub struct Nested<O, I> {
    outer: O,
    inner: I,
}

impl<O: Guard, I: Guard> Guard for Nested<O, I> {
    async fn pass<T: Send + Unpin, F: Future<Output = Result<T>> + Send>(
        &self,
        begin: impl FnOnce() -> F + Send,
    ) -> Result<T> {
        self.outer.pass(move || self.inner.pass(begin)).await
    }

    fn health(&self, health: &mut Health) {
        self.inner.health(health);
        self.outer.health(health);
    }
}

/// Two guards as one layer, the second around the first.
///
/// ```
/// use keepwarm::Cache;
/// use keepwarm::layers::{Breaker, CallDeadline};
///
/// # let store = keepwarm::backends::dummy::Dummy;
/// let cache = Cache::builder().backend(store).layer((CallDeadline::default(), Breaker::new())).build()?;
/// assert_eq!(cache.stats().wait()?.health.breaker.map(|state| state.name()), Some("closed"));
/// # Ok::<(), keepwarm::Error>(())
/// ```
impl<I, O, GuardI, GuardO> Layer for (I, O)
where
    I: Layer<Wrapped = Guarded<GuardI>>,
    O: Layer<Wrapped = Guarded<GuardO>>,
    GuardI: Guard + Clone,
    GuardO: Guard,
{
    type Wrapped = Guarded<Nested<GuardO, GuardI>>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        let first = self.0.wrap(inner.clone());
        let guard = first.guard.clone();
        // What the second asks by itself goes through the first.
        let second = self.1.wrap(Stack::new(first));
        Guarded::around(inner, Nested { outer: second.guard, inner: guard })
    }
}

/// A stack with a [`Guard`] around every verb.
#[derive(Clone)]
pub struct Guarded<G> {
    inner: Stack,
    guard: G,
}

impl<G: Guard> Guarded<G> {
    /// Puts `guard` around `inner`.
    pub fn around(inner: Stack, guard: G) -> Self {
        Self { inner, guard }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<G: Guard> Backend for Guarded<G> {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    fn housekeeping(&self) -> Housekeeping {
        let mut housekeeping = self.inner.housekeeping();
        self.guard.health(&mut housekeeping.health);
        housekeeping
    }

    #[inline]
    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        // What answers at a glance lies in this process: it is neither slow nor down.
        self.inner.glance(key, see)
    }

    #[inline]
    fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        self.inner.add_in_place(key, delta)
    }

    #[inline]
    fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool> {
        self.inner.remove_at_once(key)
    }

    fn put_at_once(&self, _key: &Parts<'_>, _value: Glimpse<'_>, _deadline: Deadline) -> Option<Result<Put>> {
        // A write can fail, and the guard is to hear of it.
        None
    }

    async fn get(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        self.guard.pass(|| self.inner.get(key, hint)).await
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        self.guard.pass(|| self.inner.get_many(keys, hint)).await
    }

    async fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Entry>> {
        self.guard.pass(|| self.inner.entry(key, hint)).await
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        self.guard.pass(|| self.inner.entries(keys, hint)).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        self.guard.pass(|| self.inner.put(key, entry, when)).await
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        self.guard.pass(|| self.inner.put_many(entries)).await
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        self.guard.pass(|| self.inner.remove(key, when)).await
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        self.guard.pass(|| self.inner.remove_many(keys)).await
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        self.guard.pass(|| self.inner.add_to(key, delta, create)).await
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        self.guard.pass(|| self.inner.tally(key, delta, create)).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        self.guard.pass(|| self.inner.lock(key, owner, locking)).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        self.guard.pass(|| self.inner.touch(key, deadline)).await
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        self.guard.pass(|| self.inner.lease(key, markers, length, claim)).await
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.guard.pass(|| self.inner.release(key, stamp)).await
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        self.guard.pass(|| self.inner.generations(markers)).await
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        self.guard.pass(|| self.inner.renew(markers)).await
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.guard.pass(|| self.inner.clear(scope)).await
    }

    async fn clear_store(&self) -> Result<()> {
        self.guard.pass(|| self.inner.clear_store()).await
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        self.guard.pass(|| self.inner.scan(scope, pattern, from)).await
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        self.guard.pass(|| self.inner.inspect(key)).await
    }

    async fn size(&self) -> Result<Size> {
        self.guard.pass(|| self.inner.size()).await
    }

    async fn close(&self) -> Result<()> {
        // What is given back is given back whether the store answers or not.
        self.inner.close().await
    }
}
