//! S1: a store that is down, what to store, and the complete example.

use std::net::TcpListener;

use keepwarm::{Cache, Caches, secs};
use serde::{Deserialize, Serialize};

use crate::Outcome;

crate::snippets! {
    "S1.25" a_dead_server_and_a_fallback,
    "S1.26" a_dead_server_and_an_operation,
    "S1.27" what_to_store,
    "S1.28" batches,
    "S1.29" timeouts_by_kind_of_data,
    "S1.30" the_complete_example,
}

/// A cache whose server is not there, and that says so only in its statistics.
fn degrading() -> Result<Cache, Box<dyn std::error::Error + Send + Sync>> {
    // Nobody listens on a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let settings = format!(
        "caches.default = {{ backend = 'redis', location = 'redis://127.0.0.1:{port}', on_error = 'degrade' }}"
    );
    Ok(Caches::from_toml(&settings)?.get("default")?)
}

async fn a_dead_server_and_a_fallback() -> Outcome {
    let cache = degrading()?;
    assert_eq!(cache.get::<String>("key").await?, None);
    cache.set("key", "value").timeout(secs(300)).await?; // dropped, and counted
    assert_eq!(cache.get_or_set("key", || async { "fallback".to_owned() }).await?, "fallback");
    Ok(())
}

/// The caller's own error passes through, once, whatever the store does.
async fn a_dead_server_and_an_operation() -> Outcome {
    let cache = degrading()?;
    let operation = || async { "12".parse::<u32>() };
    assert_eq!(cache.get_or_try_set("key", operation).timeout(secs(300)).await?, 12);
    let failing = || async { "twelve".parse::<u32>() };
    assert!(cache.get_or_try_set("other", failing).await.is_err());
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct UserData {
    id: u64,
    name: String,
}

async fn what_to_store() -> Outcome {
    let cache = Cache::memory();
    cache.set("user_data", &UserData { id: 7, name: "Ada".to_owned() }).await?;
    let popular: Vec<u64> = [5, 1001, 2000].into_iter().filter(|views| *views > 1000).collect();
    cache.set("popular_post_ids", &popular).await?;
    assert_eq!(cache.get::<Vec<u64>>("popular_post_ids").await?, Some(vec![1001, 2000]));
    Ok(())
}

async fn batches() -> Outcome {
    let cache = Cache::memory();
    cache.set("user:1", "at hand").await?;
    let keys = [1, 2, 3].map(|id| format!("user:{id}"));
    let cached = cache.get_many::<String, _>(&keys).await?;
    let missing: Vec<&String> = keys.iter().filter(|key| !cached.contains_key(key)).collect();
    cache.set_many(missing.iter().map(|key| (key.as_str(), "loaded"))).timeout(secs(3600)).await?;
    assert_eq!(cache.get_many::<String, _>(&keys).await?.len(), 3);
    Ok(())
}

async fn timeouts_by_kind_of_data() -> Outcome {
    let cache = Cache::memory();
    cache.set("active_users_count", &7).timeout(secs(60)).await?;
    cache.set("popular_posts", &[1, 2]).timeout(secs(300)).await?;
    cache.set("site_config", "dark").timeout(secs(3600)).await?;
    cache.set("countries_list", &["AT".to_owned(), "DE".to_owned()]).timeout(secs(86_400)).await?;
    assert_eq!(cache.keys("*").await?.len(), 4);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct UserStats {
    total_orders: u64,
    total_spent: f64,
}

/// The statistics of users.
struct UserStatsCache {
    cache: Cache,
}

impl UserStatsCache {
    fn key(user_id: u64) -> String {
        format!("user_stats:{user_id}")
    }

    async fn compute(user_id: u64) -> UserStats {
        UserStats { total_orders: user_id, total_spent: 7.5 }
    }

    async fn get(&self, user_id: u64) -> Result<UserStats, keepwarm::Error> {
        self.cache.get_or_set(&Self::key(user_id), move || Self::compute(user_id)).timeout(secs(300)).await
    }

    async fn invalidate(&self, user_id: u64) -> Result<bool, keepwarm::Error> {
        self.cache.delete(&Self::key(user_id)).await
    }

    /// Computes and swaps: readers keep what is there until then.
    async fn refresh(&self, user_id: u64) -> Result<UserStats, keepwarm::Error> {
        self.cache.refresh(&Self::key(user_id), move || Self::compute(user_id)).timeout(secs(300)).await
    }
}

async fn the_complete_example() -> Outcome {
    let stats = UserStatsCache { cache: Cache::memory() };
    assert_eq!(stats.get(2).await?, stats.refresh(2).await?);
    assert!(stats.invalidate(2).await?);
    let down = UserStatsCache { cache: degrading()? };
    assert_eq!(down.get(2).await?.total_orders, 2);
    Ok(())
}
