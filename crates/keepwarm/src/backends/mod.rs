//! The stores, one folder each. A folder imports only `backend`, `entry`, `expiry`, `payload`, `key`, `clock` and `error`,
//! so that lifting it into a crate of its own is a move.

pub mod custom;
pub mod dummy;
pub mod memory;
#[cfg(feature = "redis")]
pub mod redis;
