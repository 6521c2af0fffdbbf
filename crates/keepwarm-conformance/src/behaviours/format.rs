//! What goes in comes out, whatever the store makes of it on the way, and how much of it a bounded store keeps.

use std::collections::BTreeMap;

use keepwarm::codec::Codec;
use keepwarm::entry::MissReason;

use crate::case::{cases, ok, run};
use crate::samples::Person;
use crate::subject::Subject;

cases! {
    what_one_type_wrote_another_of_its_shape_reads;
    what_does_not_fit_the_type_is_a_counted_miss;
    either_codec_gives_the_value_back [Encodes];
    both_faces_read_what_the_other_wrote [BlockingFace];
    a_bound_on_entries_is_kept [Bounded];
    forty_nine_sets_into_room_for_thirty_leave_twenty_nine [DjangoEviction];
}

// covers: R209
async fn what_one_type_wrote_another_of_its_shape_reads(on: &Subject) {
    let cache = on.cache();
    let map = BTreeMap::from([("a".to_owned(), 1_i64), ("b".to_owned(), 2)]);
    ok!(on, cache.set("key", &map));
    let json = ok!(on, cache.get::<serde_json::Value>("key"));
    assert_eq!(json, Some(serde_json::json!({ "a": 1, "b": 2 })));
    ok!(on, cache.set("number", &7_i64));
    assert_eq!(ok!(on, cache.get::<u8>("number")), Some(7));
    assert_eq!(ok!(on, cache.get::<f64>("number")), Some(7.0));
}

// covers: R207
async fn what_does_not_fit_the_type_is_a_counted_miss(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "text"));
    assert_eq!(ok!(on, cache.get::<Person>("key")), None);
    ok!(on, cache.set("number", &300_i64));
    assert_eq!(ok!(on, cache.get::<u8>("number")), None);
    assert_eq!(ok!(on, cache.stats()).missed(MissReason::Undecodable), 2);
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("text"), "nothing was lost");
}

// covers: R209
async fn either_codec_gives_the_value_back(on: &Subject) {
    for &codec in Codec::ALL {
        let cache = on.alias(|builder| builder.codec(codec));
        let list = vec![Some("text".to_owned()), None];
        ok!(on, cache.set(codec.name(), &list));
        assert_eq!(ok!(on, cache.get::<Vec<Option<String>>>(codec.name())), Some(list), "{}", codec.name());
    }
}

// covers: R117 R119
async fn both_faces_read_what_the_other_wrote(on: &Subject) {
    let cache = on.cache();
    cache.set("waited", &1_i64).wait().expect("the store does not fail");
    assert_eq!(cache.get::<i64>("waited").await.expect("the store does not fail"), Some(1));
    cache.set("awaited", &2_i64).await.expect("the store does not fail");
    assert_eq!(cache.get::<i64>("awaited").wait().expect("the store does not fail"), Some(2));
}

// covers: R126
async fn a_bound_on_entries_is_kept(on: &Subject) {
    let cache = on.bounded(30);
    for number in 0..200_i64 {
        ok!(on, cache.set(&number.to_string(), &number));
    }
    let stats = ok!(on, cache.stats());
    assert!(stats.entries.is_none_or(|entries| entries <= 30), "{stats:?}");
    assert!(stats.evictions >= 170, "{stats:?}");
    let mut left = 0;
    for number in 0..200_i64 {
        left += u64::from(ok!(on, cache.get::<i64>(&number.to_string())).is_some());
    }
    assert!((1..=30).contains(&left), "{left} are left");
}

// covers: R127
async fn forty_nine_sets_into_room_for_thirty_leave_twenty_nine(on: &Subject) {
    let cache = on.bounded(30);
    for number in 1..50_i64 {
        ok!(on, cache.set(&format!("cull{number}"), "value"));
    }
    let mut left = 0;
    for number in 1..50_i64 {
        left += u64::from(ok!(on, cache.has_key(&format!("cull{number}"))));
    }
    assert_eq!(left, 29);
}
