//! Settings from environment variables, given as a list: the environment of a test process belongs to all its threads.

use std::fs;

use keepwarm::settings::Settings;
use keepwarm::{Caches, ErrorKind, Result};

use crate::{default_timeout, fault, says};

fn from(variables: &[(&str, &str)]) -> Result<Caches> {
    Caches::builder().settings(Settings::from_variables(variables.iter().copied())?).build()
}

// covers: R24
#[test]
fn a_url_and_single_options_come_from_variables() {
    let caches = from(&[
        ("HOME", "/home/ada"),
        ("KEEPWARM_URL", "memory://?timeout=60"),
        ("KEEPWARM_SESSIONS_URL", "dummy://"),
        ("KEEPWARM_DEFAULT__KEY_PREFIX", "myapp"),
        ("KEEPWARM_DEFAULT__TIMEOUT", "90"),
    ])
    .unwrap();
    assert_eq!(caches.aliases().collect::<Vec<_>>(), ["default", "sessions"]);
    let cache = caches.get("default").unwrap();
    assert_eq!(default_timeout(&cache), Some(90), "the single option comes last");
    assert_eq!(cache.make_key("key", None).unwrap(), "myapp:1:key");
    assert_eq!(caches.get("sessions").unwrap().backend_kind(), "dummy");
}

// covers: R5
#[test]
fn without_variables_there_is_the_memory_cache_and_one_option_refines_it() {
    assert_eq!(default_timeout(&from(&[("PATH", "/bin")]).unwrap().get("default").unwrap()), Some(300));
    assert_eq!(
        default_timeout(&from(&[("KEEPWARM_DEFAULT__TIMEOUT", "60")]).unwrap().get("default").unwrap()),
        Some(60)
    );
}

#[test]
fn a_file_comes_first_and_variables_refine_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keepwarm.toml");
    let text =
        "[CACHES.default]\nBACKEND = 'memory'\nTIMEOUT = 60\n[CACHES.page-cache]\nBACKEND = 'memory'\nTIMEOUT = 70\n";
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let caches = from(&[("KEEPWARM_SETTINGS", path)]).unwrap();
    assert_eq!(default_timeout(&caches.get("page-cache").unwrap()), Some(70));
    let caches =
        from(&[("KEEPWARM_SETTINGS", path), ("KEEPWARM_URL", "dummy://"), ("KEEPWARM_PAGE_CACHE__TIMEOUT", "80")])
            .unwrap();
    assert_eq!(caches.get("default").unwrap().backend_kind(), "dummy");
    assert_eq!(default_timeout(&caches.get("page-cache").unwrap()), Some(80));
    let error = fault(from(&[("KEEPWARM_SETTINGS", path), ("KEEPWARM_PAGECACHE__TIMEOUT", "80")]));
    says(&error, &["KEEPWARM_PAGECACHE__TIMEOUT", "did you mean `page-cache`?"]);
    let json = directory.path().join("caches.json");
    fs::write(&json, r#"{"default": {"BACKEND": "dummy"}}"#).unwrap();
    let caches = from(&[("KEEPWARM_SETTINGS", json.to_str().unwrap())]).unwrap();
    assert_eq!(caches.get("default").unwrap().backend_kind(), "dummy");
}

#[test]
fn an_unknown_variable_is_refused_with_the_known_ones() {
    for name in ["KEEPWARM_URI", "KEEPWARM_SETTING", "KEEPWARM_TIMEOUT", "KEEPWARM_", "KEEPWARM_DEFAULT__"] {
        let error = fault(from(&[(name, "1")]));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        says(&error, &[name, "KEEPWARM_SETTINGS, KEEPWARM_URL, KEEPWARM_<ALIAS>_URL, KEEPWARM_<ALIAS>__<OPTION>"]);
    }
    says(&fault(from(&[("KEEPWARM_SETINGS", "x.toml")])), &["did you mean `KEEPWARM_SETTINGS`?"]);
    says(&fault(from(&[("KEEPWARM_DEFAULT__TIMEOT", "1")])), &["alias `default`", "did you mean `timeout`?"]);
    says(&fault(from(&[("KEEPWARM_DEFAULT__TIMEOUT", "fast")])), &["timeout cannot be `fast`"]);
}

#[test]
fn variables_that_contradict_each_other_or_lack_default_are_refused() {
    let error = fault(from(&[("KEEPWARM_URL", "memory://"), ("KEEPWARM_DEFAULT_URL", "dummy://")]));
    says(&error, &["KEEPWARM_DEFAULT_URL", "KEEPWARM_URL", "different URLs"]);
    assert!(from(&[("KEEPWARM_URL", "memory://"), ("KEEPWARM_DEFAULT_URL", "memory://")]).is_ok());
    says(&fault(from(&[("KEEPWARM_SESSIONS_URL", "memory://")])), &["lack the alias `default`", "sessions"]);
    says(&fault(from(&[("KEEPWARM_URL", "memory")])), &["KEEPWARM_URL", "has no `://`"]);
    says(&fault(from(&[("KEEPWARM_SETTINGS", "absent.toml")])), &["KEEPWARM_SETTINGS", "absent.toml"]);
}
