//! A hit allocates nothing, awaited or waited for: asserted with a counting allocator, not timed.

#![allow(unsafe_code, reason = "a global allocator can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use keepwarm::backends::memory::Memory;
use keepwarm::clock::Clock;
use keepwarm::layers::Tiered;
use keepwarm::{Cache, MemoryOptions};
use keepwarm_conformance::kit::{Encodes, News};
use serde::{Deserialize, Serialize};

/// Counts the allocations of each thread: tests run side by side.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is going away may still allocate, and has nobody left to tell.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the same.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A value with heap blocks of its own: sharing it allocates nothing, copying it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

/// A value whose copy allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

const POINT: Point = Point { x: 1.0, y: -2.0 };

fn user() -> User {
    User { id: 7, name: "Ada".to_owned() }
}

/// How many allocations `work` makes when everything that is made once has been made.
fn allocations<T>(mut work: impl FnMut() -> T) -> usize {
    drop(work());
    let before = ALLOCATIONS.get();
    let answer = work();
    let made = ALLOCATIONS.get() - before;
    drop(answer);
    made
}

/// Awaits a verb the way any executor would, without one that allocates.
fn awaited<V: IntoFuture>(verb: V) -> V::Output {
    match pin!(verb.into_future()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a hit in memory does not wait"),
    }
}

fn filled() -> Cache {
    let cache = Cache::memory();
    cache.set("user", &user()).wait().unwrap();
    cache.set("point", &POINT).wait().unwrap();
    cache.set("tagged user", &user()).tags(["users", "user:7"]).wait().unwrap();
    cache.set("tagged point", &POINT).tags(["points"]).wait().unwrap();
    cache.set("counter", &1_i64).wait().unwrap();
    cache
}

#[test]
fn the_allocator_counts() {
    assert_eq!(allocations(|| Box::new(1)), 1);
    let cache = filled();
    assert_ne!(allocations(|| cache.get::<User>("user").wait()), 0, "copying a String allocates");
    assert_ne!(allocations(|| cache.set("user", &user()).wait()), 0);
}

#[test]
fn get_arc() {
    let cache = filled();
    let check = |found: Option<Arc<User>>| assert_eq!(found.as_deref().map(|user| user.id), Some(7));
    assert_eq!(allocations(|| check(cache.get_arc("user").wait().unwrap())), 0);
    assert_eq!(allocations(|| check(awaited(cache.get_arc("user")).unwrap())), 0);
}

#[test]
fn get_of_a_value_whose_copy_does_not_allocate() {
    let cache = filled();
    let check = |found: Option<Point>| assert_eq!(found, Some(POINT));
    assert_eq!(allocations(|| check(cache.get("point").wait().unwrap())), 0);
    assert_eq!(allocations(|| check(awaited(cache.get("point")).unwrap())), 0);
}

#[test]
fn get_of_an_integer() {
    let cache = filled();
    let check = |found: Option<i64>| assert_eq!(found, Some(1));
    assert_eq!(allocations(|| check(cache.get("counter").wait().unwrap())), 0);
    assert_eq!(allocations(|| check(awaited(cache.get("counter")).unwrap())), 0);
}

#[test]
fn has_key() {
    let cache = filled();
    assert_eq!(allocations(|| assert!(cache.has_key("user").wait().unwrap())), 0);
    assert_eq!(allocations(|| assert!(awaited(cache.has_key("user")).unwrap())), 0);
}

#[test]
fn get_or_set_that_hits() {
    let cache = filled();
    let point = || cache.get_or_set("point", || async { Point { x: 0.0, y: 0.0 } });
    assert_eq!(allocations(|| assert_eq!(point().wait().unwrap(), POINT)), 0);
    assert_eq!(allocations(|| assert_eq!(awaited(point()).unwrap(), POINT)), 0);
    assert_eq!(allocations(|| assert_eq!(awaited(point().inline()).unwrap(), POINT)), 0);
    let shared = || cache.get_or_set("user", || async { user() }).arc();
    assert_eq!(allocations(|| assert_eq!(shared().wait().unwrap().id, 7)), 0);
    assert_eq!(allocations(|| assert_eq!(awaited(shared()).unwrap().id, 7)), 0);
}

#[test]
fn incr() {
    let cache = filled();
    assert_eq!(allocations(|| assert!(cache.incr("counter", 1).wait().unwrap() > 1)), 0);
    assert_eq!(allocations(|| assert!(awaited(cache.incr("counter", 1)).unwrap() > 1)), 0);
}

#[test]
fn a_hit_with_tags() {
    let cache = filled();
    let check = |found: Option<Arc<User>>| assert_eq!(found.as_deref().map(|user| user.id), Some(7));
    assert_eq!(allocations(|| check(cache.get_arc("tagged user").wait().unwrap())), 0);
    assert_eq!(allocations(|| check(awaited(cache.get_arc("tagged user")).unwrap())), 0);
    assert_eq!(allocations(|| assert_eq!(cache.get("tagged point").wait().unwrap(), Some(POINT))), 0);
}

#[test]
fn a_hit_in_a_namespace() {
    let cache = filled();
    let products = cache.namespace("product");
    products.set("point", &POINT).wait().unwrap();
    assert_eq!(allocations(|| assert_eq!(products.get("point").wait().unwrap(), Some(POINT))), 0);
    assert_eq!(allocations(|| assert_eq!(awaited(products.get("point")).unwrap(), Some(POINT))), 0);
}

#[test]
fn a_hit_in_a_near_tier() {
    let news = News::new();
    let store = news.around(Encodes::around(Memory::new(&MemoryOptions::new(), Clock::system())));
    let cache = Cache::builder().backend(store).layer(Tiered::new(news)).build().unwrap();
    cache.set("user", &user()).tags(["users"]).wait().unwrap();
    cache.set("point", &POINT).wait().unwrap();
    cache.set("counter", &1_i64).wait().unwrap();
    let check = |found: Option<Arc<User>>| assert_eq!(found.as_deref().map(|user| user.id), Some(7));
    assert_eq!(allocations(|| check(cache.get_arc("user").wait().unwrap())), 0);
    assert_eq!(allocations(|| check(awaited(cache.get_arc("user")).unwrap())), 0);
    assert_eq!(allocations(|| assert_eq!(cache.get("point").wait().unwrap(), Some(POINT))), 0);
    assert_eq!(allocations(|| assert_eq!(awaited(cache.get("counter")).unwrap(), Some(1_i64))), 0);
}
