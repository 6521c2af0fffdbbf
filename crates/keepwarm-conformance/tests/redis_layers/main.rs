//! The layers over a real server that is killed, stopped, flushed and cut off.

mod near;
mod outages;

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm_conformance::servers::RedisServer;

fn redis(server: &RedisServer) -> Redis {
    Redis::new(&RedisOptions::url(&server.url(0)).expect("the URL of a server"), Clock::system())
}
