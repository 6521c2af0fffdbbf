//! One key's computation, from the first look to the landing; see the [module](super) for the steps.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{Chain, Grant, Joined, Landing, Leader, LoaderPanicked, Waiter, computing};
use crate::backend::{Claim, Fence, Lease, Lookup, Put, Refusal};
use crate::cache::{Cache, Fetched, Form, Loader, Reader, Shape, read};
use crate::entry::{Marker, MissReason};
use crate::error::{Error, ErrorKind, FetchError};
use crate::expiry::Timeout;
use crate::key::{Key, KeyBuffer};
use crate::payload::{Payload, Unreadable};
use crate::stats::Event;

/// What is to be computed, free of the caller's borrows.
pub(crate) struct Task<L> {
    pub(crate) cache: Cache,
    pub(crate) key: KeyBuffer,
    pub(crate) loader: L,
    /// Whether the caller asked for a newer value, whatever there is.
    pub(crate) refresh: bool,
    /// The computation that the caller is part of.
    pub(crate) chain: Option<Arc<Chain>>,
    pub(crate) timeout: Timeout,
    /// The namespace's markers and the tags.
    pub(crate) markers: Vec<Marker>,
    /// How a binding decodes.
    pub(crate) reader: Option<Reader>,
}

/// The growing pause between two looks at what another process computes.
pub(crate) struct Pause(Duration);

impl Pause {
    const FIRST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(50);

    pub(crate) fn new() -> Self {
        Self(Self::FIRST)
    }

    /// How long to pause now; the next one is longer.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }
}

/// The error of a loader that panicked.
pub(crate) fn panicked(panic: &LoaderPanicked) -> Error {
    Error::new(ErrorKind::LoaderPanicked, format!("the loader panicked: {}", panic.message()))
}

/// Waits for a flight to land, but not longer than its leader's lease; then the flight is given up. A leader that hangs
/// holds up nobody for longer, and what it stores late is refused: another lease has taken its place.
pub(crate) async fn await_landing(cache: &Cache, mut waiter: Waiter) -> Landing {
    let state = cache.state();
    let left = waiter.started().saturating_add(state.lease).since(state.clock.now());
    let landing = {
        let mut landing = pin!(waiter.landing());
        let mut sleep = pin!(state.clock.sleep(left));
        poll_fn(|context| match landing.as_mut().poll(context) {
            Poll::Ready(landing) => Poll::Ready(Some(landing)),
            Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
        })
        .await
    };
    landing.unwrap_or_else(|| {
        waiter.give_up();
        Landing::LookAgain
    })
}

/// What one step of the way led to.
enum Step<T> {
    Done(T),
    /// The right to compute, from this process if it has a flight, and from the store.
    Compute(Option<Leader>, Fence),
    /// There is no store to ask: each caller computes for itself.
    Alone,
}

impl<L: Loader> Task<L> {
    pub(crate) async fn run<S: Shape<L::Value>>(mut self) -> Fetched<L, S> {
        if !self.cache.state().abilities.keeps {
            self.cache.miss(MissReason::Absent);
            return self.compute_for_oneself::<S>().await;
        }
        self.cache.check(&self.stored_key())?;
        match self.way::<S>().await? {
            Step::Done(form) => Ok(form),
            Step::Compute(leader, fence) => self.compute::<S>(leader, fence).await,
            Step::Alone => self.compute_for_oneself::<S>().await,
        }
    }

    fn stored_key(&self) -> Key<'_> {
        Key::new(self.key.as_str(), self.cache.state().keys.scope())
    }

    fn open<S: Shape<L::Value>>(&self, payload: Payload) -> Result<Form<L, S>, Unreadable> {
        read::<L::Value, S>(self.reader.as_ref(), self.key.as_str(), payload)
    }

    fn failed(&self, error: Error) -> Error {
        self.cache.failed(error, self.verb(), Some(self.key.as_str()))
    }

    fn verb(&self) -> &'static str {
        if self.refresh { "refresh" } else { "get_or_set" }
    }

    /// From the first look to a value or the right to compute it.
    async fn way<S: Shape<L::Value>>(&mut self) -> Result<Step<Form<L, S>>, Error> {
        let mut missed = false;
        loop {
            if !self.refresh {
                let found = self.cache.state().backend.get(&self.stored_key(), &self.markers).await;
                match found.map_err(|error| self.failed(error))? {
                    Lookup::Hit(payload) => match self.open::<S>(payload) {
                        Ok(form) => {
                            self.cache.count(Event::Hit);
                            return Ok(Step::Done(form));
                        }
                        Err(unreadable) => self.miss(unreadable.reason(), &mut missed),
                    },
                    Lookup::Miss(reason) => self.miss(reason, &mut missed),
                }
            }
            let state = self.cache.state();
            let leader = match state.flights.join(self.key.as_str(), state.clock.now(), self.chain.as_ref()) {
                Joined::Leads(leader) => Some(leader),
                // A refresh computes what is true now, not what somebody read before.
                Joined::Waits(_) | Joined::Deadlock if self.refresh => None,
                Joined::Waits(waiter) => {
                    self.cache.count(Event::Wait);
                    if let Landing::Value(payload) = await_landing(&self.cache, waiter).await {
                        // Of another type than this caller's: it looks again, and replaces it.
                        if let Ok(form) = self.open::<S>(payload) {
                            return Ok(Step::Done(form));
                        }
                    }
                    continue;
                }
                Joined::Deadlock => {
                    let reason = "the loader asks for a key whose computation waits for this one";
                    return Err(self.failed(Error::new(ErrorKind::Deadlock, reason)));
                }
            };
            if let Some(step) = self.lease::<S>(leader).await? {
                return Ok(step);
            }
        }
    }

    /// Counts the first miss of this call.
    fn miss(&self, reason: MissReason, missed: &mut bool) {
        if !std::mem::replace(missed, true) {
            self.cache.miss(reason);
        }
    }

    /// Takes the lease, waiting for another process that holds it; `None` to look again.
    async fn lease<S: Shape<L::Value>>(&mut self, leader: Option<Leader>) -> Result<Option<Step<Form<L, S>>>, Error> {
        let mut claim = if self.refresh { Claim::Refresh } else { Claim::Missing };
        let mut pause = Pause::new();
        loop {
            let state = self.cache.state();
            let lease = state.backend.lease(&self.stored_key(), &self.markers, state.lease, claim).await;
            match lease.map_err(|error| self.failed(error))? {
                Lease::Granted(fence) => return Ok(Some(Step::Compute(leader, fence))),
                Lease::Held => state.clock.sleep(pause.next()).await,
                // The flight ends here: who waits for it finds the store down as well, and computes at the same time.
                Lease::StoreDown => return Ok(Some(Step::Alone)),
                Lease::Hit(payload) => match self.open::<S>(payload) {
                    // Dropping the leader sends those who wait here to look for themselves.
                    Ok(form) => return Ok(Some(Step::Done(form))),
                    // Replaced like what is refreshed. Not asked for so at once, after the look: somebody may have replaced it
                    // since then, and that would be computed a second time.
                    Err(_) if matches!(claim, Claim::Missing) => claim = Claim::Refresh,
                    Err(_) => return Ok(None),
                },
            }
        }
    }

    async fn compute<S: Shape<L::Value>>(self, leader: Option<Leader>, fence: Fence) -> Fetched<L, S> {
        let verb = self.verb();
        let Self { cache, key, loader, refresh, timeout, markers, reader, chain } = self;
        let grant = Grant::new(&cache, &key, fence);
        cache.count(Event::Computation);
        let leaders: Vec<&Leader> = leader.iter().collect();
        let value = match computing(&leaders, chain, || loader.start()).await.map(L::result) {
            Ok(Ok(value)) => Arc::new(value),
            Ok(Err(error)) => {
                grant.give_back().await;
                return Err(FetchError::Loader(error));
            }
            Err(panic) => {
                grant.give_back().await;
                let error = panicked(&panic).with_verb(verb).with_key(key.as_str());
                return Err(FetchError::Cache(error));
            }
        };
        let state = cache.state();
        let payload = match Payload::of_arc(&value, state.abilities.keeps_objects, state.encoding) {
            Ok(payload) => payload,
            Err(error) => {
                grant.give_back().await;
                return Err(FetchError::Cache(cache.failed(error, verb, Some(key.as_str()))));
            }
        };
        if let Some(leader) = &leader {
            leader.storing();
        }
        let put = grant.store(payload.clone(), timeout, &markers).await;
        // Not where the store failed or is down: it would cost the caller another deadline.
        let overtaken = matches!(put, Ok(Put::Refused(Refusal::Condition | Refusal::Overtaken)));
        let landing = settle(&cache, put, payload, verb, key.as_str());
        if let Some(leader) = leader {
            leader.land(landing);
        }
        if overtaken && !refresh {
            // Another writer won: its value is the newer one. Nothing there: the caller asked before the invalidation.
            let stored = Key::new(key.as_str(), state.keys.scope());
            if let Ok(Lookup::Hit(payload)) = state.backend.get(&stored, &markers).await
                && let Ok(form) = read::<L::Value, S>(reader.as_ref(), key.as_str(), payload)
            {
                return Ok(form);
            }
        }
        Ok(S::computed(value))
    }

    /// On a store that keeps nothing or is down there is no fence, so that nobody may share: each computes.
    async fn compute_for_oneself<S: Shape<L::Value>>(self) -> Fetched<L, S> {
        self.cache.count(Event::Computation);
        match computing(&[], self.chain, || self.loader.start()).await.map(L::result) {
            Ok(Ok(value)) => Ok(S::computed(Arc::new(value))),
            Ok(Err(error)) => Err(FetchError::Loader(error)),
            Err(panic) => Err(FetchError::Cache(panicked(&panic))),
        }
    }
}

/// Counts what became of a computed value, and tells how its flight lands: with the value only if its fence held.
pub(crate) fn settle(
    cache: &Cache,
    put: Result<Put, Error>,
    payload: Payload,
    verb: &'static str,
    key: &str,
) -> Landing {
    match put {
        Ok(Put::Stored) => {
            cache.count(Event::Set);
            Landing::Value(payload)
        }
        Ok(Put::Refused(Refusal::TooLarge | Refusal::StoreFull | Refusal::NotKept)) => {
            cache.count(Event::Refusal);
            Landing::Value(payload)
        }
        Ok(Put::Refused(Refusal::Condition | Refusal::Overtaken)) => {
            cache.count(Event::Overtaken);
            Landing::LookAgain
        }
        // Nobody compared the fence: the value is its caller's alone. The layer has counted it.
        Ok(Put::Refused(Refusal::StoreDown)) => Landing::LookAgain,
        Err(error) => {
            // The caller has the value: that it was not kept is counted, not raised.
            drop(cache.failed(error, verb, Some(key)));
            Landing::LookAgain
        }
    }
}
