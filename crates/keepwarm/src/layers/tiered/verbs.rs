//! The verbs of a store with a near tier: single reads look near first, and what is written is forgotten near.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::near::Near;
use super::{Shared, Tiers};
use crate::backend::{
    Abilities, Backend, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, NearTier, Page, Put,
    Size, When,
};
use crate::blocking::poll_once;
use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// Forgets near what a verb changed, when the verb is over: after the store has done it and before its caller knows. Also
/// when it failed or was dropped, because it may have taken effect.
struct Forget<'a>(&'a Shared, What<'a>);

enum What<'a> {
    Key(&'a Key<'a>),
    Keys(&'a [Key<'a>]),
    Markers(&'a [Marker]),
    Scope(&'a Scope),
    Everything,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let Self(shared, what) = self;
        match what {
            What::Key(key) => shared.forget(key),
            What::Keys(keys) => keys.iter().for_each(|key| shared.forget(key)),
            What::Markers(markers) => markers.iter().for_each(|marker| shared.forget_marker(marker)),
            What::Scope(scope) => shared.forget_scope(scope),
            What::Everything => shared.forget_everything(),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Backend for Tiers {
    fn kind(&self) -> &'static str {
        self.0.far.kind()
    }

    fn abilities(&self) -> Abilities {
        self.0.far.abilities()
    }

    fn housekeeping(&self) -> Housekeeping {
        let mut housekeeping = self.0.far.housekeeping();
        let size = poll_once(self.0.near.size()).unwrap_or_default();
        housekeeping.health.near = Some(NearTier {
            watching: self.0.watching.load(Ordering::SeqCst),
            entries: size.entries.unwrap_or_default(),
            fetches: self.0.fetches.load(Ordering::Relaxed),
            overtaken: self.0.overtaken.load(Ordering::Relaxed),
        });
        housekeeping
    }

    #[inline]
    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        if !self.0.watching.load(Ordering::Acquire) {
            return None;
        }
        // A miss near is a question to the store.
        self.0.near.glance(key, see).filter(|found| matches!(found, Lookup::Hit(())))
    }

    fn add_in_place(&self, _key: &Parts<'_>, _delta: i64) -> Option<i64> {
        // A count is a question to the store.
        None
    }

    fn remove_at_once(&self, _key: &Parts<'_>) -> Option<bool> {
        // It has to be said to the store.
        None
    }

    fn put_at_once(&self, _key: &Parts<'_>, _value: Glimpse<'_>, _deadline: Deadline) -> Option<Result<Put>> {
        // What lies near has to go with it.
        None
    }

    async fn get(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        let token = match self.0.look(key) {
            Near::Hit(payload) => return Ok(Lookup::Hit(payload)),
            Near::Fetch(Some(token)) => token,
            Near::Fetch(None) => return self.0.far.get(key, hint).await,
        };
        Ok(match self.0.far.entry(key, hint).await? {
            Lookup::Miss(reason) => Lookup::Miss(reason),
            Lookup::Hit(mut entry) => {
                let payload = std::mem::replace(&mut entry.payload, Payload::Integer(0)).remembering();
                self.0.keep(&token, &entry, payload.clone());
                Lookup::Hit(payload)
            }
        })
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        let mut answers = Vec::with_capacity(keys.len());
        let mut fetched = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            answers.push(match self.0.look(key) {
                Near::Hit(payload) => Lookup::Hit(payload),
                Near::Fetch(token) => {
                    fetched.push((at, *key, token));
                    Lookup::Miss(MissReason::Absent)
                }
            });
        }
        let asked: Vec<Key<'_>> = fetched.iter().map(|(_, key, _)| *key).collect();
        if asked.is_empty() {
            return Ok(answers);
        }
        if fetched.iter().all(|(.., token)| token.is_none()) {
            // Nothing is kept: values alone are enough.
            let found = self.0.far.get_many(&asked, hint).await?;
            fetched.into_iter().zip(found).for_each(|((at, ..), found)| answers[at] = found);
            return Ok(answers);
        }
        let found = self.0.far.entries(&asked, hint).await?;
        for ((at, _, token), found) in fetched.into_iter().zip(found) {
            answers[at] = match found {
                Lookup::Miss(reason) => Lookup::Miss(reason),
                Lookup::Hit(mut entry) => {
                    let payload = std::mem::replace(&mut entry.payload, Payload::Integer(0)).remembering();
                    if let Some(token) = &token {
                        self.0.keep(token, &entry, payload.clone());
                    }
                    Lookup::Hit(payload)
                }
            };
        }
        Ok(answers)
    }

    async fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Entry>> {
        // Its stamp and deadline are the store's.
        self.0.far.entry(key, hint).await
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        self.0.far.entries(keys, hint).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        let _forget = Forget(&self.0, What::Key(key));
        self.0.far.put(key, entry, when).await
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        let keys: Vec<Key<'_>> = entries.iter().map(|(key, _)| *key).collect();
        let _forget = Forget(&self.0, What::Keys(&keys));
        self.0.far.put_many(entries).await
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        let _forget = Forget(&self.0, What::Key(key));
        self.0.far.remove(key, when).await
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        let _forget = Forget(&self.0, What::Keys(keys));
        self.0.far.remove_many(keys).await
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        let _forget = Forget(&self.0, What::Key(key));
        self.0.far.add_to(key, delta, create).await
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        let _forget = Forget(&self.0, What::Key(key));
        self.0.far.tally(key, delta, create).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        // Locks are never read near.
        self.0.far.lock(key, owner, locking).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        let _forget = Forget(&self.0, What::Key(key));
        self.0.far.touch(key, deadline).await
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        self.0.far.lease(key, markers, length, claim).await
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.0.far.release(key, stamp).await
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        self.0.far.generations(markers).await
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        let _forget = Forget(&self.0, What::Markers(markers));
        self.0.far.renew(markers).await
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        let _forget = Forget(&self.0, What::Scope(scope));
        self.0.far.clear(scope).await
    }

    async fn clear_store(&self) -> Result<()> {
        let _forget = Forget(&self.0, What::Everything);
        self.0.far.clear_store().await
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        self.0.far.scan(scope, pattern, from).await
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        self.0.far.inspect(key).await
    }

    async fn size(&self) -> Result<Size> {
        self.0.far.size().await
    }

    async fn close(&self) -> Result<()> {
        self.0.far.close().await
    }
}
