//! Settings from every source: what is taken, what is refused, and what the message says.

mod aliases;
#[cfg(feature = "zstd")]
mod compression;
mod documentation;
mod environment;
mod failing;
mod faults;
mod options;
mod own;
#[cfg(feature = "redis")]
mod redis;
mod urls;

use keepwarm::{Cache, Caches, Error, Result, Ttl};

/// The caches of a TOML text that is right.
fn toml(text: &str) -> Caches {
    Caches::from_toml(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The `default` cache of Django's dict as JSON.
fn json(text: &str) -> Cache {
    Caches::from_json(text).unwrap_or_else(|error| panic!("{error}\n{text}")).get("default").unwrap()
}

/// The error of settings that are wrong.
fn fault(caches: Result<Caches>) -> Error {
    caches.map(|caches| panic!("taken: {caches:?}")).unwrap_err()
}

/// The default timeout of a cache, as an entry sees it, in whole seconds; `None` for never, 0 for not kept.
fn default_timeout(cache: &Cache) -> Option<u64> {
    cache.set("probe", &1).wait().unwrap();
    match cache.ttl("probe").wait().unwrap() {
        Ttl::Absent => Some(0),
        Ttl::Never => None,
        // The coarse clock may stand a tick later than when the entry was set.
        Ttl::Left(left) => Some(left.as_secs_f64().round() as u64),
    }
}

/// Asserts that a message says each of these.
#[track_caller]
fn says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
    assert!(!message.contains('\n'), "more than one line: {message}");
}
