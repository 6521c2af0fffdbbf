//! S1: the async interface, which is the interface.

use keepwarm::{Cache, secs};
use serde::{Deserialize, Serialize};

use crate::Outcome;

crate::snippets! {
    "S1.19" every_verb,
    "S1.20" an_async_view,
}

async fn every_verb() -> Outcome {
    let cache = Cache::memory();
    cache.set("key", "value").timeout(secs(300)).await?;
    assert!(cache.get::<String>("key").await?.is_some());
    cache.delete("key").await?;
    assert!(cache.add("key", "value").await?);
    assert_eq!(cache.get_or_set("key", || async { "default".to_owned() }).timeout(secs(300)).await?, "value");
    assert!(cache.touch("key", secs(300)).await?);
    cache.clear().await?;
    cache.set_many([("key1", "val1"), ("key2", "val2")]).await?;
    assert_eq!(cache.get_many::<String, _>(["key1", "key2"]).await?.len(), 2);
    cache.delete_many(["key1", "key2"]).await?;
    // Counting on what was just cleared is an error; this makes the counter.
    assert_eq!(cache.incr("counter", 1).or_insert(0, secs(300)).await?, 1);
    assert_eq!(cache.decr("counter", 1).await?, 0);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SiteStats {
    users: u64,
    posts: u64,
}

async fn compute_stats() -> SiteStats {
    SiteStats { users: 1000, posts: 5000 }
}

/// What a handler of any framework does; `examples/shop` has them for axum.
async fn stats_view(cache: &Cache) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let stats = cache.get_or_set("site_stats", compute_stats).timeout(secs(300)).await?;
    Ok(serde_json::to_string(&stats)?)
}

async fn an_async_view() -> Outcome {
    let cache = Cache::memory();
    assert_eq!(stats_view(&cache).await?, r#"{"users":1000,"posts":5000}"#);
    assert!(cache.has_key("site_stats").await?);
    Ok(())
}
