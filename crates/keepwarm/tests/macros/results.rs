//! What of a result is kept.

use keepwarm::cached;

use crate::support::{Runs, Unavailable};

// covers: R151
#[tokio::test]
async fn none_zero_and_empty_are_kept() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn none(id: u64) -> Option<u64> {
        RUNS.next();
        None
    }
    #[cached(timeout = "1h")]
    async fn zero(id: u64) -> u64 {
        RUNS.next();
        0
    }
    #[cached(timeout = "1h")]
    fn empty(id: u64) -> Vec<String> {
        RUNS.next();
        Vec::new()
    }

    for _ in 0..3 {
        assert_eq!(none(1).await, None);
        assert_eq!(zero(1).await, 0);
        assert_eq!(empty(1), Vec::<String>::new());
    }
    assert_eq!(RUNS.count(), 3);
}

// covers: R151
#[tokio::test]
async fn errors_are_not_kept_and_reach_the_caller_as_they_are() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn user(id: u64) -> Result<u64, Unavailable> {
        let run = RUNS.next();
        if run < 3 { Err(Unavailable(run)) } else { Ok(run) }
    }

    assert_eq!(user(1).await.unwrap_err().0, 1);
    assert_eq!(user(1).await.unwrap_err().0, 2);
    assert_eq!(user(1).await.unwrap(), 3);
    assert_eq!(user(1).await.unwrap(), 3);
}

type Answer<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

// covers: R151
#[tokio::test]
async fn a_result_is_known_under_any_name() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn by_alias(id: u64) -> Answer<u64> {
        let run = RUNS.next();
        if run == 1 { Err("not yet".into()) } else { Ok(run) }
    }
    #[cached(timeout = "1h")]
    fn of_io(id: u64) -> std::io::Result<u64> {
        let run = RUNS.next();
        if run == 3 { Err(std::io::Error::other("not yet")) } else { Ok(run) }
    }

    assert_eq!(by_alias(1).await.unwrap_err().to_string(), "not yet");
    assert_eq!((by_alias(1).await.unwrap(), by_alias(1).await.unwrap()), (2, 2));
    assert_eq!(of_io(1).unwrap_err().to_string(), "not yet");
    assert_eq!((of_io(1).unwrap(), of_io(1).unwrap()), (4, 4));
}

// covers: R151
#[tokio::test]
async fn none_is_not_kept_where_it_is_not_to_be() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h", none = false)]
    async fn plain(id: u64) -> Option<u64> {
        let run = RUNS.next();
        (run > 1).then_some(run)
    }
    #[cached(timeout = "1h", none = false)]
    fn fallible(id: u64) -> Result<Option<u64>, Unavailable> {
        match RUNS.next() {
            3 => Ok(None),
            4 => Err(Unavailable(4)),
            run => Ok(Some(run)),
        }
    }

    assert_eq!((plain(1).await, plain(1).await, plain(1).await), (None, Some(2), Some(2)));
    assert_eq!(fallible(1).unwrap(), None);
    assert_eq!(fallible(1).unwrap_err().0, 4);
    assert_eq!((fallible(1).unwrap(), fallible(1).unwrap()), (Some(5), Some(5)));
}

// covers: R151
#[tokio::test]
async fn a_kept_none_of_a_fallible_function_is_a_hit() {
    static RUNS: Runs = Runs::new();
    #[cached(timeout = "1h")]
    async fn user(id: u64) -> Result<Option<u64>, Unavailable> {
        RUNS.next();
        Ok(None)
    }
    assert_eq!((user(1).await.unwrap(), user(1).await.unwrap()), (None, None));
    assert_eq!(RUNS.count(), 1);
}
