//! What a program registers itself: backends and key functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keepwarm::backends::memory::Memory;
use keepwarm::clock::Clock;
use keepwarm::settings::{AliasSettings, Options, Settings};
use keepwarm::{Caches, Error, ErrorKind, MemoryOptions, Result};

use crate::{fault, says};

fn mine(options: &Options) -> Result<Memory> {
    let rows = options.whole("rows", 1)?.unwrap_or(100);
    let _table = options.text("table")?;
    Ok(Memory::new(&MemoryOptions::new().max_entries(rows), Clock::system()))
}

fn register(text: &str) -> Result<Caches> {
    Caches::builder().register("mycache", mine).settings(Settings::from_toml(text)?).build()
}

// covers: R145
#[test]
fn a_registered_backend_is_chosen_by_its_name() {
    for text in [
        "[caches.default]\nBACKEND = 'mycache'\nROWS = 5\nOPTIONS = {TABLE = 'cache_table'}\nTIMEOUT = 60",
        "[caches]\ndefault = 'mycache://?rows=5&table=cache_table&timeout=60'",
    ] {
        let cache = register(text).unwrap().get("default").unwrap();
        cache.set("key", &1).wait().unwrap();
        assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(1));
        assert_eq!(crate::default_timeout(&cache), Some(60));
    }
}

// covers: R17 R145
#[test]
fn an_option_that_a_registered_backend_does_not_read_is_refused_with_those_it_reads() {
    let error = register("[caches.default]\nBACKEND = 'mycache'\nROSW = 5").unwrap().get("default").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    says(&error, &["alias `default`", "did you mean `rows`?", "rows, table"]);
    let error = register("[caches.default]\nBACKEND = 'mycache'\nROWS = 0").unwrap().get("default").unwrap_err();
    says(&error, &["rows cannot be `0`", "at least 1"]);
    let error = fault(register("[caches.default]\nBACKEND = 'mycahce'"));
    says(&error, &["did you mean `mycache`?", "memory, file, dummy", "redis, mycache"]);
    let conflict = fault(register("[caches.default]\nBACKEND = 'mycache'\nROWS = 5\nrows = 6"));
    says(&conflict, &["ROWS", "rows", "different values"]);
}

#[test]
fn a_built_in_name_cannot_be_registered() {
    for name in ["memory", "locmem", "dummy"] {
        says(&fault(Caches::builder().register(name, mine).build()), &[name, "a built-in one has that name"]);
    }
}

#[test]
fn a_constructor_runs_at_the_first_use_and_again_after_it_failed() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let construct = move |_: &Options| {
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Error::new(ErrorKind::Connection, "not yet"));
        }
        Ok(Memory::new(&MemoryOptions::new(), Clock::system()))
    };
    let caches =
        Caches::builder().register("flaky", construct).alias("default", AliasSettings::new("flaky")).build().unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let error = caches.get("default").unwrap_err();
    assert_eq!((error.kind(), error.backend()), (ErrorKind::Connection, Some("flaky")));
    caches.get("default").unwrap();
    caches.get("default").unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

// covers: R13 R108
#[test]
fn a_registered_key_function_makes_the_keys_of_every_verb() {
    let caches = Caches::builder()
        .key_function("myapp.keys.make_key", |key, prefix, version| {
            format!("{prefix}-{version}-{}", key.to_lowercase())
        })
        .settings(
            Settings::from_json(
                r#"{"default": {"BACKEND": "memory", "KEY_PREFIX": "p", "KEY_FUNCTION": "myapp.keys.make_key"},
                "plain": {"BACKEND": "memory", "KEY_PREFIX": "p", "KEY_FUNCTION": null}}"#,
            )
            .unwrap(),
        )
        .build()
        .unwrap();
    let cache = caches.get("default").unwrap();
    assert_eq!(cache.make_key("User", None).unwrap(), "p-1-user");
    cache.set("User", &1).wait().unwrap();
    assert_eq!(cache.get::<i32>("USER").wait().unwrap(), Some(1));
    assert!(cache.has_key("uSER").wait().unwrap() && !cache.add("usER", &2).wait().unwrap());
    assert!(cache.replace("USer", &5).wait().unwrap() && cache.touch("USER", keepwarm::secs(9)).wait().unwrap());
    assert_eq!(cache.incr("UsEr", 2).wait().unwrap(), 7);
    assert_eq!(cache.get_or_set("USER", || async { 0 }).wait().unwrap(), 7);
    assert_eq!(cache.update("USER", |old: Option<i32>| old.map(|old| old + 1)).wait().unwrap(), Some(8));
    assert_eq!(cache.get_many::<i32, _>(["uSER"]).wait().unwrap().get("uSER"), Some(&8), "under the caller's own name");
    assert!(cache.set_many([("Other", &1), ("USER", &9)]).wait().unwrap().is_empty());
    assert_eq!(cache.incr_version("USER", 1).wait().unwrap(), 2);
    assert_eq!(cache.get::<i32>("uSER").version(2).wait().unwrap(), Some(9));
    assert_eq!(cache.delete_many(["OTHER", "user"]).wait().unwrap(), 1, "`user` has moved to version 2");
    assert!(cache.delete("uSER").version(2).wait().unwrap());
    assert_eq!(caches.get("plain").unwrap().make_key("User", None).unwrap(), "p:1:User");
}
