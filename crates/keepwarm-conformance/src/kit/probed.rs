//! A backend that lets a probe look at, hold, refuse and distort every verb of an inner one.

use std::future::Future;
use std::time::Duration;

use keepwarm::backend::{
    Abilities, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put, Size, When,
};
use keepwarm::entry::{Entry, Generation, Marker, Stamp};
use keepwarm::key::{Key, Parts, Pattern, Scope};
use keepwarm::{Backend, Deadline, Glimpse, Payload, Result};

use super::{Call, Verb};

/// An answer on its way back, for a probe that distorts.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer<'a> {
    /// Of `get`.
    Lookup(&'a mut Lookup<Payload>),
    /// Of `get_many`.
    Lookups(&'a mut Vec<Lookup<Payload>>),
    /// Of `entry`.
    Entry(&'a mut Lookup<Entry>),
    /// Of `entries`.
    Entries(&'a mut Vec<Lookup<Entry>>),
    /// Of `put`.
    Put(&'a mut Put),
    /// Of `put_many`.
    Puts(&'a mut Vec<Put>),
    /// Of `lease`.
    Lease(&'a mut Lease),
    /// Of `generations`.
    Generations(&'a mut Vec<Generation>),
    /// Of any other verb.
    Other,
}

/// What is done before and after each verb of a [`Probed`] backend.
pub trait Probe: Send + Sync + 'static {
    /// Whether [`before`](Self::before) or [`after`](Self::after) may wait. The backend then no longer says of itself
    /// that it never does.
    fn waits(&self) -> bool;

    /// What the backend is said to be able to do.
    fn abilities(&self, inner: Abilities) -> Abilities;

    /// Runs before the verb; an error takes the verb's place.
    fn before(&self, call: &Call) -> impl Future<Output = Result<()>> + Send;

    /// Runs after the verb, when it has taken effect; an error takes its answer's place.
    fn after(&self, call: &Call) -> impl Future<Output = Result<()>> + Send;

    /// May change the answer.
    fn distort(&self, call: &Call, answer: Answer<'_>);
}

/// A backend around another, with a [`Probe`] at the door.
#[derive(Debug, Clone)]
pub struct Probed<B, P> {
    inner: B,
    probe: P,
}

impl<B: Backend, P: Probe> Probed<B, P> {
    /// Puts `probe` before `inner`.
    pub fn around(inner: B, probe: P) -> Self {
        Self { inner, probe }
    }

    /// Carries out one verb between the probe's hooks.
    async fn pass<T>(
        &self,
        call: Call,
        verb: impl Future<Output = Result<T>> + Send,
        look: impl FnOnce(&mut T) -> Answer<'_> + Send,
    ) -> Result<T> {
        self.probe.before(&call).await?;
        let mut answer = verb.await?;
        self.probe.after(&call).await?;
        self.probe.distort(&call, look(&mut answer));
        Ok(answer)
    }
}

fn other<T>(_answer: &mut T) -> Answer<'_> {
    Answer::Other
}

#[deny(clippy::missing_trait_methods)]
impl<B: Backend, P: Probe> Backend for Probed<B, P> {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn abilities(&self) -> Abilities {
        let mut abilities = self.probe.abilities(self.inner.abilities());
        abilities.never_waits &= !self.probe.waits();
        abilities
    }

    fn housekeeping(&self) -> Housekeeping {
        self.inner.housekeeping()
    }

    fn glance(&self, _key: &Parts<'_>, _see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        // Every read goes through `get`, past the probe.
        None
    }

    fn add_in_place(&self, _key: &Parts<'_>, _delta: i64) -> Option<i64> {
        None
    }

    fn remove_at_once(&self, _key: &Parts<'_>) -> Option<bool> {
        None
    }

    fn put_at_once(&self, _key: &Parts<'_>, _value: Glimpse<'_>, _deadline: Deadline) -> Option<Result<Put>> {
        None
    }

    async fn get(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        self.pass(Call::keys(Verb::Get, [key]), self.inner.get(key, hint), |answer| Answer::Lookup(answer)).await
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        let call = Call::keys(Verb::GetMany, keys);
        self.pass(call, self.inner.get_many(keys, hint), |answer| Answer::Lookups(answer)).await
    }

    async fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Entry>> {
        self.pass(Call::keys(Verb::Entry, [key]), self.inner.entry(key, hint), |answer| Answer::Entry(answer)).await
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        let call = Call::keys(Verb::Entries, keys);
        self.pass(call, self.inner.entries(keys, hint), |answer| Answer::Entries(answer)).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        let call = Call::keys(Verb::Put, [key]).when(when);
        self.pass(call, self.inner.put(key, entry, when), |answer| Answer::Put(answer)).await
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        let call = Call::keys(Verb::PutMany, entries.iter().map(|(key, _)| key));
        self.pass(call, self.inner.put_many(entries), |answer| Answer::Puts(answer)).await
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        self.pass(Call::keys(Verb::Remove, [key]).when(when), self.inner.remove(key, when), other).await
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        self.pass(Call::keys(Verb::RemoveMany, keys), self.inner.remove_many(keys), other).await
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        self.pass(Call::keys(Verb::AddTo, [key]), self.inner.add_to(key, delta, create), other).await
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        self.pass(Call::keys(Verb::Tally, [key]), self.inner.tally(key, delta, create), other).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        self.pass(Call::keys(Verb::Lock, [key]), self.inner.lock(key, owner, locking), other).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        self.pass(Call::keys(Verb::Touch, [key]), self.inner.touch(key, deadline), other).await
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        let call = Call::keys(Verb::Lease, [key]);
        self.pass(call, self.inner.lease(key, markers, length, claim), |answer| Answer::Lease(answer)).await
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.pass(Call::keys(Verb::Release, [key]), self.inner.release(key, stamp), other).await
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        let call = Call::markers(Verb::Generations, markers);
        self.pass(call, self.inner.generations(markers), |answer| Answer::Generations(answer)).await
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        self.pass(Call::markers(Verb::Renew, markers), self.inner.renew(markers), other).await
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.pass(Call::named(Verb::Clear, scope.prefix()), self.inner.clear(scope), other).await
    }

    async fn clear_store(&self) -> Result<()> {
        self.pass(Call::new(Verb::ClearStore), self.inner.clear_store(), other).await
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        self.pass(Call::named(Verb::Scan, pattern.as_str()), self.inner.scan(scope, pattern, from), other).await
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        self.pass(Call::keys(Verb::Inspect, [key]), self.inner.inspect(key), other).await
    }

    async fn size(&self) -> Result<Size> {
        self.pass(Call::new(Verb::Size), self.inner.size(), other).await
    }

    async fn close(&self) -> Result<()> {
        self.pass(Call::new(Verb::Close), self.inner.close(), other).await
    }
}
