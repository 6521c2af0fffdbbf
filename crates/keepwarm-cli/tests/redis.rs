//! The binary on a real server: what one program keeps there, another looks into.

use std::process::Command;

use keepwarm::{Cache, secs};
use keepwarm_conformance::servers::RedisServer;
use serde_json::Value;

fn run(server: &RedisServer, line: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepwarm"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KEEPWARM_")) {
        command.env_remove(name);
    }
    // A machine under load may take longer than the usual deadline.
    let url = format!("{}?deadline=30&socket_timeout=30", server.url(0));
    let output = command.args(["--cache", &url]).args(line).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(err.is_empty(), "{line:?}: {err}");
    (output.status.code().unwrap(), out)
}

#[test]
fn what_a_program_keeps_on_redis_can_be_looked_into_and_taken_away() {
    let server = RedisServer::start();
    let cache = Cache::from_url(&server.url(0)).unwrap();
    for number in 0..30 {
        cache.set(&format!("search:{number}"), &number).tags(["fares"]).timeout(secs(1000)).wait().unwrap();
    }
    cache.set("flight:7", "Honolulu").wait().unwrap();

    let (code, keys) = run(&server, &["keys", "search:*"]);
    assert_eq!((code, keys.lines().count()), (0, 30), "{keys}");
    assert!(keys.lines().all(|key| key.starts_with("search:")), "{keys}");
    assert_eq!(run(&server, &["keys", "nothing*"]), (0, String::new()));
    assert_eq!(run(&server, &["get", "flight:7"]).1.trim(), "\"Honolulu\"");

    let (code, explained) = run(&server, &["explain", "search:7"]);
    assert!(code == 0 && explained.contains("fares") && explained.contains("redis"), "{explained}");
    assert_eq!(run(&server, &["invalidate-tag", "fares"]).0, 0);
    assert_eq!(cache.get::<i32>("search:7").wait().unwrap(), None, "the program does not find it any more");
    let (code, explained) = run(&server, &["explain", "search:7"]);
    assert!(code == 1 && explained.contains("tag"), "{explained}");
    assert_eq!(run(&server, &["keys", "search:*"]), (0, String::new()));
    assert_eq!(cache.get::<String>("flight:7").wait().unwrap().as_deref(), Some("Honolulu"));
}

#[test]
fn stats_tell_the_servers_own_figures() {
    let server = RedisServer::start_with(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let cache = Cache::from_url(&server.url(0)).unwrap();
    cache.set("key", "value").wait().unwrap();
    let hits = server.figure("keyspace_hits");
    for _ in 0..5 {
        assert!(cache.get::<String>("key").wait().unwrap().is_some());
    }
    let (code, out) = run(&server, &["stats", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    let figure = |name: &str| told["server"][name].as_u64().unwrap_or_else(|| panic!("{name}: {out}"));
    assert_eq!((code, figure("servers"), figure("max_memory")), (0, 1, 100 << 20), "{out}");
    assert!(figure("used_memory") > 100_000 && figure("connected_clients") >= 1, "{out}");
    assert!(figure("hits") >= hits + 5, "{out}");
    for name in ["misses", "evicted_keys", "expired_keys", "operations_per_second", "uptime_seconds"] {
        figure(name);
    }
    let info = server.ask(&["INFO", "server"]);
    let of = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let version = of("valkey_version:").or_else(|| of("redis_version:")).unwrap();
    assert_eq!(told["server"]["version"], version);
    let (_, lines) = run(&server, &["stats"]);
    assert!(lines.contains("server: used memory") && lines.contains(&format!("server: version  {version}")), "{lines}");
    assert!(run(&server, &["check"]).1.contains("ok"));
}
