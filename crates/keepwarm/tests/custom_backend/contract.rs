//! What the adapter asks of the user's store, what it takes from it, and what it says that it cannot do.

use std::sync::atomic::Ordering;
use std::time::Duration;

use keepwarm::backend::{Abilities, Backend, Claim, Count, Lookup, Put, Sharing, When};
use keepwarm::entry::MissReason;
use keepwarm::key::Pattern;
use keepwarm::wire::Envelope;
use keepwarm::{Deadline, ErrorKind};

use crate::store::{Bench, KEY, tag};

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
    bench.shelf.fails.store(true, Ordering::SeqCst);
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
    bench.shelf.fails.store(false, Ordering::SeqCst);
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
