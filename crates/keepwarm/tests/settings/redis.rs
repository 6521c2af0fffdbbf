//! The settings of Redis. None of these tests touches a network.

use keepwarm::settings::{AliasSettings, Settings};
use keepwarm::{Caches, ErrorKind, Result};

use crate::{fault, says};

fn json(text: &str) -> Result<Caches> {
    Caches::builder().settings(Settings::from_json(text)?).build()
}

// covers: R2 R15 R16 R17
#[test]
fn django_redis_settings_load_as_they_are_written() {
    let caches = json(
        r#"{"default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": ["redis://:secret@127.0.0.1:6379/1", "redis://:secret@127.0.0.1:6380/1"],
            "OPTIONS": {
                "CLIENT_CLASS": "django_redis.client.DefaultClient",
                "SOCKET_CONNECT_TIMEOUT": 5,
                "SOCKET_TIMEOUT": 5,
                "RETRY_ON_TIMEOUT": true,
                "CONNECTION_POOL_KWARGS": {"max_connections": 50, "retry_on_timeout": true}
            },
            "KEY_PREFIX": "myapp",
            "TIMEOUT": 300
        }, "sessions": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:6379/1"},
           "short": {"backend": "redis", "host": "127.0.0.1", "port": 6379, "db": 0, "password": "hunter2", "timeout": 300}}"#,
    )
    .unwrap();
    for alias in ["default", "sessions", "short"] {
        let cache = caches.get(alias).unwrap();
        assert_eq!(cache.backend_kind(), "redis");
        assert!(!format!("{:?} {cache:?}", cache.redis().unwrap()).contains("hunter2"));
    }
}

// covers: R17 R22
#[test]
fn what_is_not_known_or_contradicts_is_refused_when_the_caches_are_built() {
    for (options, words) in [
        (r#""SOKET_TIMEOUT": 5"#, &["SOKET_TIMEOUT", "did you mean `socket_timeout`?"][..]),
        (r#""CONNECTION_POOL_KWARGS": {"max_conections": 5}"#, &["max_conections", "max_connections"]),
        (r#""SOCKET_TIMEOUT": 5, "CONNECTION_POOL_KWARGS": {"socket_timeout": 6}"#, &["different values"]),
        (r#""RETRY_ON_TIMEOUT": "perhaps""#, &["RETRY_ON_TIMEOUT", "true or false"]),
        (r#""SSL_CERTFILE": "client.pem""#, &["ssl_certfile and ssl_keyfile go together"]),
    ] {
        let text = format!(r#"{{"default": {{"BACKEND": "redis", "OPTIONS": {{{options}}}}}}}"#);
        says(&fault(json(&text)), words);
    }
    for (fields, words) in [
        (r#""LOCATION": "redis://a", "host": "b""#, &["give one of them"][..]),
        (r#""LOCATION": "http://:hunter2@a""#, &["redis://"]),
        (r#""LOCATION": [7]"#, &["LOCATION", "a list of texts"]),
        (r#""host": "a", "port": 70000"#, &["65535"]),
        (r#""LOCATION": "redis+cluster://a", "near_max_entries": 10"#, &["near_max_entries", "cluster"]),
    ] {
        let error = fault(json(&format!(r#"{{"default": {{"BACKEND": "redis", {fields}}}}}"#)));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        says(&error, words);
    }
}

// covers: R15
#[test]
fn urls_carry_servers_login_database_and_options() {
    for url in [
        "redis://user:p%40ss@127.0.0.1:6379/2?timeout=60&key_prefix=app&socket_timeout=100ms",
        "valkeys://127.0.0.1?ssl_ca_certs=/nowhere.pem",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://one,two:26379/main/1?sentinel_password=x",
        "redis+cluster://one:7000,two:7000",
        "redis://one,redis://two?timeout=never",
    ] {
        assert_eq!(keepwarm::Cache::from_url(url).unwrap().backend_kind(), "redis", "{url}");
    }
    let error = AliasSettings::from_url("redis://host?sped=1")
        .and_then(|alias| Caches::builder().alias("default", alias).build());
    says(&fault(error), &["no option", "sped"]);
}
