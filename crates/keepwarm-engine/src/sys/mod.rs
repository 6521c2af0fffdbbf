//! What the engine asks of the operating system.

mod files;
mod fork;
mod lock;
mod machine;

pub(crate) use files::{allocate, identity, make_directory, open, refuse_network};
pub(crate) use fork::Here;
pub use lock::FileLock;
pub(crate) use lock::{lock, share, try_lock, unlock};
pub(crate) use machine::{boot, uptime};
pub use machine::{random, user};
