//! S1, the reference of the low-level interface: its verbs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keepwarm::{Cache, ErrorKind, Timeout, Ttl, hours, secs};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Outcome;

crate::snippets! {
    "S1.01" set,
    "S1.02" get,
    "S1.03" delete,
    "S1.04" clear,
    "S1.05" a_lock_made_of_add,
    "S1.06" get_or_set,
    "S1.07" touch,
    "S1.08" incr,
    "S1.09" decr_and_a_rate_limit,
    "S1.10" get_many_and_the_missing,
    "S1.11" set_many,
    "S1.12" delete_many,
    "S1.13" timeouts,
    "S1.16" versions,
}

async fn set() -> Outcome {
    let cache = Cache::memory();
    cache.set("my_key", "my_value").timeout(secs(300)).await?;
    cache.set("my_key", "my_value").await?; // the alias' own timeout
    cache.set("my_key", "my_value").timeout(Timeout::Never).await?;
    let user = json!({ "id": 123, "name": "John", "orders": [1, 2, 3] });
    cache.set("user_data", &user).timeout(secs(3600)).await?;
    assert_eq!(cache.ttl("my_key").await?, Ttl::Never);
    assert_eq!(cache.get::<Value>("user_data").await?, Some(user));
    Ok(())
}

async fn get() -> Outcome {
    let cache = Cache::memory();
    cache.set("my_key", "second").version(2).await?;
    let value = cache.get("my_key").await?.unwrap_or("default_value".to_owned());
    assert_eq!(value, "default_value");
    assert_eq!(cache.get::<String>("nonexistent_key").await?, None);
    assert_eq!(cache.get::<String>("my_key").version(2).await?.as_deref(), Some("second"));
    Ok(())
}

async fn delete() -> Outcome {
    let cache = Cache::memory();
    cache.set("my_key", "value").version(2).await?;
    assert!(!cache.delete("my_key").await?);
    assert!(!cache.delete("nonexistent_key").await?);
    assert!(cache.delete("my_key").version(2).await?);
    Ok(())
}

async fn clear() -> Outcome {
    let cache = Cache::memory();
    cache.set("key", "value").await?;
    cache.clear().await?; // this alias
    cache.clear_store().await?; // everybody's
    assert!(!cache.has_key("key").await?);
    Ok(())
}

/// The hand-made lock of the document, and what takes its place: one computation among all callers.
async fn a_lock_made_of_add() -> Outcome {
    let cache = Cache::memory();
    if cache.add("data_lock", "locked").timeout(secs(60)).await? {
        cache.set("data", "computed").timeout(secs(300)).await?;
        cache.delete("data_lock").await?;
    }
    assert_eq!(cache.get::<String>("data").await?.as_deref(), Some("computed"));
    cache.delete("data").await?;

    let computed = Arc::new(AtomicU32::new(0));
    let callers = (0..8).map(|_| {
        let (cache, computed) = (cache.clone(), computed.clone());
        tokio::spawn(async move {
            let expensive = || async move { computed.fetch_add(1, Ordering::SeqCst) };
            cache.get_or_set("data", expensive).timeout(secs(300)).await
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await??, 0);
    }
    assert_eq!(computed.load(Ordering::SeqCst), 1);

    // A lock that has an owner, for work that is no value.
    let guard = cache.lock("report").timeout(secs(60)).await?;
    guard.release().await?;
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct UserStats {
    total: u64,
    active: u64,
}

async fn get_or_set() -> Outcome {
    let cache = Cache::memory();
    let first =
        cache.get_or_set("user_stats", || async { UserStats { total: 2, active: 1 } }).timeout(secs(3600)).await?;
    let again = cache.get_or_set("user_stats", || async { unreachable!("it is there") }).await?;
    assert_eq!(first, again);
    Ok(())
}

async fn touch() -> Outcome {
    async fn fetch_user_data(user_id: u64) -> Value {
        json!({ "id": user_id })
    }
    async fn refresh_user_cache(cache: &Cache, user_id: u64) -> Result<bool, keepwarm::Error> {
        let key = format!("user:{user_id}");
        let extended = cache.touch(&key, secs(3600)).await?;
        if !extended {
            cache.set(&key, &fetch_user_data(user_id).await).timeout(secs(3600)).await?;
        }
        Ok(extended)
    }
    let cache = Cache::memory();
    assert!(!refresh_user_cache(&cache, 7).await?);
    assert!(refresh_user_cache(&cache, 7).await?);
    Ok(())
}

async fn incr() -> Outcome {
    let cache = Cache::memory();
    cache.set("page_views", &0).await?;
    assert_eq!(cache.incr("page_views", 1).await?, 1);
    assert_eq!(cache.incr("page_views", 1).await?, 2);
    assert_eq!(cache.incr("page_views", 5).await?, 7);
    assert_eq!(cache.incr("absent", 1).await.unwrap_err().kind(), ErrorKind::Missing);
    // Made or counted, in one step.
    assert_eq!(cache.incr("views:3", 1).or_insert(0, secs(86_400)).await?, 1);
    assert_eq!(cache.incr("views:3", 1).or_insert(0, secs(86_400)).await?, 2);
    Ok(())
}

async fn decr_and_a_rate_limit() -> Outcome {
    let cache = Cache::memory();
    cache.set("items_remaining", &100).await?;
    assert_eq!(cache.decr("items_remaining", 1).await?, 99);
    assert_eq!(cache.decr("items_remaining", 10).await?, 89);
    for request in 0..105 {
        let limit = cache.rate_limit("rate_limit:7", 100, secs(3600)).await?;
        assert_eq!(limit.allowed, request < 100);
    }
    Ok(())
}

async fn get_many_and_the_missing() -> Outcome {
    async fn load(missing: Vec<String>) -> HashMap<String, String> {
        missing.into_iter().map(|key| (key.clone(), format!("loaded {key}"))).collect()
    }
    let cache = Cache::memory();
    cache.set("user:1", "at hand").await?;
    let keys: Vec<String> = (1..=3).map(|id| format!("user:{id}")).collect();
    let users: HashMap<String, String> = cache.get_or_set_many(&keys, load).timeout(secs(3600)).await?;
    assert_eq!((users["user:1"].as_str(), users["user:3"].as_str()), ("at hand", "loaded user:3"));
    assert_eq!(cache.get::<String>("user:2").await?.as_deref(), Some("loaded user:2"));
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Product {
    id: u64,
    name: String,
}

async fn set_many() -> Outcome {
    let cache = Cache::memory();
    let products = [Product { id: 1, name: "shoe".to_owned() }, Product { id: 2, name: "hat".to_owned() }];
    let failed: Vec<String> = cache
        .set_many(products.iter().map(|product| (format!("product:{}", product.id), product)))
        .timeout(secs(3600))
        .await?;
    assert!(failed.is_empty());
    assert_eq!(cache.get::<Product>("product:2").await?, Some(products[1].clone()));
    Ok(())
}

async fn delete_many() -> Outcome {
    let cache = Cache::memory();
    cache.set_many([("user:7", &1), ("user:7:orders", &2)]).await?;
    let keys = ["", ":profile", ":settings", ":orders"].map(|part| format!("user:7{part}"));
    assert_eq!(cache.delete_many(keys).await?, 2);
    Ok(())
}

async fn timeouts() -> Outcome {
    let cache = Cache::memory();
    cache.set("key", "value").timeout(secs(300)).await?;
    cache.set("key", "value").timeout(Timeout::Default).await?;
    cache.set("key", "value").timeout(Timeout::Never).await?;
    cache.set("key", "value").timeout(Timeout::ZERO).await?; // keeps nothing, and removes what was there
    assert!(!cache.has_key("key").await?);
    cache.set("key", "value").timeout(hours(1)).await?;
    assert!(cache.has_key("key").await?);
    Ok(())
}

async fn versions() -> Outcome {
    let cache = Cache::memory();
    cache.set("my_key", "value1").version(1).await?;
    cache.set("my_key", "value2").version(2).await?;
    assert_eq!(cache.get::<String>("my_key").version(2).await?.as_deref(), Some("value2"));
    assert!(cache.delete("my_key").version(1).await?);
    assert!(cache.has_key("my_key").version(2).await?);
    Ok(())
}
