//! Settings that are wrong: the message names the alias, what was given, and what is known.

use keepwarm::{Caches, ErrorKind};

use crate::{fault, says};

// covers: R7
#[test]
fn an_unknown_backend_is_refused_with_alias_value_and_known_names() {
    let error = fault(Caches::from_json(r#"{"default": {"BACKEND": "memory"}, "pages": {"BACKEND": "memroy"}}"#));
    assert_eq!(error.kind(), ErrorKind::InvalidBackend);
    says(&error, &["alias `pages`", "`memroy`", "did you mean `memory`?", "memory, file, dummy", "register("]);
    let error = fault(Caches::from_toml("[caches.default]\nbackend = 'myapp.caches.Special'"));
    assert_eq!(error.kind(), ErrorKind::InvalidBackend);
    says(&error, &["`myapp.caches.Special`", "known are: memory, file, dummy"]);
    for backend in ["1", "true", "['memory']"] {
        says(
            &fault(Caches::from_toml(&format!("[caches.default]\nbackend = {backend}"))),
            &["backend cannot be", "text"],
        );
    }
}

// covers: R7
#[test]
fn an_alias_without_a_backend_is_refused_and_does_not_become_memory() {
    let error = fault(Caches::from_toml("[caches.default]\ntimeout = 60"));
    assert_eq!(error.kind(), ErrorKind::InvalidBackend);
    says(&error, &["alias `default` has no BACKEND", "memory, file, dummy"]);
}

// covers: R17
#[test]
fn an_unknown_option_is_refused_when_the_caches_are_built_with_the_known_ones() {
    for option in ["MAX_ENTIRES = 5", "OPTIONS = {MAX_ENTIRES = 5}", "Max-Entries = 5", "max_entrys = 5"] {
        let error = fault(Caches::from_toml(&format!("[caches.default]\nbackend = 'memory'\n{option}")));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        says(&error, &["alias `default`", "did you mean `max_entries`?", "timeout", "cull_frequency", "location"]);
    }
    let error = fault(Caches::from_toml("[caches.default]\nbackend = 'dummy'\nlocation = 'here'"));
    says(&error, &["the backend dummy has no option location", "key_prefix"]);
    let error = fault(Caches::from_toml("[caches.default]\nbackend = 'memory'\nCLIENT_CLASS = 'x'"));
    says(&error, &["CLIENT_CLASS; known are: backend, timeout"]);
}

// covers: R5
#[test]
fn settings_that_lack_default_are_refused_and_say_so() {
    for text in ["[caches.pages]\nbackend = 'memory'", "[caches.Default]\nbackend = 'memory'"] {
        let error = fault(Caches::from_toml(text));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        says(&error, &["lack the alias `default`", "they name: "]);
    }
    says(&fault(Caches::from_json("{}")), &["at least `default`"]);
    says(&fault(Caches::from_toml("[caches]")), &["at least `default`"]);
}

#[test]
fn what_is_no_settings_at_all_is_refused_with_its_place() {
    says(&fault(Caches::from_toml("[caches.default]\nbackend = memory")), &["line 2 is not TOML"]);
    says(&fault(Caches::from_json("{\"default\": }")), &["not JSON", "line 1 column"]);
    says(&fault(Caches::from_json("[1, 2]")), &["settings are a table, not a list"]);
    says(&fault(Caches::from_toml("caches = 5")), &["`caches` is a table of aliases, not a number"]);
    says(&fault(Caches::from_toml("[caches]\ndefault = 5")), &["alias `default`", "the text of a URL, not a number"]);
    says(&fault(Caches::from_toml("[cachse.default]\nbackend = 'memory'")), &["`cachse`", "did you mean `caches`?"]);
    says(
        &fault(Caches::from_toml("[caches.default]\nbackend='memory'\n[workers]\n")),
        &["`workers`", "known are: caches"],
    );
    says(&fault(Caches::from_toml_file("absent.toml")), &["cannot read", "absent.toml"]);
    says(&fault(Caches::from_toml_file("absent.yaml")), &["absent.yaml", ".toml", ".json"]);
    let twice = "[caches.default]\nbackend = 'memory'\n[CACHES.default]\nbackend = 'dummy'";
    says(&fault(Caches::from_toml(twice)), &["twice"]);
    let options = "[caches.default]\nbackend = 'memory'\nOPTIONS = 'MAX_ENTRIES=5'";
    says(&fault(Caches::from_toml(options)), &["OPTIONS"]);
}

// covers: R13
#[test]
fn a_key_function_that_is_not_registered_is_refused_with_the_way_to_register_it() {
    let text = r#"{"default": {"BACKEND": "memory", "KEY_FUNCTION": "myapp.keys.make_key"}}"#;
    let error = fault(Caches::from_json(text));
    assert_eq!(error.kind(), ErrorKind::Configuration);
    says(
        &error,
        &["`myapp.keys.make_key` is not registered", "Caches::builder().key_function(\"myapp.keys.make_key\""],
    );
}

#[test]
fn no_message_and_no_debug_print_shows_a_secret() {
    let wrong = [
        "[caches.default]\nbackend = 'memory'\npassword = 'hunter2'",
        "[caches.default]\nbackend = 'redis'\npassword = 'hunter2'\nPASSWORD = 'hunter3'",
        "[caches.default]\nbackend = 'redis://:hunter2@host'",
        "[caches.default]\nbackend = 'memory'\ntimeout = 'redis://me:hunter2@host'",
        "[caches.default]\nbackend = 'memory'\npassword = 'hunter2",
        "[caches]\ndefault = 'redis://me:hunter2@host/0#x'",
        "[caches]\ndefault = 'redis:/me:hunter2@host'",
        "[caches]\ndefault = 'memory://?password=hunter2&timeout=60'",
        "[caches]\ndefault = 'memory://?password=hunter2&timeout'",
        "[caches.default]\nbackend = 'memory'\nOPTIONS = {PASSWORD = 'hunter2'}",
    ];
    for text in wrong {
        let error = fault(Caches::from_toml(text));
        assert!(!format!("{error} {error:?}").contains("hunter"), "{error:?}");
    }
    let settings = keepwarm::settings::Settings::from_toml(
        "[caches.default]\nbackend = 'x'\npassword = 'hunter2'\nlocation = 'redis://me:hunter2@host?token=hunter2'",
    )
    .unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter") && shown.contains("redis://***@host"), "{shown}");
}
