//! The conformance suite over Redis.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::secs;
use keepwarm_conformance::servers::RedisServer;
use keepwarm_conformance::{Suite, Target};

/// A database for every case.
const DATABASES: u32 = 20_000;

fn main() -> ExitCode {
    let server = Arc::new(RedisServer::start_with(&["--databases", &DATABASES.to_string()]));
    let next = AtomicU32::new(0);
    let standalone = {
        let server = Arc::clone(&server);
        Target::cloned("redis", move |_| {
            let database = next.fetch_add(1, Ordering::Relaxed) % DATABASES;
            let options = RedisOptions::url(&server.url(database)).expect("the URL of a server");
            Redis::new(&options.socket_timeout(secs(10)).connect_timeout(secs(10)), Clock::system())
        })
        .own_clock()
    };
    Suite::new().target(standalone).run()
}
