//! Redis as it is seen from behind: what lies on the server, in how many trips, and what becomes of calls when the server
//! fails.

mod children;
mod failures;
mod feed;
mod forks;
mod lying;
mod moving;
mod processes;
mod sharing;
mod strangers;
mod sweeping;
mod tls;
mod together;
mod unseen;

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::{Cache, Error};
use keepwarm_conformance::kit::PATIENCE;
use keepwarm_conformance::servers::RedisServer;

/// A cache of its own on a server's first database.
fn cache(server: &RedisServer) -> Cache {
    cache_of(&options(server))
}

fn options(server: &RedisServer) -> RedisOptions {
    options_of(&server.url(0))
}

/// Patient: on a machine under load an answer may take longer than any timeout of use to a program.
fn options_of(url: &str) -> RedisOptions {
    patient(RedisOptions::url(url).expect("the URL of a server"))
}

fn patient(options: RedisOptions) -> RedisOptions {
    options.socket_timeout(PATIENCE).connect_timeout(PATIENCE)
}

fn cache_of(options: &RedisOptions) -> Cache {
    let redis = Redis::new(options, Clock::system());
    Cache::builder().backend(redis).key_prefix("app").build().expect("the settings fit together")
}

/// What a call answered is not asked for.
fn done<T>(_answer: T) {}

/// The kind of an error, for comparing.
fn kind<T: std::fmt::Debug>(answer: Result<T, Error>) -> keepwarm::ErrorKind {
    answer.expect_err("it must fail").kind()
}
