//! What settings say about a store that fails.

use keepwarm::backend::BreakerState;
use keepwarm::backends::dummy::Dummy;
use keepwarm::settings::{Options, Settings};
use keepwarm::{Cache, Caches, ErrorKind, Put, Refusal, Result};
use keepwarm_conformance::kit::{Failing, Fault, Faults};

use crate::{fault, says};

/// A backend of the program's own whose every verb fails.
fn failing(_: &Options) -> Result<Failing<Dummy>> {
    let faults = Faults::new();
    faults.always(Fault::Refused(ErrorKind::Connection));
    Ok(faults.around(Dummy))
}

fn caches(text: &str) -> Result<Caches> {
    Caches::builder().register("failing", failing).settings(Settings::from_toml(text)?).build()
}

fn cache(options: &str) -> Cache {
    caches(&format!("[caches.default]\nbackend = 'failing'\n{options}")).unwrap().get("default").unwrap()
}

// covers: R203
#[test]
fn on_error_degrade_makes_misses_and_dropped_writes_of_failures() {
    for options in [
        "on_error = 'degrade'",
        "ON_ERROR = 'Degrade'",
        "IGNORE_EXCEPTIONS = true",
        "OPTIONS = {IGNORE_EXCEPTIONS = true}",
    ] {
        let cache = cache(options);
        assert_eq!(cache.get::<i32>("key").wait().unwrap(), None, "{options}");
        assert_eq!(cache.set("key", &1).wait().unwrap(), Put::Refused(Refusal::StoreDown), "{options}");
    }
}

// covers: R203
#[test]
fn failures_are_raised_where_nothing_else_is_said() {
    for options in
        ["", "on_error = 'raise'", "ignore_exceptions = false", "ignore_exceptions = 'no'\non_error = 'raise'"]
    {
        assert_eq!(cache(options).get::<i32>("key").wait().unwrap_err().kind(), ErrorKind::Connection, "{options}");
    }
}

// covers: R9
#[test]
fn two_words_for_one_thing_must_agree() {
    let agree = "on_error = 'degrade'\nIGNORE_EXCEPTIONS = true";
    assert_eq!(cache(agree).get::<i32>("key").wait().unwrap(), None);
    for options in ["on_error = 'degrade'\nignore_exceptions = false", "on_error = 'raise'\nIGNORE_EXCEPTIONS = true"] {
        let error = fault(caches(&format!("[caches.default]\nbackend = 'failing'\n{options}")));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        says(&error, &["alias `default`", "on_error", "ignore_exceptions", "different"]);
    }
    let error = fault(caches("[caches.default]\nbackend = 'failing'\nignore_exceptions = 'perhaps'"));
    says(&error, &["ignore_exceptions", "`perhaps`", "true or false"]);
    let error = fault(caches("[caches.default]\nbackend = 'failing'\ndeadline = 0"));
    says(&error, &["deadline", "above zero"]);
}

#[test]
fn an_alias_that_degrades_has_a_breaker() {
    let health = cache("on_error = 'degrade'").stats().wait().unwrap().health;
    assert_eq!(health.breaker, Some(BreakerState::Closed));
}

#[test]
fn a_store_that_cannot_fail_has_nothing_around_it() {
    let url = "memory://?on_error=degrade&deadline=100ms";
    let cache = Cache::from_url(url).unwrap();
    assert!(cache.abilities().never_waits);
    assert_eq!(cache.stats().wait().unwrap().health.breaker, None);
}
