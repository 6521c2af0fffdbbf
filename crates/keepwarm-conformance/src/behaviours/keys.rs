//! Keys: how they are stored, which are taken, and finding them by pattern.

use keepwarm::key::{make_template_fragment_key, validate_key};
use keepwarm::{Cache, ErrorKind, Put};

use crate::case::{cases, err, ok, run};
use crate::kit::Record;
use crate::samples::{Runs, in_order, map};
use crate::subject::Subject;
use crate::suite::ON_PURPOSE;

cases! {
    a_stored_key_is_prefix_version_and_name [PlainKeys, AnyStore];
    every_verb_uses_the_made_key;
    the_key_function_makes_every_stored_key;
    a_key_function_with_hour_and_lower_case_works;
    an_empty_key_works;
    a_key_outside_ascii_works [AnyKey];
    a_number_written_out_is_the_same_key;
    a_key_longer_than_250_bytes_works_and_is_counted [AnyKey];
    a_key_with_spaces_and_control_characters_works_and_is_counted [AnyKey];
    a_portable_key_is_not_counted [PlainSettings];
    a_key_of_64_kibibytes_works [AnyKey];
    names_that_need_no_escape_are_validated [AnyStore];
    long_and_illegal_names_are_not_validated [AnyStore];
    a_template_fragment_key_is_djangos [AnyStore];
    a_key_function_that_panics_is_an_error_and_nothing_is_lost;
    a_key_function_that_returns_nothing_is_an_error_and_nothing_is_lost;
    keys_lists_the_callers_names [Scans, PlainKeys];
    keys_lists_what_matches [Scans, PlainKeys];
    keys_lists_this_version_only [Scans, PlainKeys];
    keys_lists_this_prefix_only [Scans, PlainKeys];
    keys_of_another_version [Scans, PlainKeys];
    keys_of_an_empty_cache_is_empty [Scans, PlainKeys, AnyStore];
    iter_keys_gives_them_one_by_one [Scans, PlainKeys];
    iter_keys_is_lazy [Scans, PlainKeys];
    a_key_written_while_keys_are_iterated_disturbs_nothing [Scans, PlainKeys, Room(200)];
    keys_lists_a_thousand [Scans, PlainKeys, Room(1000)];
    delete_pattern_removes_what_matches_and_counts [Scans, PlainKeys];
    delete_pattern_leaves_other_versions_and_prefixes [Scans, PlainKeys];
    delete_pattern_takes_the_names_literally_behind_a_backslash [Scans, PlainKeys];
    delete_pattern_of_nothing_matching_is_zero [Scans, PlainKeys];
    delete_pattern_of_a_thousand [Scans, PlainKeys, Room(1000)];
    a_pattern_matches_only_the_whole_name [Scans, PlainKeys];
    a_prefix_of_pattern_characters_matches_only_itself [Scans, PlainKeys];
    a_hidden_name_cannot_be_listed [AnyStore];
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

// covers: R12 R107 R109
async fn a_stored_key_is_prefix_version_and_name(on: &Subject) {
    let record = Record::new();
    let cache = on.over_with(|store| record.around(store), |builder| builder.key_prefix("myapp").version(1));
    assert_eq!(cache.make_key("user", None).expect("a plain key"), "myapp:1:user");
    assert_eq!(cache.make_key("user", Some(2.into())).expect("a plain key"), "myapp:2:user");
    ok!(on, cache.set("user", "Ada"));
    assert_eq!(record.take()[0].names, ["myapp:1:user"]);
    ok!(on, cache.get::<String>("user").version("beta"));
    assert_eq!(record.take()[0].names, ["myapp:beta:user"]);
}

/// Calls every verb on keys, and gives the stored keys that it used.
async fn used_keys(on: &Subject, cache: &Cache, record: &Record) -> Vec<String> {
    ok!(on, cache.set("Name", &1_i64));
    ok!(on, cache.get::<i64>("Name"));
    ok!(on, cache.get_arc::<i64>("Name"));
    ok!(on, cache.has_key("Name"));
    ok!(on, cache.add("Name", &1_i64));
    ok!(on, cache.replace("Name", &1_i64));
    ok!(on, cache.incr("Name", 1));
    ok!(on, cache.decr("Name", 1));
    ok!(on, cache.touch("Name", keepwarm::secs(60)));
    ok!(on, cache.expire("Name", keepwarm::secs(60)));
    ok!(on, cache.persist("Name"));
    ok!(on, cache.ttl("Name"));
    ok!(on, cache.get_or_set("Name", Runs::new().giving(1_i64)));
    ok!(on, cache.refresh("Name", Runs::new().giving(1_i64)));
    ok!(on, cache.update("Name", |old: Option<i64>| old));
    ok!(on, cache.set_many([("Name", "1")]));
    ok!(on, cache.get_many::<String, _>(["Name"]));
    ok!(on, cache.delete_many(["Name"]));
    ok!(on, cache.rate_limit("Name", 1, keepwarm::secs(60)));
    ok!(on, cache.explain("Name"));
    ok!(on, cache.delete("Name"));
    let mut names: Vec<String> = record.take().into_iter().flat_map(|call| call.names).collect();
    names.sort();
    names.dedup();
    names
}

// covers: R12 R107
async fn every_verb_uses_the_made_key(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    let made = cache.make_key("Name", None).expect("a plain key");
    assert_eq!(used_keys(on, &cache, &record).await, [made]);
}

// covers: R13 R108
async fn the_key_function_makes_every_stored_key(on: &Subject) {
    let record = Record::new();
    let function = |key: &str, prefix: &str, version: &keepwarm::key::Version| format!("<{version}|{key}|{prefix}>");
    let cache = on
        .over_with(|store| record.around(store), |builder| builder.key_prefix("app").version(3).key_function(function));
    assert_eq!(used_keys(on, &cache, &record).await, ["<3|Name|app>"]);
    ok!(on, cache.get::<i64>("Name").version(4));
    assert_eq!(record.take()[0].names, ["<4|Name|app>"]);
}

// covers: R108
async fn a_key_function_with_hour_and_lower_case_works(on: &Subject) {
    let hour = 13;
    let cache = on.alias(|builder| {
        builder.key_function(move |key, prefix, version| format!("{prefix}:{version}:{hour}:{key}").to_lowercase())
    });
    ok!(on, cache.set("User", "Ada"));
    assert_eq!(ok!(on, cache.get::<String>("uSER")).as_deref(), Some("Ada"));
    let found = ok!(on, cache.get_many::<String, _>(["USER", "other"]));
    assert_eq!(in_order(found), map([("USER", "Ada".to_owned())]), "the caller's own name, not the stored one");
    assert_eq!(ok!(on, cache.delete_many(["user"])), 1);
}

// covers: R40
async fn an_empty_key_works(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("", "nothing"));
    assert_eq!(ok!(on, cache.get::<String>("")).as_deref(), Some("nothing"));
    assert!(ok!(on, cache.delete("")));
}

// covers: R40
async fn a_key_outside_ascii_works(on: &Subject) {
    let cache = on.cache();
    for key in ["ключ", "キー", "🔑", "e\u{301}", "é"] {
        ok!(on, cache.set(key, key));
    }
    for key in ["ключ", "キー", "🔑", "e\u{301}", "é"] {
        assert_eq!(ok!(on, cache.get::<String>(key)).as_deref(), Some(key));
    }
}

// covers: R40
async fn a_number_written_out_is_the_same_key(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set(&5.to_string(), "five"));
    assert_eq!(ok!(on, cache.get::<String>("5")).as_deref(), Some("five"));
}

// covers: R110
async fn a_key_longer_than_250_bytes_works_and_is_counted(on: &Subject) {
    let cache = on.cache();
    let key = "k".repeat(251);
    assert_eq!(ok!(on, cache.set(&key, "value")), Put::Stored);
    assert_eq!(ok!(on, cache.get::<String>(&key)).as_deref(), Some("value"));
    assert!(ok!(on, cache.delete(&key)));
    assert!(ok!(on, cache.stats()).unportable_keys > 0);
}

// covers: R110
async fn a_key_with_spaces_and_control_characters_works_and_is_counted(on: &Subject) {
    let cache = on.cache();
    for key in ["with space", "tab\t", "\u{0}", "line\n", "\u{7f}", "\r\n\r\nset x 0 0 1\r\n"] {
        let counted = ok!(on, cache.stats()).unportable_keys;
        assert_eq!(ok!(on, cache.set(key, key)), Put::Stored);
        assert_eq!(ok!(on, cache.get::<String>(key)).as_deref(), Some(key));
        assert!(ok!(on, cache.stats()).unportable_keys > counted, "{key:?}");
    }
}

// covers: R110
async fn a_portable_key_is_not_counted(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("user:1/@.ключ", "value"));
    ok!(on, cache.get::<String>("user:2"));
    ok!(on, cache.delete("user:1"));
    assert_eq!(ok!(on, cache.stats()).unportable_keys, 0);
}

// covers: R40 R110
async fn a_key_of_64_kibibytes_works(on: &Subject) {
    let cache = on.cache();
    let (one, other) = ("k".repeat(1 << 16), "k".repeat((1 << 16) - 1) + "l");
    ok!(on, cache.set(&one, &1_i64));
    ok!(on, cache.set(&other, &2_i64));
    assert_eq!(ok!(on, cache.get::<i64>(&one)), Some(1));
    assert_eq!(ok!(on, cache.get::<i64>(&other)), Some(2));
}

// covers: R109 R113
async fn names_that_need_no_escape_are_validated(_on: &Subject) {
    for key in ["user:1", "a/b", "a@b", "a.b", "a-b_c", "ключ", &"x".repeat(250)] {
        assert!(validate_key(key).is_ok(), "{key:?}");
    }
}

// covers: R109 R111 R113
async fn long_and_illegal_names_are_not_validated(_on: &Subject) {
    for key in ["user 1", "tab\t", "\u{0}", "new\nline", "\u{7f}", &"x".repeat(251), &"ж".repeat(126)] {
        let error = validate_key(key).expect_err(key);
        assert_eq!(error.kind(), ErrorKind::InvalidKey);
    }
}

// covers: R114
async fn a_template_fragment_key_is_djangos(_on: &Subject) {
    assert_eq!(make_template_fragment_key("foo", [""; 0]), "template.cache.foo.d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(make_template_fragment_key("foo", ["abc"]), "template.cache.foo.493e283d571a73056196f1a68efd0f66");
}

/// Every verb fails with an invalid key, and what another alias stored stays.
async fn is_refused_everywhere(on: &Subject, cache: &Cache) {
    let bystander = on.cache();
    ok!(on, bystander.set("bystander", "value"));
    let runs = Runs::new();
    let kinds = [
        err!(on, cache.set("key", "value")).kind(),
        err!(on, cache.get::<String>("key")).kind(),
        err!(on, cache.add("key", "value")).kind(),
        err!(on, cache.delete("key")).kind(),
        err!(on, cache.has_key("key")).kind(),
        err!(on, cache.incr("key", 1)).kind(),
        err!(on, cache.touch("key", keepwarm::secs(60))).kind(),
        err!(on, cache.ttl("key")).kind(),
        err!(on, cache.get_many::<String, _>(["key"])).kind(),
        err!(on, cache.set_many([("key", "value")])).kind(),
        err!(on, cache.delete_many(["key"])).kind(),
        err!(on, cache.get_or_set("key", runs.giving(1_i64))).kind(),
        err!(on, cache.refresh("key", runs.giving(1_i64))).kind(),
        err!(on, cache.update("key", |old: Option<i64>| old)).kind(),
        err!(on, cache.incr_version("key", 1)).kind(),
    ];
    assert_eq!(kinds, [ErrorKind::InvalidKey; 15]);
    assert_eq!(runs.count(), 0, "nothing is computed for a key that cannot be stored");
    assert_eq!(ok!(on, bystander.get::<String>("bystander")).as_deref(), Some("value"));
}

// covers: R108
async fn a_key_function_that_panics_is_an_error_and_nothing_is_lost(on: &Subject) {
    let cache = on.alias(|builder| builder.key_function(|_, _, _| panic!("{ON_PURPOSE}: this key function panics")));
    is_refused_everywhere(on, &cache).await;
}

// covers: R108
async fn a_key_function_that_returns_nothing_is_an_error_and_nothing_is_lost(on: &Subject) {
    let cache = on.alias(|builder| builder.key_function(|_, _, _| String::new()));
    is_refused_everywhere(on, &cache).await;
}

// covers: R115
async fn keys_lists_the_callers_names(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many([("b", "1"), ("a:1", "2"), ("ключ", "3"), ("", "4")]));
    assert_eq!(sorted(ok!(on, cache.keys("*"))), ["", "a:1", "b", "ключ"]);
}

// covers: R115
async fn keys_lists_what_matches(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many(["user:1", "user:12", "user:x", "order:1"].map(|key| (key, "value"))));
    assert_eq!(sorted(ok!(on, cache.keys("user:*"))), ["user:1", "user:12", "user:x"]);
    assert_eq!(sorted(ok!(on, cache.keys("user:?"))), ["user:1", "user:x"]);
    assert_eq!(sorted(ok!(on, cache.keys("user:[0-9]"))), ["user:1"]);
    assert_eq!(sorted(ok!(on, cache.keys("user:[^0-9]"))), ["user:x"]);
    assert_eq!(sorted(ok!(on, cache.keys("*:1"))), ["order:1", "user:1"]);
    assert_eq!(sorted(ok!(on, cache.keys("user:1"))), ["user:1"]);
    assert_eq!(ok!(on, cache.keys("nobody")), [""; 0]);
}

// covers: R115
async fn keys_lists_this_version_only(on: &Subject) {
    let cache = on.cache();
    let version = on.settings().version;
    ok!(on, cache.set("here", "value"));
    ok!(on, cache.set("there", "value").version(version + 10));
    assert_eq!(ok!(on, cache.keys("*")), ["here"]);
}

// covers: R115
async fn keys_lists_this_prefix_only(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    ok!(on, cache.set("here", "value"));
    ok!(on, other.set("there", "value"));
    assert_eq!(ok!(on, cache.keys("*")), ["here"]);
    assert_eq!(ok!(on, other.keys("*")), ["there"]);
}

// covers: R115
async fn keys_of_another_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("here", "value"));
    ok!(on, cache.set("there", "value").version(77));
    assert_eq!(ok!(on, cache.keys("*").version(77)), ["there"]);
    assert_eq!(ok!(on, cache.delete_pattern("*").version(77)), 1);
    assert!(ok!(on, cache.has_key("here")));
}

// covers: R115
async fn keys_of_an_empty_cache_is_empty(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.keys("*")), [""; 0]);
    assert_eq!(ok!(on, cache.delete_pattern("*")), 0);
}

/// All that `iter_keys` gives.
async fn iterated(on: &Subject, cache: &Cache, pattern: &str) -> Vec<String> {
    let mut keys = cache.iter_keys(pattern);
    let mut names = Vec::new();
    loop {
        let next = if on.is_blocking() { keys.next_wait() } else { keys.next().await };
        match next {
            Some(name) => names.push(name.expect("the store can be scanned")),
            None => return sorted(names),
        }
    }
}

// covers: R115
async fn iter_keys_gives_them_one_by_one(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many(["a:1", "a:2", "b:1"].map(|key| (key, "value"))));
    assert_eq!(iterated(on, &cache, "a:*").await, ["a:1", "a:2"]);
    assert_eq!(iterated(on, &cache, "*").await, ["a:1", "a:2", "b:1"]);
}

// covers: R115
async fn iter_keys_is_lazy(on: &Subject) {
    let record = Record::new();
    let cache = on.over(|store| record.around(store));
    ok!(on, cache.set("a", "value"));
    record.take();
    let keys = cache.iter_keys("*");
    assert_eq!(record.calls(), [], "nothing is asked of the store before the first key is");
    drop(keys);
}

// covers: R115
async fn a_key_written_while_keys_are_iterated_disturbs_nothing(on: &Subject) {
    let cache = on.cache();
    let names: Vec<String> = (0..100).map(|number| format!("old:{number:02}")).collect();
    ok!(on, cache.set_many(names.iter().map(|name| (name.as_str(), "value"))));
    let mut keys = cache.iter_keys("old:*");
    let mut seen = Vec::new();
    for number in 0.. {
        let next = if on.is_blocking() { keys.next_wait() } else { keys.next().await };
        let Some(name) = next else { break };
        seen.push(name.expect("the store can be scanned"));
        ok!(on, cache.set(&format!("new:{number}"), "value"));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, names);
}

// covers: R115
async fn keys_lists_a_thousand(on: &Subject) {
    let cache = on.cache();
    let names: Vec<String> = (0..1000).map(|number| format!("key:{number:03}")).collect();
    ok!(on, cache.set_many(names.iter().map(|name| (name.as_str(), "value"))));
    assert_eq!(sorted(ok!(on, cache.keys("*"))), names);
    assert_eq!(iterated(on, &cache, "key:00?").await, names[..10]);
}

// covers: R116
async fn delete_pattern_removes_what_matches_and_counts(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many(["search:shoes", "search:hats", "research:shoes", "search"].map(|key| (key, "value"))));
    assert_eq!(ok!(on, cache.delete_pattern("search:*")), 2);
    assert_eq!(sorted(ok!(on, cache.keys("*"))), ["research:shoes", "search"]);
    assert_eq!(ok!(on, cache.delete_pattern("search:*")), 0);
}

// covers: R116
async fn delete_pattern_leaves_other_versions_and_prefixes(on: &Subject) {
    let cache = on.cache();
    let other = on.alias(|builder| builder.key_prefix("another"));
    ok!(on, cache.set("a", "value"));
    ok!(on, cache.set("a", "value").version(77));
    ok!(on, other.set("a", "value"));
    assert_eq!(ok!(on, cache.delete_pattern("*")), 1);
    assert!(!ok!(on, cache.has_key("a")));
    assert!(ok!(on, cache.has_key("a").version(77)));
    assert!(ok!(on, other.has_key("a")));
}

// covers: R116
async fn delete_pattern_takes_the_names_literally_behind_a_backslash(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many(["100*", "1000", "a[b]", "ab", "q?", "qq"].map(|key| (key, "value"))));
    assert_eq!(ok!(on, cache.delete_pattern(r"100\*")), 1);
    assert_eq!(ok!(on, cache.delete_pattern(r"a\[b\]")), 1);
    assert_eq!(ok!(on, cache.delete_pattern(r"q\?")), 1);
    assert_eq!(sorted(ok!(on, cache.keys("*"))), ["1000", "ab", "qq"]);
}

// covers: R116
async fn delete_pattern_of_nothing_matching_is_zero(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("a", "value"));
    assert_eq!(ok!(on, cache.delete_pattern("b*")), 0);
    assert!(ok!(on, cache.has_key("a")));
}

// covers: R116
async fn delete_pattern_of_a_thousand(on: &Subject) {
    let cache = on.cache();
    let names: Vec<String> = (0..1000).map(|number| format!("key:{number:03}")).collect();
    ok!(on, cache.set_many(names.iter().map(|name| (name.as_str(), "value"))));
    assert_eq!(ok!(on, cache.delete_pattern("key:[0-8]*")), 900);
    assert_eq!(ok!(on, cache.keys("*")).len(), 100);
}

// covers: R115 R116
async fn a_pattern_matches_only_the_whole_name(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set_many(["shoe", "shoes", "a shoe"].map(|key| (key, "value"))));
    assert_eq!(ok!(on, cache.keys("shoe")), ["shoe"]);
    assert_eq!(ok!(on, cache.delete_pattern("shoe")), 1);
    assert_eq!(ok!(on, cache.delete_pattern("")), 0);
}

// covers: R116
async fn a_prefix_of_pattern_characters_matches_only_itself(on: &Subject) {
    let wild = on.alias(|builder| builder.key_prefix("app*"));
    let tame = on.alias(|builder| builder.key_prefix("apple"));
    ok!(on, wild.set("a", "value"));
    ok!(on, tame.set("a", "value"));
    assert_eq!(ok!(on, wild.delete_pattern("*")), 1);
    assert!(ok!(on, tame.has_key("a")));
    assert_eq!(ok!(on, wild.keys("*")), [""; 0]);
}

// covers: R115 R116
async fn a_hidden_name_cannot_be_listed(on: &Subject) {
    let cache = on.alias(|builder| builder.key_function(|key, _, _| format!("hidden {key}")));
    ok!(on, cache.set("a", "value"));
    let errors = [err!(on, cache.keys("*")), err!(on, cache.delete_pattern("*"))];
    assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Unsupported; 2]);
}
