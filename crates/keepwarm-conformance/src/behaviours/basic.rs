//! set, get, delete, has_key: values of every kind come back, and a miss is no value.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use keepwarm::{Cache, Put, Value};

use crate::case::{cases, ok, run};
use crate::samples::{Person, State, Team, in_order};
use crate::subject::Subject;

cases! {
    what_is_set_is_got;
    a_missing_key_is_none [AnyStore];
    a_missing_key_reads_as_the_default_that_the_caller_gives [AnyStore];
    texts_and_bytes_come_back_exactly;
    numbers_come_back_exactly;
    integers_beyond_64_bits_come_back_exactly;
    collections_and_structs_come_back_equal;
    a_stored_null_is_a_hit;
    empty_and_false_values_are_hits;
    set_replaces_value_and_type;
    set_says_that_it_stored;
    get_arc_gives_the_same_value;
    get_arc_shares_the_stored_object [KeepsObjects];
    get_arc_of_a_missing_key_is_none [AnyStore];
    delete_of_a_live_key_is_true_and_removes_it;
    delete_of_a_missing_key_is_false [AnyStore];
    delete_twice_is_true_then_false;
    has_key_is_true_for_every_live_value;
    has_key_is_false_for_a_missing_key [AnyStore];
    changing_a_value_after_set_changes_nothing_stored;
    changing_a_value_that_was_got_changes_nothing_stored;
    keys_are_told_apart;
    two_mebibytes_come_back [ValueOf(2 << 20)];
    two_handles_see_one_store;
    a_clone_of_the_cache_is_the_same_cache;
    close_may_be_repeated_and_the_cache_works_again [AnyStore];
    nothing_is_lost_by_close;
}

/// Whether `value` comes back equal through every way to read it.
async fn comes_back<T: Value + PartialEq + Debug>(on: &Subject, cache: &Cache, key: &str, value: T) {
    assert_eq!(ok!(on, cache.set(key, &value)), Put::Stored);
    assert_eq!(ok!(on, cache.get::<T>(key)).as_ref(), Some(&value));
    assert_eq!(ok!(on, cache.get_arc::<T>(key)).as_deref(), Some(&value));
    assert_eq!(in_order(ok!(on, cache.get_many::<T, _>([key]))), BTreeMap::from([(key.to_owned(), value)]));
}

// covers: R25 R118
async fn what_is_set_is_got(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R27 R29
async fn a_missing_key_is_none(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.get::<String>("missing")), None);
    assert_eq!(ok!(on, cache.get::<Option<String>>("missing")), None);
}

// covers: R27
async fn a_missing_key_reads_as_the_default_that_the_caller_gives(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.get::<String>("missing")).unwrap_or_else(|| "fallback".to_owned()), "fallback");
}

// covers: R25
async fn texts_and_bytes_come_back_exactly(on: &Subject) {
    let cache = on.cache();
    comes_back(on, &cache, "empty", String::new()).await;
    comes_back(on, &cache, "digits", "42".to_owned()).await;
    comes_back(on, &cache, "cyrillic", "Привет, \u{0}\u{1F600} мир\r\n".to_owned()).await;
    comes_back(on, &cache, "letter", 'ß').await;
    comes_back(on, &cache, "bytes", vec![0_u8, 255, 128, 10]).await;
    comes_back(on, &cache, "no bytes", Vec::<u8>::new()).await;
}

// covers: R25
async fn numbers_come_back_exactly(on: &Subject) {
    let cache = on.cache();
    comes_back(on, &cache, "i64 least", i64::MIN).await;
    comes_back(on, &cache, "i64 most", i64::MAX).await;
    comes_back(on, &cache, "u8", u8::MAX).await;
    comes_back(on, &cache, "i8", i8::MIN).await;
    comes_back(on, &cache, "f64", 0.1_f64).await;
    comes_back(on, &cache, "f64 whole", 2.0_f64).await;
    comes_back(on, &cache, "f64 tiny", f64::MIN_POSITIVE).await;
    comes_back(on, &cache, "f64 endless", f64::NEG_INFINITY).await;
    comes_back(on, &cache, "f32", 0.1_f32).await;
    comes_back(on, &cache, "true", true).await;
    comes_back(on, &cache, "false", false).await;
}

// covers: R38
async fn integers_beyond_64_bits_come_back_exactly(on: &Subject) {
    let cache = on.cache();
    comes_back(on, &cache, "u64", u64::MAX).await;
    comes_back(on, &cache, "u64 one more than i64", i64::MAX as u64 + 1).await;
    comes_back(on, &cache, "u128", u128::MAX).await;
    comes_back(on, &cache, "i128", i128::MIN).await;
}

// covers: R25
async fn collections_and_structs_come_back_equal(on: &Subject) {
    let cache = on.cache();
    comes_back(on, &cache, "list", vec![1_i64, -2, 3]).await;
    comes_back(on, &cache, "tuple", (1_u8, "two".to_owned(), 3.0_f64, [4_i16, 5])).await;
    comes_back(on, &cache, "map", BTreeMap::from([("a".to_owned(), vec![Some(1)]), ("b".to_owned(), vec![None])]))
        .await;
    comes_back(on, &cache, "map by number", BTreeMap::from([(1_u32, "one".to_owned())])).await;
    comes_back(on, &cache, "struct", Person::alice()).await;
    comes_back(on, &cache, "nested", Team::nested()).await;
    comes_back(on, &cache, "enum", State::Idle).await;
    comes_back(on, &cache, "unit", ()).await;
}

// covers: R28 R29
async fn a_stored_null_is_a_hit(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("null", &None::<String>));
    assert_eq!(ok!(on, cache.get::<Option<String>>("null")), Some(None));
    assert_eq!(ok!(on, cache.get_arc::<Option<String>>("null")).as_deref(), Some(&None));
    ok!(on, cache.set("some", &Some("value".to_owned())));
    assert_eq!(ok!(on, cache.get::<Option<String>>("some")), Some(Some("value".to_owned())));
}

// covers: R28
async fn empty_and_false_values_are_hits(on: &Subject) {
    let cache = on.cache();
    comes_back(on, &cache, "zero", 0_i64).await;
    comes_back(on, &cache, "zero float", 0.0_f64).await;
    comes_back(on, &cache, "empty text", String::new()).await;
    comes_back(on, &cache, "empty list", Vec::<i64>::new()).await;
    comes_back(on, &cache, "empty map", BTreeMap::<String, i64>::new()).await;
    comes_back(on, &cache, "false", false).await;
}

// covers: R25
async fn set_replaces_value_and_type(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64));
    ok!(on, cache.set("key", "two"));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("two"));
    ok!(on, cache.set("key", &vec![3_i64]));
    assert_eq!(ok!(on, cache.get::<Vec<i64>>("key")), Some(vec![3]));
    ok!(on, cache.set("key", &4_i64));
    assert_eq!(ok!(on, cache.get::<i64>("key")), Some(4));
}

// covers: R35
async fn set_says_that_it_stored(on: &Subject) {
    let cache = on.cache();
    let put = ok!(on, cache.set("key", "value"));
    assert_eq!(put, Put::Stored);
    assert!(put.is_stored());
}

// covers: R25
async fn get_arc_gives_the_same_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &Person::alice()));
    assert_eq!(ok!(on, cache.get_arc::<Person>("key")).as_deref(), Some(&Person::alice()));
}

// covers: R25
async fn get_arc_shares_the_stored_object(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &Person::alice()));
    let first = ok!(on, cache.get_arc::<Person>("key")).expect("it was just set");
    let second = ok!(on, cache.get_arc::<Person>("key")).expect("it was just set");
    assert!(Arc::ptr_eq(&first, &second), "two reads share one object");
}

// covers: R27
async fn get_arc_of_a_missing_key_is_none(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.get_arc::<Person>("missing")), None);
}

// covers: R30
async fn delete_of_a_live_key_is_true_and_removes_it(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    assert!(ok!(on, cache.delete("key")));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R30
async fn delete_of_a_missing_key_is_false(on: &Subject) {
    let cache = on.cache();
    assert!(!ok!(on, cache.delete("missing")));
}

// covers: R30
async fn delete_twice_is_true_then_false(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &0_i64));
    assert!(ok!(on, cache.delete("key")));
    assert!(!ok!(on, cache.delete("key")));
}

// covers: R34
async fn has_key_is_true_for_every_live_value(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("null", &None::<i64>));
    ok!(on, cache.set("zero", &0_i64));
    ok!(on, cache.set("empty", ""));
    ok!(on, cache.set("false", &false));
    for key in ["null", "zero", "empty", "false"] {
        assert!(ok!(on, cache.has_key(key)), "{key}");
    }
}

// covers: R34
async fn has_key_is_false_for_a_missing_key(on: &Subject) {
    let cache = on.cache();
    assert!(!ok!(on, cache.has_key("missing")));
}

// covers: R36
async fn changing_a_value_after_set_changes_nothing_stored(on: &Subject) {
    let cache = on.cache();
    let mut list = vec![1_i64, 2];
    ok!(on, cache.set("list", &list));
    list.push(3);
    assert_eq!(ok!(on, cache.get::<Vec<i64>>("list")), Some(vec![1, 2]));
}

// covers: R36
async fn changing_a_value_that_was_got_changes_nothing_stored(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("list", &vec![1_i64, 2]));
    let mut list = ok!(on, cache.get::<Vec<i64>>("list")).expect("it was just set");
    list.push(3);
    let mut shared = ok!(on, cache.get_arc::<Vec<i64>>("list")).expect("it was just set");
    Arc::make_mut(&mut shared).push(4);
    assert_eq!(ok!(on, cache.get::<Vec<i64>>("list")), Some(vec![1, 2]));
}

// covers: R25
async fn keys_are_told_apart(on: &Subject) {
    let cache = on.cache();
    let keys = ["a", "A", "a ", " a", "aa", "a:", ":a", "a:a", "а"];
    for (number, key) in keys.iter().enumerate() {
        ok!(on, cache.set(key, &number));
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(ok!(on, cache.get::<usize>(key)), Some(number), "{key:?}");
    }
}

// covers: R39
async fn two_mebibytes_come_back(on: &Subject) {
    let cache = on.cache();
    let text: String = ('a'..='z').cycle().take(2 << 20).collect();
    comes_back(on, &cache, "large", text).await;
}

// covers: R20 R125
async fn two_handles_see_one_store(on: &Subject) {
    let (here, there) = (on.cache(), on.cache());
    ok!(on, here.set("key", "value"));
    assert_eq!(ok!(on, there.get::<String>("key")).as_deref(), Some("value"));
    assert!(ok!(on, there.delete("key")));
    assert_eq!(ok!(on, here.get::<String>("key")), None);
}

// covers: R20
async fn a_clone_of_the_cache_is_the_same_cache(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.clone().set("key", "value"));
    let elsewhere = cache.clone();
    let seen = on.spawn({
        let on = on.clone();
        async move { run!(on, elsewhere.get::<String>("key")) }
    });
    assert_eq!(seen.join().await.expect("a get does not fail").as_deref(), Some("value"));
}

// covers: R212
async fn close_may_be_repeated_and_the_cache_works_again(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.close());
    ok!(on, cache.close());
    ok!(on, cache.set("key", "value"));
    let expected = on.abilities().keeps.then(|| "value".to_owned());
    assert_eq!(ok!(on, cache.get::<String>("key")), expected);
    ok!(on, cache.close());
}

// covers: R212
async fn nothing_is_lost_by_close(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    ok!(on, cache.close());
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}
