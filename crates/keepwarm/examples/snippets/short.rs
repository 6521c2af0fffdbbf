//! S3, the short reference of the low-level interface.

use keepwarm::{Cache, Timeout, mins, secs};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Outcome;

crate::snippets! {
    "S3.01" set,
    "S3.02" get_and_set_where_nothing_is,
    "S3.03" a_stored_null_is_no_miss,
    "S3.04" once,
    "S3.05" lazily,
    "S3.06" counters,
    "S3.07" what_to_store,
    "S3.08" an_update_drops_what_was_cached,
    "S3.09" awaited,
}

async fn set() -> Outcome {
    let cache = Cache::memory();
    cache.set("user_123", &json!({ "name": "Alice" })).timeout(secs(300)).await?;
    assert!(cache.has_key("user_123").await?);
    Ok(())
}

async fn get_and_set_where_nothing_is() -> Outcome {
    let cache = Cache::memory();
    let profile: Value = cache.get_or_set("user_123", || async { json!({ "name": "Bob" }) }).timeout(secs(300)).await?;
    assert_eq!(cache.get("user_123").await?, Some(profile));
    Ok(())
}

/// Hit and miss are different types: no sentinel is needed.
async fn a_stored_null_is_no_miss() -> Outcome {
    let cache = Cache::memory();
    assert_eq!(cache.get::<Option<i32>>("key").await?, None);
    cache.set("key", &None::<i32>).await?;
    assert_eq!(cache.get::<Option<i32>>("key").await?, Some(None));
    Ok(())
}

async fn once() -> Outcome {
    let cache = Cache::memory();
    assert!(cache.add("migration_done", &true).timeout(Timeout::Never).await?);
    assert!(!cache.add("migration_done", &true).timeout(Timeout::Never).await?);
    // `add` is once per life of the entry; this survives a `clear`.
    assert!(cache.once("migration").await?);
    cache.clear().await?;
    assert!(!cache.once("migration").await?);
    Ok(())
}

async fn lazily() -> Outcome {
    let cache = Cache::memory();
    let heavy = || async { vec![1, 2, 3] };
    assert_eq!(cache.get_or_set("expensive_result", heavy).timeout(mins(10)).await?, [1, 2, 3]);
    Ok(())
}

async fn counters() -> Outcome {
    let cache = Cache::memory();
    cache.set("views", &0).await?;
    assert_eq!(cache.incr("views", 1).await?, 1);
    assert_eq!(cache.incr("views", 5).await?, 6);
    Ok(())
}

/// Only what serde can write compiles: there is no model instance to store by mistake.
async fn what_to_store() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct User {
        id: u64,
        name: String,
    }
    let cache = Cache::memory();
    let user = User { id: 123, name: "Alice".to_owned() };
    cache.set("user_123", &user).await?;
    assert_eq!(cache.get("user_123").await?, Some(user));
    Ok(())
}

async fn an_update_drops_what_was_cached() -> Outcome {
    let cache = Cache::memory();
    cache.set("user_123", "old").await?;
    // ... the data is changed, and then:
    assert!(cache.delete("user_123").await?);
    Ok(())
}

async fn awaited() -> Outcome {
    let cache = Cache::memory();
    cache.set("key", "value").await?;
    assert_eq!(cache.get::<String>("key").await?.as_deref(), Some("value"));
    // The same on a thread of one's own.
    let here = std::thread::spawn(move || cache.get::<String>("key").wait()).join().expect("no panic");
    assert_eq!(here?.as_deref(), Some("value"));
    Ok(())
}
