//! `cache_key`, `invalidate` and `refresh` beside a function.

use std::sync::LazyLock;

use keepwarm::{Cache, cached};

use crate::support::{Runs, Unavailable};

// covers: R153
#[tokio::test]
async fn invalidate_makes_the_next_call_run_the_body() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn user(id: u64) -> u64 {
        RUNS.next()
    }

    assert!(!user::invalidate(1).await.unwrap());
    assert_eq!((user(1).await, user(2).await), (1, 2));
    assert!(user::invalidate(1).await.unwrap());
    assert_eq!((user(1).await, user(2).await), (3, 2));
}

// covers: R153
#[tokio::test]
async fn refresh_runs_the_body_and_swaps_its_result_in() {
    static RUNS: Runs = Runs::new();
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::memory);
    #[cached(timeout = "1h", tags = ["users"], cache = CACHE, version = 3)]
    async fn user(id: u64) -> u64 {
        RUNS.next()
    }

    assert_eq!(user(1).await, 1);
    assert_eq!(user::refresh(1).await.unwrap(), 2);
    assert_eq!(user(1).await, 2);
    CACHE.invalidate_tag("users").await.unwrap();
    assert_eq!(user(1).await, 3, "what a refresh keeps has the tags too");
    assert!(user::invalidate(1).await.unwrap());
}

// covers: R153
#[test]
fn companions_of_a_plain_function_are_plain_functions() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    fn user(id: u64) -> u64 {
        RUNS.next()
    }

    assert_eq!(user(1), 1);
    assert_eq!(user::refresh(1).unwrap(), 2);
    assert_eq!(user(1), 2);
    assert!(user::invalidate(1).unwrap());
    assert_eq!(user(1), 3);
    assert_eq!(
        user::cache_key(1).unwrap(),
        "macros::companions::companions_of_a_plain_function_are_plain_functions::user(1)"
    );
}

// covers: R153
#[tokio::test]
async fn a_failed_refresh_keeps_the_old_value_and_gives_the_error() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn user(id: u64) -> Result<u64, Unavailable> {
        let run = RUNS.next();
        if run == 2 { Err(Unavailable(run)) } else { Ok(run) }
    }

    assert_eq!(user(1).await.unwrap(), 1);
    assert_eq!(user::refresh(1).await.unwrap().unwrap_err().0, 2);
    assert_eq!(user(1).await.unwrap(), 1);
    assert_eq!(user::refresh(1).await.unwrap().unwrap(), 3);
    assert_eq!(user(1).await.unwrap(), 3);
}

// covers: R153
#[tokio::test]
async fn a_refresh_that_finds_nothing_removes_what_is_not_to_be_kept() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", none = false)]
    async fn user(id: u64) -> Option<u64> {
        let run = RUNS.next();
        (run != 2).then_some(run)
    }

    assert_eq!(user(1).await, Some(1));
    assert_eq!(user::refresh(1).await.unwrap(), None);
    assert_eq!(user(1).await, Some(3));
}

mod elsewhere {
    /// As public as its function.
    #[keepwarm::cached(timeout = "1h")]
    pub(crate) async fn visible(id: u64) -> u64 {
        id
    }
}

// covers: R153
#[tokio::test]
async fn one_import_brings_the_function_and_its_companions() {
    use elsewhere::visible;

    assert_eq!(visible(1).await, 1);
    assert_eq!(visible::refresh(1).await.unwrap(), 1);
    assert!(visible::invalidate(1).await.unwrap());
    assert_eq!(visible::cache_key(1).unwrap(), "macros::companions::elsewhere::visible(1)");
}
