//! Several aliases: separate settings, shared and separate stores, one cache for each.

use std::thread;

use keepwarm::settings::{AliasSettings, SettingValue, Settings};
use keepwarm::{Cache, Caches, ErrorKind, Timeout, mins};

use crate::{default_timeout, fault, json, says, toml};

// covers: R5
#[test]
fn without_any_settings_there_is_one_memory_cache_of_300_seconds() {
    for caches in [Caches::builder().build().unwrap(), toml(""), toml("# nothing\n")] {
        assert_eq!(caches.aliases().collect::<Vec<_>>(), ["default"]);
        let cache = caches.get("default").unwrap();
        assert_eq!((cache.backend_kind(), default_timeout(&cache)), ("memory", Some(300)));
    }
}

// covers: R8
#[test]
fn an_alias_that_does_not_exist_is_an_error_in_django_s_words() {
    let error = toml("").get("nope").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidBackend);
    assert_eq!(error.to_string(), "The connection 'nope' doesn't exist.");
}

// covers: R18
#[test]
fn aliases_live_side_by_side_with_their_own_timeout_and_prefix() {
    let caches = toml(
        "[caches.default]\nbackend = 'memory'\ntimeout = 300\nkey_prefix = 'myapp'\n
         [caches.sessions]\nbackend = 'memory'\ntimeout = 86400\nkey_prefix = 'session'\n",
    );
    let (default, sessions) = (caches.get("default").unwrap(), caches.get("sessions").unwrap());
    assert_eq!((default_timeout(&default), default_timeout(&sessions)), (Some(300), Some(86_400)));
    default.set("key", "default").wait().unwrap();
    sessions.set("key", "sessions").wait().unwrap();
    assert_eq!(default.get::<String>("key").wait().unwrap().as_deref(), Some("default"));
    default.clear().wait().unwrap();
    assert_eq!(sessions.get::<String>("key").wait().unwrap().as_deref(), Some("sessions"));
}

// covers: R19
#[test]
fn an_alias_is_built_on_first_use_and_is_the_same_cache_from_then_on() {
    let caches =
        toml("[caches.default]\nbackend = 'memory'\n[caches.other]\nbackend = 'memory'\nlocation = 'other-store'");
    assert_eq!(caches.aliases().collect::<Vec<_>>(), ["default", "other"]);
    assert_eq!(caches.all(true).unwrap().len(), 0);
    caches.get("other").unwrap().set("key", "value").wait().unwrap();
    let built = caches.all(true).unwrap();
    assert_eq!(built.iter().map(Cache::name).collect::<Vec<_>>(), ["other"]);
    assert_eq!(caches.get("other").unwrap().get::<String>("key").wait().unwrap().as_deref(), Some("value"));
    // The same cache, and not another on the same store: it counts in one place.
    assert_eq!(caches.get("other").unwrap().stats().wait().unwrap().hits, built[0].stats().wait().unwrap().hits);
    assert_eq!(caches.all(false).unwrap().iter().map(Cache::name).collect::<Vec<_>>(), ["default", "other"]);
    assert_eq!(caches.all(true).unwrap().len(), 2);
}

// covers: R20
#[test]
fn an_alias_asked_for_in_two_threads_is_one_store() {
    let caches = toml("[caches.default]\nbackend = 'memory'");
    thread::scope(|scope| {
        for number in 0..4 {
            let caches = caches.clone();
            scope.spawn(move || caches.get("default").unwrap().set(&format!("key{number}"), &number).wait().unwrap());
        }
    });
    let cache = caches.get("default").unwrap();
    for number in 0..4 {
        assert_eq!(cache.get::<i32>(&format!("key{number}")).wait().unwrap(), Some(number));
    }
}

// covers: R125
#[test]
fn one_location_is_one_store_in_the_process_and_another_is_another() {
    let text = "[caches.default]\nbackend = 'memory'\nlocation = 'shared-by-name'
                [caches.same]\nbackend = 'memory'\nlocation = 'shared-by-name'\ntimeout = 60
                [caches.other]\nbackend = 'memory'\nlocation = 'not-shared'";
    let caches = toml(text);
    caches.get("default").unwrap().set("key", &1).wait().unwrap();
    assert_eq!(caches.get("same").unwrap().get::<i32>("key").wait().unwrap(), Some(1));
    assert_eq!(caches.get("other").unwrap().get::<i32>("key").wait().unwrap(), None);
    assert_eq!(toml(text).get("default").unwrap().get::<i32>("key").wait().unwrap(), Some(1), "in the whole process");
}

// covers: R125
#[test]
fn aliases_without_a_location_share_one_store_where_they_ask_for_the_same_bounds() {
    // As Django's own tests of locmem use them: `v2` sees what `default` wrote, and `cull` has bounds of its own.
    let text = r#"{"default": {"BACKEND": "memory"}, "v2": {"BACKEND": "memory", "VERSION": 2},
                   "cull": {"BACKEND": "memory", "OPTIONS": {"MAX_ENTRIES": 30}}}"#;
    let caches = Caches::from_json(text).unwrap();
    caches.get("default").unwrap().set("answer", &42).wait().unwrap();
    assert_eq!(caches.get("v2").unwrap().get::<i32>("answer").version(1).wait().unwrap(), Some(42));
    assert_eq!(caches.get("cull").unwrap().get::<i32>("answer").wait().unwrap(), None);
    assert_eq!(json(text).get::<i32>("answer").wait().unwrap(), None, "other settings have other stores");
}

#[test]
fn one_location_with_two_sets_of_bounds_is_refused() {
    let error = fault(Caches::from_toml(
        "[caches.default]\nbackend = 'memory'\nlocation = 'x'\nmax_entries = 5\n
         [caches.other]\nbackend = 'memory'\nlocation = 'x'\nmax_bytes = 60000",
    ));
    says(&error, &["`default`", "`other`", "LOCATION `x`", "different bounds"]);
}

// covers: R125 R127
#[test]
fn aliases_of_one_location_that_count_as_django_share_a_store_and_keep_to_their_own_bounds() {
    let caches = toml(
        "[caches.default]\nbackend = 'memory'\nlocation = 'counted by two'\nmax_entries = 100\n
         [caches.small]\nbackend = 'memory'\nlocation = 'counted by two'\nmax_entries = 3\ncull_frequency = 0",
    );
    let (large, small) = (caches.get("default").unwrap(), caches.get("small").unwrap());
    for number in 0..10 {
        large.set(&format!("key{number}"), &number).wait().unwrap();
    }
    assert_eq!(small.keys("*").wait().unwrap().len(), 10);
    small.set("one more", &1).wait().unwrap();
    assert_eq!(large.keys("*").wait().unwrap(), ["one more"]);
}

// covers: R24
#[test]
fn the_same_settings_come_from_toml_json_environment_url_and_code() {
    let toml = Settings::from_toml("[caches.default]\nBACKEND = 'memory'\nTIMEOUT = 60\nKEY_PREFIX = 'p'").unwrap();
    let json =
        Settings::from_json(r#"{"CACHES": {"default": {"BACKEND": "memory", "TIMEOUT": 60, "KEY_PREFIX": "p"}}}"#);
    let url = AliasSettings::from_url("memory://?timeout=60&key_prefix=p").unwrap();
    let variables = Settings::from_variables([
        ("KEEPWARM_DEFAULT__TIMEOUT", "60"),
        ("KEEPWARM_DEFAULT__KEY_PREFIX", "p"),
        ("KEEPWARM_DEFAULT__BACKEND", "memory"),
    ]);
    let code = AliasSettings::new("memory").timeout(mins(1)).with("key_prefix", "p");
    let mine: Settings = serde_json::from_str(r#"{"default": "memory://?timeout=60&key_prefix=p"}"#).unwrap();
    for settings in [
        toml,
        json.unwrap(),
        Settings::new().alias("default", url),
        variables.unwrap(),
        Settings::new().alias("default", code),
        mine,
    ] {
        let caches = Caches::builder().settings(settings).build().unwrap();
        let cache = caches.get("default").unwrap();
        assert_eq!(default_timeout(&cache), Some(60));
        assert_eq!(cache.make_key("key", None).unwrap(), "p:1:key");
    }
}

#[test]
fn options_from_code_replace_what_was_said_before() {
    let alias = AliasSettings::new("memory")
        .with("TIMEOUT", 5)
        .timeout(mins(2))
        .with("key_prefix", "a")
        .with("KEY_PREFIX", "b");
    let cache = |alias| Caches::builder().alias("default", alias).build().unwrap().get("default").unwrap();
    let two_minutes = cache(alias.clone());
    assert_eq!(two_minutes.make_key("key", None).unwrap(), "b:1:key");
    assert_eq!(default_timeout(&two_minutes), Some(120));
    assert_eq!(default_timeout(&cache(alias.clone().timeout(Timeout::Never))), None);
    assert_eq!(default_timeout(&cache(alias.clone().timeout(Timeout::Default))), Some(300));
    assert_eq!(default_timeout(&cache(alias.with("timeout", SettingValue::Null))), None);
}

#[test]
fn a_cache_built_by_hand_can_be_an_alias() {
    let mine = Cache::builder().key_prefix("mine").build().unwrap();
    mine.set("key", &1).wait().unwrap();
    let caches = Caches::builder().cache("default", mine).alias("other", AliasSettings::new("dummy")).build().unwrap();
    assert_eq!(caches.get("default").unwrap().get::<i32>("key").wait().unwrap(), Some(1));
    assert_eq!(caches.aliases().collect::<Vec<_>>(), ["default", "other"]);
}

// covers: R212
#[test]
fn closing_may_be_repeated_and_the_caches_work_again() {
    let caches = toml("[caches.default]\nbackend = 'memory'\n[caches.other]\nbackend = 'dummy'");
    let cache = caches.get("default").unwrap();
    cache.set("key", &1).wait().unwrap();
    caches.close().wait().unwrap();
    caches.close().wait().unwrap();
    cache.set("key", &2).wait().unwrap();
    assert_eq!(caches.get("default").unwrap().get::<i32>("key").wait().unwrap(), Some(2));
}
