//! The schedule test: a value computed from what was read before an invalidation is never served after it.
//!
//! Readers, one invalidation and a database that is a version counter run as tasks on one thread. Each task stops before
//! every verb of the store and at the loader's reading, and a scheduler lets one of them go at a time. All orders in which
//! they can be let go are run, exhaustively, each over a fresh store. A read that begins after the invalidation has
//! returned and gives an older version of the database is stale, whoever computed it, and so is what lies in the cache in
//! the end.
//!
//! That the test can find staleness is shown by [`Reading::Naive`], which is get, then compute, then set: it is stale in
//! some orders of every [`Invalidation`].
//!
//! ```
//! use keepwarm::backends::memory::Memory;
//! use keepwarm::MemoryOptions;
//! use keepwarm_conformance::Target;
//! use keepwarm_conformance::schedules::{Invalidation, Reading, explore};
//!
//! let memory = Target::cloned("memory", |setup| Memory::new(&MemoryOptions::new(), setup.clock.clone()));
//! let explored = explore(&memory, Reading::Refresh, Invalidation::Delete);
//! assert_eq!(explored.stale, 0, "{:#?}", explored.first_stale);
//! ```

mod across;
mod explorer;
mod harness;
mod points;
mod runner;
mod stage;
mod tiers;

pub use across::run_across_processes;
pub use explorer::Explored;
pub use harness::{run, run_some, run_with_tiers};
pub use stage::{Invalidation, Reading};
pub use tiers::{Elsewhere, Telling, explore_tiers};

use crate::target::Target;

/// Runs every schedule of two readers and one invalidation over fresh stores of the target.
///
/// # Panics
/// When a schedule does not come to its end: somebody waits for what nobody will do.
pub fn explore(target: &Target, reading: Reading, invalidation: Invalidation) -> Explored {
    explorer::explore(&|| Box::new(stage::Stage::new(target, reading, invalidation)))
}
