//! What a user of a four-method store gets from the cache above it.

use std::collections::HashMap;

use keepwarm::{Cache, ErrorKind, Timeout, Ttl, mins, secs};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::store::Bench;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn ada() -> User {
    User { id: 7, name: "Ada".to_owned() }
}

fn cache(bench: &Bench) -> Cache {
    let builder = Cache::builder().backend(bench.backend.clone()).clock(bench.clock.clone());
    builder.key_prefix("myapp").build().unwrap()
}

// covers: R143 R145
#[tokio::test]
async fn four_methods_make_a_whole_cache() -> keepwarm::Result<()> {
    let bench = Bench::new();
    let cache = cache(&bench);
    assert!(cache.set("user", &ada()).timeout(mins(5)).await?.is_stored());
    assert_eq!(cache.get::<User>("user").await?, Some(ada()));
    assert!(bench.shelf.keys().contains(&"myapp:1:user".to_owned()));
    assert!(cache.has_key("user").await?);
    assert!(!cache.add("user", &ada()).await?);
    assert!(cache.replace("user", &ada()).await?);
    assert!(cache.touch("user", mins(1)).await?);
    assert_eq!(cache.ttl("user").await?, Ttl::Left(mins(1)));
    assert!(cache.persist("user").await?);
    assert_eq!(cache.ttl("user").await?, Ttl::Never);

    assert_eq!(cache.incr("views", 1).await.unwrap_err().kind(), ErrorKind::Missing);
    assert_eq!(cache.incr("views", 1).or_insert(41, Timeout::Never).await?, 42);
    assert_eq!(cache.decr("views", 50).await?, -8);
    assert_eq!(cache.get::<i64>("views").await?, Some(-8));
    assert_eq!(cache.incr("user", 1).await.unwrap_err().kind(), ErrorKind::NotAnInteger);

    assert_eq!(cache.set_many([("a", &1_i64), ("b", &2)]).await?, Vec::<String>::new());
    let many = cache.get_many::<i64, _>(["a", "b", "c"]).await?;
    assert_eq!((many.len(), many.get("a"), many.get("b")), (2, Some(&1), Some(&2)));
    let many = cache.get_or_set_many(["b", "c"], |missing| async move {
        assert_eq!(missing, ["c"]);
        HashMap::from([("c".to_owned(), 3_i64)])
    });
    assert_eq!(many.await?.get("c"), Some(&3));
    assert_eq!(cache.delete_many(["a", "x"]).await?, 1);

    assert_eq!(cache.get_or_set("computed", || async { 7_i64 }).await?, 7);
    assert_eq!(cache.get_or_set("computed", || async { 8_i64 }).await?, 7);
    assert_eq!(cache.refresh("computed", || async { 9_i64 }).await?, 9);
    assert_eq!(cache.update("computed", |old: Option<i64>| old.map(|old| old + 1)).await?, Some(10));

    cache.set("user", "second").version(2).await?;
    assert_eq!(cache.get::<User>("user").await?, Some(ada()));
    assert_eq!(cache.get::<String>("user").version(2).await?.as_deref(), Some("second"));
    assert_eq!(cache.incr_version("user", 2).await?, 3);
    assert_eq!(cache.get::<User>("user").version(3).await?, Some(ada()));

    assert!(cache.delete("views").await?);
    assert!(!cache.delete("views").await?);
    assert_eq!(cache.keys("*").await.unwrap_err().kind(), ErrorKind::Unsupported);
    cache.close().await?;
    Ok(())
}

// covers: R144
#[tokio::test]
async fn a_cached_null_is_a_hit() -> keepwarm::Result<()> {
    let bench = Bench::new();
    let cache = cache(&bench);
    cache.set("nobody", &None::<User>).await?;
    assert_eq!(cache.get::<Option<User>>("nobody").await?, Some(None));
    assert_eq!(cache.get::<Option<User>>("absent").await?, None);
    assert_eq!(cache.get_or_set("nobody", || async { Some(ada()) }).await?, None);
    Ok(())
}

// covers: R106
#[tokio::test]
async fn tags_namespaces_and_clear_reach_what_they_should() -> keepwarm::Result<()> {
    let bench = Bench::new();
    let cache = cache(&bench);
    let other = Cache::builder().backend(bench.backend.clone()).clock(bench.clock.clone()).key_prefix("another");
    let other = other.build()?;
    cache.set("tagged", &1_i64).tags(["news"]).await?;
    cache.set("plain", &2_i64).await?;
    other.set("plain", &3_i64).await?;
    let products = cache.namespace("product");
    products.set("shoe", &4_i64).await?;

    cache.invalidate_tag("news").await?;
    assert_eq!(cache.get::<i64>("tagged").await?, None);
    assert_eq!(cache.get::<i64>("plain").await?, Some(2));
    products.invalidate().await?;
    assert_eq!(products.get::<i64>("shoe").await?, None);
    assert_eq!(cache.get::<i64>("plain").await?, Some(2));
    cache.clear().await?;
    assert_eq!(cache.get::<i64>("plain").await?, None);
    assert_eq!(other.get::<i64>("plain").await?, Some(3));
    Ok(())
}

// covers: R207
#[tokio::test]
async fn garbage_in_the_store_is_a_counted_miss() -> keepwarm::Result<()> {
    let bench = Bench::new();
    let cache = cache(&bench);
    cache.set("user", &ada()).await?;
    bench.shelf.put_raw("myapp:1:user", b"garbage");
    assert_eq!(cache.get::<User>("user").await?, None);
    assert_eq!(cache.get_or_set("user", || async { ada() }).await?, ada());
    assert_eq!(cache.get::<User>("user").await?, Some(ada()));
    Ok(())
}

#[tokio::test]
async fn an_invalidation_overtakes_the_computation() -> keepwarm::Result<()> {
    let bench = Bench::new();
    let cache = cache(&bench);
    for invalidation in 0..4 {
        let (asked, begun) = oneshot::channel();
        let (go, goes) = oneshot::channel();
        let computation = cache.get_or_set("page", || async {
            asked.send(()).unwrap();
            goes.await.unwrap();
            "old".to_owned()
        });
        let computation = async { computation.tags(["news"]).await };
        let overtaking = async {
            begun.await.unwrap();
            match invalidation {
                0 => cache.delete("page").await.map(drop),
                1 => cache.set("page", "newer").await.map(drop),
                2 => cache.invalidate_tag("news").await,
                _ => cache.clear().await,
            }
            .unwrap();
            go.send(()).unwrap();
        };
        let (old, ()) = tokio::join!(computation, overtaking);
        let newer = (invalidation == 1).then(|| "newer".to_owned());
        // Who asked before gets the answer of before, unless there is a newer one to give.
        assert_eq!(old?, newer.as_deref().unwrap_or("old"), "invalidation {invalidation}");
        assert_eq!(cache.get::<String>("page").await?, newer, "invalidation {invalidation}");
        cache.delete("page").await?;
    }
    Ok(())
}

#[test]
fn the_blocking_face_needs_no_runtime() -> keepwarm::Result<()> {
    let bench = Bench::new();
    let cache = cache(&bench);
    cache.set("user", &ada()).timeout(secs(60)).wait()?;
    assert_eq!(cache.get::<User>("user").wait()?, Some(ada()));
    assert_eq!(cache.get_or_set("computed", || async { 7_i64 }).wait()?, 7);
    cache.clear().wait()?;
    assert_eq!(cache.get::<User>("user").wait()?, None);
    Ok(())
}
