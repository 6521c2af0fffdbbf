//! The layers over a real server that is killed, stopped, flushed and cut off.

mod bounds;
mod near;
mod outages;

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm_conformance::kit::PATIENCE;
use keepwarm_conformance::servers::RedisServer;

fn redis(server: &RedisServer) -> Redis {
    let options = RedisOptions::url(&server.url(0)).expect("the URL of a server");
    // On a machine under load an answer may take longer than any timeout of use to a program.
    Redis::new(&options.socket_timeout(PATIENCE).connect_timeout(PATIENCE), Clock::system())
}
