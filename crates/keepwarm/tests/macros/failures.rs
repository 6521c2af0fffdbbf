//! The cache fails, the function does not: its body runs exactly once, and the caller gets what it gave.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;

use keepwarm::backends::memory::Memory;
use keepwarm::clock::Clock;
use keepwarm::{Cache, ErrorKind, MemoryOptions, cached};
use keepwarm_conformance::kit::{Encodes, Fault, Faults, Verb};
use serde::{Deserialize, Serialize};

use crate::support::{Runs, Unavailable};

const FAULTS: [Fault; 2] = [Fault::Refused(ErrorKind::Connection), Fault::AnswerLost(ErrorKind::Timeout)];

fn memory() -> Memory {
    Memory::new(&MemoryOptions::new(), Clock::system())
}

fn failing(faults: &Faults) -> Cache {
    Cache::builder().backend(faults.around(memory())).build().unwrap()
}

// covers: R68
#[tokio::test]
async fn whatever_verb_of_the_store_fails_the_body_runs_once() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", cache = cache, skip(cache), tags = ["tag"])]
    async fn spawned(cache: Cache, id: u64) -> u64 {
        RUNS.next()
    }
    #[cached(timeout = "1h", cache = cache, skip(cache), tags = ["tag"])]
    async fn inline(cache: &Cache, id: u64) -> Result<u64, Unavailable> {
        Ok(RUNS.next())
    }
    #[cached(timeout = "1h", cache = cache, skip(cache), tags = ["tag"])]
    fn blocking(cache: &Cache, id: u64) -> Option<u64> {
        Some(RUNS.next())
    }

    for fault in FAULTS {
        for verb in [None, Some(Verb::Get), Some(Verb::Lease), Some(Verb::Put), Some(Verb::Generations)] {
            let faults = Faults::new();
            let cache = failing(&faults);
            faults.when(move |call| verb.is_none_or(|verb| call.verb == verb).then_some(fault));
            let before = RUNS.count();
            assert_eq!(spawned(cache.clone(), 1).await, before + 1, "{fault:?} {verb:?}");
            assert_eq!(inline(&cache, 1).await.unwrap(), before + 2, "{fault:?} {verb:?}");
            assert_eq!(blocking(&cache, 1), Some(before + 3), "{fault:?} {verb:?}");
            assert_eq!(RUNS.count(), before + 3, "{fault:?} {verb:?}");
        }
    }
}

// covers: R68
#[tokio::test]
async fn errors_of_the_function_stay_its_own_when_the_store_is_gone() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", cache = cache, skip(cache))]
    async fn user(cache: &Cache, id: u64) -> Result<u64, Unavailable> {
        Err(Unavailable(RUNS.next()))
    }

    let faults = Faults::new();
    let cache = failing(&faults);
    faults.always(FAULTS[0]);
    assert_eq!(user(&cache, 1).await.unwrap_err().0, 1);
    assert_eq!(RUNS.count(), 1);
}

// covers: R153
#[tokio::test]
async fn companions_tell_the_cache_s_error() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", cache = cache, skip(cache))]
    async fn user(cache: &Cache, id: u64) -> u64 {
        RUNS.next()
    }

    let faults = Faults::new();
    let cache = failing(&faults);
    faults.always(FAULTS[0]);
    assert_eq!(user::invalidate(&cache, 1).await.unwrap_err().kind(), ErrorKind::Connection);
    assert_eq!(user::refresh(&cache, 1).await.unwrap_err().kind(), ErrorKind::Connection);
    assert_eq!(RUNS.count(), 0);
}

/// MessagePack takes it; JSON does not, because its keys are texts.
type Unencodable = HashMap<Vec<u8>, u64>;

// covers: R68
#[tokio::test]
async fn a_value_that_cannot_be_encoded_is_still_returned() {
    static RUNS: Runs = Runs::new();
    static CACHE: LazyLock<Cache> = LazyLock::new(|| {
        let builder = Cache::builder().codec(keepwarm::codec::Codec::Json);
        builder.backend(Encodes::around(memory())).build().unwrap()
    });
    #[cached(timeout = "1h", cache = CACHE)]
    async fn spawned(id: u8) -> Unencodable {
        HashMap::from([(vec![id], RUNS.next())])
    }
    #[cached(timeout = "1h", cache = CACHE)]
    fn blocking(id: u8) -> Unencodable {
        HashMap::from([(vec![id], RUNS.next())])
    }

    assert_eq!(spawned(7).await, HashMap::from([(vec![7], 1)]));
    assert_eq!(blocking(7), HashMap::from([(vec![7], 2)]));
    assert_eq!(RUNS.count(), 2);
    assert_eq!(spawned::refresh(7).await.unwrap_err().kind(), ErrorKind::Encode);
}

// covers: R68
#[tokio::test]
async fn a_refused_key_does_not_stop_the_function() {
    static RUNS: Runs = Runs::new();
    static CACHE: LazyLock<Cache> =
        LazyLock::new(|| Cache::builder().key_function(|_, _, _| String::new()).build().unwrap());
    #[cached(timeout = "1h", cache = CACHE)]
    async fn user(id: u64) -> u64 {
        RUNS.next()
    }

    assert_eq!((user(1).await, user(1).await), (1, 2));
    assert_eq!(user::invalidate(1).await.unwrap_err().kind(), ErrorKind::InvalidKey);
}

// covers: R149
#[cfg(unix)]
#[test]
fn an_argument_without_a_stable_form_is_not_cached_and_named_when_asked() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    fn files(folder: &Path) -> u64 {
        RUNS.next()
    }
    let folder = Path::new(OsStr::from_bytes(b"\xff"));
    assert_eq!((files(folder), files(folder)), (1, 2));
    let error = files::cache_key(folder).unwrap_err();
    assert!(error.to_string().contains("argument `folder`"), "{error}");
}

fn message_of(panicking: impl FnOnce() -> u64) -> String {
    let panic = std::panic::catch_unwind(AssertUnwindSafe(panicking)).unwrap_err();
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}

// covers: R67
#[tokio::test]
async fn a_panic_of_the_body_reaches_the_caller_and_leaves_nothing_behind() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn spawned(id: u64) -> u64 {
        let run = RUNS.next();
        assert_ne!(run, 1, "the first run fails");
        run
    }
    #[cached(timeout = "1h")]
    fn blocking(id: u64) -> u64 {
        let run = RUNS.next();
        assert_ne!(run, 3, "the third run fails");
        run
    }

    let panic = tokio::spawn(spawned(1)).await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("the first run fails"), "{message}");
    assert_eq!((spawned(1).await, spawned(1).await), (2, 2));
    let message = message_of(|| blocking(1));
    assert!(message.contains("the third run fails"), "{message}");
    assert_eq!((blocking(1), blocking(1)), (4, 4));
}

// covers: R68
#[test]
fn a_body_that_asks_for_itself_says_so_instead_of_hanging() {
    #[cached(timeout = "1h")]
    fn circle(id: u64) -> u64 {
        circle(id) + 1
    }
    let message = message_of(|| circle(1));
    assert!(message.contains("the loader asks for a key whose computation waits for this one"), "{message}");
}

// covers: R151
#[test]
fn an_alias_that_does_not_exist_is_a_mistake_and_says_so() {
    #[cached(timeout = "1h", cache = "sesions")]
    fn user(id: u64) -> u64 {
        id
    }
    let message = message_of(|| user(1));
    assert!(message.contains("sesions"), "{message}");
}

#[derive(Clone, Serialize, Deserialize)]
struct Old {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct New {
    name: u64,
}

#[tokio::test]
async fn what_an_older_version_of_the_program_stored_is_a_miss() {
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::memory);
    #[cached(timeout = "1h", key = "user", cache = CACHE)]
    async fn old() -> Old {
        Old { name: "a".into() }
    }
    #[cached(timeout = "1h", key = "user", cache = CACHE)]
    async fn new() -> New {
        New { name: 7 }
    }
    assert_eq!(old().await.name, "a");
    assert_eq!(new().await, New { name: 7 });
}
