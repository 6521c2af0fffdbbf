//! Every verb's future can be spawned: it is `Send` even where the compiler has forgotten its lifetimes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;

use keepwarm::{Cache, Timeout, secs};

fn spawnable(future: impl Future<Output = ()> + Send + 'static) {
    drop(future);
}

#[test]
fn every_verb_can_be_awaited_inside_a_spawned_task() {
    let cache = Cache::memory();
    let key = "key".to_owned();
    spawnable({
        let cache = cache.clone();
        async move {
            let _ = cache.get::<String>(&key).await;
            let _ = cache.get_arc::<String>(&key).version(2).await;
            let _ = cache.has_key(&key).await;
            let _ = cache.ttl(&key).await;
            let _ = cache.set(&key, "value").timeout(secs(1)).tags(["tag"]).await;
            let _ = cache.add(&key, &vec![1]).await;
            let _ = cache.replace(&key, &Some(1)).await;
            let _ = cache.delete(&key).await;
            let _ = cache.touch(&key, Timeout::Default).await;
            let _ = cache.persist(&key).await;
            let _ = cache.incr(&key, 1).or_insert(0, secs(1)).await;
            let _ = cache.update(&key, |old: Option<i32>| old).await;
            let _ = cache.get_many::<String, _>([key.as_str()]).await;
            let _ = cache.set_many([(key.as_str(), "value")]).await;
            let _ = cache.delete_many([key.as_str()]).await;
            let _ = cache.incr_version(&key, 1).await;
        }
    });
    spawnable(async move {
        let _ = cache.get_or_set("key", || async { 1 }).await;
        let _ = cache.get_or_set("key", || async { 1 }).arc().inline().await;
        let _ = cache.get_or_try_set("key", || async { Ok::<_, Infallible>(1) }).await;
        let _ = cache.refresh("key", || async { 1 }).await;
        let _ = cache.try_refresh("key", || async { Ok::<_, Infallible>(1) }).inline().await;
        let text = "borrowed".to_owned();
        let _ = cache.get_or_set("key", || async { text.len() }).inline().await;
        let _ = cache.get_or_set_many(["key"], |missing| async { many(missing, &text) }).inline().await;
        let _ = cache.get_or_set_many(["key"], |missing| async { many(missing, "") }).await;
        let _ = cache.keys("*").await;
        let _ = cache.iter_keys("*").next().await;
        let _ = cache.delete_pattern("*").await;
        let _ = cache.invalidate_tag("tag").await;
        let _ = cache.namespace("name").invalidate().await;
        let _ = cache.clear().await;
        let _ = cache.rate_limit("key", 1, secs(1)).await;
        let _ = cache.once("name").await;
        let _ = cache.explain("key").await;
        let _ = cache.stats().await;
        if let Ok(guard) = cache.lock("name").within(secs(1)).await {
            let _ = guard.extend(secs(1)).await;
            let _ = guard.release().await;
        }
        let _ = cache.lock("name").try_now().await;
        let _ = cache.close().await;
    });
}

fn many(missing: Vec<String>, text: &str) -> HashMap<String, usize> {
    missing.into_iter().map(|name| (name, text.len())).collect()
}
