//! `#[memoize]`.

use std::sync::{Arc, Barrier};

use keepwarm::memoize;

use crate::support::{Pool, Runs, Unavailable};

// covers: R154
#[test]
fn the_least_recently_used_result_goes_first() {
    static RUNS: Runs = Runs::new();
    #[memoize(max_size = 2)]
    fn square(number: u64) -> u64 {
        RUNS.next();
        number * number
    }

    assert_eq!((square(2), square(3), square(2), square(4)), (4, 9, 4, 16));
    assert_eq!(RUNS.count(), 3);
    assert_eq!(square(2), 4);
    assert_eq!(RUNS.count(), 3);
    assert_eq!(square(3), 9);
    assert_eq!(RUNS.count(), 4);
    let info = square::cache_info();
    assert_eq!((info.hits, info.misses, info.size, info.max_size), (2, 4, 2, 2));

    square::cache_clear();
    let info = square::cache_info();
    assert_eq!((info.hits, info.misses, info.size, info.max_size), (0, 0, 0, 2));
    assert_eq!(square(2), 4);
    assert_eq!(RUNS.count(), 5);
}

/// Neither cloneable nor encodable itself.
struct Pattern(String);

// covers: R154
#[tokio::test]
async fn results_need_no_serde() {
    #[memoize(max = 10, ttl = 60)]
    async fn compile(text: &str) -> Arc<Pattern> {
        Arc::new(Pattern(text.to_owned()))
    }

    let (first, second) = (compile("a").await, compile("a").await);
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(compile("b").await.0, "b");
}

// covers: R154
#[tokio::test]
async fn errors_and_unwanted_nones_are_not_kept() {
    static RUNS: Runs = Runs::new();
    #[memoize]
    async fn fallible(id: u64) -> Result<u64, Unavailable> {
        let run = RUNS.next();
        if run == 1 { Err(Unavailable(run)) } else { Ok(run) }
    }
    #[memoize(none = false)]
    fn optional(id: u64) -> Option<u64> {
        let run = RUNS.next();
        (run > 3).then_some(run)
    }

    assert_eq!(fallible(1).await.unwrap_err().0, 1);
    assert_eq!((fallible(1).await.unwrap(), fallible(1).await.unwrap()), (2, 2));
    assert_eq!((optional(1), optional(1), optional(1)), (None, Some(4), Some(4)));
    assert_eq!(fallible::cache_info().max_size, 128);
}

const LIMIT: usize = 3;

struct Prices;

impl Prices {
    #[memoize(max_size = LIMIT, skip(db), associated)]
    fn discount(db: &Pool, (price, percent): (u64, u64)) -> u64 {
        let Pool = db;
        price * (100 - percent) / 100
    }
}

// covers: R150 R154
#[test]
fn functions_in_an_impl_have_their_companions_beside_them() {
    for price in 0..5 {
        assert_eq!(Prices::discount(&Pool, (price * 100, 10)), price * 90);
    }
    let info = Prices::discount_cache_info();
    assert_eq!((info.misses, info.size, info.max_size), (5, 3, 3));
    Prices::discount_cache_clear();
    assert_eq!(Prices::discount_cache_info().size, 0);
}

// covers: R154
#[test]
fn a_function_may_call_itself() {
    #[memoize]
    fn fibonacci(number: u64) -> u64 {
        if number < 2 { number } else { fibonacci(number - 1) + fibonacci(number - 2) }
    }
    assert_eq!(fibonacci(80), 23_416_728_348_467_685);
    assert_eq!(fibonacci::cache_info().misses, 81);
}

// covers: R148 R154
#[test]
fn instances_of_a_generic_function_differ() {
    #[memoize]
    fn smallest<T: Default + Clone + Send + Sync + 'static>() -> T {
        T::default()
    }
    #[memoize]
    fn name_of(value: impl serde::Serialize) -> String {
        std::any::type_name_of_val(&value).to_owned()
    }
    for _ in 0..2 {
        assert_eq!(smallest::<u8>(), 0);
        assert_eq!(smallest::<String>(), "");
        assert_eq!((name_of(1_u8), name_of(1_u16)), ("u8".to_owned(), "u16".to_owned()));
    }
    assert_eq!((smallest::cache_info().hits, smallest::cache_info().size), (2, 2));
}

#[test]
fn threads_that_miss_together_run_the_body_once() {
    static RUNS: Runs = Runs::new();
    static TOGETHER: Barrier = Barrier::new(8);
    #[memoize]
    fn slow(id: u64) -> u64 {
        RUNS.next()
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                TOGETHER.wait();
                assert_eq!(slow(1), 1);
            });
        }
    });
    assert_eq!(slow::cache_info().misses, 1);
}
