//! What the engine asks of the operating system.

mod files;
mod fork;
mod lock;
mod machine;
mod own;

pub(crate) use files::{allocate, identity, is_still, make_directory, open, refuse_network};
pub(crate) use fork::Here;
pub use lock::FileLock;
pub(crate) use lock::{share, try_lock, try_share};
pub(crate) use machine::{boot, uptime};
pub use machine::{random, user};
pub(crate) use own::Own;
