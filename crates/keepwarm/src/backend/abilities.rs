//! What a store can do and guarantees; what is asked for beyond it fails at construction, with the reason.

use std::time::Duration;

/// Who sees the same entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharing {
    /// This process alone.
    Process,
    /// Every process of this machine.
    Machine,
    /// Every machine that reaches the store.
    Network,
}

/// The guarantees of one store, as it stands now with its layers.
///
/// Every verb of every backend is atomic among the threads and tasks of a process; `atomic` says how far beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Who sees the same entries.
    pub sharing: Sharing,
    /// Among whom conditional writes and counters are atomic, and leases and locks exclusive.
    pub atomic: Sharing,
    /// Entries survive the end of the process.
    pub durable: bool,
    /// Every verb is ready at its first poll; nothing ever blocks on input or output.
    pub never_waits: bool,
    /// Values are kept as objects of the process and handed out shared.
    pub keeps_objects: bool,
    /// Whether anything is kept at all; only the dummy keeps nothing.
    pub keeps: bool,
    /// `keys`, `iter_keys` and `delete_pattern` work.
    pub scans: bool,
    /// Tags, namespaces and `clear()` of one prefix work.
    pub markers: bool,
    /// The finest timeout that is honoured.
    pub resolution: Duration,
    /// The largest value in bytes, where there is a limit.
    pub largest_value: Option<u64>,
    /// The longest stored key in bytes that is taken as it is, and no control characters or spaces; `None` takes all.
    pub strict_keys: Option<usize>,
}
