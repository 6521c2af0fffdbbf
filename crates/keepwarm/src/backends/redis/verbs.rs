//! The verbs of the door.

use std::time::Duration;

use redis::Value;

use super::Redis;
use super::counters::Telling;
use super::failure::{answered, senseless};
use super::figures::figure;
use super::judge::Lying;
use super::link::{Request, packed};
use super::names;
use super::scopes::ScopeRecord;
use super::script_call::Arguments;
use super::scripts;
use super::servers::{bytes, checked};
use super::store::{MARKER_LIFE, millis, record_of};
use super::unseen::Asked;
use super::writes::{LONGEST_VALUE, condition, plain_stamp};
use crate::backend::{
    Abilities, Backend, Claim, Count, Fence, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put,
    Sharing, Size, When,
};
use crate::codec::Codec;
use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};
use crate::random::fresh;
use crate::wire::{Anchor, Content, Envelope};

/// How often a verb looks again when the scope's record is not the one it was guessed to be: once is usual after a
/// clearing, more needs somebody who clears all the time.
pub(super) const LOOKS: usize = 16;

impl Redis {
    /// What lies under a key as an entry; `left` is the server's `PTTL`.
    pub(super) fn as_entry(&self, lying: Lying, left: i64) -> Option<Entry> {
        let anchor = Anchor::now(&self.0.clock);
        let mut entry = match lying {
            Lying::Envelope(envelope) => envelope.into_entry(anchor).ok()?,
            Lying::Plain(number) => Entry {
                payload: Payload::Integer(number),
                deadline: Deadline::NEVER,
                stamp: plain_stamp(number),
                written: self.0.clock.now(),
                marks: None,
            },
            Lying::Nothing | Lying::Lease | Lying::Foreign(_) => return None,
        };
        if let Ok(left) = u64::try_from(left) {
            entry.deadline = Deadline::at(self.0.clock.now().saturating_add(Duration::from_millis(left)));
        }
        Some(entry)
    }

    /// What lies under the key with its life, why a read misses it, and its markers' generations.
    async fn look_closely(&self, key: &Key<'_>) -> Result<(Lying, i64, Option<MissReason>, Vec<Option<Generation>>)> {
        let ((bytes, left), record) = self.0.entry_bytes(key).await?;
        let lying = Lying::read(key, bytes);
        let names: Vec<String> = lying.marks().iter().map(|mark| names::of_marker(&mark.marker)).collect();
        let current = self.0.current(&names).await?;
        let moved = || {
            let moved = lying.marks().iter().zip(&current).find(|(mark, current)| Some(mark.generation) != **current);
            moved.map(|(mark, _)| mark.marker.kind().into())
        };
        let dead = lying.dead(record, || self.0.clock.unix_millis()).or_else(moved);
        Ok((lying, left, dead, current))
    }
}

impl Backend for Redis {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            sharing: Sharing::Network,
            atomic: Sharing::Network,
            durable: true,
            never_waits: false,
            keeps_objects: false,
            keeps: true,
            scans: true,
            markers: true,
            resolution: Duration::from_millis(1),
            // Strings end at 512 MB; the envelope of an entry with a few marks is far below the rest.
            largest_value: Some(LONGEST_VALUE),
            strict_keys: None,
        }
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

    fn glance(&self, _key: &Parts<'_>, _see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
        None
    }

    async fn get(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        self.0.look_at(key, hint).await
    }

    async fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        self.0.look(keys, hint).await
    }

    async fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Entry>> {
        let found = self.look_at_entries(std::slice::from_ref(key), hint).await?.pop();
        found.ok_or_else(|| senseless("a read without an answer"))
    }

    async fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        self.look_at_entries(keys, hint).await
    }

    async fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        self.0.put_one(key, entry, when).await
    }

    async fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        self.0.put_all(entries).await
    }

    async fn remove(&self, key: &Key<'_>, when: When) -> Result<bool> {
        let arguments = condition(Arguments::default(), when);
        let (_, mut rest) = self.0.on_entry(&scripts::REMOVE, key, &[], arguments, false).await?;
        Ok(matches!(rest.next(), Some(Value::Int(1))))
    }

    async fn remove_many(&self, keys: &[Key<'_>]) -> Result<usize> {
        self.0.remove_all(keys).await
    }

    async fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> Result<Count> {
        Ok(self.count(key, delta, create.as_ref(), Telling::Count).await?.0)
    }

    async fn tally(&self, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
        self.count(key, delta, Some(&create), Telling::Deadline).await
    }

    async fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        self.lock_by_script(key, owner, locking).await
    }

    async fn touch(&self, key: &Key<'_>, deadline: Deadline) -> Result<bool> {
        let arguments = Arguments::default().and(self.0.life(deadline).argument());
        let (_, mut rest) = self.0.on_entry(&scripts::TOUCH, key, &[], arguments, true).await?;
        Ok(matches!(rest.next(), Some(Value::Int(1))))
    }

    async fn lease(&self, key: &Key<'_>, markers: &[Marker], length: Duration, claim: Claim) -> Result<Lease> {
        let names: Vec<String> = markers.iter().map(names::of_marker).collect();
        let near = self.0.is_near(key.scope());
        let apart = if near { Vec::new() } else { self.0.current_or_new(&names).await? };
        let scope = self.0.scope(key.scope());
        let length = millis(length).max(1);
        let mut undecodable = Vec::new();
        for _ in 0..LOOKS {
            let guess = self.0.scope_guess(key);
            let stamp = Stamp(fresh());
            let placeholder = Envelope {
                stamp: Some(stamp),
                scope: Some(guess.generation()),
                ..Envelope::new(Content::Lease(length))
            };
            let mut arguments = Arguments::default()
                .and(match claim {
                    Claim::Missing => "missing",
                    Claim::Refresh => "refresh",
                })
                .and(&stamp.0.to_le_bytes()[..])
                .and(&guess.generation().0.to_le_bytes()[..])
                .and(placeholder.write(key.as_str()))
                .and(length.saturating_mul(2))
                .and(undecodable.as_slice())
                .and(&fresh().to_le_bytes()[..])
                .and(millis(MARKER_LIFE))
                .and(if near { names.len() } else { 0 });
            if near {
                for name in &names {
                    arguments = arguments.and(name).and(names::record(name, fresh()));
                }
            }
            let asked = Asked::new(&self.0, key, stamp, Duration::from_millis(length));
            let answer = self.0.on_entry(&scripts::LEASE, key, &names, arguments, false).await;
            let (word, mut rest) = asked.answered(answer)?;
            match word.as_str() {
                "granted" => {
                    let generations = if near { generations(rest) } else { apart };
                    if generations.len() != markers.len() {
                        return Err(senseless("a lease without its generations"));
                    }
                    return Ok(Lease::Granted(Fence { stamp, generations }));
                }
                "held" => return Ok(Lease::Held),
                "hit" => {
                    let found = rest.next().and_then(bytes);
                    let tail = found.as_deref().and_then(|bytes| bytes.last_chunk::<4>().copied());
                    match Lying::read(key, found).payload() {
                        Some(payload) => return Ok(Lease::Hit(payload)),
                        // Torn, or another key's: nobody can read it.
                        None => undecodable = tail.unwrap_or_default().to_vec(),
                    }
                }
                "scope" => drop(record_of(&scope, rest.next())),
                other => return Err(senseless(other)),
            }
        }
        Ok(Lease::Held)
    }

    async fn release(&self, key: &Key<'_>, stamp: Stamp) -> Result<()> {
        let arguments = Arguments::default().and(&stamp.0.to_le_bytes()[..]);
        self.0.on_entry(&scripts::RELEASE, key, &[], arguments, true).await.map(drop)
    }

    async fn generations(&self, markers: &[Marker]) -> Result<Vec<Generation>> {
        let names: Vec<String> = markers.iter().map(names::of_marker).collect();
        self.0.current_or_new(&names).await
    }

    async fn renew(&self, markers: &[Marker]) -> Result<()> {
        let names: Vec<String> = markers.iter().map(names::of_marker).collect();
        let renew = |name: &String| {
            let mut command = redis::cmd("SET");
            command.arg(name).arg(names::record(name, fresh())).arg("PX").arg(millis(MARKER_LIFE));
            (name.clone(), command)
        };
        let answers = self.0.servers.scatter(names.iter().map(renew).collect(), true).await?;
        let mut full = Vec::new();
        for (name, answer) in names.into_iter().zip(answers) {
            match answer {
                Value::ServerError(error) if error.code() == "OOM" => full.push(name),
                Value::ServerError(error) => return Err(answered(&error)),
                _ => {}
            }
        }
        // A server without room still forgets: a lost marker is renewed by whoever needs it next.
        let forget = full.into_iter().map(|name| (name.clone(), packed(&["UNLINK", &name]))).collect::<Vec<_>>();
        if !forget.is_empty() {
            for answer in self.0.servers.scatter(forget, true).await? {
                checked(answer)?;
            }
        }
        Ok(())
    }

    async fn clear(&self, scope: &Scope) -> Result<()> {
        self.0.clear_scope(scope).await
    }

    async fn clear_store(&self) -> Result<()> {
        for master in self.0.servers.masters().await? {
            let request = Request::repeatable().and(packed(&["FLUSHDB", "ASYNC"]));
            let answers = master.ask(&request).await.map_err(|failure| failure.at(master.address()))?;
            answers.into_iter().try_for_each(|answer| checked(answer).map(drop))?;
        }
        Ok(())
    }

    async fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        self.0.scan_page(scope, pattern, from).await
    }

    async fn inspect(&self, key: &Key<'_>) -> Result<Option<Inspection>> {
        let (lying, left, dead, generations) = self.look_closely(key).await?;
        // Shown as the bytes they are; nothing else is known of them.
        let lying = match lying {
            Lying::Nothing | Lying::Lease => return Ok(None),
            Lying::Foreign(bytes) => Lying::Envelope(Envelope::new(Content::Value(Codec::default(), bytes))),
            lying => lying,
        };
        Ok(self.as_entry(lying, left).map(|entry| Inspection { entry, dead, generations }))
    }

    async fn size(&self) -> Result<Size> {
        let mut size = Size { entries: Some(0), bytes: None };
        for master in self.0.servers.masters().await? {
            let request = Request::repeatable().and(packed(&["DBSIZE"]));
            let answers = master.ask(&request).await.map_err(|failure| failure.at(master.address()))?;
            for answer in answers {
                if let Value::Int(entries) = checked(answer)? {
                    size.entries = size.entries.map(|sum| sum + entries.max(0).cast_unsigned());
                }
            }
        }
        let figures = self.0.figures().await?;
        size.bytes = Some(figures.iter().filter_map(|text| figure(text, "used_memory")).sum());
        Ok(size)
    }

    fn housekeeping(&self) -> Housekeeping {
        let server = *self.0.told.lock();
        Housekeeping {
            evictions: server.map_or(0, |server| server.evicted_keys),
            expirations: server.map_or(0, |server| server.expired_keys),
            server,
            ..Housekeeping::default()
        }
    }

    async fn close(&self) -> Result<()> {
        self.0.servers.close();
        Ok(())
    }
}

/// Generations of 8 bytes each.
fn generations(parts: impl Iterator<Item = Value>) -> Vec<Generation> {
    let number = |part: Value| Some(Generation(u64::from_le_bytes(bytes(part)?.try_into().ok()?)));
    parts.filter_map(number).collect()
}

/// A record that a clearing makes.
pub(super) fn cleared() -> ScopeRecord {
    ScopeRecord::of(fresh()).pending()
}
