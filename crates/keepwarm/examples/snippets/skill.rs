//! S2, caching with Redis. Settings name a server; what is shown runs on any store.

use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::{Cache, Caches, memoize, mins, secs};
use serde::{Deserialize, Serialize};

use crate::Outcome;

crate::snippets! {
    "S2.01" two_aliases_on_one_server,
    "S2.02" a_profile,
    "S2.03" popular_products,
    "S2.04" a_namespace_in_place_of_a_version,
    "S2.05" tags,
    "S2.09" cached_queries,
    "S2.10" events_that_invalidate,
    "S2.11" memoization,
}

async fn two_aliases_on_one_server() -> Outcome {
    let caches = Caches::from_toml(
        r#"
        [caches.default]
        backend = "redis"
        location = "redis://localhost:6379/0"
        key_prefix = "myapp"
        timeout = "5m"
        max_connections = 50

        [caches.sessions]
        backend = "redis"
        location = "redis://localhost:6379/1"
        key_prefix = "session"
        timeout = "1d"
        "#,
    )?;
    assert_eq!(caches.get("sessions")?.make_key("token", None)?, "session:1:token");
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Profile {
    city: String,
}

/// A read that began before the update cannot put the old profile back after it.
async fn a_profile() -> Outcome {
    async fn profile(cache: &Cache, city: &str) -> Result<Profile, keepwarm::Error> {
        let city = city.to_owned();
        cache.get_or_set("user_profile:7", || async { Profile { city } }).timeout(mins(15)).await
    }
    let cache = Cache::memory();
    assert_eq!(profile(&cache, "Wien").await?.city, "Wien");
    assert_eq!(profile(&cache, "Graz").await?.city, "Wien");
    cache.delete("user_profile:7").await?;
    assert_eq!(profile(&cache, "Graz").await?.city, "Graz");
    Ok(())
}

async fn popular_products() -> Outcome {
    let cache = Cache::memory();
    let load = || async { vec!["hat".to_owned(), "shoe".to_owned()] };
    assert_eq!(cache.get_or_set("popular_products", load).timeout(mins(10)).await?, ["hat", "shoe"]);
    Ok(())
}

async fn a_namespace_in_place_of_a_version() -> Outcome {
    let cache = Cache::memory();
    let products = cache.namespace("product");
    products.set("7", "shoe").timeout(secs(300)).await?;
    products.invalidate().await?; // all of them, at once
    assert!(!products.has_key("7").await?);
    Ok(())
}

async fn tags() -> Outcome {
    let cache = Cache::memory();
    cache.set("product:7", "shoe").tags(["products", "category:3"]).timeout(secs(300)).await?;
    cache.invalidate_tag("category:3").await?;
    assert!(!cache.has_key("product:7").await?);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    id: u64,
    name: String,
}

/// A repository whose queries are cached, and dropped by a change of what they read.
struct Items {
    cache: Cache,
    rows: Vec<Item>,
}

impl Items {
    async fn cached_all(&self) -> Result<Vec<Item>, keepwarm::Error> {
        let rows = self.rows.clone();
        self.cache.get_or_set("item:all", || async { rows }).timeout(mins(5)).tags(["items"]).await
    }

    async fn cached_get(&self, id: u64) -> Result<Option<Item>, keepwarm::Error> {
        let row = self.rows.iter().find(|item| item.id == id).cloned();
        self.cache.get_or_set(&format!("item:{id}"), || async { row }).timeout(mins(5)).tags(["items"]).await
    }

    async fn save(&mut self, item: Item) -> Result<(), keepwarm::Error> {
        self.rows.retain(|row| row.id != item.id);
        self.rows.push(item);
        self.cache.invalidate_tag("items").await
    }
}

async fn cached_queries() -> Outcome {
    let mut items = Items { cache: Cache::memory(), rows: vec![Item { id: 1, name: "first".to_owned() }] };
    assert_eq!(items.cached_all().await?.len(), 1);
    assert_eq!(items.cached_get(2).await?, None); // an answer, and cached as one
    items.save(Item { id: 2, name: "second".to_owned() }).await?;
    assert_eq!(items.cached_all().await?.len(), 2);
    assert_eq!(items.cached_get(2).await?.map(|item| item.name).as_deref(), Some("second"));
    Ok(())
}

async fn events_that_invalidate() -> Outcome {
    /// What a program calls when a product was saved or deleted.
    async fn product_changed(cache: &Cache, id: u64, category: u64) -> Result<usize, keepwarm::Error> {
        cache
            .delete_many([
                format!("product:{id}"),
                format!("category_products:{category}"),
                "popular_products".to_owned(),
            ])
            .await?;
        cache.delete_pattern("search:*").await
    }
    let cache = Cache::memory();
    cache.set_many([("product:7", &1), ("search:red", &2), ("search:x:y", &3), ("stats:day", &4)]).await?;
    assert_eq!(product_changed(&cache, 7, 3).await?, 2);
    assert_eq!(cache.keys("*").await?, ["stats:day"]);
    Ok(())
}

async fn memoization() -> Outcome {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memoize(max_size = 1000)]
    fn calculate_discount(price: u64, percent: u64) -> u64 {
        RUNS.fetch_add(1, Ordering::SeqCst);
        price - price * percent / 100
    }
    assert_eq!((calculate_discount(200, 25), calculate_discount(200, 25)), (150, 150));
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    calculate_discount::cache_clear();
    assert_eq!((calculate_discount(200, 25), RUNS.load(Ordering::SeqCst)), (150, 2));
    Ok(())
}
