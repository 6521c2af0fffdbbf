//! What goes in comes out, whatever the store makes of it on the way, and how much of it a bounded store keeps.

use std::collections::BTreeMap;

use keepwarm::ErrorKind;
use keepwarm::codec::Codec;
use keepwarm::entry::MissReason;

use crate::case::{cases, err, ok, run};
use crate::samples::Person;
use crate::subject::Subject;

cases! {
    what_one_type_wrote_another_of_its_shape_reads;
    what_does_not_fit_the_type_is_a_counted_miss;
    either_codec_gives_the_value_back [Encodes];
    raw_keeps_text_and_bytes_as_they_are_and_nothing_else [Encodes];
    text_and_bytes_of_any_length_come_back;
    a_value_of_another_shape_is_a_miss_for_that_reason;
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
    for codec in [Codec::MessagePack, Codec::Json] {
        let cache = on.alias(|builder| builder.codec(codec));
        let list = vec![Some("text".to_owned()), None];
        ok!(on, cache.set(codec.name(), &list));
        assert_eq!(ok!(on, cache.get::<Vec<Option<String>>>(codec.name())), Some(list), "{}", codec.name());
    }
}

// covers: R209
async fn raw_keeps_text_and_bytes_as_they_are_and_nothing_else(on: &Subject) {
    let cache = on.alias(|builder| builder.codec(Codec::Raw));
    ok!(on, cache.set("text", "Grüße"));
    ok!(on, cache.set("bytes", &vec![0_u8, 255]));
    ok!(on, cache.set("number", &7_i64));
    assert_eq!(ok!(on, cache.get::<String>("text")).as_deref(), Some("Grüße"));
    assert_eq!(ok!(on, cache.get::<Vec<u8>>("text")), Some("Grüße".as_bytes().to_vec()), "text is bytes");
    assert_eq!(ok!(on, cache.get::<Vec<u8>>("bytes")), Some(vec![0, 255]));
    assert_eq!(ok!(on, cache.incr("number", 1)), 8, "an integer is one under every codec");
    assert_eq!(ok!(on, cache.get::<String>("bytes")), None, "these bytes are no text");
    assert_eq!(ok!(on, cache.get::<Person>("text")), None);
    assert_eq!(ok!(on, cache.stats()).missed(MissReason::Undecodable), 2);
    assert_eq!(err!(on, cache.set("text", &vec![1.5, 2.5])).kind(), ErrorKind::Encode);
    assert_eq!(ok!(on, cache.get::<String>("text")).as_deref(), Some("Grüße"), "the old value stays");
}

// covers: R25
async fn text_and_bytes_of_any_length_come_back(on: &Subject) {
    let cache = on.cache();
    for length in [0, 1, 31, 32, 255, 256, 65_535, 65_536] {
        let bytes: Vec<u8> = (0..length).map(|index| (index * 7) as u8).collect();
        let text = "x".repeat(length);
        ok!(on, cache.set("bytes", &bytes));
        ok!(on, cache.set("text", &text));
        assert_eq!(ok!(on, cache.get::<Vec<u8>>("bytes")).as_ref(), Some(&bytes), "{length} bytes");
        assert_eq!(ok!(on, cache.get::<Box<[u8]>>("bytes")).as_deref(), Some(&bytes[..]), "{length} bytes");
        assert_eq!(ok!(on, cache.get::<String>("text")), Some(text), "{length} bytes of text");
        // As serde shows them inside of another value.
        ok!(on, cache.set("bytes", &Some(bytes.clone())));
        assert_eq!(ok!(on, cache.get::<Option<Vec<u8>>>("bytes")), Some(Some(bytes.clone())), "{length} bytes");
        assert_eq!(ok!(on, cache.get::<Vec<u8>>("bytes")), Some(bytes), "{length} bytes");
    }
}

/// One type in two releases of a program.
mod releases {
    use keepwarm::Cacheable;
    use serde::{Deserialize, Serialize};

    pub(super) mod first {
        use super::*;

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Cacheable)]
        pub(in super::super) struct Order {
            pub(in super::super) number: u32,
        }
    }

    pub(super) mod second {
        use super::*;

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Cacheable)]
        pub(in super::super) struct Order {
            pub(in super::super) number: u32,
            #[serde(default)]
            pub(in super::super) paid: bool,
        }
    }
}

// covers: R207
async fn a_value_of_another_shape_is_a_miss_for_that_reason(on: &Subject) {
    use releases::{first, second};
    let cache = on.cache();
    let old = first::Order { number: 7 };
    ok!(on, cache.set("order", &old));
    assert_eq!(ok!(on, cache.get::<second::Order>("order")), None, "its default is not a value");
    assert_eq!(ok!(on, cache.stats()).missed(MissReason::Schema), 1);
    assert_eq!(ok!(on, cache.get::<first::Order>("order")), Some(old), "nothing was lost");
    let new = second::Order { number: 7, paid: true };
    let computed = ok!(on, cache.get_or_set("order", || async { second::Order { number: 7, paid: true } }));
    assert_eq!(computed, new);
    assert_eq!(ok!(on, cache.get::<second::Order>("order")), Some(new), "it was replaced");
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
