//! Free functions: what is cached, under which key, for how long.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use keepwarm::clock::{Clock, ManualClock};
use keepwarm::{Cache, Ttl, cached, hours};
use tokio::sync::Semaphore;

use crate::support::{Pool, Runs, Unavailable, User};

// covers: R146 R155
#[tokio::test]
async fn equal_arguments_do_not_run_the_body_again_and_others_do() {
    static RUNS: Runs = Runs::new();
    #[cached(ttl = 3600)]
    async fn user(id: u64) -> User {
        User { id, run: RUNS.next() }
    }

    assert_eq!(user(1).await, User { id: 1, run: 1 });
    assert_eq!(user(1).await, User { id: 1, run: 1 });
    assert_eq!(user(2).await, User { id: 2, run: 2 });
    assert_eq!(RUNS.count(), 2);
}

// covers: R150 R155
#[test]
fn a_plain_function_is_cached_without_a_runtime() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    fn user(id: u64) -> User {
        User { id, run: RUNS.next() }
    }

    assert_eq!(user(1).run, 1);
    assert_eq!(user(1).run, 1);
    assert_eq!(user(2).run, 2);
}

// covers: R147 R155
#[tokio::test]
async fn the_key_is_what_the_template_says() {
    static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::builder().key_prefix("app").build().unwrap());
    #[cached(timeout = "1h", key = "user:{user_id}", cache = CACHE, version = 2)]
    async fn by_template(user_id: u64) -> u64 {
        user_id
    }
    #[cached(key = "format!(\"user:{user_id:04}\")", cache = CACHE)]
    async fn by_format_in_a_text(user_id: u64) -> u64 {
        user_id
    }
    #[cached(key = user_key(user_id), cache = CACHE)]
    async fn by_function(user_id: u64) -> u64 {
        user_id
    }
    fn user_key(user_id: u64) -> String {
        format!("u{user_id}")
    }
    #[cached(key = "{{{user.id}}}:{type:?}", cache = CACHE, skip(_pool))]
    async fn by_fields(user: User, r#type: &str, _pool: &Pool) -> u64 {
        user.id
    }

    by_template(7).await;
    assert_eq!(by_template::cache_key(7).unwrap(), "user:7");
    assert_eq!(CACHE.get::<u64>("user:7").version(2).await.unwrap(), Some(7));
    by_format_in_a_text(7).await;
    assert_eq!(CACHE.get::<u64>("user:0007").await.unwrap(), Some(7));
    by_function(7).await;
    assert_eq!(CACHE.get::<u64>("u7").await.unwrap(), Some(7));
    by_fields(User { id: 7, run: 0 }, "a", &Pool).await;
    assert_eq!(CACHE.get::<u64>("{7}:\"a\"").await.unwrap(), Some(7));
}

// covers: R146
#[tokio::test]
async fn every_form_of_a_timeout_is_kept_as_it_says() {
    static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);
    static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::builder().clock(Clock::manual(&CLOCK)).build().unwrap());
    const LONG: Duration = hours(5);

    #[cached(timeout = "1h30m", key = "text", cache = CACHE)]
    async fn text() -> u8 {
        1
    }
    #[cached(timeout = 90, key = "seconds", cache = CACHE)]
    async fn seconds() -> u8 {
        1
    }
    #[cached(timeout = "never", key = "never", cache = CACHE)]
    async fn never() -> u8 {
        1
    }
    #[cached(timeout = LONG, key = "expression", cache = CACHE)]
    async fn expression() -> u8 {
        1
    }
    #[cached(timeout = hours(days * 24), key = "of an argument:{days}", cache = CACHE)]
    async fn of_an_argument(days: u64) -> u8 {
        1
    }
    #[cached(key = "default", cache = CACHE)]
    async fn default() -> u8 {
        1
    }

    text().await;
    seconds().await;
    never().await;
    expression().await;
    of_an_argument(2).await;
    default().await;
    let ttl = async |key| CACHE.ttl(key).await.unwrap();
    assert_eq!(ttl("text").await, Ttl::Left(Duration::from_secs(5400)));
    assert_eq!(ttl("seconds").await, Ttl::Left(Duration::from_secs(90)));
    assert_eq!(ttl("never").await, Ttl::Never);
    assert_eq!(ttl("expression").await, Ttl::Left(LONG));
    assert_eq!(ttl("of an argument:2").await, Ttl::Left(hours(48)));
    assert_eq!(ttl("default").await, Ttl::Left(Duration::from_secs(300)));

    CLOCK.advance(Duration::from_secs(5400));
    assert_eq!(ttl("text").await, Ttl::Absent);
}

// covers: R155
#[tokio::test]
async fn tags_tie_the_entry() {
    static RUNS: Runs = Runs::new();
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::memory);
    #[cached(timeout = "1h", tags = ["user:{id}", "users", String::from("all")], cache = CACHE)]
    async fn user(id: u64) -> u64 {
        RUNS.next()
    }
    fn tags_of(id: u64) -> Vec<String> {
        vec![format!("user:{id}")]
    }
    #[cached(timeout = "1h", tags = tags_of(id), cache = CACHE)]
    fn other(id: u64) -> u64 {
        RUNS.next()
    }

    assert_eq!((user(1).await, user(2).await, other(1)), (1, 2, 3));
    CACHE.invalidate_tag("user:1").await.unwrap();
    assert_eq!((user(1).await, user(2).await, other(1)), (4, 2, 5));
    CACHE.invalidate_tag("all").await.unwrap();
    assert_eq!((user(1).await, user(2).await, other(1)), (6, 7, 5));
}

// covers: R152
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_misses_run_the_body_once() {
    static RUNS: Runs = Runs::new();
    static GATE: Semaphore = Semaphore::const_new(0);
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::memory);
    #[cached(timeout = "1h", cache = CACHE)]
    async fn slow(id: u64) -> u64 {
        let run = RUNS.next();
        GATE.acquire().await.unwrap().forget();
        run
    }

    let callers: Vec<_> = (0..32).map(|_| tokio::spawn(slow(1))).collect();
    // All others wait for the one that runs before it may go on.
    while CACHE.stats().await.unwrap().waits < 31 {
        tokio::task::yield_now().await;
    }
    GATE.add_permits(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 1);
    }
    assert_eq!(RUNS.count(), 1);
}

// covers: R152
#[test]
fn concurrent_misses_of_threads_run_the_body_once() {
    static RUNS: Runs = Runs::new();
    static TOGETHER: std::sync::Barrier = std::sync::Barrier::new(8);
    #[cached(timeout = "1h")]
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
    assert_eq!(RUNS.count(), 1);
}

// covers: R122
#[tokio::test]
async fn a_caller_who_goes_away_does_not_stop_the_body() {
    static GATE: Semaphore = Semaphore::const_new(0);
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn slow(id: u64) -> u64 {
        GATE.acquire().await.unwrap().forget();
        RUNS.next()
    }

    let caller = tokio::spawn(slow(1));
    tokio::task::yield_now().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    GATE.add_permits(2);
    assert_eq!(slow(1).await, 1);
    assert_eq!(slow(1).await, 1);
}

// covers: R151
#[tokio::test]
async fn the_default_alias_and_an_object_are_caches() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", cache = "default")]
    async fn by_alias(id: u64) -> u64 {
        RUNS.next()
    }
    #[cached(timeout = "1h", cache = cache, skip(cache))]
    async fn by_argument(cache: &Cache, id: u64) -> u64 {
        RUNS.next()
    }
    #[cached(timeout = "1h", cache = Arc::clone(&cache), skip(cache))]
    fn by_expression(cache: Arc<Cache>, id: u64) -> u64 {
        RUNS.next()
    }

    assert_eq!((by_alias(1).await, by_alias(1).await), (1, 1));
    let found = keepwarm::cache().get::<u64>(&by_alias::cache_key(1).unwrap()).await;
    assert_eq!(found.unwrap(), Some(1));

    let cache = Cache::memory();
    assert_eq!((by_argument(&cache, 1).await, by_argument(&cache, 1).await), (2, 2));
    assert!(by_argument::invalidate(&cache, 1).await.unwrap());
    assert_eq!(by_argument(&cache, 1).await, 3);

    let cache = Arc::new(cache);
    assert_eq!((by_expression(cache.clone(), 1), by_expression(cache, 1)), (4, 4));
}

#[tokio::test]
async fn lints_conditions_and_documentation_stay() {
    /// Squares.
    #[cached(timeout = "1h")]
    #[cfg(not(any()))]
    #[expect(clippy::too_many_arguments)]
    async fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u32 {
        u32::from(a) + u32::from(b) + u32::from(c) + u32::from(d) + u32::from(e + f + g + h)
    }
    #[cached(timeout = "1h")]
    #[cfg(any())]
    async fn absent(a: NoSuchType) -> u32 {
        1
    }
    assert_eq!(many(1, 1, 1, 1, 1, 1, 1, 1).await, 8);
}

#[tokio::test]
async fn question_marks_and_early_returns_work_in_bodies() {
    #[cached(timeout = "1h")]
    async fn parse(text: &str) -> Result<u32, Unavailable> {
        if text.is_empty() {
            return Ok(0);
        }
        let number: u32 = text.parse().map_err(|_| Unavailable(1))?;
        Ok(number)
    }
    assert_eq!(parse("").await.unwrap(), 0);
    assert_eq!(parse("7").await.unwrap(), 7);
    assert_eq!(parse("x").await.unwrap_err().0, 1);
}
