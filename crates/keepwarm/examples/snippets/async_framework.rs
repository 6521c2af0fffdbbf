//! S0, an async cache framework.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use keepwarm::{Cache, Caches, cached, secs};
use serde::{Deserialize, Serialize};

use crate::Outcome;

crate::snippets! {
    "S0.01" three_settings,
    "S0.02" basic_usage,
    "S0.03" advanced_operations,
    "S0.04" cached_functions,
    "S0.06" a_memory_cache_in_code,
    "S0.07" a_file_cache_in_code,
    "S0.08" a_redis_cache_in_code,
    "S0.10" a_backend_of_four_methods,
    "S0.11" versions,
}

async fn three_settings() -> Outcome {
    let directory = tempfile::tempdir()?;
    let memory = r#"caches.default = { backend = "memory", timeout = 300, key_prefix = "myapp" }"#.to_owned();
    let redis = r#"
        [caches.default]
        backend = "redis"
        host = "localhost"
        port = 6379
        db = 0
        password = "secret"
        timeout = 300
        "#;
    let file =
        format!("caches.default = {{ backend = 'file', location = '{}', timeout = 300 }}", directory.path().display());
    for (settings, kind) in [(memory, "memory"), (redis.to_owned(), "redis"), (file, "file")] {
        // Building touches no network: the first verb does.
        let cache = Caches::from_toml(&settings)?.get("default")?;
        assert_eq!(cache.backend_kind(), kind);
    }
    Ok(())
}

async fn basic_usage() -> Outcome {
    let cache = Cache::memory();
    cache.set("my_key", "my_value").timeout(secs(60)).await?;
    let value: Option<String> = cache.get("my_key").await?;
    assert_eq!(value.as_deref(), Some("my_value"));
    assert!(cache.delete("my_key").await?);
    let value = cache.get("my_key").await?.unwrap_or("fallback".to_owned());
    assert_eq!(value, "fallback");
    cache.clear().await?;
    Ok(())
}

async fn advanced_operations() -> Outcome {
    async fn fetch_data() -> String {
        "computed".to_owned()
    }
    let cache = Cache::memory();
    assert_eq!(cache.get_or_set("key", fetch_data).timeout(secs(60)).await?, "computed");

    cache.set_many([("key1", "val1"), ("key2", "val2")]).await?;
    let values = cache.get_many::<String, _>(["key1", "key2", "key3"]).await?;
    assert_eq!((values["key1"].as_str(), values.get("key3")), ("val1", None));

    cache.set("counter", &0).await?;
    assert_eq!(cache.incr("counter", 1).await?, 1);
    assert_eq!(cache.incr("counter", 5).await?, 6);
    assert_eq!(cache.decr("counter", 2).await?, 4);

    assert!(!cache.has_key("my_key").await?);
    assert!(!cache.touch("my_key", secs(120)).await?);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    id: i64,
}

async fn cached_functions() -> Outcome {
    #[cached(timeout = 3600)]
    async fn get_user(user_id: i64) -> User {
        User { id: user_id }
    }
    #[cached(timeout = 3600, key = "user:{user_id}")]
    async fn get_user_by_key(user_id: i64) -> User {
        User { id: user_id }
    }
    assert_eq!(get_user(7).await, get_user(7).await);
    assert_eq!(get_user_by_key(7).await, User { id: 7 });
    assert_eq!(keepwarm::cache().get::<User>("user:7").await?, Some(User { id: 7 }));
    Ok(())
}

async fn a_memory_cache_in_code() -> Outcome {
    let cache = Cache::builder().timeout(secs(300)).build()?;
    cache.set("key", &[1, 2]).await?;
    assert_eq!(cache.get::<Vec<i32>>("key").await?, Some(vec![1, 2]));
    Ok(())
}

async fn a_file_cache_in_code() -> Outcome {
    let directory = tempfile::tempdir()?;
    let cache = Cache::file(directory.path().join(".cache"))?;
    cache.set("key", &[1, 2]).await?;
    // Another handle, as another process would have it.
    let again = Cache::file(directory.path().join(".cache"))?;
    assert_eq!(again.get::<Vec<i32>>("key").await?, Some(vec![1, 2]));
    Ok(())
}

async fn a_redis_cache_in_code() -> Outcome {
    let cache = Cache::from_url("redis://:secret@localhost:6379/0")?;
    assert_eq!(cache.backend_kind(), "redis");
    Ok(())
}

#[derive(Default)]
struct MyCache(Mutex<HashMap<String, Vec<u8>>>);

impl Custom for MyCache {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, key: &str, value: Vec<u8>, _timeout: Option<Duration>) -> Result<(), CustomError> {
        self.0.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<bool, CustomError> {
        Ok(self.0.lock().unwrap().remove(key).is_some())
    }

    async fn clear(&self) -> Result<(), CustomError> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

async fn a_backend_of_four_methods() -> Outcome {
    let cache = Cache::builder().backend(Adapter::new(MyCache::default())).build()?;
    cache.set("key", "value").await?;
    // Everything else comes of the four.
    assert_eq!(cache.incr("views", 1).or_insert(0, secs(60)).await?, 1);
    assert_eq!(cache.get_or_set("key", || async { "other".to_owned() }).await?, "value");
    assert!(!cache.add("key", "other").await?);
    Ok(())
}

async fn versions() -> Outcome {
    let cache = Cache::memory();
    cache.set("key", "value").version(1).await?;
    assert_eq!(cache.get::<String>("key").version(1).await?.as_deref(), Some("value"));
    assert!(cache.get::<String>("key").version(2).await?.is_none());
    Ok(())
}
