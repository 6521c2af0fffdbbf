//! `#[derive(Cacheable)]`: a value of another shape is a miss for that reason, wherever the value lies.

#[path = "support/byte_store.rs"]
mod byte_store;

use std::collections::HashMap;

use byte_store::ByteStore;
use keepwarm::backends::custom::Adapter;
use keepwarm::entry::MissReason;
use keepwarm::schema::of;
use keepwarm::{Cache, Cacheable};
use serde::{Deserialize, Serialize};

/// The type in one release.
mod before {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Cacheable)]
    pub(super) struct User {
        pub(super) id: u64,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Cacheable)]
    pub(super) struct Page<T> {
        pub(super) items: Vec<T>,
        pub(super) info: Info,
    }

    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Cacheable)]
    pub(super) struct Info {
        pub(super) number: u32,
    }
}

/// The types in the next one.
mod after {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Cacheable)]
    pub(super) struct User {
        pub(super) id: u64,
        #[serde(default)]
        pub(super) verified: bool,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Cacheable)]
    pub(super) struct Page<T> {
        pub(super) items: Vec<T>,
        pub(super) info: Info,
    }

    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Cacheable)]
    pub(super) struct Info {
        pub(super) number: u32,
        #[serde(default)]
        pub(super) total: Option<u32>,
    }
}

/// Types of the same shape as one above, or all but.
mod like {
    use super::*;

    /// Moved and named otherwise.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Cacheable)]
    pub(super) struct Account {
        pub(super) id: u64,
        #[serde(skip)]
        pub(super) seen: u32,
    }

    #[derive(Clone, Serialize, Deserialize, Cacheable)]
    #[cacheable(version = 2)]
    pub(super) struct Meant {
        pub(super) id: u64,
    }

    #[derive(Clone, Serialize, Deserialize, Cacheable)]
    pub(super) struct Renamed {
        #[serde(rename = "number")]
        pub(super) id: u64,
    }

    /// Without a fingerprint.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub(super) struct Plain {
        pub(super) id: u64,
    }

    #[derive(Clone, Serialize, Deserialize, Cacheable)]
    pub(super) struct Tree {
        pub(super) name: String,
        pub(super) children: Vec<Tree>,
    }

    #[derive(Clone, Serialize, Deserialize, Cacheable)]
    #[allow(dead_code)]
    pub(super) enum Shape {
        Circle(f64),
        Square { side: f64 },
        Empty,
    }

    #[derive(Clone, Serialize, Deserialize, Cacheable)]
    pub(super) struct Borrows<'a, const N: usize> {
        pub(super) text: std::borrow::Cow<'a, str>,
        pub(super) tree: Tree,
    }
}

fn caches() -> Vec<Cache> {
    vec![
        Cache::builder().backend(Adapter::new(ByteStore::default())).build().unwrap(),
        // An object that is read as another type is encoded and decoded, as a store outside the process would.
        Cache::memory(),
    ]
}

fn missed(cache: &Cache, reason: MissReason) -> u64 {
    cache.stats().wait().unwrap().missed(reason)
}

// covers: R207
#[test]
fn a_value_of_another_shape_is_a_miss_for_that_reason() {
    for cache in caches() {
        let kind = cache.backend_kind();
        cache.set("user", &before::User { id: 7 }).wait().unwrap();
        assert_eq!(cache.get::<before::User>("user").wait().unwrap(), Some(before::User { id: 7 }), "{kind}");
        assert_eq!(cache.get::<after::User>("user").wait().unwrap(), None, "{kind}");
        assert_eq!(missed(&cache, MissReason::Schema), 1, "{kind}");
        assert_eq!(cache.get_many::<after::User, _>(["user"]).wait().unwrap().len(), 0, "{kind}");
        assert_eq!(missed(&cache, MissReason::Schema), 2, "{kind}");
        assert_eq!(missed(&cache, MissReason::Undecodable), 0, "{kind}");
        assert_eq!(cache.get::<before::User>("user").wait().unwrap(), Some(before::User { id: 7 }), "nothing was lost");

        let new = after::User { id: 7, verified: true };
        let computed = cache.get_or_set("user", || async { new.clone() }).wait().unwrap();
        assert_eq!(computed, new, "{kind}");
        assert_eq!(cache.get::<after::User>("user").wait().unwrap(), Some(new.clone()), "{kind}: it was replaced");
        assert_eq!(cache.get::<before::User>("user").wait().unwrap(), None, "{kind}");
        let updated = cache.update("user", |old: Option<before::User>| {
            assert_eq!(old, None, "a value of another shape is none");
            Some(before::User { id: 8 })
        });
        assert_eq!(updated.wait().unwrap(), Some(before::User { id: 8 }), "{kind}");
    }
}

#[test]
fn a_type_of_the_same_shape_and_one_without_a_fingerprint_read_it() {
    for cache in caches() {
        cache.set("user", &before::User { id: 7 }).wait().unwrap();
        assert_eq!(cache.get("user").wait().unwrap(), Some(like::Account { id: 7, seen: 0 }));
        assert_eq!(cache.get("user").wait().unwrap(), Some(like::Plain { id: 7 }));
        cache.set("user", &like::Plain { id: 8 }).wait().unwrap();
        assert_eq!(cache.get("user").wait().unwrap(), Some(before::User { id: 8 }));
        assert_eq!(missed(&cache, MissReason::Schema), 0);
    }
}

#[test]
fn containers_have_the_fingerprints_of_what_they_contain() {
    for cache in caches() {
        cache.set("many", &vec![(1_u8, before::User { id: 7 })]).wait().unwrap();
        assert_eq!(cache.get::<Vec<(u8, after::User)>>("many").wait().unwrap(), None);
        cache.set("map", &HashMap::from([("a".to_owned(), Some(before::User { id: 7 }))])).wait().unwrap();
        assert_eq!(cache.get::<HashMap<String, Option<after::User>>>("map").wait().unwrap(), None);
        let page = before::Page { items: vec![1_u8], info: before::Info::default() };
        cache.set("page", &page).wait().unwrap();
        assert_eq!(cache.get::<before::Page<u8>>("page").wait().unwrap(), Some(page));
        assert_eq!(cache.get::<after::Page<u8>>("page").wait().unwrap(), None, "what is within has another shape");
        assert_eq!(missed(&cache, MissReason::Schema), 3);
    }
    assert_ne!(of::<before::Page<before::User>>(), of::<before::Page<after::User>>());
    assert_ne!(of::<before::Page<u8>>(), of::<before::User>());
}

#[test]
fn what_is_shape_and_what_is_not() {
    let user = of::<before::User>().expect("it has a fingerprint");
    assert_eq!(of::<like::Account>(), Some(user));
    assert_ne!(of::<after::User>(), Some(user));
    assert_ne!(of::<like::Meant>(), Some(user));
    assert_ne!(of::<like::Renamed>(), Some(user));
    assert_eq!(of::<Option<Box<before::User>>>(), Some(user));
    assert_eq!(of::<like::Plain>(), None);
    assert_eq!(of::<(String, Vec<u8>)>(), None);
    assert!(of::<like::Tree>().is_some() && of::<like::Shape>().is_some());
    assert_ne!(of::<like::Borrows<'static, 1>>(), of::<like::Tree>());
}

#[test]
fn the_fingerprint_of_a_shape_never_changes() {
    // It lies in stores: another number is a miss for every entry that is there.
    assert_eq!(of::<before::User>().unwrap().get(), 3_197_825_736);
    assert_eq!(of::<before::Page<before::User>>().unwrap().get(), 2_285_602_154);
    assert_eq!(of::<like::Shape>().unwrap().get(), 4_080_818_600);
}

#[test]
fn a_type_in_a_function_has_one_too() {
    #[derive(Clone, Serialize, Deserialize, Cacheable)]
    struct Local {
        id: u64,
    }
    assert_eq!(of::<Local>(), of::<before::User>());
}

#[test]
fn explain_shows_the_fingerprint_and_why_a_type_would_miss() {
    let cache = &caches()[0];
    cache.set("user", &before::User { id: 7 }).wait().unwrap();
    let explanation = cache.explain("user").wait().unwrap();
    let fingerprint = of::<before::User>().unwrap().get();
    assert_eq!(explanation.entry.as_ref().unwrap().schema, Some(fingerprint));
    assert!(explanation.to_string().contains(&format!("schema   {fingerprint:08x}")), "{explanation}");
    assert_eq!(explanation.would_miss, None);
    let as_type = cache.explain("user").read_as::<after::User>().wait().unwrap();
    assert_eq!(as_type.would_miss, Some(MissReason::Schema));
    assert_eq!(cache.explain("user").read_as::<before::User>().wait().unwrap().would_miss, None);
    assert_eq!(missed(cache, MissReason::Schema), 0, "explaining counts nothing");
}
