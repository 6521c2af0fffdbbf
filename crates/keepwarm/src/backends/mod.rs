//! The stores, one folder each. A folder imports only `backend`, `entry`, `expiry`, `payload`, `key`, `clock` and `error`,
//! so that lifting it into a crate of its own is a move.

pub mod custom;
pub mod dummy;
#[cfg(feature = "file")]
pub mod file;
#[cfg(not(feature = "file"))]
#[path = "no_file.rs"]
pub(crate) mod file;
pub mod memory;
#[cfg(feature = "redis")]
pub mod redis;
