//! The verbs of a store in memory-mapped files.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use keepwarm_engine::{self as engine, MarkRef, Store, ValueRef, Write};

use super::FileOptions;
use super::options::Cull;
use super::time::{Now, StoreTime};
use super::values::{
    condition, entry, failed, full, glimpse, kind_number, lookup, marker, not_opened, payload, put, reason, record,
};
use crate::backend::{Claim, Count, Fence, Housekeeping, Inspection, Lease, Lookup, Page, Put, Size, When};
use crate::clock::Clock;
use crate::codec::{Codec, EncodedRef};
use crate::entry::{Entry, Generation, Marker, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, KeyBuffer, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// So many scopes have their hash kept; a program has a handful.
const SCOPES: usize = 16;

pub(super) struct Mapped {
    store: Store,
    cull: Option<Cull>,
    time: StoreTime,
    scopes: [OnceLock<engine::Scope>; SCOPES],
}

impl Mapped {
    pub(super) fn open(options: &FileOptions, clock: Clock) -> Result<Self> {
        let store = Store::new(options.engine()?);
        store.open().map_err(|error| not_opened(error, &options.location))?;
        Ok(Self { store, cull: options.cull, time: StoreTime::new(clock), scopes: Default::default() })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.store.options().directory
    }

    #[inline]
    pub(super) fn is_durable(&self) -> bool {
        self.store.options().durable
    }

    #[inline]
    pub(super) fn largest_value(&self) -> u64 {
        self.store.options().largest_value()
    }

    #[inline]
    fn now(&self) -> Result<Now> {
        self.time.now(&self.store)
    }

    #[inline]
    fn scope(&self, scope: &Scope) -> engine::Scope {
        match self.scopes.get(scope.index() as usize) {
            Some(kept) => *kept.get_or_init(|| engine::Scope::of(scope.prefix())),
            None => engine::Scope::of(scope.prefix()),
        }
    }

    /// Looks a key up and shows its value where the engine copied it to: nothing is allocated for a value that is not kept.
    /// Whatever fails is left to `get` to say.
    #[inline]
    pub(super) fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        let mut buffer = KeyBuffer::new();
        let joined = key.join(&mut buffer).as_bytes();
        let show = |value: ValueRef<'_>| glimpse(value).map(see);
        let found = self.store.see(self.scope(key.scope()), joined, self.now().ok()?.millis(), show);
        Some(lookup(found.ok()?, |known| known))
    }

    /// Adds to an integer that is there. Whatever is not that, and whatever fails, is left to `add_to`.
    #[inline]
    pub(super) fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
        let mut buffer = KeyBuffer::new();
        let joined = key.join(&mut buffer).as_bytes();
        match self.store.add(self.scope(key.scope()), joined, delta, None, self.now().ok()?.millis()) {
            Ok(engine::Count::Now(number)) => Some(number),
            _ => None,
        }
    }

    /// Stores a value that is its caller's, without marks and in any case. What has to be encoded first is left to `put`.
    #[inline]
    pub(super) fn put_at_once(&self, key: &Parts<'_>, value: Glimpse<'_>, deadline: Deadline) -> Option<Result<Put>> {
        let now = self.now().ok()?;
        let bytes;
        let value = match value {
            Glimpse::Integer(number) => ValueRef::Integer(number),
            Glimpse::Lent(codec, encoded) => {
                let (codec, with_head) = record(codec, encoded);
                bytes = with_head;
                ValueRef::Bytes { codec, bytes: &bytes }
            }
            Glimpse::Bytes(..) | Glimpse::Object(_) => return None,
        };
        let write = Write {
            value,
            deadline: now.deadline(deadline),
            written: now.millis(),
            marks: &[],
            condition: engine::Condition::Always,
        };
        let mut buffer = KeyBuffer::new();
        let joined = key.join(&mut buffer).as_bytes();
        let scope = self.scope(key.scope());
        let place = self.make_place(scope, joined, When::Always, now);
        let stored = place.and_then(|()| self.store.put(scope, joined, &write, now.millis()));
        Some(stored.map(put).map_err(failed))
    }

    #[inline]
    pub(super) fn get(&self, key: &Key<'_>) -> Result<Lookup<Payload>> {
        let found = self.store.get(self.scope(key.scope()), key.as_str().as_bytes(), self.now()?.millis());
        Ok(lookup(found.map_err(failed)?, payload))
    }

    pub(super) fn entry(&self, key: &Key<'_>) -> Result<Lookup<Entry>> {
        let now = self.now()?;
        let found = self.store.entry(self.scope(key.scope()), key.as_str().as_bytes(), now.millis());
        Ok(lookup(found.map_err(failed)?, |found| entry(found, now)))
    }

    /// Hands an entry to the engine in its own form.
    fn with_write<T>(&self, entry: &Entry, when: When, now: Now, work: impl FnOnce(&Write<'_>) -> T) -> Result<T> {
        let encoded;
        let payload = match &entry.payload {
            // Objects do not come here, as the abilities say; one that did would be encoded as the default says.
            object @ Payload::Object(_) => {
                encoded = object.clone().encoded(Codec::default())?;
                &encoded
            }
            other => other,
        };
        let bytes;
        let value = match payload {
            Payload::Integer(number) => ValueRef::Integer(*number),
            Payload::Bytes(codec, encoded) => {
                let (codec, with_head) = record(*codec, EncodedRef::from(&**encoded));
                bytes = with_head;
                ValueRef::Bytes { codec, bytes: &bytes }
            }
            Payload::Object(_) => unreachable!("it was encoded just now"),
        };
        let marks: Vec<_> = entry
            .marks
            .as_deref()
            .unwrap_or_default()
            .iter()
            .map(|mark| MarkRef {
                kind: kind_number(mark.marker.kind()),
                name: mark.marker.name(),
                generation: mark.generation.0,
            })
            .collect();
        Ok(work(&Write {
            value,
            deadline: now.deadline(entry.deadline),
            written: now.written(entry.written),
            marks: &marks,
            condition: condition(when),
        }))
    }

    /// Before a write that may add an entry: makes place for it, where that is done as Django does it.
    #[inline]
    fn make_place(&self, scope: engine::Scope, key: &[u8], when: When, now: Now) -> engine::Result<()> {
        let Some(cull) = self.cull else { return Ok(()) };
        if cull.due(self.store.size(now.millis())?.entries) == 0 {
            return Ok(());
        }
        // Django looks before it writes, also in place of what is there; but what is refused or only changed takes no place.
        let adds = || -> engine::Result<bool> {
            Ok(matches!(self.store.see(scope, key, now.millis(), |_| ())?, engine::Lookup::Miss(_)))
        };
        if when == When::Always || adds()? {
            self.store.make_place(now.millis(), |entries| cull.due(entries))?;
        }
        Ok(())
    }

    pub(super) fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        let now = self.now()?;
        let scope = self.scope(key.scope());
        self.make_place(scope, key.as_str().as_bytes(), when, now).map_err(failed)?;
        let stored = self.with_write(&entry, when, now, |write| {
            self.store.put(scope, key.as_str().as_bytes(), write, now.millis())
        })?;
        stored.map(put).map_err(failed)
    }

    pub(super) fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        let scope = self.scope(key.scope());
        self.store.remove(scope, key.as_str().as_bytes(), condition(when), self.now()?.millis()).map_err(failed)
    }

    pub(super) fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        let now = self.now()?;
        let scope = self.scope(key.scope());
        if create.is_some() {
            self.make_place(scope, key.as_str().as_bytes(), When::Absent, now).map_err(failed)?;
        }
        let add =
            |create: Option<&Write<'_>>| self.store.add(scope, key.as_str().as_bytes(), delta, create, now.millis());
        let count = match &create {
            Some(entry) => self.with_write(entry, When::Absent, now, |write| add(Some(write)))?,
            None => add(None),
        };
        Ok(match count.map_err(failed)? {
            engine::Count::Now(number) => Count::Now(number),
            engine::Count::Missing => Count::Missing,
            engine::Count::NotAnInteger => Count::NotAnInteger,
            engine::Count::Overflow => Count::Overflow,
            engine::Count::NoRoom => return Err(full()),
        })
    }

    pub(super) fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        let now = self.now()?;
        let scope = self.scope(key.scope());
        self.store.touch(scope, key.as_str().as_bytes(), now.deadline(deadline), now.millis()).map_err(failed)
    }

    pub(super) fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        let now = self.now()?;
        // Before the grant: an invalidation that falls between makes the fill a refusal, never a wrong hit.
        let generations = self.generations(markers)?;
        let refresh = claim == Claim::Refresh;
        let scope = self.scope(key.scope());
        let leased = self.store.lease(scope, key.as_str().as_bytes(), now.after(length), refresh, now.millis());
        Ok(match leased.map_err(failed)? {
            engine::Lease::Held => Lease::Held,
            engine::Lease::Granted(stamp) => Lease::Granted(Fence { stamp: Stamp(stamp), generations }),
            engine::Lease::Hit(value) => match payload(value) {
                Some(payload) => Lease::Hit(payload),
                // Of a codec that is not known here: it is replaced like what is refreshed.
                None => return self.lease(key, markers, length, Claim::Refresh),
            },
        })
    }

    pub(super) fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        self.store.release(key.as_str().as_bytes(), stamp.0, self.now()?.millis()).map_err(failed)
    }

    pub(super) fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        if markers.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<_> = markers.iter().map(marker).collect();
        let generations = self.store.generations(&names, self.now()?.millis()).map_err(failed)?;
        Ok(generations.into_iter().map(Generation).collect())
    }

    pub(super) fn renew(&self, markers: &[Marker]) -> Result<()> {
        let names: Vec<_> = markers.iter().map(marker).collect();
        self.store.renew(&names, self.now()?.millis()).map_err(failed)
    }

    pub(super) fn clear(&self, scope: &Scope) -> Result<()> {
        self.store.clear(self.scope(scope), self.now()?.millis()).map_err(failed)
    }

    pub(super) fn clear_store(&self) -> Result<()> {
        self.store.clear_store(self.now()?.millis()).map_err(failed)
    }

    pub(super) fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        let page = self.store.scan(self.scope(scope), from, self.now()?.millis()).map_err(failed)?;
        let keys = page.keys.into_iter().filter_map(|key| String::from_utf8(key).ok());
        Ok(Page { keys: keys.filter(|key| pattern.matches(key)).collect(), next: page.next })
    }

    pub(super) fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        let now = self.now()?;
        let found = self.store.inspect(self.scope(key.scope()), key.as_str().as_bytes(), now.millis());
        Ok(found.map_err(failed)?.and_then(|found| {
            Some(Inspection {
                entry: entry(found.entry, now)?,
                dead: found.dead.map(reason),
                generations: found.generations.into_iter().map(|generation| generation.map(Generation)).collect(),
            })
        }))
    }

    pub(super) fn size(&self) -> Result<Size> {
        let size = self.store.size(self.now()?.millis()).map_err(failed)?;
        Ok(Size { entries: Some(size.entries), bytes: Some(size.bytes) })
    }

    pub(super) fn housekeeping(&self) -> Housekeeping {
        let kept = self.store.housekeeping();
        Housekeeping { evictions: kept.evictions, expirations: kept.expirations, ..Housekeeping::default() }
    }

    pub(super) fn close(&self) {
        self.store.close();
    }
}
