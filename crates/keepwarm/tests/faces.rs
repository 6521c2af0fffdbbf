//! The two faces are one implementation, and work wherever they are called from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keepwarm::clock::{Clock, ManualClock};
use keepwarm::{Cache, ErrorKind, MemoryOptions, secs};
use serde::{Deserialize, Serialize, Serializer};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

// covers: R21
#[test]
fn a_cache_is_built_in_code_without_settings() {
    let cache = Cache::builder()
        .memory(MemoryOptions::new().max_entries(10))
        .timeout(secs(60))
        .key_prefix("myapp")
        .version(2)
        .build()
        .unwrap();
    cache.set("user", "Ada").wait().unwrap();
    assert_eq!(cache.make_key("user", None).unwrap(), "myapp:2:user");
    assert_eq!(cache.get::<String>("user").wait().unwrap().as_deref(), Some("Ada"));
}

/// A value that serde refuses.
#[derive(Clone, Deserialize)]
struct Refuses;

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not today"))
    }
}

// covers: R37 R209
#[test]
fn a_value_that_cannot_be_encoded_is_an_error_and_leaves_the_old_one() {
    use keepwarm::codec::Codec;
    for codec in Codec::ALL {
        assert_eq!(codec.encode(&Refuses).unwrap_err().kind(), ErrorKind::Encode);
    }
    // JSON has no numbers for these keys' type: what it cannot hold exactly is refused, not bent.
    let pairs = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(Codec::Json.encode(&pairs).unwrap_err().kind(), ErrorKind::Encode);
}

// covers: R117 R123
#[test]
fn blocking_calls_work_inside_a_running_runtime_and_see_what_was_awaited() {
    runtime().block_on(async {
        let cache = Cache::memory();
        cache.set("key", "value").await.unwrap();
        assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("value"));
        cache.set("other", &1).wait().unwrap();
        assert_eq!(cache.incr("other", 1).await.unwrap(), 2);
        assert_eq!(cache.get_or_set("computed", || async { 7 }).wait().unwrap(), 7);
    });
}

// covers: R121
#[test]
fn one_cache_works_from_several_runtimes_one_after_another_and_at_once() {
    let cache = Cache::memory();
    cache.set("counter", &0).wait().unwrap();
    for _ in 0..2 {
        runtime().block_on(async { cache.incr("counter", 1).await.unwrap() });
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                runtime().block_on(async {
                    for _ in 0..50 {
                        cache.incr("counter", 1).await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(202));
}

// covers: R120
#[test]
fn a_stalled_loader_stops_no_other_task_of_its_thread() {
    runtime().block_on(async {
        let cache = Cache::memory();
        let (release, stalled) = tokio::sync::oneshot::channel::<()>();
        let waiting = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get_or_set("slow", || async { stalled.await.is_ok() }).await }
        });
        // The one thread of this runtime is free for everybody else while the loader waits.
        for turn in 0..100_i64 {
            cache.set("ticker", &turn).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(cache.get::<i64>("ticker").await.unwrap(), Some(99));
        assert!(!waiting.is_finished());
        release.send(()).unwrap();
        assert!(waiting.await.unwrap().unwrap());
    });
}

// covers: R65 R78
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_of_one_missing_key_compute_once() {
    let cache = Cache::memory();
    let runs = Arc::new(AtomicU64::new(0));
    let (release, gate) = tokio::sync::watch::channel(false);
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let (cache, runs, mut gate) = (cache.clone(), Arc::clone(&runs), gate.clone());
            tokio::spawn(async move {
                let loader = move || async move {
                    runs.fetch_add(1, Ordering::SeqCst);
                    gate.wait_for(|open| *open).await.unwrap();
                    42
                };
                cache.get_or_set("key", loader).await.unwrap()
            })
        })
        .collect();
    // All but the one who computes wait on its flight before the gate opens.
    while cache.stats().await.unwrap().waits < 63 {
        tokio::task::yield_now().await;
    }
    release.send(true).unwrap();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 42);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(cache.stats().await.unwrap().computations, 1);
}

// covers: R77
#[test]
fn a_late_release_does_not_free_the_next_owners_lock() {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(Clock::manual(&clock)).build().unwrap();
    let first = cache.lock("report").timeout(secs(10)).wait().unwrap();
    clock.advance(secs(11));
    let second = cache.lock("report").timeout(secs(10)).wait().unwrap();
    assert!(second.fence() > first.fence());
    assert_eq!(first.extend_wait(secs(10)).unwrap_err().kind(), ErrorKind::LockLost);
    assert!(!first.release().wait().unwrap());
    assert!(cache.lock("report").try_now().wait().unwrap().is_none(), "the second owner still holds it");
    assert!(second.release().wait().unwrap());
    assert!(cache.lock("report").try_now().wait().unwrap().is_some());
}

// covers: R126
#[test]
fn the_exact_lru_keeps_its_bound_and_moves_what_is_read_set_and_counted() {
    let cache = Cache::builder().memory(MemoryOptions::new().lru(9, 3)).build().unwrap();
    for key in 0..9 {
        cache.set(&key.to_string(), &key).wait().unwrap();
    }
    cache.get::<i64>("0").wait().unwrap();
    cache.set("1", &1).wait().unwrap();
    for key in 0..3 {
        cache.set(&format!("new{key}"), &key).wait().unwrap();
    }
    assert!(cache.stats().wait().unwrap().entries.unwrap() <= 9);
    assert_eq!(cache.get::<i64>("0").wait().unwrap(), Some(0), "read, so moved");

    let counted = Cache::builder().memory(MemoryOptions::new().lru(9, 3)).build().unwrap();
    for key in 0..9 {
        counted.set(&key.to_string(), &key).wait().unwrap();
    }
    for key in 0..6 {
        counted.incr(&key.to_string(), 1).wait().unwrap();
    }
    counted.set("9", &9).wait().unwrap();
    for key in 0..6_i64 {
        assert_eq!(counted.get::<i64>(&key.to_string()).wait().unwrap(), Some(key + 1));
    }
    for key in 6..9 {
        assert_eq!(counted.get::<i64>(&key.to_string()).wait().unwrap(), None);
    }
}

// covers: R128
#[test]
fn expired_entries_free_their_room_without_being_asked_for() {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(Clock::manual(&clock)).build().unwrap();
    for key in 0..5000 {
        cache.set(&format!("short{key}"), &vec![key]).timeout(secs(1)).wait().unwrap();
    }
    assert_eq!(cache.stats().wait().unwrap().entries, Some(5000));
    clock.advance(Duration::from_millis(2100));
    // Operations on other keys, a bounded number of them: each shard is swept at its first.
    for key in 0..500 {
        cache.get::<i64>(&format!("other{key}")).wait().unwrap();
    }
    let stats = cache.stats().wait().unwrap();
    assert_eq!(stats.entries, Some(0), "{stats:?}");
    assert_eq!(stats.expirations, 5000);
}

// What was cleared takes no place: counted like Django's, a cleared store is an empty one.
#[test]
fn the_exact_lru_evicts_nobody_for_what_was_cleared() {
    let build = |prefix: &str| {
        let memory = MemoryOptions::new().lru(9, 3).location("cleared");
        Cache::builder().memory(memory).key_prefix(prefix).build().unwrap()
    };
    let (cache, other) = (build("a"), build("b"));
    other.set("kept", &1).wait().unwrap();
    for key in 0..8 {
        cache.set(&key.to_string(), &key).wait().unwrap();
    }
    cache.clear().wait().unwrap();
    for key in 0..8 {
        cache.set(&key.to_string(), &key).wait().unwrap();
    }
    assert!((0..8).all(|key: i32| cache.has_key(&key.to_string()).wait().unwrap()));
    assert!(other.has_key("kept").wait().unwrap());
}
