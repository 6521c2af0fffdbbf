//! The table of values that are being computed in this process.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::guarded::{Chain, Waits};
use crate::clock::Moment;
use crate::payload::Payload;

/// How many locks the table is split over.
const SHARDS: usize = 16;

type Shard = Mutex<HashMap<Box<str>, Arc<Flight>, foldhash::fast::RandomState>>;

/// The flights of one cache.
#[derive(Default)]
pub(crate) struct Flights {
    shards: [Shard; SHARDS],
    hasher: foldhash::fast::RandomState,
}

/// One computation under way.
pub(crate) struct Flight {
    pub(super) id: u64,
    started: Moment,
    state: watch::Sender<State>,
    /// The computations that this one waits for, because its loader asked for other keys that are being computed.
    pub(super) waits_for: Mutex<Vec<Arc<Self>>>,
}

#[derive(Clone)]
enum State {
    /// The loader runs: who joins now asked before the value is stored.
    Computing,
    /// The value is being stored: who joins now may have asked after an invalidation that the value did not see.
    Storing,
    Landed(Landing),
}

/// How a flight ended for those who wait.
#[derive(Clone)]
pub(crate) enum Landing {
    /// With a value.
    Value(Payload),
    /// Without one for them: look again, and compute if need be.
    LookAgain,
}

/// What a caller became by joining.
pub(crate) enum Joined {
    /// The one who computes.
    Leads(Leader),
    /// One who waits.
    Waits(Waiter),
    /// Waiting would wait for itself.
    Deadlock,
}

impl Flights {
    fn shard(&self, key: &str) -> &Shard {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    /// Joins the flight of a stored key, or starts it.
    ///
    /// `chain` is the computation that the caller is part of, if any.
    pub(crate) fn join(self: &Arc<Self>, key: &str, now: Moment, chain: Option<&Arc<Chain>>) -> Joined {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut flights = self.shard(key).lock();
        if let Some(flight) = flights.get(key) {
            let flight = Arc::clone(flight);
            let note = match chain.map(|chain| chain.wait_for(&flight)) {
                None => None,
                Some(Some(note)) => Some(note),
                Some(None) => return Joined::Deadlock,
            };
            // Under the table's lock, as the leader's step to storing: the two cannot pass each other.
            let mut landing = flight.state.subscribe();
            let late = !matches!(*landing.borrow_and_update(), State::Computing);
            return Joined::Waits(Waiter {
                flights: Arc::clone(self),
                key: key.into(),
                flight,
                landing,
                late,
                _note: note,
            });
        }
        let flight = Arc::new(Flight {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            started: now,
            state: watch::Sender::new(State::Computing),
            waits_for: Mutex::default(),
        });
        flights.insert(key.into(), Arc::clone(&flight));
        drop(flights);
        Joined::Leads(Leader { flights: Arc::clone(self), key: key.into(), flight, landing: Landing::LookAgain })
    }

    /// Takes the flight out of the table, unless it already gave way to another.
    fn remove(&self, key: &str, flight: &Arc<Flight>) {
        let mut flights = self.shard(key).lock();
        if flights.get(key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
            flights.remove(key);
        }
    }
}

/// The right to compute, inside this process. Dropped, for whatever reason, it lands the flight.
pub(crate) struct Leader {
    flights: Arc<Flights>,
    key: Box<str>,
    flight: Arc<Flight>,
    landing: Landing,
}

impl Leader {
    pub(super) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// From here on joining callers do not get this value.
    pub(crate) fn storing(&self) {
        let _table = self.flights.shard(&self.key).lock();
        self.flight.state.send_replace(State::Storing);
    }

    /// Lands the flight.
    pub(crate) fn land(mut self, landing: Landing) {
        self.landing = landing;
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // Out of the table first: who comes now starts a flight of its own.
        self.flights.remove(&self.key, &self.flight);
        let landing = std::mem::replace(&mut self.landing, Landing::LookAgain);
        self.flight.state.send_replace(State::Landed(landing));
    }
}

/// A place among those who wait.
pub(crate) struct Waiter {
    flights: Arc<Flights>,
    key: Box<str>,
    flight: Arc<Flight>,
    landing: watch::Receiver<State>,
    late: bool,
    /// That the caller's own computations wait, noted from the moment it joined until it has done with waiting.
    _note: Option<Waits>,
}

impl Waiter {
    /// When the flight began.
    pub(crate) fn started(&self) -> Moment {
        self.flight.started
    }

    /// Waits for the landing. Dropped, it has never been there.
    pub(crate) async fn landing(&mut self) -> Landing {
        let landed = self.landing.wait_for(|state| matches!(state, State::Landed(_))).await;
        match landed.as_deref() {
            Ok(State::Landed(landing)) if !self.late => landing.clone(),
            // The sender lives in the flight that this holds, so it cannot be gone.
            _ => Landing::LookAgain,
        }
    }

    /// Takes the flight, whose leader has been at it for longer than its lease, out of the table.
    pub(crate) fn give_up(self) {
        self.flights.remove(&self.key, &self.flight);
    }
}
