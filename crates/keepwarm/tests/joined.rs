//! Verbs that are joined inside a task: their futures are `Send` also where something else than `.await` asks what they are.

use std::future::{Future, IntoFuture};

use keepwarm::{Cache, Result, secs};

fn spawnable<T>(future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> + Send {
    future
}

#[tokio::test]
async fn verbs_are_joined_in_a_handler() {
    let cache = Cache::memory();
    cache.set("name", "value").await.unwrap();
    let name = "name".to_owned();
    let handler = spawnable(async move {
        let names = [name.as_str(), "other"];
        let (text, number, many, counted, written, computed) = tokio::try_join!(
            cache.get::<String>(&name).into_future(),
            cache.get_or_set("number", || async { 7 }).into_future(),
            cache.get_many::<String, _>(names).into_future(),
            cache.incr("counter", 1).or_insert(0, secs(10)).into_future(),
            cache.set("written", &1).tags(["tag"]).into_future(),
            cache
                .get_or_set_many(["a"], |missing| async move { missing.into_iter().map(|name| (name, 1)).collect() })
                .into_future(),
        )?;
        drop((written, computed));
        assert_eq!((text.as_deref(), number, many.len(), counted), (Some("value"), 7, 1, 1));
        let (deleted, there, left) = tokio::join!(
            cache.delete(&name).into_future(),
            cache.has_key("number").into_future(),
            cache.ttl("number").into_future(),
        );
        assert!(deleted? && there?);
        left.map(drop)
    });
    let done: Result<()> = tokio::spawn(handler).await.unwrap();
    done.unwrap();
}
