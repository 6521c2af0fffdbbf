//! The weight of an object, held against what the allocator really handed out for it.
//!
//! A bound in bytes is only worth something if the two agree.

#![allow(unsafe_code, reason = "counting allocations needs a `GlobalAlloc`; it forwards everything to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use keepwarm::{Object, Value};
use serde::{Deserialize, Serialize};

/// Counts the live bytes of each thread, with what the allocator adds to each block.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn taken(pointer: *mut u8, _: Layout) -> isize {
    unsafe extern "C" {
        fn malloc_usable_size(pointer: *mut std::ffi::c_void) -> usize;
    }
    // SAFETY: the pointer came from the system's allocator and is still allocated.
    (unsafe { malloc_usable_size(pointer.cast()) } + size_of::<usize>()) as isize
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn taken(_: *mut u8, layout: Layout) -> isize {
    (layout.size() + size_of::<usize>()).next_multiple_of(16) as isize
}

// SAFETY: every call is forwarded to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        let pointer = unsafe { System.alloc(layout) };
        if !pointer.is_null() {
            LIVE.with(|live| live.set(live.get() + taken(pointer, layout)));
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.with(|live| live.set(live.get() - taken(pointer, layout)));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The weight of `value` over what a copy of it, as a cache keeps one, really occupies.
fn ratio<T: Value>(value: &T) -> f64 {
    let before = LIVE.get();
    let kept = value.clone();
    let heap = LIVE.get() - before;
    let occupied = usize::try_from(heap).expect("a copy frees nothing") + size_of::<T>();
    let walked = LIVE.get();
    let weight = Object::weight(&kept);
    assert_eq!(LIVE.get(), walked, "weighing allocates nothing");
    weight as f64 / occupied as f64
}

fn assert_close<T: Value>(name: &str, value: &T) {
    let ratio = ratio(value);
    assert!((0.7..=1.5).contains(&ratio), "{name}: the weight is {ratio:.2} of what is occupied");
}

#[derive(Clone, Serialize, Deserialize)]
struct Address {
    street: String,
    number: u16,
    floor: Option<i8>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Contact {
    None,
    Mail(String),
    Phone { country: u16, number: u64 },
}

#[derive(Clone, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    addresses: Vec<Address>,
    contact: Contact,
    note: Option<Box<Address>>,
    nothing: Option<Box<Address>>,
    scores: [f32; 8],
    shared: Arc<Address>,
}

fn address(index: usize) -> Address {
    Address { street: "Long Lane ".repeat(index % 7), number: 7, floor: Some(2) }
}

fn user(index: usize) -> User {
    User {
        id: 7,
        name: "Ada Lovelace".to_owned(),
        addresses: (0..index).map(address).collect(),
        contact: match index % 3 {
            0 => Contact::None,
            1 => Contact::Mail("ada@example.org".to_owned()),
            _ => Contact::Phone { country: 44, number: 7 },
        },
        note: Some(Box::new(address(4))),
        nothing: None,
        scores: [0.5; 8],
        shared: Arc::new(address(3)),
    }
}

fn words(count: usize) -> Vec<String> {
    (0..count).map(|index| "word".repeat(index % 20)).collect()
}

#[test]
fn text_and_bytes() {
    for length in [0, 1, 20, 24, 25, 100, 1000, 4096, 100_000] {
        assert_close(&format!("text of {length}"), &"x".repeat(length));
        assert_close(&format!("bytes of {length}"), &vec![7_u8; length]);
    }
}

#[test]
fn sequences() {
    for count in [1, 3, 10, 1000] {
        assert_close(&format!("{count} words"), &words(count));
        assert_close(&format!("{count} numbers"), &vec![7_i64; count]);
        assert_close(&format!("{count} booleans"), &vec![true; count]);
        assert_close(&format!("{count} optional numbers"), &vec![Some(7_i64); count]);
        assert_close(
            &format!("{count} optional words"),
            &(0..count).map(|index| (index % 2 == 0).then(|| "word".to_owned())).collect::<Vec<_>>(),
        );
        assert_close(&format!("{count} pairs"), &vec![(7_u8, "seven".to_owned()); count]);
        assert_close(&format!("{count} boxes"), &vec![Box::new(address(2)); count]);
        assert_close(&format!("{count} queued"), &VecDeque::from(words(count)));
        assert_close(&format!("{count} vectors"), &vec![vec![1_u32; 10]; count]);
    }
}

#[test]
fn structs() {
    for count in [0, 1, 5, 50] {
        assert_close(&format!("a user with {count} addresses"), &user(count));
    }
    assert_close("users", &(0..100).map(|index| user(index % 5)).collect::<Vec<_>>());
    assert_close("shared users", &(0..100).map(user).map(Box::new).collect::<Vec<_>>());
}

#[test]
fn pointers_to_structs() {
    assert_close("nothing", &None::<Box<User>>);
    assert_close("a box", &Some(Box::new(user(3))));
    assert_close("a box of text", &Box::new("text in a box".to_owned()));
    assert_close("a slice", &words(10).into_boxed_slice());
}

#[test]
fn hash_maps_and_sets() {
    for count in [0, 1, 3, 7, 14, 15, 28, 100, 1000] {
        let map: HashMap<String, Vec<i64>> =
            (0..count).map(|index| (format!("key number {index}"), vec![7; index % 10])).collect();
        assert_close(&format!("a map of {count}"), &map);
        assert_close(&format!("a set of {count}"), &(0..count as u64).collect::<HashSet<_>>());
    }
}

#[test]
fn trees() {
    for count in [0, 1, 5, 11, 100, 1000] {
        let built: BTreeMap<u64, String> = (0..count).map(|index| (index, "value".repeat(3))).collect();
        assert_close(&format!("a tree of {count}, built at once"), &built);
        let mut grown = BTreeMap::new();
        for index in 0..count {
            grown.insert(format!("{:020}", index * 7919 % count), index);
        }
        assert_close(&format!("a tree of {count}, grown"), &grown);
        let mut ascending = BTreeSet::new();
        for index in 0..count {
            ascending.insert(index);
        }
        assert_close(&format!("a set of {count}, grown in order"), &ascending);
    }
}

#[test]
fn documents_without_a_type() {
    let document = |index: usize| {
        serde_json::json!({
            "id": index,
            "name": "Ada Lovelace",
            "tags": ["one", "two", 3, null, true],
            "address": {"street": "Long Lane 7", "floor": 2},
        })
    };
    assert_close("a document", &document(1));
    assert_close("documents", &(0..100).map(document).collect::<Vec<_>>());
    assert_close("numbers", &serde_json::json!([1, 2, 3, 4, 5, 6, 7, 8]));
}

#[derive(Clone, Serialize, Deserialize)]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    address: Address,
    #[serde(flatten)]
    rest: HashMap<String, String>,
}

#[test]
fn flattened_structs() {
    let rest = (0..20).map(|index| (format!("field {index}"), "value".to_owned())).collect();
    assert_close("flattened", &Flattened { id: 1, address: address(3), rest });
}

#[test]
fn room_to_grow_is_not_seen() {
    // What the documentation admits: a serializer is not shown spare capacity. A cache keeps copies, which have none.
    let mut grown = Vec::with_capacity(1000);
    grown.push(1_u64);
    assert!(Object::weight(&grown) < 1000);
    grown.extend(0..999);
    assert_close("full", &grown);
}
