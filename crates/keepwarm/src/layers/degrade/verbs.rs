//! The verbs of a stack that degrades. Each asks the store unless what it is about is covered by something undelivered, and
//! gives its own answer where the store failed.

use std::time::Duration;

use super::pending::{Sureness, Undo};
use super::{Degraded, Shared, no_generations};
use crate::backend::{
    Abilities, Backend, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put, Refusal,
    Size, When,
};
use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

const DROPPED: Put = Put::Refused(Refusal::StoreDown);

fn miss<T>() -> Lookup<T> {
    Lookup::Miss(MissReason::StoreDown)
}

impl Shared {
    /// A write that is lost. What it would have replaced must not be read again: it goes, if it is still what the write was
    /// to replace. What was to be added replaces nothing.
    fn dropped(self: &std::sync::Arc<Self>, key: &Key<'_>, when: When, sureness: Sureness) -> Put {
        self.drop_writes(1);
        if when != When::Absent {
            self.owe(key, Undo::of(when), sureness);
        }
        DROPPED
    }

    /// A lease that could not be had. Who wanted to refresh meant that what is there is no longer good; what may have been
    /// granted unseen would hold others up.
    fn no_lease(self: &std::sync::Arc<Self>, key: &Key<'_>, claim: Claim, sureness: Sureness) -> Lease {
        if claim == Claim::Refresh || sureness == Sureness::Unsure {
            self.owe(key, Undo::Remove, sureness);
        }
        Lease::StoreDown
    }

    /// A count that is lost.
    fn uncounted(&self, delta: i64, create: Option<Entry>) -> Count {
        self.drop_writes(1);
        match create.map(|entry| entry.payload) {
            None => Count::Missing,
            Some(Payload::Integer(initial)) => initial.checked_add(delta).map_or(Count::Overflow, Count::Now),
            Some(_) => Count::NotAnInteger,
        }
    }
}

impl Shared {
    /// Those of the keys that nothing undelivered covers.
    fn uncovered<'k>(self: &std::sync::Arc<Self>, keys: &[Key<'k>]) -> Vec<Key<'k>> {
        keys.iter().filter(|key| !self.covers(key)).copied().collect()
    }
}

/// What was answered for those that were asked for, each in its place; the others are misses. Told apart by their place: what
/// came to be covered meanwhile was asked for before.
fn spread<T>(keys: &[Key<'_>], asked: &[Key<'_>], answers: Vec<Lookup<T>>) -> Vec<Lookup<T>> {
    if asked.len() == keys.len() && answers.len() == keys.len() {
        return answers;
    }
    let mut answers = asked.iter().map(Key::as_str).zip(answers).peekable();
    let lookup =
        |key: &Key<'_>| answers.next_if(|(asked, _)| *asked == key.as_str()).map_or_else(miss, |(_, found)| found);
    keys.iter().map(lookup).collect()
}

#[deny(clippy::missing_trait_methods)]
impl Backend for Degraded {
    fn kind(&self) -> &'static str {
        self.0.inner.kind()
    }

    fn abilities(&self) -> Abilities {
        self.0.inner.abilities()
    }

    fn housekeeping(&self) -> Housekeeping {
        let mut housekeeping = self.0.inner.housekeeping();
        self.0.health(&mut housekeeping.health);
        housekeeping
    }

    #[inline]
    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        if self.0.owes.load(std::sync::atomic::Ordering::SeqCst) {
            // Whether the key is covered is for `get` to find out.
            return None;
        }
        self.0.inner.glance(key, see)
    }

    #[inline]
    fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        if self.0.owes.load(std::sync::atomic::Ordering::SeqCst) {
            return None;
        }
        self.0.inner.add_in_place(key, delta)
    }

    #[inline]
    fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool> {
        if self.0.owes.load(std::sync::atomic::Ordering::SeqCst) {
            return None;
        }
        self.0.inner.remove_at_once(key)
    }

    fn put_at_once(&self, _key: &Parts<'_>, _value: Glimpse<'_>, _deadline: Deadline) -> Option<Result<Put>> {
        // A write that fails is owed: `put` keeps the books.
        None
    }

    async fn get(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        if self.0.covers(key) {
            return Ok(miss());
        }
        let found = self.0.answer(self.0.inner.get(key, hint).await)?;
        Ok(found.unwrap_or_else(|_| miss()))
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        let asked = self.0.uncovered(keys);
        if asked.is_empty() {
            return Ok(spread(keys, &[], Vec::new()));
        }
        let answers = self.0.answer(self.0.inner.get_many(&asked, hint).await)?.unwrap_or_default();
        Ok(spread(keys, &asked, answers))
    }

    async fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Entry>> {
        if self.0.covers(key) {
            return Ok(miss());
        }
        let found = self.0.answer(self.0.inner.entry(key, hint).await)?;
        Ok(found.unwrap_or_else(|_| miss()))
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        let asked = self.0.uncovered(keys);
        if asked.is_empty() {
            return Ok(spread(keys, &[], Vec::new()));
        }
        let answers = self.0.answer(self.0.inner.entries(&asked, hint).await)?.unwrap_or_default();
        Ok(spread(keys, &asked, answers))
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        if self.0.covers(key) {
            return Ok(self.0.dropped(key, when, Sureness::Sure));
        }
        let put = self.0.answer(self.0.inner.put(key, entry, when).await)?;
        Ok(put.unwrap_or_else(|sureness| self.0.dropped(key, when, sureness)))
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        let keys: Vec<Key<'_>> = entries.iter().map(|(key, _)| *key).collect();
        let covered: Vec<bool> = keys.iter().map(|key| self.0.covers(key)).collect();
        let sent = entries.into_iter().zip(&covered).filter(|(_, covered)| !**covered).map(|(entry, _)| entry);
        let sent: Vec<_> = sent.collect();
        let puts = if sent.is_empty() { Ok(Vec::new()) } else { self.0.answer(self.0.inner.put_many(sent).await)? };
        let sureness = puts.as_ref().err().copied();
        let mut puts = puts.unwrap_or_default().into_iter();
        let settle = |(key, covered): (&Key<'_>, bool)| match (covered, sureness) {
            (true, _) => self.0.dropped(key, When::Always, Sureness::Sure),
            (false, Some(sureness)) => self.0.dropped(key, When::Always, sureness),
            // A store that answers for fewer than it was asked for has not said that it kept the others.
            (false, None) => puts.next().unwrap_or_else(|| self.0.dropped(key, When::Always, Sureness::Unsure)),
        };
        Ok(keys.iter().zip(covered).map(settle).collect())
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        if self.0.covers(key) {
            self.0.owe(key, Undo::of(when), Sureness::Sure);
            return Ok(false);
        }
        let removed = self.0.answer(self.0.inner.remove(key, when).await)?;
        Ok(removed.unwrap_or_else(|sureness| {
            self.0.owe(key, Undo::of(when), sureness);
            false
        }))
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        let (covered, asked): (Vec<_>, Vec<_>) = keys.iter().partition(|key| self.0.covers(key));
        let owe = |keys: &[Key<'_>], sureness| keys.iter().for_each(|key| self.0.owe(key, Undo::Remove, sureness));
        owe(&covered, Sureness::Sure);
        if asked.is_empty() {
            return Ok(0);
        }
        let removed = self.0.answer(self.0.inner.remove_many(&asked).await)?;
        Ok(removed.unwrap_or_else(|sureness| {
            owe(&asked, sureness);
            0
        }))
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        if self.0.covers(key) {
            return Ok(self.0.uncounted(delta, create));
        }
        let counted = self.0.answer(self.0.inner.add_to(key, delta, create.clone()).await)?;
        Ok(counted.unwrap_or_else(|_| self.0.uncounted(delta, create)))
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        let deadline = create.deadline;
        if self.0.covers(key) {
            return Ok((self.0.uncounted(delta, Some(create)), deadline));
        }
        let counted = self.0.answer(self.0.inner.tally(key, delta, create.clone()).await)?;
        Ok(counted.unwrap_or_else(|_| (self.0.uncounted(delta, Some(create)), deadline)))
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        let locked = match self.0.covers(key) {
            true => Err(Sureness::Sure),
            false => self.0.answer(self.0.inner.lock(key, owner, locking).await)?,
        };
        Ok(locked.unwrap_or_else(|sureness| {
            // What may have been taken unseen would hold everybody up, and so would what could not be given back.
            if locking == Locking::Free || sureness == Sureness::Unsure {
                self.0.owe(key, Undo::Free(owner.into()), sureness);
            }
            match locking {
                Locking::Take(_) => Locked::StoreDown,
                Locking::Extend(_) | Locking::Free => Locked::Refused,
            }
        }))
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        let touched = if self.0.covers(key) {
            Err(Sureness::Sure)
        } else {
            self.0.answer(self.0.inner.touch(key, deadline).await)?
        };
        Ok(touched.unwrap_or_else(|_| {
            self.0.drop_writes(1);
            false
        }))
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        if self.0.covers(key) {
            return Ok(self.0.no_lease(key, claim, Sureness::Sure));
        }
        let lease = self.0.answer(self.0.inner.lease(key, markers, length, claim).await)?;
        Ok(lease.unwrap_or_else(|sureness| self.0.no_lease(key, claim, sureness)))
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        let released = self.0.answer(self.0.inner.release(key, stamp).await)?;
        if let Err(sureness) = released {
            self.0.owe(key, Undo::Release(stamp), sureness);
        }
        Ok(())
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        let generations = self.0.answer(self.0.inner.generations(markers).await)?;
        Ok(generations.unwrap_or_else(|_| no_generations(markers)))
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        let renewed = self.0.answer(self.0.inner.renew(markers).await)?;
        if renewed.is_err() {
            self.0.owe_markers(markers)?;
        }
        Ok(())
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        let cleared = self.0.answer(self.0.inner.clear(scope).await)?;
        if cleared.is_err() {
            self.0.owe_scope(scope);
        }
        Ok(())
    }

    async fn clear_store(&self) -> Result<()> {
        // Others' entries too: nobody expects those to go some time later, when others have stored new ones.
        self.0.inner.clear_store().await
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        let page = self.0.answer(self.0.inner.scan(scope, pattern, from).await)?;
        let mut page = page.unwrap_or_default();
        page.keys.retain(|key| !self.0.covers(&Key::new(key, scope)));
        Ok(page)
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        let inspection = self.0.answer(self.0.inner.inspect(key).await)?;
        let mut inspection = inspection.unwrap_or_default();
        if let Some(inspection) = inspection.as_mut().filter(|_| self.0.covers(key)) {
            inspection.dead = Some(MissReason::StoreDown);
        }
        Ok(inspection)
    }

    async fn size(&self) -> Result<Size> {
        Ok(self.0.answer(self.0.inner.size().await)?.unwrap_or_default())
    }

    async fn close(&self) -> Result<()> {
        self.0.answer(self.0.inner.close().await)?.unwrap_or_default();
        Ok(())
    }
}
