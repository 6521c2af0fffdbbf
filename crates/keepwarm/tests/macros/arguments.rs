//! Keys made of arguments.

use keepwarm::cached;
use serde::Serialize;

use crate::support::{Pool, Runs};

#[cached(timeout = "1h")]
async fn search(query: &str, pages: Vec<u32>, exact: Option<bool>) -> u32 {
    pages.len() as u32 + query.len() as u32 + u32::from(exact == Some(true))
}

/// The key is a literal here, so that it is the same in every process and after every change of the library.
// covers: R148 R149
#[test]
fn the_key_of_a_call_is_pinned() {
    let key = search::cache_key("tea pot", vec![1, 2], None).unwrap();
    assert_eq!(key, "macros::arguments::search(s9:tea%20pot,[1,2],none)");
    assert_eq!(Shop::find_cache_key(7).unwrap(), "macros::arguments::Shop::find(7)");
    assert_eq!(Shop::open_cache_key("a").unwrap(), "macros::arguments::Shop::open(s1:a)");
    assert_eq!(Shelf::<u8>::find_cache_key(7).unwrap(), "macros::arguments::Shelf<u8>::find(7)");
}

// covers: R149
#[test]
fn the_key_is_the_same_in_another_process() {
    const ASKED: &str = "KEEPWARM_TEST_PRINTS_KEY";
    let key = search::cache_key("tea", vec![1], Some(true)).unwrap();
    if std::env::var_os(ASKED).is_some() {
        println!("key={key}");
        return;
    }
    let this = std::env::current_exe().unwrap();
    let other = std::process::Command::new(this)
        .args(["--exact", "arguments::the_key_is_the_same_in_another_process", "--nocapture"])
        .env(ASKED, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&other.stdout).into_owned();
    assert!(printed.contains(&format!("key={key}\n")), "{printed}");
}

struct Shop;

impl Shop {
    #[cached(timeout = "1h")]
    async fn find(&self, id: u32) -> String {
        format!("shop {id}")
    }

    #[cached(timeout = "1h", associated)]
    fn open(name: &str) -> String {
        format!("open {name}")
    }
}

struct Store;

impl Store {
    #[cached(timeout = "1h")]
    async fn find(&self, id: u32) -> String {
        format!("store {id}")
    }

    #[cached(timeout = "1h", associated)]
    fn open(name: &str) -> String {
        format!("opened {name}")
    }
}

// covers: R148
#[tokio::test]
async fn methods_of_one_name_on_two_types_differ() {
    assert_eq!(Shop.find(1).await, "shop 1");
    assert_eq!(Store.find(1).await, "store 1");
    assert_eq!(Shop::open("a"), "open a");
    assert_eq!(Store::open("a"), "opened a");
}

struct Shelf<T>(T);

impl<T: Serialize + Sync> Shelf<T> {
    #[cached(timeout = "1h")]
    async fn find(&self, id: u32) -> String {
        format!("{} {id} {}", std::any::type_name::<T>(), size_of_val(&self.0))
    }
}

// covers: R148
#[tokio::test]
async fn instances_of_generic_types_and_functions_differ() {
    #[cached(timeout = "1h")]
    async fn name_of<T: Serialize + Send + Sync>(value: T) -> String {
        std::any::type_name_of_val(&value).to_owned()
    }
    #[cached(timeout = "1h")]
    fn name_of_some(value: impl Serialize) -> String {
        std::any::type_name_of_val(&value).to_owned()
    }
    #[cached(timeout = "1h")]
    fn sized<const SIZE: usize>() -> usize {
        SIZE
    }
    #[cached(timeout = "1h")]
    fn smallest<T>() -> Option<T>
    where
        T: Default + keepwarm::Value,
    {
        Some(T::default())
    }

    assert_eq!(Shelf(1_u8).find(1).await, "u8 1 1");
    assert_eq!(Shelf(1_u16).find(1).await, "u16 1 2");
    assert_eq!(name_of(1_u8).await, "u8");
    assert_eq!(name_of(1_u16).await, "u16");
    assert_eq!(name_of_some(1_u8), "u8");
    assert_eq!(name_of_some(1_u16), "u16");
    assert_eq!((sized::<1>(), sized::<2>()), (1, 2));
    assert_eq!(smallest::<u8>(), Some(0));
    assert_eq!(smallest::<String>(), Some(String::new()));
}

// covers: R148
#[test]
fn functions_of_one_name_in_two_functions_differ() {
    fn first() -> String {
        #[cached(timeout = "1h")]
        fn inner(id: u32) -> String {
            format!("first {id}")
        }
        inner(1)
    }
    fn second() -> String {
        #[cached(timeout = "1h")]
        fn inner(id: u32) -> String {
            format!("second {id}")
        }
        inner(1)
    }
    assert_eq!(first(), "first 1");
    assert_eq!(second(), "second 1");
}

// covers: R148
#[tokio::test]
async fn arguments_that_look_alike_differ() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn two(first: &str, second: &str) -> u64 {
        RUNS.next()
    }
    #[cached(timeout = "1h")]
    async fn list(items: &[&str]) -> u64 {
        RUNS.next()
    }

    assert_eq!(two("a", "b").await, 1);
    assert_eq!(two("b", "a").await, 2);
    assert_eq!(two("a,s1:b", "").await, 3);
    assert_eq!(list(&["a:b"]).await, 4);
    assert_eq!(list(&["a", "b"]).await, 5);
    assert_eq!(two("a", "b").await, 1);
}

#[tokio::test]
async fn skipped_arguments_and_patterns() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", skip(db, now))]
    async fn sum(db: &Pool, (left, right): (u32, u32), mut third: u32, now: u64, _: u8) -> u64 {
        let Pool = db;
        third += left + right;
        u64::from(third) * 1000 + now + RUNS.next()
    }

    assert_eq!(sum(&Pool, (1, 2), 3, 100, 0).await, 6101);
    assert_eq!(sum(&Pool, (1, 2), 3, 200, 0).await, 6101);
    assert_eq!(sum(&Pool, (2, 1), 3, 200, 0).await, 6202);
    assert_eq!(sum(&Pool, (2, 1), 3, 200, 1).await, 6203);
    assert!(sum::invalidate((1, 2), 3, 0).await.unwrap());
}
