//! An alias as a URL.

use keepwarm::{Cache, ErrorKind};

use crate::{default_timeout, says};

#[test]
fn a_url_names_backend_store_and_options() {
    let cache = Cache::from_url("memory://url-store?max_entries=1000&timeout=60&key_prefix=x").unwrap();
    assert_eq!(cache.backend_kind(), "memory");
    assert_eq!(default_timeout(&cache), Some(60));
    assert_eq!(cache.make_key("key", None).unwrap(), "x:1:key");
    cache.set("key", &1).wait().unwrap();
    let same = Cache::from_url("locmem://url-store/?max_entries=1000&KEY_PREFIX=x").unwrap();
    assert_eq!(same.get::<i32>("key").wait().unwrap(), Some(1));
    let other = Cache::from_url("memory://Url-Store?max_entries=1000&key_prefix=x").unwrap();
    assert_eq!(other.get::<i32>("key").wait().unwrap(), None, "names keep their case");
    assert_eq!(Cache::from_url("DUMMY://").unwrap().backend_kind(), "dummy");
}

#[test]
fn what_is_percent_encoded_is_decoded_and_a_plus_is_a_plus() {
    let cache = Cache::from_url("memory://?key_prefix=a%26b%3Dc+d%20%C3%A9&key%5Fprefix=a%26b%3Dc+d%20%C3%A9").unwrap();
    assert_eq!(cache.make_key("key", None).unwrap(), "a&b=c+d é:1:key");
    assert_eq!(default_timeout(&Cache::from_url("memory://?timeout=1h30m").unwrap()), Some(5400));
    assert_eq!(default_timeout(&Cache::from_url("memory://?timeout=never").unwrap()), None);
}

#[test]
fn a_wrong_url_is_refused_with_its_reason() {
    for (url, kind, reason) in [
        ("", ErrorKind::Configuration, "has no `://`"),
        ("memory", ErrorKind::Configuration, "has no `://`"),
        ("memroy://", ErrorKind::InvalidBackend, "did you mean `memory`?"),
        ("://", ErrorKind::InvalidBackend, "known are: memory, file, dummy"),
        ("dummy://name", ErrorKind::Configuration, "this backend takes none"),
        ("memory://?timeout", ErrorKind::Configuration, "an option without `=`"),
        ("memory://?timeot=60", ErrorKind::Configuration, "did you mean `timeout`?"),
        ("memory://?timeout=fast", ErrorKind::Configuration, "timeout cannot be `fast`"),
        ("memory://?timeout=60&TIMEOUT=61", ErrorKind::Configuration, "different values"),
        ("memory://a?location=b", ErrorKind::Configuration, "different values"),
        ("memory://?backend=dummy", ErrorKind::Configuration, "names its backend twice"),
        ("memory://?key_prefix=%FF", ErrorKind::Configuration, "not UTF-8"),
        ("memory://a#b", ErrorKind::Configuration, "`#`"),
    ] {
        let error = Cache::from_url(url).expect_err(url);
        assert_eq!(error.kind(), kind, "{url}: {error}");
        says(&error, &[reason]);
    }
}
