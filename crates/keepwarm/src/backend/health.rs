//! What a store and its layers did on their own, and how they are.

use serde::Serialize;

use super::ServerFigures;

/// What a store did on its own, and how the layers around it are.
///
/// Backends fill in what they count and take the rest from [`Default`]; each layer adds its part to what the inner one says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Housekeeping {
    /// Live entries that had to go for lack of room.
    pub evictions: u64,
    /// Expired entries that were removed, read or not.
    pub expirations: u64,
    /// How the layers are.
    pub health: Health,
    /// What the store's servers last told of themselves; `None` for a store without servers, and before they were asked.
    pub server: Option<ServerFigures>,
}

/// How the layers around a store are; all nothing where there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// What the breaker lets through; `None` without a breaker.
    pub breaker: Option<BreakerState>,
    /// How often the breaker opened.
    pub opened: u64,
    /// Calls that the breaker turned away or called off.
    pub turned_away: u64,
    /// Failures of the store that were swallowed instead of raised.
    pub swallowed: u64,
    /// Writes among them: values, deadlines and counts that are lost.
    pub dropped_writes: u64,
    /// Whether the last call to the store failed, and that was swallowed.
    pub failing: bool,
    /// Invalidations that could not be delivered yet. What they cover is a miss until they are.
    pub undelivered: u64,
    /// The near tier; `None` without one.
    pub near: Option<NearTier>,
}

impl Health {
    /// Whether the store cannot be trusted to answer: the breaker is not closed, the last call failed, or invalidations wait
    /// to be delivered.
    pub fn is_down(&self) -> bool {
        self.undelivered > 0 || self.failing || self.breaker.is_some_and(|breaker| breaker != BreakerState::Closed)
    }
}

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Everything: the store answers.
    Closed,
    /// Nothing: the store is down.
    Open,
    /// One probe: the store was down, and is being asked whether it still is.
    HalfOpen,
}

impl BreakerState {
    /// Its name in statistics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// A near tier in front of a shared store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NearTier {
    /// Whether the shared store tells what changes; without that nothing near is served.
    pub watching: bool,
    /// Entries in it.
    pub entries: u64,
    /// Reads that went on to the shared store.
    pub fetches: u64,
    /// Fetched entries that were not kept because an invalidation overtook them.
    pub overtaken: u64,
}
