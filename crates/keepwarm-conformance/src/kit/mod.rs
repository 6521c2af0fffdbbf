//! The test kit: backends that record, fail, wait and weaken, around any backend, and ways to wait without sleeping.
//!
//! Every one of them is a [`Probed`] backend with a probe at its door; write a [`Probe`] for what is not here.

mod call;
mod delaying;
mod failing;
mod masks;
mod news;
mod probed;
mod recorder;
mod shared;
mod waiting;

pub use call::{Call, Verb};
pub use delaying::{Delaying, Gate};
pub use failing::{Failing, Fault, Faults};
pub use keepwarm::clock::ManualClock;
pub use masks::{Encodes, Encoding, Yielding, Yields};
pub use news::{News, Telling};
pub use probed::{Answer, Probe, Probed};
pub use recorder::{Record, Recorder};
pub use shared::Shared;
pub use waiting::{Latch, PATIENCE, until};
