//! What lies on the server, and in how many trips it came there.

use std::collections::HashMap;

use keepwarm::backends::redis::RedisConnection;
use keepwarm::entry::MissReason;
use keepwarm::{Timeout, Ttl, millis, secs};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;

use crate::{cache, cache_of, done, options};

// covers: R87 R107 R134
#[test]
fn integers_lie_plain_under_exactly_their_key_and_other_clients_count_on() {
    let server = RedisServer::start();
    let cache = cache(&server);
    cache.set("counter", &41).wait().unwrap();
    assert_eq!(server.ask(&["GET", "app:1:counter"]), "41");
    assert_eq!(server.ask(&["INCR", "app:1:counter"]), "42");
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(42));
    assert_eq!(cache.incr("counter", 8).wait().unwrap(), 50);
    assert_eq!(server.ask(&["GET", "app:1:counter"]), "50");
    assert_eq!(cache.incr("created", 1).or_insert(6, secs(100)).wait().unwrap(), 7);
    assert_eq!(server.ask(&["GET", "app:1:created"]), "7");
    server.ask(&["SET", "app:1:theirs", "-3"]);
    assert_eq!(cache.get::<i64>("theirs").wait().unwrap(), Some(-3));
}

#[test]
fn a_counter_of_another_client_is_seen_before_anything_was_written() {
    let server = RedisServer::start();
    server.ask(&["INCR", "app:1:theirs"]);
    let cache = cache(&server);
    assert_eq!(cache.get::<i64>("theirs").wait().unwrap(), Some(1));
    assert_eq!(cache.incr("theirs", 1).wait().unwrap(), 2);
}

// covers: R134
#[test]
fn what_other_programs_wrote_is_a_clean_miss_and_can_be_written_over() {
    let server = RedisServer::start();
    let cache = cache(&server);
    // Neither pickle nor anything else of others begins like an envelope.
    for bytes in ["\u{80}\u{5}\u{95}pickle", "text", "007", "+5", "1.5", "[1, 2]", ""] {
        server.ask(&["SET", "app:1:key", bytes]);
        assert_eq!(cache.get::<String>("key").wait().unwrap(), None, "{bytes:?}");
        assert!(cache.add("key", "ours").wait().unwrap(), "{bytes:?}");
        assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("ours"));
    }
    assert_eq!(cache.stats().wait().unwrap().missed(MissReason::Undecodable), 7);
    server.ask(&["DEL", "app:1:key"]);
    server.ask(&["RPUSH", "app:1:key", "a list"]);
    assert_eq!(cache.get::<String>("key").wait().unwrap(), None);
    assert_eq!(cache.get_or_set("key", || async { "computed".to_owned() }).wait().unwrap(), "computed");
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("computed"));
}

#[test]
fn the_envelope_of_an_untagged_entry_takes_at_most_32_bytes() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let text = "x".repeat(1000);
    cache.set("text", &text).wait().unwrap();
    let length: usize = server.ask(&["STRLEN", "app:1:text"]).parse().unwrap();
    let payload = 1000 + 3;
    assert!(length <= payload + 32, "{} bytes of envelope", length - payload);
}

/// How many trips `work` takes: what the server reads, without what asking it reads.
fn trips(connection: &mut RedisConnection, work: impl FnOnce()) -> u64 {
    let mut read = || {
        let figures: String = redis::cmd("INFO").arg("stats").query(connection).unwrap();
        let line = figures.lines().find_map(|line| line.strip_prefix("total_reads_processed:")).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    let before = read();
    work();
    read() - before - 1
}

// covers: R93
#[test]
fn every_verb_takes_the_fewest_trips() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let names: Vec<String> = (0..100).map(|number| format!("key{number}")).collect();
    let items: HashMap<String, i64> = names.iter().map(|name| (name.clone(), 7)).collect();
    // Connects, loads the scripts, and learns the state of the scope.
    cache.set("counter", &1).wait().unwrap();
    cache.incr("counter", 1).wait().unwrap();
    cache.add("counter", &1).wait().unwrap();
    cache.delete("counter").wait().unwrap();
    cache.touch("counter", secs(9)).wait().unwrap();
    cache.get_or_set("computed", || async { 1 }).tags(["tag"]).wait().unwrap();
    cache.delete_many(["counter"]).wait().unwrap();
    cache.update("counter", |_: Option<i64>| Some(1)).wait().unwrap();
    let _ = cache.lock("lock").wait().unwrap().release().wait().unwrap();
    let mut connection = cache.redis().unwrap().connection_wait().unwrap();
    let mut count = |expected: u64, what: &str, work: &mut dyn FnMut()| {
        assert_eq!(trips(&mut connection, work), expected, "{what}");
    };
    count(1, "set", &mut || done(cache.set("text", "value").wait().unwrap()));
    count(1, "set of an integer", &mut || done(cache.set("number", &5).wait().unwrap()));
    count(1, "get", &mut || done(cache.get::<String>("text").wait().unwrap()));
    count(1, "add", &mut || done(cache.add("text", "value").wait().unwrap()));
    count(1, "incr", &mut || done(cache.incr("number", 1).wait().unwrap()));
    count(1, "touch", &mut || done(cache.touch("number", secs(9)).wait().unwrap()));
    count(1, "has_key", &mut || done(cache.has_key("number").wait().unwrap()));
    count(1, "ttl", &mut || done(cache.ttl("number").wait().unwrap()));
    count(1, "delete", &mut || done(cache.delete("number").wait().unwrap()));
    count(1, "set_many", &mut || done(cache.set_many(items.iter().map(|(k, v)| (k.clone(), v))).wait().unwrap()));
    count(1, "get_many", &mut || done(cache.get_many::<i64, _>(&names).wait().unwrap()));
    count(1, "delete_many", &mut || done(cache.delete_many(names.clone()).wait().unwrap()));
    count(1, "invalidate_tags", &mut || cache.invalidate_tags(["tag", "other"]).wait().unwrap());
    count(1, "rate_limit", &mut || done(cache.rate_limit("limit", 5, secs(10)).wait().unwrap()));
    count(1, "a rate_limit that is used up", &mut || done(cache.rate_limit("limit", 1, secs(10)).wait().unwrap()));
    let mut guard = None;
    count(1, "lock", &mut || guard = cache.lock("lock").try_now().wait().unwrap());
    let guard = guard.expect("it was free");
    count(1, "a lock that is held", &mut || assert!(cache.lock("lock").try_now().wait().unwrap().is_none()));
    count(1, "extend", &mut || guard.extend_wait(secs(10)).unwrap());
    let mut guard = Some(guard);
    count(1, "release", &mut || assert!(guard.take().unwrap().release().wait().unwrap()));
    cache.set("tagged", "value").tags(["tag"]).wait().unwrap();
    count(2, "get of a tagged entry", &mut || done(cache.get::<String>("tagged").wait().unwrap()));
    let hit = || done(cache.get_or_set("tagged", || async { String::new() }).tags(["tag"]).wait().unwrap());
    count(1, "a tagged hit whose tags are named", &mut { hit });
    let namespace = cache.namespace("space");
    namespace.set("key", "value").wait().unwrap();
    count(1, "get in a namespace", &mut || done(namespace.get::<String>("key").wait().unwrap()));
}

// covers: R47 R53
#[test]
fn timeouts_are_kept_to_the_millisecond_by_the_server() {
    let server = RedisServer::start();
    let cache = cache(&server);
    cache.set("text", "value").timeout(millis(60_400)).wait().unwrap();
    let left: u64 = server.ask(&["PTTL", "app:1:text"]).parse().unwrap();
    assert!((59_000..=60_400).contains(&left), "{left} ms");
    cache.set("never", "value").timeout(Timeout::Never).wait().unwrap();
    assert_eq!(server.ask(&["PTTL", "app:1:never"]), "-1");
    assert_eq!(cache.ttl("never").wait().unwrap(), Ttl::Never);
    cache.set("number", &1).timeout(secs(100)).wait().unwrap();
    cache.incr("number", 1).wait().unwrap();
    let left: u64 = server.ask(&["PTTL", "app:1:number"]).parse().unwrap();
    assert!((90_000..=100_000).contains(&left), "{left} ms: a count keeps its deadline");
    cache.set("short", "value").timeout(millis(30)).wait().unwrap();
    until("it has expired", || cache.get::<String>("short").wait().unwrap().is_none());
    assert!(!cache.delete("short").wait().unwrap());
    assert!(cache.add("short", "again").wait().unwrap());
    assert!(cache.touch("short", millis(30)).wait().unwrap());
    until("it has expired", || !cache.has_key("short").wait().unwrap());
}

// covers: R32 R33
#[test]
fn clear_hides_all_at_once_and_reclaims_the_memory_behind_its_back() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let sessions = {
        let redis = keepwarm::backends::redis::Redis::new(&options(&server), keepwarm::clock::Clock::system());
        keepwarm::Cache::builder().backend(redis).key_prefix("session").build().unwrap()
    };
    let items: Vec<(String, i64)> = (0..2000).map(|number| (format!("number{number}"), number)).collect();
    for _ in 0..3 {
        sessions.set("user", &1).wait().unwrap();
        cache.set_many(items.iter().map(|(name, number)| (name.clone(), number))).wait().unwrap();
        cache.set("text", "value").wait().unwrap();
        cache.clear().wait().unwrap();
        // Plain integers carry no generation: they must be as dead as everything else while they still lie there.
        assert!(cache.get_many::<i64, _>(items.iter().map(|(name, _)| name)).wait().unwrap().is_empty());
        assert_eq!(cache.get::<String>("text").wait().unwrap(), None);
        assert_eq!(cache.keys("*").wait().unwrap(), Vec::<String>::new());
        assert!(cache.add("number7", &1).wait().unwrap());
        assert_eq!(cache.incr("number7", 1).wait().unwrap(), 2);
        assert_eq!(cache.get::<i64>("number7").wait().unwrap(), Some(2));
        assert_eq!(sessions.get::<i64>("user").wait().unwrap(), Some(1));
        until("the memory is reclaimed", || server.ask(&["EXISTS", "app:1:number8", "app:1:text"]) == "0");
        until("it is settled", || server.ask(&["EXISTS", "keepwarm:clearing:app"]) == "0");
        assert_eq!(cache.get::<i64>("number7").wait().unwrap(), Some(2), "what is newer is not swept");
        cache.set("number9", &9).wait().unwrap();
        assert_eq!(server.ask(&["GET", "app:1:number9"]), "9", "integers lie plain again");
    }
}

// covers: R106 R175
#[test]
fn lost_records_are_misses_and_never_bring_anything_old_back() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let set = || {
        cache.set("plain", "old").wait().unwrap();
        cache.set("tagged", "old").tags(["tag"]).wait().unwrap();
        cache.namespace("space").set("key", "old").wait().unwrap();
    };
    let found = || {
        let found = [
            cache.get::<String>("plain").wait().unwrap(),
            cache.get::<String>("tagged").wait().unwrap(),
            cache.namespace("space").get::<String>("key").wait().unwrap(),
        ];
        found.map(|value| value.is_some())
    };
    set();
    assert_eq!(found(), [true; 3]);
    server.ask(&["DEL", "keepwarm:tag:app:tag:tag"]);
    assert_eq!(found(), [true, false, true]);
    server.ask(&["DEL", "keepwarm:namespace:app:namespace:space"]);
    assert_eq!(found(), [true, false, false]);
    set();
    server.ask(&["DEL", "keepwarm:scope:app"]);
    assert_eq!(found(), [false; 3]);
    // Somebody writes, and the records are there again.
    cache.set("other", "new").tags(["tag"]).wait().unwrap();
    assert_eq!(found(), [false; 3], "another generation, not the old one");
    set();
    server.ask(&["SET", "keepwarm:scope:app", "garbage"]);
    server.ask(&["SET", "keepwarm:tag:app:tag:tag", "garbage"]);
    assert_eq!(found(), [false; 3]);
    set();
    assert_eq!(found(), [true; 3]);
}

#[test]
fn a_scope_that_is_lost_before_it_was_swept_is_still_cleared() {
    let server = RedisServer::start();
    let cache = cache(&server);
    cache.set("number", &7).wait().unwrap();
    let record = server.ask(&["STRLEN", "keepwarm:scope:app"]);
    assert_eq!(record, "16");
    // As a clearing leaves them, with its sweep still to come.
    server.ask(&["SET", "keepwarm:clearing:app", "somebody clears"]);
    server.ask(&["DEL", "keepwarm:scope:app"]);
    assert_eq!(cache.get::<i64>("number").wait().unwrap(), None);
    cache.set("text", "new").wait().unwrap();
    assert_eq!(cache.get::<i64>("number").wait().unwrap(), None);
    assert_eq!(cache.get::<String>("text").wait().unwrap().as_deref(), Some("new"));
}

// covers: R135
#[test]
fn writes_go_to_the_first_server_and_reads_to_another() {
    let first = RedisServer::start();
    let other = RedisServer::start_with(&["--replicaof", &format!("127.0.0.1 {}", first.port())]);
    until("the replica follows", || other.ask(&["INFO", "replication"]).contains("master_link_status:up"));
    let urls = [first.url(0), other.url(0)];
    let options = keepwarm::backends::redis::RedisOptions::urls(urls.iter().map(String::as_str)).unwrap();
    let cache = cache_of(&options);
    cache.set("text", "value").wait().unwrap();
    until("the replica has it", || cache.get::<String>("text").wait().unwrap().is_some());
    let hits = |server: &RedisServer| server.figure("keyspace_hits");
    let (before, first_before) = (hits(&other), hits(&first));
    cache.get::<String>("text").wait().unwrap();
    assert!(hits(&other) > before);
    assert_eq!(hits(&first), first_before);
    drop(other);
    assert_eq!(cache.get::<String>("text").wait().unwrap().as_deref(), Some("value"), "the first serves as well");
}

// covers: R15
#[test]
fn valkey_is_reached_under_its_own_name() {
    let server = RedisServer::start();
    let url = server.url(3).replace("redis://", "valkey://");
    let cache = keepwarm::Cache::from_url(&format!("{url}?key_prefix=app&deadline=30&socket_timeout=30")).unwrap();
    cache.set("counter", &41).wait().unwrap();
    assert_eq!(server.ask_in(3, &["GET", "app:1:counter"]), "41");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(async { cache.incr("counter", 1).await }).unwrap(), 42);
}

// covers: R138
#[test]
fn raw_access_gives_a_connection_of_the_crate() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let mut connection = cache.redis().unwrap().connection_wait().unwrap();
    let added: i64 = redis::cmd("SADD").arg("online").arg("Ada").arg("Grace").query(&mut connection).unwrap();
    assert_eq!(added, 2);
    let both: (i64, bool) = redis::pipe()
        .cmd("SCARD")
        .arg("online")
        .cmd("SISMEMBER")
        .arg("online")
        .arg("Ada")
        .query(&mut connection)
        .unwrap();
    assert_eq!(both, (2, true));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = cache.redis().unwrap().connection().await.unwrap();
        let members: Vec<String> = redis::cmd("SMEMBERS").arg("online").query_async(&mut connection).await.unwrap();
        assert_eq!(members.len(), 2);
    });
    assert!(keepwarm::Cache::memory().redis().is_err());
}
