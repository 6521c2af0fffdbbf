//! Promise 3 over a real server, with the readers and who invalidates in two processes.

use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm_conformance::kit::PATIENCE;
use keepwarm_conformance::schedules::{Reading, run_across_processes};
use keepwarm_conformance::servers::RedisServer;

const DATABASES: u32 = 100;

/// The coordinator's; it ends with it.
static SERVER: LazyLock<RedisServer> =
    LazyLock::new(|| RedisServer::start_with(&["--databases", &DATABASES.to_string()]));

static NEXT: AtomicU32 = AtomicU32::new(0);

fn main() -> ExitCode {
    // A database for each of the ways to invalidate and to read.
    let place = || SERVER.url(NEXT.fetch_add(1, Ordering::Relaxed) % DATABASES);
    let readings: &[Reading] = match std::env::var_os("KEEPWARM_ALL_SCHEDULES") {
        None => &Reading::ACROSS,
        Some(_) => &Reading::SAFE,
    };
    run_across_processes("redis", readings, place, |setup, place| {
        let options = RedisOptions::url(place).expect("the URL of a server");
        // On a machine under load an answer may take longer than any timeout of use to a program.
        Redis::new(&options.socket_timeout(PATIENCE).connect_timeout(PATIENCE), setup.clock.clone())
    })
}
