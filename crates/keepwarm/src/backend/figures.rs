//! What a server tells of itself.

use std::fmt;

use serde::{Serialize, Serializer};

/// What the servers of a store told of themselves when they were last asked; sums where there are several.
///
/// They count for all who use the servers, since these were started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServerFigures {
    /// How many servers were asked.
    pub servers: u64,
    /// The version of the program, the oldest one.
    pub version: ServerVersion,
    /// For how many seconds the one has run that was started last.
    pub uptime_seconds: u64,
    /// Bytes of memory in use.
    pub used_memory: u64,
    /// Bytes that may be in use; 0 for no bound.
    pub max_memory: u64,
    /// Open connections of clients.
    pub connected_clients: u64,
    /// Commands a second, of the last moments.
    pub operations_per_second: u64,
    /// Look-ups of keys that were there.
    pub hits: u64,
    /// Look-ups of keys that were not.
    pub misses: u64,
    /// Keys that went for lack of room.
    pub evicted_keys: u64,
    /// Keys whose time was over.
    pub expired_keys: u64,
}

/// The version of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion(pub u32, pub u32, pub u32);

impl fmt::Display for ServerVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Serialize for ServerVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
