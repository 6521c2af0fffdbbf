//! Real servers for tests: each on a free port of this machine, in a directory of its own, gone with the value that
//! started it. They are stopped by their own process ids, also when the test that started them is killed.

mod cluster;
mod process;
mod redis;
mod sentinel;
mod talk;

pub use cluster::RedisCluster;
pub use process::free_port;
pub use redis::{RedisServer, is_installed};
pub use sentinel::RedisSentinel;
