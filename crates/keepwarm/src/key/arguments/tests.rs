//! The form of each kind of argument, pinned; that no two meet is tested by reading random values back.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{ArgumentKey, KeyPart, make_hashed_key};
use crate::error::ErrorKind;

mod reading_back;

fn key<T: KeyPart + ?Sized>(value: &T) -> String {
    ArgumentKey::new("f").argument("value", value).finish().unwrap()
}

fn key_of_two(first: &impl KeyPart, second: &impl KeyPart) -> String {
    ArgumentKey::new("f").argument("first", first).argument("second", second).finish().unwrap()
}

// covers: R148
#[test]
fn what_joining_confuses_stays_apart() {
    assert_ne!(key_of_two(&1, &2), key_of_two(&2, &1));
    assert_ne!(key(&1), key("1"));
    assert_ne!(key(&["a:b"][..]), key(&["a", "b"][..]));
    assert_ne!(key_of_two(&"a", &"b"), key(&"a#b"));
    assert_ne!(key_of_two(&"a", &"b,s1:c"), key_of_two(&"a,s1:b", &"c"));
    assert_ne!(key(&Some(1)), key(&1));
    assert_ne!(key(&Some(None::<u8>)), key(&None::<Option<u8>>));
    assert_ne!(key(&""), key(&None::<&str>));
    assert_ne!(key(&()), key(&None::<()>));
    assert_ne!(key(&"true"), key(&true));
    assert_ne!(key(&'1'), key(&1));
    assert_ne!(key(&(1, 2)), key(&[1, 2][..]));
    assert_ne!(key(&vec![vec![1], vec![]]), key(&vec![vec![], vec![1]]));
    assert_ne!(key(&1.0), key(&1));
    assert_ne!(key(&1.0_f32), key(&1.0_f64));
    assert_ne!(key(&"%20"), key(&" "));
    assert_ne!(ArgumentKey::new("f").finish().unwrap(), key(&()));
}

// covers: R149
#[test]
fn the_form_of_each_type_is_pinned() {
    let golden: &[(String, &str)] = &[
        (key(&-42_i8), "f(-42)"),
        (key(&usize::MAX), "f(18446744073709551615)"),
        (key(&i128::MIN), "f(-170141183460469231731687303715884105728)"),
        (key(&true), "f(true)"),
        (key(&1.0_f32), "f(f32:3f800000)"),
        (key(&-0.0_f64), "f(f64:8000000000000000)"),
        (key("alice"), "f(s5:alice)"),
        (key("é\n%"), "f(s12:%C3%A9%0A%25)"),
        (key(&'€'), "f(c9:%E2%82%AC)"),
        (key(&None::<u8>), "f(none)"),
        (key(&Some(7)), "f(some(7))"),
        (key(&()), "f(())"),
        (key(&(1, "a", [true])), "f((1,s1:a,(true)))"),
        (key(&vec![1, 2]), "f([1,2])"),
        (key(&BTreeMap::from([("b", 2), ("a", 1)])), "f({s1:a=1,s1:b=2})"),
        (key(&Duration::from_millis(1500)), "f(n8:Duration{s4:secs=1,s5:nanos=500000000})"),
        (key(&"::1".parse::<IpAddr>().unwrap()), "f(s3:::1)"),
    ];
    for (key, expected) in golden {
        assert_eq!(key, expected);
    }
}

// covers: R149
#[test]
fn equal_values_of_other_types_and_owners_have_equal_keys() {
    assert_eq!(key(&1_u8), key(&1_i64));
    assert_eq!(key("a"), key(&String::from("a")));
    assert_eq!(key("a"), key(&Cow::Borrowed("a")));
    assert_eq!(key(&7), key(&Arc::new(Box::new(&7))));
    assert_eq!(key(&[1, 2][..]), key(&vec![1, 2]));
}

// covers: R149
#[test]
fn hash_maps_and_hash_sets_have_one_form_whatever_their_order() {
    let names: Vec<String> = (0..50).map(|number| format!("name{number}")).collect();
    let forward: HashSet<&String> = names.iter().collect();
    let backward: HashSet<&String> = names.iter().rev().collect();
    assert_eq!(key(&forward), key(&backward));
    assert_eq!(key(&vec![Rc::new(Some(&forward))]), key(&vec![Rc::new(Some(&backward))]));
    assert_eq!(key(&Box::new(&forward)), key(&Box::new(&backward)));
    assert_eq!(key(&HashSet::from(["b", "a"])), "f([s1:a,s1:b])");

    let forward: HashMap<&String, usize> = names.iter().zip(0..).collect();
    let backward: HashMap<&String, usize> = names.iter().zip(0..).collect::<Vec<_>>().into_iter().rev().collect();
    assert_eq!(key(&forward), key(&backward));
}

#[derive(Serialize)]
struct Id(u64);

#[derive(Serialize)]
struct Filter {
    query: Option<&'static str>,
    page: u32,
}

#[derive(Serialize)]
enum Order {
    Newest,
    By(&'static str),
    Range(i32, i32),
    Since { day: u32 },
}

#[test]
fn derived_types_are_sorted_by_field_and_named() {
    assert_eq!(key(&Id(5)), "f(n2:Id(5))");
    assert_eq!(key(&Filter { query: None, page: 2 }), "f(n6:Filter{s4:page=2,s5:query=none})");
    assert_eq!(key(&Order::Newest), "f(v6:Newest)");
    assert_eq!(key(&Order::By("name")), "f(v2:By(s4:name))");
    assert_eq!(key(&Order::Range(1, 2)), "f(v5:Range(1,2))");
    assert_eq!(key(&Order::Since { day: 3 }), "f(v5:Since{s3:day=3})");
}

#[test]
fn instances_of_a_generic_function_differ() {
    let of = |key: ArgumentKey| key.argument("id", &1).finish().unwrap();
    assert_eq!(of(ArgumentKey::new("load").of_type::<u8>()), "load(t2:u8,1)");
    assert_eq!(of(ArgumentKey::new("load").of_type_of(&1_u16)), "load(t3:u16,1)");
}

// covers: R149
#[cfg(unix)]
#[test]
fn an_argument_without_a_stable_form_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    let path = Path::new(OsStr::from_bytes(b"\xff"));
    let error = ArgumentKey::new("f").argument("id", &1).argument("folder", path).finish().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidKey);
    assert!(error.to_string().contains("argument `folder` of type std::path::Path has no stable form"), "{error}");
}

#[test]
fn long_keys_are_cut_hashed_and_still_apart() {
    let readable = key(&"a".repeat(142));
    assert_eq!(readable.len(), 150);
    assert!(readable.ends_with("a)"), "{readable}");

    let hashed = key(&"a".repeat(143));
    assert_eq!(hashed.len(), 165);
    assert!(hashed.starts_with("f(s143:aaa"), "{hashed}");
    assert_ne!(hashed, key(&"a".repeat(144)));
    assert_ne!(hashed, key(&("a".repeat(142) + "b")));
    // The hashed key as a text argument is another key.
    assert_ne!(hashed, key(hashed.as_str()));
}

// covers: R112
#[test]
fn hashed_keys_tell_part_lists_apart() {
    assert_ne!(make_hashed_key(["a:b"]), make_hashed_key(["a", "b"]));
    assert_ne!(make_hashed_key(["ab", ""]), make_hashed_key(["", "ab"]));
    assert_ne!(make_hashed_key(["1:a,", ""]), make_hashed_key(["", "1:a,"]));
    assert_ne!(make_hashed_key(["a"]), make_hashed_key(["a", ""]));
    assert_ne!(make_hashed_key([] as [&str; 0]), make_hashed_key([""]));
    assert_eq!(make_hashed_key(vec!["long".repeat(1000)]).len(), 64);
    // Computed with Python's hashlib by the algorithm of the documentation.
    assert_eq!(make_hashed_key(["é"]), "e3aa1d3e6cbf9fd82475f646e85e805f00293f440f9d60794913035389ce2e27");
}
