//! Verbs that look again and again come to an end, whatever the store answers and whatever is done under them.

use keepwarm::{Cache, ErrorKind, MemoryOptions};

/// More rounds than any of these takes; a verb that goes round for ever fails here instead of hanging.
const TOO_MANY: u32 = 1000;

// covers: R174
#[test]
fn an_update_whose_function_invalidates_its_own_tag_ends() {
    let cache = Cache::memory();
    cache.set("key", &1).wait().unwrap();
    let mut rounds = 0;
    let change = |old: Option<i64>| {
        rounds += 1;
        assert!(rounds < TOO_MANY, "it goes round for ever");
        cache.invalidate_tag("own").wait().unwrap();
        Some(old.unwrap_or_default() + 1)
    };
    assert_eq!(cache.update("key", change).tags(["own"]).wait().unwrap(), Some(2));
    assert_eq!(
        cache.get::<i64>("key").wait().unwrap(),
        None,
        "neither the new value, which was invalidated, nor the old"
    );
    assert_eq!(cache.stats().wait().unwrap().overtaken, 1);
}

// covers: R174
#[test]
fn an_update_that_is_overtaken_now_and_then_is_stored() {
    let cache = Cache::memory();
    let mut rounds = 0;
    let change = |_: Option<i64>| {
        rounds += 1;
        if rounds < 4 {
            cache.invalidate_tag("tag").wait().unwrap();
        }
        Some(rounds)
    };
    assert_eq!(cache.update("key", change).tags(["tag"]).wait().unwrap(), Some(4));
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(4));
}

// covers: R39
#[test]
fn an_entry_that_its_new_version_makes_too_large_stays_as_it_was() {
    // The version grows by 17 digits, which is more than the store rounds weights by.
    const FAR: i64 = 100_000_000_000_000_000;
    let fits = |length: usize| {
        let options = MemoryOptions::new().max_bytes(1 << 20).max_value_bytes(1000);
        let cache = Cache::builder().memory(options).version(9).build().unwrap();
        cache.set("key", &"x".repeat(length)).wait().unwrap();
        cache.has_key("key").wait().unwrap().then_some(cache)
    };
    let longest = (1..1000).rev().find(|&length| fits(length).is_some()).expect("something fits");
    let cache = fits(longest).unwrap();
    let error = cache.incr_version("key", FAR).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("too large"), "{error}");
    assert!(cache.has_key("key").wait().unwrap());
    assert!(!cache.has_key("key").version(9 + FAR).wait().unwrap());
    assert_eq!(fits(longest - 50).unwrap().incr_version("key", FAR).wait().unwrap(), 9 + FAR);
}
