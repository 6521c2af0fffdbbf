//! Option names and values, in every spelling and form.

use keepwarm::{Caches, ErrorKind};

use crate::{default_timeout, fault, json, says, toml};

// covers: R1 R12 R107
#[test]
fn the_first_settings_of_the_readme_load() {
    let text = r#"{"default": {"BACKEND": "memory", "timeout": 300, "key_prefix": "myapp"}}"#;
    let cache = json(text);
    assert_eq!(cache.backend_kind(), "memory");
    assert_eq!(default_timeout(&cache), Some(300));
    cache.set("user", "Ada").wait().unwrap();
    let stored = cache.explain("user").wait().unwrap();
    assert_eq!((stored.stored_key.as_str(), stored.would_miss), ("myapp:1:user", None));
    let same = toml("[caches.default]\nbackend = \"memory\"\ntimeout = 300\nkey_prefix = \"myapp\"\n");
    assert_eq!(same.get("default").unwrap().make_key("user", None).unwrap(), "myapp:1:user");
}

// covers: R6
#[test]
fn dotted_names_of_django_are_names_of_backends() {
    for (dotted, kind) in [
        ("django.core.cache.backends.locmem.LocMemCache", "memory"),
        ("django.core.cache.backends.dummy.DummyCache", "dummy"),
        ("keepwarm.django.MemoryCache", "memory"),
    ] {
        assert_eq!(json(&format!(r#"{{"default": {{"BACKEND": "{dotted}"}}}}"#)).backend_kind(), kind);
    }
}

// covers: R9
#[test]
fn upper_and_lower_case_are_one_option_and_equal_values_are_no_conflict() {
    let upper =
        toml("[CACHES.default]\nBACKEND = 'memory'\nTIMEOUT = 60\nKEY_PREFIX = 'a'\nVERSION = 2\nLOCATION = 'case'");
    let lower =
        toml("[caches.default]\nbackend = 'memory'\ntimeout = 60\nkey_prefix = 'a'\nversion = 2\nlocation = 'case'");
    let (upper, lower) = (upper.get("default").unwrap(), lower.get("default").unwrap());
    upper.set("key", "value").wait().unwrap();
    assert_eq!(
        lower.get::<String>("key").wait().unwrap().as_deref(),
        Some("value"),
        "the same store, prefix and version"
    );
    // Equal after reading, though written differently.
    toml("[caches.default]\nbackend = 'memory'\ntimeout = 90\nTIMEOUT = '1m30s'\nTimeout = '90'");
}

// covers: R9
#[test]
fn two_spellings_with_different_values_are_a_conflict() {
    for (one, other) in [
        ("timeout = 60", "TIMEOUT = 61"),
        ("key_prefix = 'a'", "KEY_PREFIX = 'b'"),
        ("version = 1", "Version = 2"),
        ("location = 'a'", "LOCATION = 'b'"),
        ("max_entries = 10", "OPTIONS = {MAX_ENTRIES = 11}"),
        ("timeout = 60", "OPTIONS = {timeout = 'never'}"),
        ("backend = 'memory'", "BACKEND = 'dummy'"),
    ] {
        let backend = if one.starts_with("backend") { "" } else { "backend = 'memory'\n" };
        let error = fault(Caches::from_toml(&format!("[caches.default]\n{backend}{one}\n{other}")));
        assert_eq!(error.kind(), ErrorKind::Configuration, "{one}, {other}");
        says(&error, &["alias `default`", "the same option", "different values", one.split(' ').next().unwrap()]);
    }
}

// covers: R9
#[test]
fn a_json_object_that_repeats_a_name_is_a_conflict_and_not_the_last_one() {
    let error = fault(Caches::from_json(r#"{"default": {"BACKEND": "memory", "TIMEOUT": 1, "TIMEOUT": 2}}"#));
    says(&error, &["TIMEOUT and TIMEOUT", "different values"]);
}

// covers: R10
#[test]
fn a_timeout_has_one_meaning() {
    let timeout = |value: &str| default_timeout(&json(&format!(r#"{{"default": {{"BACKEND": "memory"{value}}}}}"#)));
    assert_eq!(timeout(""), Some(300));
    assert_eq!(timeout(r#", "TIMEOUT": null"#), None);
    assert_eq!(timeout(r#", "TIMEOUT": 0"#), Some(0));
    assert_eq!(timeout(r#", "TIMEOUT": "60""#), Some(60));
    assert_eq!(timeout(r#", "TIMEOUT": 60.4"#), Some(60));
    assert_eq!(timeout(r#", "TIMEOUT": "1h30m""#), Some(5400));
    assert_eq!(timeout(r#", "TIMEOUT": "never""#), None);
    assert_eq!(timeout(r#", "TIMEOUT": 1e300"#), None, "beyond the end of every clock");
    let never = toml("[caches.default]\nbackend = 'memory'\ntimeout = 'never'");
    assert_eq!(default_timeout(&never.get("default").unwrap()), None);
}

// covers: R10
#[test]
fn anything_else_as_a_timeout_is_refused_and_never_300() {
    for value in
        ["-1", "-0.5", "true", "'fast'", "''", "'-60'", "nan", "inf", "'inf'", "[60]", "{seconds = 60}", "'1y'"]
    {
        let error = fault(Caches::from_toml(&format!("[caches.default]\nbackend = 'memory'\ntimeout = {value}")));
        assert_eq!(error.kind(), ErrorKind::Configuration, "{value}");
        says(&error, &["alias `default`: timeout cannot be ", "it takes seconds", "never"]);
    }
}

// covers: R11
#[test]
fn the_version_of_the_settings_is_that_of_every_call_without_one() {
    let versions = [("2", ":2:key"), ("'2'", ":2:key"), ("'beta'", ":beta:key"), ("0", ":0:key")];
    for (version, key) in versions {
        let caches = toml(&format!("[caches.default]\nbackend = 'memory'\nversion = {version}"));
        assert_eq!(caches.get("default").unwrap().make_key("key", None).unwrap(), key);
    }
    let cache = json(r#"{"default": {"BACKEND": "memory", "VERSION": null}}"#);
    assert_eq!(cache.make_key("key", None).unwrap(), ":1:key");
    for version in ["1.5", "true", "''", "[1]"] {
        let error = fault(Caches::from_toml(&format!("[caches.default]\nbackend = 'memory'\nversion = {version}")));
        says(&error, &["version cannot be", "a whole number or a word"]);
    }
}

// covers: R14 R127
#[test]
fn django_s_bounds_work_inside_options_and_beside_them_and_count_as_django_does() {
    for text in [
        r#"{"default": {"BACKEND": "memory", "OPTIONS": {"MAX_ENTRIES": 30}}}"#,
        r#"{"default": {"BACKEND": "memory", "max_entries": 30, "CULL_FREQUENCY": 3}}"#,
        r#"{"default": {"BACKEND": "memory", "MAX_ENTRIES": "30", "OPTIONS": {"cull_frequency": "3"}}}"#,
    ] {
        assert_eq!(entries_after_49_sets(text), 29, "{text}");
    }
    let all_at_once = r#"{"default": {"BACKEND": "memory", "OPTIONS": {"MAX_ENTRIES": 30, "CULL_FREQUENCY": 0}}}"#;
    assert_eq!(entries_after_49_sets(all_at_once), 19);
}

fn entries_after_49_sets(text: &str) -> usize {
    let cache = json(text);
    for number in 1..50 {
        cache.set(&format!("cull{number}"), "value").timeout(keepwarm::secs(1000)).wait().unwrap();
    }
    (1..50).filter(|number| cache.has_key(&format!("cull{number}")).wait().unwrap()).count()
}

// covers: R14
#[test]
fn another_eviction_is_chosen_by_its_name() {
    // 1000 entries behind an s3-fifo of 100: never more than 100, and not Django's count after a cull.
    let caches = toml("[caches.default]\nbackend = 'memory'\nmax_entries = 100\neviction = 's3-fifo'");
    let cache = caches.get("default").unwrap();
    for number in 0..1000 {
        cache.set(&format!("{number}"), &number).wait().unwrap();
    }
    let left = (0..1000).filter(|number| cache.has_key(&format!("{number}")).wait().unwrap()).count();
    assert!((50..=100).contains(&left), "{left} entries");
    let bytes = toml("[caches.default]\nbackend = 'memory'\nmax_bytes = '1MiB'\nmax_value_bytes = '128KiB'");
    let cache = bytes.get("default").unwrap();
    assert!(!cache.set("big", &"x".repeat(200 << 10)).wait().unwrap().is_stored());
    assert!(cache.set("small", &"x".repeat(50 << 10)).wait().unwrap().is_stored());
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    for (options, reason) in [
        ("cull_frequency = 3\neviction = 's3-fifo'", "cull_frequency says how `lru` evicts"),
        ("eviction = 'lru'\nmax_bytes = 1000", "counts entries and not bytes"),
        ("max_value_bytes = '1MB'", "needs max_bytes"),
        ("max_bytes = '1MB'\nmax_value_bytes = '2MB'", "more than max_bytes"),
        ("max_entries = 0", "a whole number of at least 1"),
        ("max_entries = -5", "a whole number of at least 1"),
        ("max_entries = 1.5", "a whole number of at least 1"),
        ("max_entries = 99999999999999999999.0", "a whole number of at least 1"),
        ("max_bytes = '64 megs'", "a number of bytes"),
        ("eviction = 'random'", "\"s3-fifo\" or \"lru\""),
        ("codec = 'pickle'", "\"messagepack\" or \"json\" or \"raw\""),
        ("compress_min_bytes = 'many'", "a number of bytes"),
        ("on_error = 'ignore'", "\"raise\" or \"degrade\""),
        ("lease = 0", "seconds above zero"),
    ] {
        let error = fault(Caches::from_toml(&format!("[caches.default]\nbackend = 'memory'\n{options}")));
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        says(&error, &["alias `default`", reason]);
    }
}

#[test]
fn options_of_every_alias_reach_the_cache() {
    let caches = toml("[caches.default]\nbackend = 'memory'\ncodec = 'JSON'\nlease = '10s'\non_error = 'degrade'");
    caches.get("default").unwrap().set("key", &1).wait().unwrap();
}
