//! The slow way: one file for each entry, for file systems on which processes cannot share memory.
//!
//! A file is written beside and renamed into place, so that a reader finds the old or the new one. Writers of a key take a
//! lock of the kernel. An entry is an envelope of the wire format. Deadlines are wall time: the machines that share a network
//! file system have nothing else in common.

mod files;
mod keeping;

use std::path::Path;
use std::time::Duration;

use files::{Files, Held, Name};
use keeping::Keeping;
use keepwarm_engine::random;

use super::FileOptions;
use super::values::full;
use crate::backend::{Claim, Count, Fence, Lease, Lookup, Put, Refusal, When};
use crate::clock::Clock;
use crate::codec::Codec;
use crate::entry::{Entry, Generation, Mark, Marker, MarkerKind, MissReason, Stamp};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Deadline;
use crate::key::{Key, Scope};
use crate::payload::Payload;
use crate::wire::{Anchor, Content, Envelope};

pub(super) struct Plain {
    files: Files,
    clock: Clock,
    /// Wall time as it was when the store was opened: a step of the wall clock moves no deadline of this process.
    anchor: Anchor,
    options: FileOptions,
    keeping: Keeping,
}

/// What lies under a key.
enum Found {
    Live(Envelope),
    Dead(Envelope, MissReason),
    Foreign,
    Nothing,
}

impl Found {
    fn live(self) -> Option<Envelope> {
        match self {
            Self::Live(envelope) => Some(envelope),
            _ => None,
        }
    }
}

fn marker_name(marker: &Marker) -> String {
    let kind = match marker.kind() {
        MarkerKind::Tag => "tag",
        MarkerKind::Namespace => "namespace",
    };
    format!("keepwarm:{kind}:{}", marker.name())
}

fn scope_name(scope: &Scope) -> String {
    format!("keepwarm:scope:{}", scope.prefix())
}

impl Plain {
    pub(super) fn open(options: &FileOptions, clock: Clock) -> Result<Self> {
        let files = Files::open(&options.location, options.patience)
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        let anchor = Anchor::now(&clock);
        Ok(Self { files, clock, anchor, options: options.clone(), keeping: Keeping::default() })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.options.location
    }

    pub(super) fn largest_value(&self) -> u64 {
        self.options.max_bytes / 8
    }

    fn anchor(&self) -> Anchor {
        self.anchor
    }

    fn unix_millis(&self) -> u64 {
        self.anchor.unix_millis(self.clock.now())
    }

    /// A deadline in whole milliseconds, never later than was asked for, as in mapped files.
    fn deadline_millis(&self, deadline: Deadline) -> Option<u64> {
        let now = self.clock.now();
        let ahead = deadline.moment()?.since(now).as_nanos().div_ceil(1_000_000);
        if ahead == 0 {
            return self.anchor().deadline_unix_millis(deadline);
        }
        Some(self.anchor().unix_millis(now).saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX)))
    }

    fn generation(&self, name: &str) -> Result<Option<Generation>> {
        let Some(bytes) = self.files.load_marker(name)? else { return Ok(None) };
        Ok(match Envelope::read(name, bytes).map(|envelope| envelope.content) {
            Ok(Content::Generation(generation)) => Some(generation),
            _ => None,
        })
    }

    fn generation_or_new(&self, name: &str) -> Result<Generation> {
        if let Some(generation) = self.generation(name)? {
            return Ok(generation);
        }
        let _writing = self.files.lock_markers()?;
        match self.generation(name)? {
            Some(generation) => Ok(generation),
            None => self.write_generation(name),
        }
    }

    fn write_generation(&self, name: &str) -> Result<Generation> {
        let generation = Generation(random());
        let envelope = Envelope::new(Content::Generation(generation)).write(name);
        // An invalidation that cannot be written has not happened.
        if self.files.save_marker(name, &envelope)? { Ok(generation) } else { Err(full()) }
    }

    fn moved_on<'m>(&self, marks: &'m [Mark]) -> Result<Option<&'m Mark>> {
        for mark in marks {
            if self.generation(&marker_name(&mark.marker))? != Some(mark.generation) {
                return Ok(Some(mark));
            }
        }
        Ok(None)
    }

    /// What lies under a key. Needs no lock: an entry whose generations are current after it was read was live then.
    fn load(&self, key: &Key<'_>, name: &Name) -> Result<Found> {
        let Some((_, bytes)) = self.files.load(name)? else { return Ok(Found::Nothing) };
        let envelope = match Envelope::read(key.as_str(), bytes) {
            Ok(envelope) if !matches!(envelope.content, Content::Generation(_)) => envelope,
            _ => return Ok(Found::Foreign),
        };
        Ok(match self.dead(key.scope(), &envelope)? {
            None => Found::Live(envelope),
            Some(reason) => Found::Dead(envelope, reason),
        })
    }

    fn dead(&self, scope: &Scope, envelope: &Envelope) -> Result<Option<MissReason>> {
        if envelope.hard_deadline.is_some_and(|deadline| deadline <= self.unix_millis()) {
            return Ok(Some(MissReason::Expired));
        }
        if envelope.scope.is_none() || self.generation(&scope_name(scope))? != envelope.scope {
            return Ok(Some(MissReason::Cleared));
        }
        let moved_on = self.moved_on(envelope.marks.as_deref().unwrap_or_default())?;
        Ok(moved_on.map(|mark| mark.marker.kind().into()))
    }

    fn look<T>(&self, key: &Key<'_>, part: impl FnOnce(Entry) -> T) -> Result<Lookup<T>> {
        Ok(match self.load(key, &Name::of(key.as_str()))? {
            Found::Live(envelope) => match envelope.into_entry(self.anchor()) {
                Ok(entry) => Lookup::Hit(part(entry)),
                Err(_) => Lookup::Miss(MissReason::Undecodable),
            },
            Found::Dead(_, reason) => Lookup::Miss(reason),
            Found::Foreign => Lookup::Miss(MissReason::Undecodable),
            Found::Nothing => Lookup::Miss(MissReason::Absent),
        })
    }

    pub(super) fn get(&self, key: &Key<'_>) -> Result<Lookup<Payload>> {
        self.look(key, |entry| entry.payload)
    }

    pub(super) fn entry(&self, key: &Key<'_>) -> Result<Lookup<Entry>> {
        self.look(key, |entry| entry)
    }

    fn holds(&self, found: &Found, name: &Name, when: When, scope: Generation) -> Result<bool> {
        let live = matches!(found, Found::Live(_));
        Ok(match (when, found) {
            (When::Always, _) => true,
            (When::Absent, _) => !live,
            (When::Present, _) => live,
            (When::Unchanged(stamp), Found::Live(envelope)) => envelope.stamp == Some(stamp),
            // One that ran out but that nobody took over still fences: whatever invalidates would have ended it.
            (When::Unchanged(stamp), _) => {
                self.files.held(name)?.is_some_and(|held| held.stamp == stamp && held.scope == scope)
            }
        })
    }

    fn envelope(&self, entry: &Entry, scope: Generation) -> Result<Envelope> {
        let envelope = Envelope::of(entry, self.anchor(), Codec::default())?;
        let hard_deadline = self.deadline_millis(entry.deadline);
        Ok(Envelope { stamp: Some(Stamp(random())), scope: Some(scope), hard_deadline, ..envelope })
    }

    pub(super) fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        let name = Name::of(key.as_str());
        let marks = entry.marks.as_deref().unwrap_or_default();
        if self.moved_on(marks)?.is_some() {
            if when == When::Always {
                self.remove(key, When::Always)?;
            }
            return Ok(Put::Refused(Refusal::Overtaken));
        }
        let scope = self.generation_or_new(&scope_name(key.scope()))?;
        let envelope = self.envelope(&entry, scope)?;
        let bytes = envelope.write(key.as_str());
        let writing = self.files.lock(&name)?;
        let mut adds = true;
        if when != When::Always {
            let found = self.load(key, &name)?;
            if !self.holds(&found, &name, when, scope)? {
                return Ok(Put::Refused(Refusal::Condition));
            }
            adds = !matches!(found, Found::Live(_));
        }
        self.files.end_lease(&name)?;
        if entry.deadline.has_passed(self.clock.now()) {
            self.files.remove(&name)?;
            return Ok(Put::Refused(Refusal::NotKept));
        }
        let too_large = bytes.len() as u64 > self.largest_value();
        if adds && !too_large {
            self.make_place();
        }
        if too_large || !self.files.save(&name, key.as_str(), &bytes)? {
            self.files.remove(&name)?;
            return Ok(Put::Refused(if too_large { Refusal::TooLarge } else { Refusal::StoreFull }));
        }
        drop(writing);
        self.tidy();
        Ok(Put::Stored)
    }

    pub(super) fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        let name = Name::of(key.as_str());
        let _writing = self.files.lock(&name)?;
        let found = self.load(key, &name)?;
        let scope = self.generation(&scope_name(key.scope()))?.unwrap_or(Generation(0));
        if !self.holds(&found, &name, when, scope)? {
            return Ok(false);
        }
        self.files.end_lease(&name)?;
        let live = matches!(found, Found::Live(_));
        Ok(self.files.remove(&name)? && live)
    }

    pub(super) fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        let name = Name::of(key.as_str());
        let _writing = self.files.lock(&name)?;
        if let Some(envelope) = self.load(key, &name)?.live() {
            let Content::Integer(number) = envelope.content else { return Ok(Count::NotAnInteger) };
            let Some(sum) = number.checked_add(delta) else { return Ok(Count::Overflow) };
            let stamp = Some(Stamp(random()));
            self.files.end_lease(&name)?;
            self.store(key, &name, &Envelope { content: Content::Integer(sum), stamp, ..envelope })?;
            return Ok(Count::Now(sum));
        }
        let Some(mut entry) = create else { return Ok(Count::Missing) };
        let Payload::Integer(initial) = entry.payload else { return Ok(Count::NotAnInteger) };
        let Some(sum) = initial.checked_add(delta) else { return Ok(Count::Overflow) };
        entry.payload = Payload::Integer(sum);
        let scope = self.generation_or_new(&scope_name(key.scope()))?;
        self.files.end_lease(&name)?;
        if !entry.deadline.has_passed(self.clock.now()) {
            self.make_place();
            self.store(key, &name, &self.envelope(&entry, scope)?)?;
        }
        Ok(Count::Now(sum))
    }

    /// Writes an envelope under a key whose lock is held.
    fn store(&self, key: &Key<'_>, name: &Name, envelope: &Envelope) -> Result<()> {
        if self.files.save(name, key.as_str(), &envelope.write(key.as_str()))? { Ok(()) } else { Err(full()) }
    }

    pub(super) fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        let name = Name::of(key.as_str());
        let _writing = self.files.lock(&name)?;
        let Some(envelope) = self.load(key, &name)?.live() else { return Ok(false) };
        if deadline.has_passed(self.clock.now()) {
            self.files.remove(&name)?;
        } else {
            let hard_deadline = self.deadline_millis(deadline);
            self.store(key, &name, &Envelope { hard_deadline, ..envelope })?;
        }
        Ok(true)
    }

    pub(super) fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        // Before the grant: what is invalidated after this makes the fill a refusal, never a wrong hit.
        let generations = self.generations(markers)?;
        let scope = self.generation_or_new(&scope_name(key.scope()))?;
        let name = Name::of(key.as_str());
        let _writing = self.files.lock(&name)?;
        let now = self.unix_millis();
        let stamp = Stamp(random());
        match (claim, self.load(key, &name)?) {
            (Claim::Missing, Found::Live(envelope)) => {
                if let Ok(entry) = envelope.into_entry(self.anchor()) {
                    return Ok(Lease::Hit(entry.payload));
                }
            }
            (Claim::Missing, _) => {
                if self.files.held(&name)?.is_some_and(|held| held.until > now && held.scope == scope) {
                    return Ok(Lease::Held);
                }
            }
            (Claim::Refresh, Found::Live(envelope)) => {
                self.store(key, &name, &Envelope { stamp: Some(stamp), ..envelope })?;
            }
            (Claim::Refresh, _) => {}
        }
        let until = now.saturating_add(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        if !self.files.grant(&name, Held { stamp, until, scope })? {
            return Err(full());
        }
        Ok(Lease::Granted(Fence { stamp, generations }))
    }

    pub(super) fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        let name = Name::of(key.as_str());
        let _writing = self.files.lock(&name)?;
        if self.files.held(&name)?.is_some_and(|held| held.stamp == stamp) {
            self.files.end_lease(&name)?;
        }
        Ok(())
    }

    pub(super) fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        markers.iter().map(|marker| self.generation_or_new(&marker_name(marker))).collect()
    }

    pub(super) fn renew(&self, markers: &[Marker]) -> Result<()> {
        let _writing = self.files.lock_markers()?;
        markers.iter().try_for_each(|marker| self.write_generation(&marker_name(marker)).map(drop))
    }

    pub(super) fn clear(&self, scope: &Scope) -> Result<()> {
        let _writing = self.files.lock_markers()?;
        self.write_generation(&scope_name(scope)).map(drop)
    }

    pub(super) fn clear_store(&self) -> Result<()> {
        // With every lock: no fill that was allowed before comes after.
        let _writing = self.files.lock_all()?;
        self.files.clear()
    }
}
