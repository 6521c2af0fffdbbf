//! The store: its servers, its time, and what every verb needs of them.

use std::future::Future;
use std::pin::Pin;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::background::Background;
use super::failure::senseless;
use super::judge::{Lying, dead_at, moved_on};
use super::link::{Found, Names, Request};
use super::names;
use super::options::RedisOptions;
use super::scopes::{Known, ScopeRecord, Scopes};
use super::servers::{Servers, bytes, checked, list};
use crate::backend::{Lookup, ServerFigures};
use crate::clock::Clock;
use crate::codec::Encoded;
use crate::entry::{Generation, Marker, MissReason};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Scope};
use crate::payload::Payload;
use crate::random::fresh;
use crate::wire::Unmarked;

/// How long a marker lies that no entry lies under.
pub(super) const MARKER_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A longer life is none that ends.
const LONGEST_LIFE: u128 = 100 * 366 * 24 * 60 * 60 * 1000;

/// A look that takes more than one trip, or may.
type Looking<'a> = Pin<Box<dyn Future<Output = Result<Lookup<Payload>>> + Send + 'a>>;

#[derive(Debug)]
pub(super) struct Store {
    pub(super) servers: Servers,
    pub(super) clock: Clock,
    scopes: Scopes,
    pub(super) background: Background,
    /// What the servers last told of themselves.
    pub(super) told: Mutex<Option<ServerFigures>>,
}

/// How long an entry is to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Never,
    Millis(u64),
    /// Not at all.
    Over,
}

impl Life {
    /// As the scripts take it.
    pub(super) fn argument(self) -> String {
        match self {
            Self::Never => String::new(),
            Self::Millis(millis) => millis.to_string(),
            Self::Over => "0".to_owned(),
        }
    }
}

impl Store {
    pub(super) fn new(options: &RedisOptions, clock: Clock) -> Self {
        Self {
            servers: Servers::new(options),
            scopes: Scopes::new(clock.clone()),
            clock,
            background: Background::default(),
            told: Mutex::default(),
        }
    }

    pub(super) fn scope(&self, scope: &Scope) -> Arc<Known> {
        self.scopes.of(scope)
    }

    /// Whether the records of a scope's markers can be looked at where its entries lie.
    pub(super) fn is_near(&self, scope: &Scope) -> bool {
        self.servers.is_one_place() || names::is_in_one_slot(scope.prefix())
    }

    /// How long it is until a deadline, begun milliseconds counted whole, so that nothing expires before its time.
    pub(super) fn life(&self, deadline: Deadline) -> Life {
        let Some(left) = deadline.left(self.clock.now()) else { return Life::Never };
        let millis = left.as_nanos().div_ceil(1_000_000);
        match millis {
            0 => Life::Over,
            _ if millis > LONGEST_LIFE => Life::Never,
            _ => Life::Millis(u64::try_from(millis).unwrap_or(u64::MAX)),
        }
    }

    /// The current generations of markers that lie under these names; `None` for lost ones.
    pub(super) async fn current(&self, names: &[String]) -> Result<Vec<Option<Generation>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&str> = names.iter().map(String::as_str).collect();
        let records = self.servers.read(&keys, false).await?;
        Ok(names.iter().zip(&records).map(|(name, record)| read_generation(name, record.as_deref())).collect())
    }

    /// The current generations, made where there were none: of many who make one at once, all get the same.
    pub(super) async fn current_or_new(&self, names: &[String]) -> Result<Vec<Generation>> {
        let mut current = self.current(names).await?;
        let missing: Vec<usize> = (0..names.len()).filter(|&at| current[at].is_none()).collect();
        if !missing.is_empty() {
            let mut commands = Vec::with_capacity(missing.len() * 2);
            for &at in &missing {
                let name = &names[at];
                // What lies there and is no generation is in the way: `NX` alone would leave it.
                let mut set = redis::cmd("SET");
                set.arg(name).arg(names::record(name, fresh())).arg("PX").arg(millis(MARKER_LIFE)).arg("NX");
                let mut get = redis::cmd("GET");
                get.arg(name);
                commands.extend([(name.clone(), set), (name.clone(), get)]);
            }
            let answers = self.servers.scatter(commands, true).await?;
            for (&at, pair) in missing.iter().zip(answers.chunks(2)) {
                let name = &names[at];
                checked(pair[0].clone())?;
                let record = bytes(checked(pair[1].clone())?);
                current[at] = match read_generation(name, record.as_deref()) {
                    Some(generation) => Some(generation),
                    None => Some(self.renew_one(name).await?),
                };
            }
        }
        Ok(current.into_iter().flatten().collect())
    }

    async fn renew_one(&self, name: &str) -> Result<Generation> {
        let number = fresh();
        let mut set = redis::cmd("SET");
        set.arg(name).arg(names::record(name, number)).arg("PX").arg(millis(MARKER_LIFE));
        let answers = self.servers.ask(name, &Request::repeatable().and(set)).await?;
        answers.into_iter().try_for_each(|answer| checked(answer).map(drop))?;
        Ok(Generation(number))
    }

    /// What a read of one key finds: one trip, and a second where the entry has marks that `hint` does not name.
    pub(super) async fn look_at(self: &Arc<Self>, key: &Key<'_>, hint: &[Marker]) -> Result<Lookup<Payload>> {
        let scope = self.scope(key.scope());
        if !hint.is_empty() {
            return self.look_at_all(key, hint).await;
        }
        let beside = slice::from_ref(&scope.name);
        let found = self.servers.find(Names { own: &[key.as_str()], beside }, true).await?;
        match self.see(key, &scope, &found) {
            Ok(seen) => Ok(seen),
            Err(unclear) => self.look_again(key, unclear).await,
        }
    }

    /// What a read finds in what was found, if that is enough to say.
    #[expect(
        clippy::result_large_err,
        reason = "no failure: what lies there goes on to the next step, and a box would cost each read"
    )]
    fn see(
        self: &Arc<Self>,
        key: &Key<'_>,
        scope: &Known,
        found: &Found,
    ) -> Result<Lookup<Payload>, (Lying, Option<ScopeRecord>)> {
        let record = scope.note(found.beside(slice::from_ref(&scope.name)).next().flatten());
        self.adopt(scope);
        if let Some(seen) = self.see_unmarked(record, key, found, 0) {
            return Ok(seen);
        }
        self.see_one(record, Lying::read(key, found.own(0))).map_err(|lying| (lying, record))
    }

    /// What a read finds in an entry of the usual kind, and where there is none.
    #[inline]
    fn see_unmarked(
        &self,
        record: Option<ScopeRecord>,
        key: &Key<'_>,
        found: &Found,
        at: usize,
    ) -> Option<Lookup<Payload>> {
        let Some(bytes) = found.own_bytes(at) else { return Some(Lookup::Miss(MissReason::Absent)) };
        let Unmarked { codec, schema, unpacked, hard_deadline, scope, payload } = Unmarked::read(key.as_str(), bytes)?;
        if let Some(reason) = dead_at(hard_deadline, scope, record, || self.clock.unix_millis()) {
            return Some(Lookup::Miss(reason));
        }
        let encoded = Encoded { schema, unpacked, ..Encoded::new(found.own_part(at, payload)?) };
        Some(Lookup::Hit(Payload::Bytes(codec, Box::new(encoded))))
    }

    /// What a read finds in an entry, if its bytes and the scope are enough to say.
    #[expect(
        clippy::result_large_err,
        reason = "no failure: what lies there goes on to the next step, and a box would cost each read"
    )]
    fn see_one(&self, record: Option<ScopeRecord>, lying: Lying) -> Result<Lookup<Payload>, Lying> {
        if !lying.marks().is_empty() || (record.is_none() && matches!(lying, Lying::Plain(_))) {
            return Err(lying);
        }
        let dead = lying.dead(record, || self.clock.unix_millis());
        Ok(lying.found(dead))
    }

    /// With all that it may take; kept out of the future of the usual way.
    fn look_at_all<'a>(&'a self, key: &'a Key<'_>, hint: &'a [Marker]) -> Looking<'a> {
        Box::pin(async move {
            let found = self.look(slice::from_ref(key), hint).await?.pop();
            found.ok_or_else(|| senseless("a read without an answer"))
        })
    }

    /// Goes on with what was read, which is not enough.
    fn look_again<'a>(&'a self, key: &'a Key<'_>, unclear: (Lying, Option<ScopeRecord>)) -> Looking<'a> {
        Box::pin(async move {
            let (lying, record) = unclear;
            let judged = self.judge(key, vec![lying], record, Vec::new()).await?.pop();
            judged.map(|(lying, dead)| lying.found(dead)).ok_or_else(|| senseless("a read without an answer"))
        })
    }

    /// What a read of many keys of one scope finds.
    pub(super) async fn look(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Payload>>> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let scope = self.scope(first.scope());
        let own: Vec<&str> = keys.iter().map(Key::as_str).collect();
        let mut beside: Vec<Arc<str>> = vec![Arc::clone(&scope.name)];
        beside.extend(hint.iter().map(|marker| names::of_marker(marker).into()));
        let found = self.servers.find(Names { own: &own, beside: &beside }, true).await?;
        let mut records = found.beside(&beside);
        let record = scope.note(records.next().flatten());
        let lying = || keys.iter().enumerate().map(|(at, key)| Lying::read(key, found.own(at)));
        let seen = keys.iter().enumerate().map(|(at, key)| {
            let seen = self.see_unmarked(record, key, &found, at);
            seen.or_else(|| self.see_one(record, Lying::read(key, found.own(at))).ok())
        });
        if let Some(seen) = seen.collect() {
            return Ok(seen);
        }
        let current = hint.iter().zip(&beside[1..]).zip(records);
        let current = current.map(|((marker, name), record)| (marker.clone(), read_generation(name, record))).collect();
        let judged = self.judge(first, lying().collect(), record, current).await?;
        Ok(judged.into_iter().map(|(lying, dead)| lying.found(dead)).collect())
    }

    /// Why a read misses what lies under keys of one scope; the generations that are not known yet are read.
    async fn judge(
        &self,
        first: &Key<'_>,
        lying: Vec<Lying>,
        mut record: Option<ScopeRecord>,
        mut current: Vec<(Marker, Option<Generation>)>,
    ) -> Result<Vec<(Lying, Option<MissReason>)>> {
        if record.is_none() && lying.iter().any(|lying| matches!(lying, Lying::Plain(_))) {
            // Before the first write of this scope, or the record was lost: what is true is decided where it lies.
            record = Some(self.scope_record(first).await?);
        }
        self.complete(&lying, &mut current).await?;
        let now = self.clock.unix_millis();
        let judged = lying.into_iter().map(|lying| {
            let of = |mark: &crate::entry::Mark| {
                current.iter().find(|(marker, _)| *marker == mark.marker).and_then(|(_, generation)| *generation)
            };
            let dead = lying.dead(record, || now).or_else(|| moved_on(lying.marks(), of));
            (lying, dead)
        });
        Ok(judged.collect())
    }

    /// Adds the generations that the marks of these entries are compared with and that are not known yet.
    pub(super) async fn complete<L: std::borrow::Borrow<Lying>>(
        &self,
        lying: &[L],
        current: &mut Vec<(Marker, Option<Generation>)>,
    ) -> Result<()> {
        let mut unknown: Vec<Marker> = Vec::new();
        for mark in lying.iter().flat_map(|lying| lying.borrow().marks()) {
            let known = current.iter().any(|(marker, _)| *marker == mark.marker) || unknown.contains(&mark.marker);
            if !known {
                unknown.push(mark.marker.clone());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = unknown.iter().map(names::of_marker).collect();
        let generations = self.current(&names).await?;
        current.extend(unknown.into_iter().zip(generations));
        Ok(())
    }

    /// The server's own figures, as `INFO` gives them.
    pub(super) async fn figures(&self) -> Result<Vec<String>> {
        let mut figures = Vec::new();
        for master in self.servers.masters().await? {
            let request = Request::repeatable().and(redis::cmd("INFO"));
            let answers = master.ask(&request).await.map_err(|failure| failure.at(master.address()))?;
            for answer in answers {
                let text = match checked(answer)? {
                    redis::Value::VerbatimString { text, .. } => text,
                    other => String::from_utf8_lossy(&bytes(other).unwrap_or_default()).into_owned(),
                };
                figures.push(text);
            }
        }
        *self.told.lock() = super::figures::sum(&figures);
        Ok(figures)
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn read_generation(name: &str, record: Option<&[u8]>) -> Option<Generation> {
    names::generation(name, record).map(Generation)
}

/// The record in the answer of a script.
pub(super) fn record_of(scope: &Known, answer: Option<redis::Value>) -> Option<ScopeRecord> {
    scope.note(answer.and_then(bytes).as_deref())
}

/// What a script said first, and what follows.
pub(super) fn said(answer: redis::Value) -> (String, std::vec::IntoIter<redis::Value>) {
    let mut parts = list(answer).into_iter();
    let word = parts.next().and_then(bytes).unwrap_or_default();
    (String::from_utf8_lossy(&word).into_owned(), parts)
}
