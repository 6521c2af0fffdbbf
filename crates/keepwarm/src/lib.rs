//! Keepwarm.

pub mod backend;
mod blocking;
pub mod clock;
pub mod codec;
pub mod entry;
mod error;
mod expiry;
pub mod key;
mod payload;
pub mod wire;

pub use backend::Backend;
pub use error::{Error, ErrorKind, FetchError, Result};
pub use expiry::{Deadline, Timeout, Ttl};
pub use payload::{Object, Payload, Undecodable, Value};
