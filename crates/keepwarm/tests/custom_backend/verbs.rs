//! Every verb, in one task after another.

use std::time::Duration;

use keepwarm::backend::{Backend, Count, Lookup, Put, Refusal, When};
use keepwarm::codec::Codec;
use keepwarm::entry::{Entry, MissReason, Stamp};
use keepwarm::{Deadline, Payload};

use crate::store::{Bench, KEY};

#[tokio::test]
async fn what_is_put_is_got() {
    let bench = Bench::new();
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
    let payload = Payload::bytes(Codec::Json, "[1,2]");
    let entry = Entry { payload, ..bench.integer_for(0, 60) };
    assert_eq!(bench.put(KEY, entry.clone(), When::Always).await, Put::Stored);
    let Lookup::Hit(back) = bench.get(KEY).await else { panic!("a miss") };
    assert!(matches!(back.payload, Payload::Bytes(Codec::Json, bytes) if **bytes == "[1,2]"));
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
        assert!(matches!(entry.payload, Payload::Bytes(_, bytes) if **bytes == null));
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
