//! A whole backend out of four methods: every verb of the door, on the user's store.

use std::time::Duration;

use super::entries::Found;
use super::markers::{marker_key, scope_key};
use super::{Adapter, Custom};
use crate::backend::{
    Abilities, Backend, Claim, Count, Fence, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put,
    Refusal, Sharing, Size, When, derived,
};
use crate::codec::Codec;
use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};
use crate::random::fresh;
use crate::wire::{Content, Envelope};

impl<C: Custom> Adapter<C> {
    async fn scope(&self, key: &Key<'_>) -> Result<Generation> {
        self.generation_or_new(&scope_key(key.scope())).await
    }

    /// What a read answers: the live entry, or what `part` takes of it.
    async fn look<T>(&self, key: &Key<'_>, part: impl FnOnce(Entry) -> T) -> Result<Lookup<T>> {
        Ok(match self.load(key).await? {
            Found::Live(envelope) => match envelope.into_entry(self.time.anchor()) {
                Ok(entry) => Lookup::Hit(part(entry)),
                Err(_) => Lookup::Miss(MissReason::Undecodable),
            },
            Found::Dead(_, reason) => Lookup::Miss(reason),
            Found::Foreign(_) => Lookup::Miss(MissReason::Undecodable),
            Found::Nothing => Lookup::Miss(MissReason::Absent),
        })
    }

    /// The envelope of an entry that is to be written now.
    fn envelope(&self, entry: &Entry, scope: Generation) -> Result<Envelope> {
        // Objects do not come here, as the abilities say; one that did would be encoded as the default says.
        let envelope = Envelope::of(entry, self.time.anchor(), Codec::default())?;
        Ok(Envelope { stamp: Some(Stamp(fresh())), scope: Some(scope), ..envelope })
    }
}

impl<C: Custom> Backend for Adapter<C> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            sharing: self.sharing,
            atomic: Sharing::Process,
            durable: self.durable,
            never_waits: false,
            keeps_objects: false,
            keeps: true,
            scans: false,
            markers: true,
            resolution: Duration::from_millis(1),
            largest_value: None,
            strict_keys: None,
        }
    }

    fn glance(&self, _key: &Parts<'_>, _see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
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

    async fn get(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Payload>> {
        self.look(key, |entry| entry.payload).await
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        let mut lookups = Vec::with_capacity(keys.len());
        for key in keys {
            lookups.push(self.get(key, hint).await?);
        }
        Ok(lookups)
    }

    async fn entry(&self, key: &Key<'_>, _hint: &[Marker]) -> Result<Lookup<Entry>> {
        self.look(key, |entry| entry).await
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        derived::entries(self, keys, hint).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        // Generations are compared before the write and again at every read: one that moves on in between makes the
        // entry a miss.
        if self.moved_on(entry.marks.as_deref().unwrap_or_default()).await?.is_some() {
            if when == When::Always {
                // What is there is older than what is refused.
                self.remove(key, When::Always).await?;
            }
            return Ok(Put::Refused(Refusal::Overtaken));
        }
        let scope = self.scope(key).await?;
        let envelope = self.envelope(&entry, scope)?;
        let mut leases = self.stripes.lock(key.as_str()).await;
        if !self.holds(key, &leases, when, scope).await? {
            return Ok(Put::Refused(Refusal::Condition));
        }
        leases.end(key.as_str());
        if entry.deadline.has_passed(self.time.now()) {
            self.erase(key.as_str()).await?;
            return Ok(Put::Refused(Refusal::NotKept));
        }
        self.save(key, &envelope).await?;
        Ok(Put::Stored)
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        let mut puts = Vec::with_capacity(entries.len());
        for (key, entry) in entries {
            puts.push(self.put(&key, entry, When::Always).await?);
        }
        Ok(puts)
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        let mut leases = self.stripes.lock(key.as_str()).await;
        let found = self.load(key).await?;
        let holds = match (when, &found) {
            (When::Always, _) => true,
            (When::Absent, found) => !found.is_live(),
            (When::Present, found) => found.is_live(),
            (When::Unchanged(stamp), Found::Live(envelope)) => envelope.stamp == Some(stamp),
            (When::Unchanged(stamp), _) => leases.has(key.as_str(), stamp),
        };
        if !holds {
            return Ok(false);
        }
        leases.end(key.as_str());
        // What is dead takes room for nothing, so it goes too.
        let erased = !matches!(found, Found::Nothing) && self.erase(key.as_str()).await?;
        Ok(erased && found.is_live())
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        let mut removed = 0;
        for key in keys {
            removed += usize::from(self.remove(key, When::Always).await?);
        }
        Ok(removed)
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        let mut leases = self.stripes.lock(key.as_str()).await;
        if let Some(envelope) = self.load(key).await?.live() {
            let Content::Integer(number) = envelope.content else { return Ok(Count::NotAnInteger) };
            let Some(sum) = number.checked_add(delta) else { return Ok(Count::Overflow) };
            // Another identity: a compare-and-swap that read the old number must fail. The deadline stays as it lies in
            // the store, to the millisecond, however often it is counted.
            let stamp = Some(Stamp(fresh()));
            leases.end(key.as_str());
            self.save(key, &Envelope { content: Content::Integer(sum), stamp, ..envelope }).await?;
            return Ok(Count::Now(sum));
        }
        let Some(mut entry) = create else { return Ok(Count::Missing) };
        let Payload::Integer(initial) = entry.payload else { return Ok(Count::NotAnInteger) };
        let Some(sum) = initial.checked_add(delta) else { return Ok(Count::Overflow) };
        entry.payload = Payload::Integer(sum);
        let scope = self.scope(key).await?;
        let envelope = self.envelope(&entry, scope)?;
        leases.end(key.as_str());
        if !entry.deadline.has_passed(self.time.now()) {
            self.save(key, &envelope).await?;
        }
        Ok(Count::Now(sum))
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        derived::tally(self, key, delta, create).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        derived::lock(self, key, owner, locking).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        let _writing = self.stripes.lock(key.as_str()).await;
        let Some(envelope) = self.load(key).await?.live() else { return Ok(false) };
        if deadline.has_passed(self.time.now()) {
            self.erase(key.as_str()).await?;
        } else {
            let hard_deadline = self.time.deadline(deadline);
            self.save(key, &Envelope { hard_deadline, ..envelope }).await?;
        }
        Ok(true)
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        // Before the grant: what is invalidated after this makes the fill a refusal, never a wrong hit.
        let generations = self.generations(markers).await?;
        let scope = self.scope(key).await?;
        let stamp = Stamp(fresh());
        let mut leases = self.stripes.lock(key.as_str()).await;
        let found = self.load(key).await?;
        let now = self.time.now();
        match (claim, found) {
            (Claim::Missing, Found::Live(envelope)) => {
                if let Ok(entry) = envelope.into_entry(self.time.anchor()) {
                    return Ok(Lease::Hit(entry.payload));
                }
            }
            (Claim::Missing, _) => {
                if leases.is_held(key.as_str(), now, scope) {
                    return Ok(Lease::Held);
                }
            }
            (Claim::Refresh, Found::Live(envelope)) => {
                leases.end(key.as_str());
                self.save(key, &Envelope { stamp: Some(stamp), ..envelope }).await?;
            }
            (Claim::Refresh, _) => {}
        }
        leases.grant(key.as_str(), stamp, now, now.saturating_add(length), scope);
        Ok(Lease::Granted(Fence { stamp, generations }))
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        let mut leases = self.stripes.lock(key.as_str()).await;
        if leases.has(key.as_str(), stamp) {
            leases.end(key.as_str());
        }
        Ok(())
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        let mut generations = Vec::with_capacity(markers.len());
        for marker in markers {
            generations.push(self.generation_or_new(&marker_key(marker)).await?);
        }
        Ok(generations)
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        for marker in markers {
            self.renew_generation(&marker_key(marker)).await?;
        }
        Ok(())
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.renew_generation(&scope_key(scope)).await
    }

    async fn clear_store(&self) -> Result<()> {
        // The scopes' generations go with the rest, which ends every lease.
        self.store.clear().await.map_err(|error| self.clear_failed(error))
    }

    async fn scan(&self, _scope: &Scope, _pattern: &Pattern, _from: u64) -> Result<Page> {
        let reason = "a custom store of four methods cannot list its keys; implement `Backend` itself for that";
        Err(Error::new(ErrorKind::Unsupported, reason).with_backend(self.kind))
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        let (envelope, dead) = match self.load(key).await? {
            Found::Nothing => return Ok(None),
            Found::Live(envelope) => (envelope, None),
            Found::Dead(envelope, reason) => (envelope, Some(reason)),
            // Shown as the bytes they are; nothing else is known of them.
            Found::Foreign(bytes) => {
                (Envelope::new(Content::Value(Codec::default(), bytes)), Some(MissReason::Undecodable))
            }
        };
        let mut generations = Vec::new();
        for mark in envelope.marks.as_deref().unwrap_or_default() {
            generations.push(self.generation(&marker_key(&mark.marker)).await?);
        }
        let entry = envelope.into_entry(self.time.anchor());
        Ok(entry.ok().map(|entry| Inspection { entry, dead, generations }))
    }

    async fn size(&self) -> Result<Size> {
        Ok(Size::default())
    }

    fn housekeeping(&self) -> Housekeeping {
        Housekeeping::default()
    }

    async fn close(&self) -> Result<()> {
        // The store is the user's: the adapter has opened nothing.
        Ok(())
    }
}
