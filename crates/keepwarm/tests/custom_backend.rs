//! A store of four methods behind the adapter: every verb, in one task after another.

#[path = "custom_backend/races.rs"]
mod races;
#[path = "custom_backend/store.rs"]
mod store;
#[path = "custom_backend/through_the_cache.rs"]
mod through_the_cache;

use std::time::Duration;

use bytes::Bytes;
use keepwarm::backend::{Abilities, Backend, Claim, Count, Lease, Lookup, Put, Refusal, Sharing, When};
use keepwarm::codec::Codec;
use keepwarm::entry::{Entry, MissReason, Stamp};
use keepwarm::key::{Key, Pattern, Scope};
use keepwarm::wire::Envelope;
use keepwarm::{Deadline, ErrorKind, Payload};
use store::{Bench, fenced, namespace, tag};

const KEY: &str = "myapp:1:key";

#[tokio::test]
async fn what_is_put_is_got() {
    let bench = Bench::new();
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
    let payload = Payload::bytes(Codec::Json, Bytes::from_static(b"[1,2]"));
    let entry = Entry { payload, ..bench.integer_for(0, 60) };
    assert_eq!(bench.put(KEY, entry.clone(), When::Always).await, Put::Stored);
    let Lookup::Hit(back) = bench.get(KEY).await else { panic!("a miss") };
    assert!(matches!(back.payload, Payload::Bytes(Codec::Json, bytes) if *bytes == "[1,2]"));
    assert_eq!((back.deadline, back.written, back.marks), (entry.deadline, entry.written, None));
    assert_ne!(back.stamp, Stamp(0), "the entry has a stamp of its own");
}

// covers: R144
#[tokio::test]
async fn a_stored_null_is_not_a_miss() {
    let bench = Bench::new();
    for (codec, null) in [(Codec::MessagePack, &b"\xc0"[..]), (Codec::Json, b"null")] {
        let entry = Entry { payload: Payload::bytes(codec, null), ..bench.integer(0) };
        bench.put(KEY, entry, When::Always).await;
        let Lookup::Hit(entry) = bench.get(KEY).await else { panic!("a stored null is a miss") };
        assert!(matches!(entry.payload, Payload::Bytes(_, bytes) if *bytes == null));
    }
}

#[tokio::test]
async fn an_expired_entry_is_gone_for_every_verb() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer_for(1, 60), When::Always).await;
    bench.hand.advance(Duration::from_millis(59_999));
    assert_eq!(bench.read(KEY).await, Ok(1));
    let stamp = bench.stamp(KEY).await;
    bench.hand.advance(Duration::from_millis(1));
    assert!(bench.shelf.raw(KEY).is_some(), "the user's store knows of no expiry");
    assert_eq!(bench.read(KEY).await, Err(MissReason::Expired));
    assert_eq!(bench.put(KEY, bench.integer(2), When::Present).await, Put::Refused(Refusal::Condition));
    assert_eq!(bench.put(KEY, bench.integer(2), When::Unchanged(stamp)).await, Put::Refused(Refusal::Condition));
    assert!(!bench.backend.touch(&bench.key(KEY), bench.after(60)).await.unwrap());
    assert_eq!(bench.backend.add_to(&bench.key(KEY), 1, None).await.unwrap(), Count::Missing);
    assert!(!bench.backend.remove(&bench.key(KEY), When::Present).await.unwrap());
    assert!(!bench.backend.remove(&bench.key(KEY), When::Always).await.unwrap());
    assert!(bench.shelf.raw(KEY).is_none(), "removing takes what is dead too");
    bench.put(KEY, bench.integer_for(1, 1), When::Always).await;
    bench.hand.advance(Duration::from_secs(1));
    assert_eq!(bench.put(KEY, bench.integer(3), When::Absent).await, Put::Stored);
}

#[tokio::test]
async fn an_entry_of_no_life_removes_the_old_one() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer(1), When::Always).await;
    assert_eq!(bench.put(KEY, bench.integer_for(2, 0), When::Absent).await, Put::Refused(Refusal::Condition));
    assert_eq!(bench.read(KEY).await, Ok(1));
    assert_eq!(bench.put(KEY, bench.integer_for(2, 0), When::Always).await, Put::Refused(Refusal::NotKept));
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
}

#[tokio::test]
async fn conditions_hold_or_refuse() {
    let bench = Bench::new();
    let refused = Put::Refused(Refusal::Condition);
    assert_eq!(bench.put(KEY, bench.integer(1), When::Present).await, refused);
    assert_eq!(bench.put(KEY, bench.integer(1), When::Unchanged(Stamp(0))).await, refused);
    assert_eq!(bench.put(KEY, bench.integer(1), When::Absent).await, Put::Stored);
    assert_eq!(bench.put(KEY, bench.integer(2), When::Absent).await, refused);
    assert_eq!(bench.put(KEY, bench.integer(2), When::Present).await, Put::Stored);
    let stamp = bench.stamp(KEY).await;
    assert_eq!(bench.put(KEY, bench.integer(3), When::Unchanged(stamp)).await, Put::Stored);
    assert_eq!(bench.put(KEY, bench.integer(4), When::Unchanged(stamp)).await, refused);
    assert_eq!(bench.read(KEY).await, Ok(3));

    let remove = async |when| bench.backend.remove(&bench.key(KEY), when).await.unwrap();
    assert!(!remove(When::Absent).await);
    assert!(!remove(When::Unchanged(stamp)).await);
    assert_eq!(bench.read(KEY).await, Ok(3));
    assert!(remove(When::Unchanged(bench.stamp(KEY).await)).await);
    assert!(!remove(When::Always).await);
    bench.put(KEY, bench.integer(5), When::Always).await;
    assert!(remove(When::Present).await);
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
}

#[tokio::test]
async fn counters_count_and_keep_their_deadline() {
    let bench = Bench::new();
    let add = async |delta, create| bench.backend.add_to(&bench.key(KEY), delta, create).await.unwrap();
    assert_eq!(add(1, None).await, Count::Missing);
    assert_eq!(add(5, Some(bench.integer_for(10, 60))).await, Count::Now(15));
    assert_eq!(add(-20, Some(bench.integer(0))).await, Count::Now(-5));
    let stamp = bench.stamp(KEY).await;
    // A fraction of a millisecond at every step must not add up.
    for _ in 0..1000 {
        bench.hand.advance(Duration::from_nanos(999_999));
        add(1, None).await;
    }
    assert_ne!(bench.stamp(KEY).await, stamp, "a counted entry has another identity");
    let Lookup::Hit(entry) = bench.get(KEY).await else { panic!("a miss") };
    let left = entry.deadline.left(bench.clock.now()).unwrap();
    assert!((59_000..=59_002).contains(&left.as_millis()), "{left:?}");

    bench.put(KEY, bench.integer(i64::MAX), When::Always).await;
    assert_eq!(add(1, None).await, Count::Overflow);
    assert_eq!(bench.read(KEY).await, Ok(i64::MAX));
    let text = Entry { payload: Payload::bytes(Codec::Json, "\"text\""), ..bench.integer(0) };
    bench.put(KEY, text.clone(), When::Always).await;
    assert_eq!(add(1, Some(bench.integer(0))).await, Count::NotAnInteger);
    bench.backend.remove(&bench.key(KEY), When::Always).await.unwrap();
    assert_eq!(add(1, Some(text)).await, Count::NotAnInteger);
    assert_eq!(add(1, Some(bench.integer(i64::MAX))).await, Count::Overflow);
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
    assert_eq!(add(1, Some(bench.integer_for(1, 0))).await, Count::Now(2));
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
}

#[tokio::test]
async fn touch_moves_the_deadline_and_nothing_else() {
    let bench = Bench::new();
    let touch = async |deadline| bench.backend.touch(&bench.key(KEY), deadline).await.unwrap();
    assert!(!touch(bench.after(60)).await);
    bench.put(KEY, bench.integer_for(1, 10), When::Always).await;
    let stamp = bench.stamp(KEY).await;
    assert!(touch(bench.after(60)).await);
    bench.hand.advance(Duration::from_secs(59));
    assert_eq!((bench.read(KEY).await, bench.stamp(KEY).await), (Ok(1), stamp));
    assert!(touch(Deadline::NEVER).await);
    bench.hand.advance(Duration::from_secs(1_000_000));
    assert_eq!(bench.read(KEY).await, Ok(1));
    assert!(touch(bench.after(0)).await);
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
}

#[tokio::test]
async fn many_at_once_keep_their_order() {
    let bench = Bench::new();
    let names = ["myapp:1:a", "myapp:1:b", "myapp:1:c"];
    let entries = vec![(bench.key(names[0]), bench.integer(1)), (bench.key(names[2]), bench.integer_for(3, 0))];
    let puts = bench.backend.put_many(entries).await.unwrap();
    assert_eq!(puts, [Put::Stored, Put::Refused(Refusal::NotKept)]);
    bench.put(names[1], bench.integer(2), When::Always).await;
    let keys = names.map(|name| bench.key(name));
    let lookups = bench.backend.get_many(&keys, &[]).await.unwrap();
    let [Lookup::Hit(first), Lookup::Hit(second), Lookup::Miss(MissReason::Absent)] = &lookups[..] else {
        panic!("{lookups:?}")
    };
    assert!(matches!((first, second), (Payload::Integer(1), Payload::Integer(2))));
    assert_eq!(bench.backend.remove_many(&keys).await.unwrap(), 2);
    assert_eq!(bench.backend.remove_many(&[]).await.unwrap(), 0);
    assert!(bench.backend.get_many(&[], &[]).await.unwrap().is_empty());
}

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
        assert_eq!(bench.put(KEY, entry, When::Always).await, Put::Refused(Refusal::Overtaken));
        let inspection = bench.backend.inspect(&bench.key(KEY)).await.unwrap().unwrap();
        assert_eq!(inspection.dead, Some(reason));
        assert_eq!(inspection.generations[0], Some(marks.as_deref().unwrap()[0].generation));
        assert_ne!(inspection.generations[1], Some(marks.as_deref().unwrap()[1].generation));
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
    assert!(!fence.replaces);
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
    assert!(!newer.replaces);
    assert_eq!(fill(1, older.stamp).await, Put::Refused(Refusal::Condition));
    assert_eq!(fill(2, newer.stamp).await, Put::Stored);

    let older = lease(Claim::Refresh).await;
    let newer = lease(Claim::Refresh).await;
    assert!(newer.replaces);
    assert_eq!(bench.read(KEY).await, Ok(2), "the entry stays readable meanwhile");
    assert_eq!(fill(3, newer.stamp).await, Put::Stored);
    assert_eq!(fill(4, older.stamp).await, Put::Refused(Refusal::Condition));
    assert_eq!(bench.read(KEY).await, Ok(3));
}

// covers: R207
#[tokio::test]
async fn what_is_not_ours_is_a_miss() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer(1), When::Always).await;
    let good = bench.shelf.raw(KEY).unwrap();
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    let marker = bench.shelf.raw("keepwarm:scope:myapp").unwrap();
    let foreign: [&[u8]; 7] = [b"", b"7", b"hello", b"\x80\x05K\x07.", &good[..good.len() - 1], &flipped, &marker];
    for bytes in foreign {
        bench.shelf.put_raw(KEY, bytes);
        assert_eq!(bench.read(KEY).await, Err(MissReason::Undecodable), "{bytes:02x?}");
        assert_eq!(bench.backend.add_to(&bench.key(KEY), 1, None).await.unwrap(), Count::Missing);
        let inspection = bench.backend.inspect(&bench.key(KEY)).await.unwrap().unwrap();
        assert_eq!(inspection.dead, Some(MissReason::Undecodable));
        assert_eq!(bench.put(KEY, bench.integer(2), When::Absent).await, Put::Stored);
        assert_eq!(bench.read(KEY).await, Ok(2));
    }
    // Whole, but copied from another key.
    bench.shelf.put_raw("myapp:1:other", &good);
    assert_eq!(bench.read("myapp:1:other").await, Err(MissReason::Undecodable));
    // Whole and its own, but written by someone who knew nothing of scopes: it could not be cleared.
    let mut envelope = Envelope::read(KEY, good.into()).unwrap();
    envelope.scope = None;
    bench.shelf.put_raw(KEY, &envelope.write(KEY));
    assert_eq!(bench.read(KEY).await, Err(MissReason::Cleared));
}

// covers: R143
#[tokio::test]
async fn a_timeout_is_passed_on_only_where_there_is_one() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer(1), When::Always).await;
    bench.backend.add_to(&bench.key(KEY), 1, None).await.unwrap();
    bench.put(KEY, bench.integer_for(1, 60), When::Always).await;
    bench.hand.advance(Duration::from_secs(20));
    bench.backend.add_to(&bench.key(KEY), 1, None).await.unwrap();
    bench.backend.touch(&bench.key(KEY), bench.after(5)).await.unwrap();
    bench.backend.touch(&bench.key(KEY), Deadline::NEVER).await.unwrap();
    let timeouts = bench.shelf.timeouts.lock().unwrap();
    let passed: Vec<_> = timeouts.iter().filter(|(key, _)| key == KEY).map(|(_, timeout)| *timeout).collect();
    let secs = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(passed, [None, None, secs(60), secs(40), secs(5), None]);
    assert!(timeouts.iter().all(|(key, timeout)| key == KEY || timeout.is_none()), "markers are for good");
}

#[tokio::test]
async fn the_calls_are_as_few_as_documented() {
    let bench = Bench::new();
    bench.read(KEY).await.unwrap_err();
    assert_eq!(bench.shelf.taken_calls(), [format!("get {KEY}")]);
    bench.put(KEY, bench.integer(1), When::Always).await;
    bench.shelf.taken_calls();
    bench.put(KEY, bench.integer(1), When::Always).await;
    assert_eq!(bench.shelf.taken_calls(), ["get keepwarm:scope:myapp".to_owned(), format!("set {KEY}")]);
    bench.read(KEY).await.unwrap();
    assert_eq!(bench.shelf.taken_calls(), [format!("get {KEY}"), "get keepwarm:scope:myapp".to_owned()]);
}

#[tokio::test]
async fn a_failing_store_is_an_error_with_its_cause() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer(1), When::Always).await;
    let backend = bench.backend.clone().named("mystore");
    bench.shelf.fails.store(true, std::sync::atomic::Ordering::SeqCst);
    let key = bench.key(KEY);
    let errors = [
        backend.get(&key, &[]).await.unwrap_err(),
        backend.get_many(&[key], &[]).await.unwrap_err(),
        backend.entry(&key, &[]).await.unwrap_err(),
        backend.put(&key, bench.integer(2), When::Always).await.unwrap_err(),
        backend.remove(&key, When::Always).await.unwrap_err(),
        backend.add_to(&key, 1, None).await.unwrap_err(),
        backend.touch(&key, Deadline::NEVER).await.unwrap_err(),
        backend.lease(&key, &[], Duration::from_secs(1), Claim::Missing).await.unwrap_err(),
        backend.generations(&[tag("news")]).await.unwrap_err(),
        backend.renew(&[tag("news")]).await.unwrap_err(),
        backend.clear(&bench.scope).await.unwrap_err(),
        backend.clear_store().await.unwrap_err(),
        backend.inspect(&key).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.backend()), (ErrorKind::Backend, Some("mystore")));
        let cause = std::error::Error::source(&error).expect("the cause is kept");
        assert_eq!(cause.to_string(), "the disk is on fire");
    }
    bench.shelf.fails.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(bench.read(KEY).await, Ok(1), "nothing was lost");
}

#[tokio::test]
async fn what_it_cannot_do_it_says() {
    let bench = Bench::new();
    let expected = Abilities {
        sharing: Sharing::Process,
        atomic: Sharing::Process,
        durable: false,
        never_waits: false,
        keeps_objects: false,
        keeps: true,
        scans: false,
        markers: true,
        resolution: Duration::from_millis(1),
        largest_value: None,
        strict_keys: None,
    };
    assert_eq!(bench.backend.abilities(), expected);
    let shared = bench.backend.clone().shared(Sharing::Network).durable();
    let expected = Abilities { sharing: Sharing::Network, durable: true, ..expected };
    assert_eq!(shared.abilities(), expected, "sharing the store makes no verb atomic beyond the process");
    assert_eq!((bench.backend.kind(), shared.named("mystore").kind()), ("custom", "mystore"));
    let error = bench.backend.scan(&bench.scope, &Pattern::new("*"), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(bench.backend.size().await.unwrap().entries, None);
    assert_eq!(bench.backend.housekeeping().expirations, 0);
    bench.backend.close().await.unwrap();
    bench.put(KEY, bench.integer(1), When::Always).await;
    bench.backend.close().await.unwrap();
    assert_eq!(bench.read(KEY).await, Ok(1));
}

// covers: R54
#[tokio::test]
async fn a_step_of_the_wall_clock_moves_no_deadline_of_a_private_store() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer_for(1, 60), When::Always).await;
    bench.hand.step_wall(Duration::from_secs(3600));
    assert_eq!(bench.read(KEY).await, Ok(1));
    bench.hand.advance(Duration::from_secs(60));
    assert_eq!(bench.read(KEY).await, Err(MissReason::Expired));

    // Where others write too, the wall clock is the only one they share.
    let shared = bench.backend.clone().shared(Sharing::Machine);
    shared.put(&bench.key(KEY), bench.integer_for(1, 60), When::Always).await.unwrap();
    bench.hand.step_wall(Duration::from_secs(3600));
    assert!(matches!(shared.get(&bench.key(KEY), &[]).await, Ok(Lookup::Miss(MissReason::Expired))));
}

#[tokio::test]
async fn inspection_changes_nothing() {
    let bench = Bench::new();
    assert!(bench.backend.inspect(&bench.key(KEY)).await.unwrap().is_none());
    bench.put(KEY, bench.integer_for(1, 60), When::Always).await;
    let live = bench.backend.inspect(&bench.key(KEY)).await.unwrap().unwrap();
    assert_eq!((live.dead, live.entry.stamp), (None, bench.stamp(KEY).await));
    bench.hand.advance(Duration::from_secs(60));
    let dead = bench.backend.inspect(&bench.key(KEY)).await.unwrap().unwrap();
    assert_eq!((dead.dead, dead.entry.stamp), (Some(MissReason::Expired), live.entry.stamp));
    assert!(bench.shelf.raw(KEY).is_some());
}
