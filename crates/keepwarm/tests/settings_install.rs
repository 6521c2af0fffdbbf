//! The caches of the whole program. A test binary of its own with one test: what is installed stays installed.

use keepwarm::{Caches, ErrorKind};

// covers: R23
#[test]
fn caches_are_installed_once_and_cache_is_their_default() {
    let caches = Caches::from_toml("[caches.default]\nbackend = 'memory'\nkey_prefix = 'app'").unwrap();
    caches.install().unwrap();
    caches.install().unwrap();
    caches.get("default").unwrap().set("key", &1).wait().unwrap();
    assert_eq!(keepwarm::cache().get::<i32>("key").wait().unwrap(), Some(1));
    assert_eq!(keepwarm::caches().get("default").unwrap().make_key("key", None).unwrap(), "app:1:key");
    let error = Caches::from_toml("").unwrap().install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("installed already"), "{error}");
    assert_eq!(keepwarm::cache().make_key("key", None).unwrap(), "app:1:key", "the first stay");
}
