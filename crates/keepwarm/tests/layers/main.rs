//! The layers around a store that fails, stalls and comes back.

mod breaker;
mod deadline;
mod degrade;
mod delivery;
mod support;
mod tiered;
