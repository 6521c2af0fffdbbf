//! S1: keys, versions and timeouts that follow from something.

use std::time::SystemTime;

use keepwarm::key::{make_hashed_key, validate_key};
use keepwarm::{Cache, Caches, Timeout, secs};
use serde::{Deserialize, Serialize};

use crate::Outcome;

crate::snippets! {
    "S1.14" timeouts_by_what_is_stored,
    "S1.15" a_key_for_each_hour,
    "S1.17" the_version_of_settings,
    "S1.18" a_version_kept_in_the_model,
    "S1.21" the_stored_key,
    "S1.22" a_key_function,
    "S1.23" a_check_of_keys,
    "S1.24" hashed_keys,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Priority {
    High,
    Medium,
    Low,
}

async fn timeouts_by_what_is_stored() -> Outcome {
    fn timeout(priority: &Priority) -> Timeout {
        match priority {
            Priority::High => secs(60).into(),
            Priority::Medium => secs(300).into(),
            Priority::Low => secs(3600).into(),
        }
    }
    let cache = Cache::memory();
    for priority in [Priority::High, Priority::Medium, Priority::Low] {
        cache.set("object:7", &priority).timeout(timeout(&priority)).await?;
        assert_eq!(cache.get::<Priority>("object:7").await?, Some(priority));
    }
    Ok(())
}

/// Hours since 1970.
fn hour() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() / 3600)
}

async fn a_key_for_each_hour() -> Outcome {
    let cache = Cache::memory();
    let key = format!("stats:{}", hour());
    let stats = cache.get_or_set(&key, || async { vec![1, 2] }).timeout(secs(3600)).await?;
    assert_eq!(cache.get(&key).await?, Some(stats));
    Ok(())
}

async fn the_version_of_settings() -> Outcome {
    let caches = Caches::from_toml("caches.default = { backend = 'memory', version = 2 }")?;
    let cache = caches.get("default")?;
    cache.set("key", "value").await?;
    assert!(cache.has_key("key").version(2).await?);
    assert!(!cache.has_key("key").version(1).await?);
    Ok(())
}

struct Product {
    id: u64,
    cache_version: i64,
}

impl Product {
    async fn cached_data(&self, cache: &Cache) -> Result<String, keepwarm::Error> {
        let data = format!("data of version {}", self.cache_version);
        cache
            .get_or_set(&format!("product:{}", self.id), || async { data })
            .timeout(secs(3600))
            .version(self.cache_version)
            .await
    }
}

async fn a_version_kept_in_the_model() -> Outcome {
    let cache = Cache::memory();
    let mut product = Product { id: 7, cache_version: 1 };
    assert_eq!(product.cached_data(&cache).await?, "data of version 1");
    product.cache_version += 1;
    assert_eq!(product.cached_data(&cache).await?, "data of version 2");
    Ok(())
}

async fn the_stored_key() -> Outcome {
    let cache = Cache::builder().key_prefix("myapp").version(1).build()?;
    assert_eq!(cache.make_key("user", None)?, "myapp:1:user");
    Ok(())
}

async fn a_key_function() -> Outcome {
    let by_hour = |key: &str, prefix: &str, version: &keepwarm::key::Version| {
        format!("{prefix}:{version}:{}:{key}", hour()).to_lowercase()
    };
    let cache = Cache::builder().key_prefix("MyApp").key_function(by_hour).build()?;
    let made = cache.make_key("User", None)?;
    assert!(made.starts_with("myapp:1:") && made.ends_with(":user"), "{made}");
    Ok(())
}

async fn a_check_of_keys() -> Outcome {
    assert_eq!(validate_key("user:1")?, "user:1");
    assert!(validate_key("with space").is_err());
    assert!(validate_key(&"x".repeat(251)).is_err());
    Ok(())
}

async fn hashed_keys() -> Outcome {
    let cache = Cache::memory();
    let key = make_hashed_key(["user", "7", "orders", "2026", "11"]);
    cache.set(&key, &[1, 2]).await?;
    assert_eq!(cache.get::<Vec<i32>>(&key).await?, Some(vec![1, 2]));
    assert!(make_hashed_key(["user", &"x".repeat(300)]).len() <= 200);
    assert_ne!(make_hashed_key(["a:b"]), make_hashed_key(["a", "b"]));
    Ok(())
}
