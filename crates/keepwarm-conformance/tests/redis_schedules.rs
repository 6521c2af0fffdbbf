//! Promise 3 over Redis: all orders of two readers and one invalidation, over a real server.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::secs;
use keepwarm_conformance::schedules::Reading;
use keepwarm_conformance::servers::RedisServer;
use keepwarm_conformance::{Target, schedules};

/// A database for every order; one that comes round again is empty by then.
const DATABASES: u32 = 10_000;

fn main() -> ExitCode {
    let server = Arc::new(RedisServer::start_with(&["--databases", &DATABASES.to_string()]));
    let next = AtomicU32::new(0);
    let redis = {
        let server = Arc::clone(&server);
        Target::cloned("redis", move |setup| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= DATABASES {
                // Nobody looks any more at what lay there a whole round ago.
                server.ask_in(number % DATABASES, &["FLUSHDB"]);
            }
            let options = RedisOptions::url(&server.url(number % DATABASES)).expect("the URL of a server");
            Redis::new(&options.socket_timeout(secs(10)), setup.clock.clone())
        })
    };
    // Two processes, and a refresh beside a reader: what the lease and the fence in the store must hold. All ways to read
    // (some 300,000 orders) have passed as well, and take ten minutes and more: `KEEPWARM_ALL_SCHEDULES=1`.
    let some = [Reading::TwoProcesses, Reading::Refresh];
    match std::env::var_os("KEEPWARM_ALL_SCHEDULES") {
        None => schedules::run_some([redis], &some),
        Some(_) => schedules::run([redis]),
    }
}
