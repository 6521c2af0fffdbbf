//! Many keys' computation with one loader call.

use std::collections::HashMap;
use std::sync::Arc;

use super::task::settle;
use super::{Chain, Grant, Joined, Landing, Leader, Pause, Waiter, await_landing, computing, panicked};
use crate::backend::{Claim, Lease, Lookup};
use crate::cache::{Cache, ManyLoader, Owned, Reader, read};
use crate::entry::{Marker, MissReason};
use crate::error::{Error, ErrorKind, FetchError, Result};
use crate::expiry::Timeout;
use crate::key::{Key, KeyBuffer};
use crate::payload::{Payload, Unreadable, Value};
use crate::stats::Event;

/// What is to be computed, free of the caller's borrows.
///
/// Its steps borrow it mutably though they change nothing: a shared borrow across an await would ask the loader to be
/// `Sync`.
pub(crate) struct ManyTask<L> {
    pub(crate) cache: Cache,
    /// The caller's names and their stored keys.
    pub(crate) keys: Vec<(String, KeyBuffer)>,
    pub(crate) loader: L,
    pub(crate) timeout: Timeout,
    pub(crate) markers: Vec<Marker>,
    /// How a binding decodes.
    pub(crate) reader: Option<Reader>,
    /// The computation that the caller is part of.
    pub(crate) chain: Option<Arc<Chain>>,
}

const VERB: &str = "get_or_set_many";

type Named = (String, KeyBuffer);

/// What one round of joining made of the missing keys.
#[derive(Default)]
struct Round {
    /// Ours to compute.
    ours: Vec<(Named, Leader, Grant)>,
    /// Being computed elsewhere in this process.
    theirs: Vec<(Named, Waiter)>,
    /// Being computed in another process.
    beyond: Vec<Named>,
    /// Ours without a flight or a lease: there is no store to ask.
    alone: Vec<Named>,
}

impl<L: ManyLoader> ManyTask<L> {
    pub(crate) async fn run(mut self) -> Result<HashMap<String, L::Value>, FetchError<L::Error>> {
        let mut found = HashMap::with_capacity(self.keys.len());
        let mut missing = std::mem::take(&mut self.keys);
        let mut pause = Pause::new();
        if !self.cache.state().abilities.keeps {
            missing.iter().for_each(|_| self.cache.miss(MissReason::Absent));
            return self.compute_for_oneself(missing).await;
        }
        for (_, key) in &missing {
            self.cache.check(&Key::new(key.as_str(), self.cache.state().keys.scope()))?;
        }
        let mut first = true;
        while !missing.is_empty() {
            missing = self.look(missing, &mut found, first).await?;
            first = false;
            let round = self.join(missing, &mut found).await?;
            // What is ours first: two batches that wait for each other's keys have both delivered before they wait.
            if !(round.ours.is_empty() && round.alone.is_empty()) {
                self.compute(round.ours, round.alone, &mut found).await?;
            }
            missing = round.beyond;
            if !missing.is_empty() {
                self.cache.state().clock.sleep(pause.next()).await;
            }
            for (named, waiter) in round.theirs {
                self.cache.count(Event::Wait);
                match await_landing(&self.cache, waiter).await {
                    Landing::Value(payload) => match self.open(&named, payload) {
                        Ok(value) => drop(found.insert(named.0, value)),
                        Err(_) => missing.push(named),
                    },
                    Landing::LookAgain => missing.push(named),
                }
            }
        }
        Ok(found)
    }

    fn open<T: Value>(&self, named: &Named, payload: Payload) -> Result<T, Unreadable> {
        read::<T, Owned>(self.reader.as_ref(), named.1.as_str(), payload)
    }

    /// Reads the keys in one round trip; those that are not there.
    async fn look<T: Value>(
        &mut self,
        names: Vec<Named>,
        found: &mut HashMap<String, T>,
        first: bool,
    ) -> Result<Vec<Named>> {
        let state = self.cache.state();
        let keys: Vec<Key<'_>> = names.iter().map(|(_, key)| Key::new(key.as_str(), state.keys.scope())).collect();
        let lookups = state.backend.get_many(&keys, &self.markers).await;
        let lookups = lookups.map_err(|error| self.cache.failed(error, VERB, None))?;
        drop(keys);
        let mut missing = Vec::new();
        for (named, lookup) in names.into_iter().zip(lookups) {
            let value = match lookup {
                Lookup::Miss(_) if !first => None,
                lookup => self.cache.open(lookup, |payload| self.open(&named, payload)),
            };
            match value {
                Some(value) => drop(found.insert(named.0, value)),
                None => missing.push(named),
            }
        }
        Ok(missing)
    }

    async fn join<T: Value>(&mut self, missing: Vec<Named>, found: &mut HashMap<String, T>) -> Result<Round> {
        let state = self.cache.state();
        let mut round = Round::default();
        for named in missing {
            let key = named.1.as_str();
            let leader = match state.flights.join(key, state.clock.now(), self.chain.as_ref()) {
                Joined::Leads(leader) => leader,
                Joined::Waits(waiter) => {
                    round.theirs.push((named, waiter));
                    continue;
                }
                Joined::Deadlock => {
                    let reason = "the loader asks for a key whose computation waits for this one";
                    return Err(self.cache.failed(Error::new(ErrorKind::Deadlock, reason), VERB, Some(key)));
                }
            };
            let mut claim = Claim::Missing;
            loop {
                let stored = Key::new(key, state.keys.scope());
                let lease = state.backend.lease(&stored, &self.markers, state.lease, claim).await;
                match lease.map_err(|error| self.cache.failed(error, VERB, Some(key)))? {
                    Lease::Granted(fence) => {
                        let grant = Grant::new(&self.cache, &named.1, fence);
                        round.ours.push((named, leader, grant));
                    }
                    Lease::Held => round.beyond.push(named),
                    Lease::StoreDown => round.alone.push(named),
                    Lease::Hit(payload) => match self.open(&named, payload) {
                        Ok(value) => drop(found.insert(named.0, value)),
                        Err(unreadable) => {
                            self.cache.miss(unreadable.reason());
                            claim = Claim::Refresh;
                            continue;
                        }
                    },
                }
                break;
            }
        }
        Ok(round)
    }

    async fn compute(
        &mut self,
        ours: Vec<(Named, Leader, Grant)>,
        alone: Vec<Named>,
        found: &mut HashMap<String, L::Value>,
    ) -> Result<(), FetchError<L::Error>> {
        let names = ours.iter().map(|(named, ..)| named).chain(&alone);
        let names: Vec<String> = names.map(|(name, _)| name.clone()).collect();
        let leaders: Vec<&Leader> = ours.iter().map(|(_, leader, _)| leader).collect();
        self.cache.count(Event::Computation);
        let computed = computing(&leaders, self.chain.clone(), || self.loader.start(names)).await.map(L::result);
        let mut values = match computed {
            Ok(Ok(values)) => values,
            failed => {
                for (_, leader, grant) in ours {
                    grant.give_back().await;
                    leader.land(Landing::LookAgain);
                }
                return Err(match failed {
                    Ok(Err(error)) => FetchError::Loader(error),
                    Err(panic) => FetchError::Cache(panicked(&panic).with_verb(VERB)),
                    Ok(Ok(_)) => unreachable!("taken above"),
                });
            }
        };
        for ((name, key), leader, grant) in ours {
            let Some(value) = values.remove(&name) else {
                grant.give_back().await;
                continue;
            };
            found.insert(name, self.store(value, &key, leader, grant).await?);
        }
        found.extend(alone.into_iter().filter_map(|(name, _)| values.remove_entry(&name)));
        Ok(())
    }

    async fn store<T: Value>(&mut self, value: T, key: &KeyBuffer, leader: Leader, grant: Grant) -> Result<T> {
        let state = self.cache.state();
        let value = Arc::new(value);
        let payload = match Payload::of_arc(&value, state.abilities.keeps_objects, state.encoding) {
            Ok(payload) => payload,
            Err(error) => {
                grant.give_back().await;
                return Err(self.cache.failed(error, VERB, Some(key.as_str())));
            }
        };
        leader.storing();
        let put = grant.store(payload.clone(), self.timeout, &self.markers).await;
        leader.land(settle(&self.cache, put, payload, VERB, key.as_str()));
        Ok(Arc::unwrap_or_clone(value))
    }

    /// On a store that keeps nothing there is no fence, so that nobody may share.
    async fn compute_for_oneself(
        mut self,
        missing: Vec<Named>,
    ) -> Result<HashMap<String, L::Value>, FetchError<L::Error>> {
        let names: Vec<String> = missing.into_iter().map(|(name, _)| name).collect();
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        self.cache.count(Event::Computation);
        match computing(&[], self.chain.clone(), || self.loader.start(names)).await.map(L::result) {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(error)) => Err(FetchError::Loader(error)),
            Err(panic) => Err(FetchError::Cache(panicked(&panic).with_verb(VERB))),
        }
    }
}
