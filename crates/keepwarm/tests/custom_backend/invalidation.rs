//! Tags, namespaces, clearing and leases: what was invalidated is gone, and nothing older comes back.

use std::time::Duration;

use keepwarm::backend::{Backend, Claim, Lease, Lookup, Put, Refusal, When};
use keepwarm::entry::{Entry, MissReason};
use keepwarm::key::{Key, Scope};

use crate::store::{Bench, KEY, fenced, namespace, tag};

#[tokio::test]
async fn an_invalidated_marker_kills_its_entries() {
    let bench = Bench::new();
    for (marker, reason) in [(tag("news"), MissReason::Tag), (namespace("product"), MissReason::Namespace)] {
        let markers = [tag("other"), marker.clone()];
        let marks = bench.marks(&markers).await;
        let entry = Entry { marks: marks.clone(), ..bench.integer(1) };
        assert_eq!(bench.put(KEY, entry.clone(), When::Always).await, Put::Stored);
        let Lookup::Hit(back) = bench.get(KEY).await else { panic!("a miss") };
        assert_eq!(back.marks, marks);

        bench.backend.renew(std::slice::from_ref(&marker)).await.unwrap();
        assert_eq!(bench.read(KEY).await, Err(reason));
        let inspection = bench.backend.inspect(&bench.key(KEY)).await.unwrap().unwrap();
        assert_eq!(inspection.dead, Some(reason));
        assert_eq!(inspection.generations[0], Some(marks.as_deref().unwrap()[0].generation));
        assert_ne!(inspection.generations[1], Some(marks.as_deref().unwrap()[1].generation));
        // A refused write in any case takes the older value with it.
        assert_eq!(bench.put(KEY, entry, When::Always).await, Put::Refused(Refusal::Overtaken));
        assert!(bench.backend.inspect(&bench.key(KEY)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_lost_marker_is_a_miss_and_never_an_old_hit() {
    let bench = Bench::new();
    let marks = bench.marks(&[tag("news")]).await;
    bench.put(KEY, Entry { marks, ..bench.integer(1) }, When::Always).await;
    bench.put("myapp:1:plain", bench.integer(2), When::Always).await;

    bench.shelf.evict("keepwarm:tag:myapp:news");
    assert_eq!(bench.read(KEY).await, Err(MissReason::Tag));
    bench.backend.generations(&[tag("news")]).await.unwrap();
    assert_eq!(bench.read(KEY).await, Err(MissReason::Tag), "a marker that was made again is another");
    bench.shelf.put_raw("keepwarm:tag:myapp:news", b"torn");
    assert_eq!(bench.read(KEY).await, Err(MissReason::Tag));

    bench.shelf.evict("keepwarm:scope:myapp");
    assert_eq!(bench.read("myapp:1:plain").await, Err(MissReason::Cleared));
    bench.put("myapp:1:new", bench.integer(3), When::Always).await;
    assert_eq!(bench.read("myapp:1:new").await, Ok(3));
    assert_eq!(bench.read("myapp:1:plain").await, Err(MissReason::Cleared));
}

#[tokio::test]
async fn clear_removes_one_alias_and_clear_store_all() {
    let bench = Bench::new();
    let other = Scope::new("another");
    let others = Key::new("another:1:key", &other);
    bench.put(KEY, bench.integer(1), When::Always).await;
    bench.backend.put(&others, bench.integer(2), When::Always).await.unwrap();
    bench.shelf.taken_calls();

    bench.backend.clear(&bench.scope).await.unwrap();
    assert_eq!(bench.shelf.taken_calls(), ["set keepwarm:scope:myapp"], "as much work for one entry as for a million");
    assert_eq!(bench.read(KEY).await, Err(MissReason::Cleared));
    assert!(matches!(bench.backend.get(&others, &[]).await.unwrap(), Lookup::Hit(_)));
    bench.put(KEY, bench.integer(3), When::Always).await;
    assert_eq!(bench.read(KEY).await, Ok(3));

    bench.backend.clear_store().await.unwrap();
    assert!(bench.shelf.keys().is_empty());
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
    assert!(matches!(bench.backend.get(&others, &[]).await.unwrap(), Lookup::Miss(MissReason::Absent)));
}

#[tokio::test]
async fn a_lease_fences_its_fill() {
    let bench = Bench::new();
    let length = Duration::from_secs(10);
    let lease = async |claim| bench.backend.lease(&bench.key(KEY), &[tag("news")], length, claim).await.unwrap();
    let grant = async || match lease(Claim::Missing).await {
        Lease::Granted(fence) => fence,
        other => panic!("{other:?}"),
    };
    let fill = async |stamp| bench.put(KEY, bench.integer(1), When::Unchanged(stamp)).await;
    let refused = Put::Refused(Refusal::Condition);

    // Held until filled.
    let fence = grant().await;
    assert!(matches!(lease(Claim::Missing).await, Lease::Held));
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent), "a lease is a miss to every verb");
    assert_eq!(bench.put(KEY, bench.integer(0), When::Present).await, refused);
    assert_eq!(fill(fence.stamp).await, Put::Stored);
    assert!(matches!(lease(Claim::Missing).await, Lease::Hit(_)));
    assert_eq!(fill(fence.stamp).await, refused, "a fence is good for one fill");
    let remove = async |when| bench.backend.remove(&bench.key(KEY), when).await.unwrap();
    assert!(remove(When::Always).await);

    // Ended by whatever comes between.
    let fence = grant().await;
    assert!(!remove(When::Always).await);
    assert_eq!(fill(fence.stamp).await, refused);
    let fence = grant().await;
    assert_eq!(bench.put(KEY, bench.integer(7), When::Absent).await, Put::Stored, "a lease is no entry");
    assert_eq!(fill(fence.stamp).await, refused);
    assert_eq!(bench.read(KEY).await, Ok(7));
    remove(When::Always).await;
    let fence = grant().await;
    bench.backend.add_to(&bench.key(KEY), 1, Some(bench.integer(0))).await.unwrap();
    remove(When::Always).await;
    assert_eq!(fill(fence.stamp).await, refused);
    let fence = grant().await;
    bench.backend.clear(&bench.scope).await.unwrap();
    assert_eq!(fill(fence.stamp).await, refused);
    let fence = grant().await;
    bench.backend.clear_store().await.unwrap();
    assert_eq!(fill(fence.stamp).await, refused);
    let fence = grant().await;
    bench.backend.renew(&[tag("news")]).await.unwrap();
    let entry = Entry { marks: fenced(&[tag("news")], &fence.generations), ..bench.integer(1) };
    assert_eq!(bench.put(KEY, entry, When::Unchanged(fence.stamp)).await, Put::Refused(Refusal::Overtaken));

    // Given back.
    assert!(matches!(lease(Claim::Missing).await, Lease::Held));
    assert!(!remove(When::Unchanged(fence.stamp)).await);
    let fence = grant().await;

    // Taken over when it has run out, and good for as long as nobody did.
    bench.hand.advance(length);
    assert_eq!(fill(fence.stamp).await, Put::Stored);
    remove(When::Always).await;
    let late = grant().await;
    bench.hand.advance(length);
    let fence = grant().await;
    assert_eq!(fill(late.stamp).await, refused);
    assert_eq!(fill(fence.stamp).await, Put::Stored);
}

#[tokio::test]
async fn a_refresh_outdates_what_was_computed_before() {
    let bench = Bench::new();
    let lease = async |claim| match bench.backend.lease(&bench.key(KEY), &[], Duration::from_secs(10), claim).await {
        Ok(Lease::Granted(fence)) => fence,
        other => panic!("{other:?}"),
    };
    let fill = async |number, stamp| bench.put(KEY, bench.integer(number), When::Unchanged(stamp)).await;
    let older = lease(Claim::Missing).await;
    let newer = lease(Claim::Refresh).await;
    assert_eq!(fill(1, older.stamp).await, Put::Refused(Refusal::Condition));
    assert_eq!(fill(2, newer.stamp).await, Put::Stored);

    let older = lease(Claim::Refresh).await;
    let newer = lease(Claim::Refresh).await;
    assert_eq!(bench.read(KEY).await, Ok(2), "the entry stays readable meanwhile");
    assert_eq!(fill(3, newer.stamp).await, Put::Stored);
    assert_eq!(fill(4, older.stamp).await, Put::Refused(Refusal::Condition));
    assert_eq!(bench.read(KEY).await, Ok(3));
}
