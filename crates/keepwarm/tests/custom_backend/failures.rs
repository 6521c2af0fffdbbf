//! What a user's own errors mean to the cache and to the layers around the store.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use keepwarm::backends::custom::{Adapter, Custom, CustomError};
use keepwarm::layers::Breaker;
use keepwarm::{Cache, ErrorKind};

/// Fails always, as it was told.
struct Broken(Arc<dyn Fn() -> CustomError + Send + Sync>);

impl Custom for Broken {
    async fn get(&self, _key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        Err(self.0())
    }

    async fn set(&self, _key: &str, _value: Vec<u8>, _timeout: Option<Duration>) -> Result<(), CustomError> {
        Err(self.0())
    }

    async fn delete(&self, _key: &str) -> Result<bool, CustomError> {
        Err(self.0())
    }

    async fn clear(&self) -> Result<(), CustomError> {
        Err(self.0())
    }
}

/// A client's own error, with what went wrong as its cause.
#[derive(Debug)]
struct Client(io::Error);

impl std::fmt::Display for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the client failed")
    }
}

impl std::error::Error for Client {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn builder(error: impl Fn() -> CustomError + Send + Sync + 'static) -> keepwarm::CacheBuilder {
    Cache::builder().backend(Adapter::new(Broken(Arc::new(error))))
}

fn kinds(error: impl Fn() -> CustomError + Send + Sync + 'static) -> [ErrorKind; 4] {
    let cache = builder(error).build().unwrap();
    [
        cache.get::<i32>("key").wait().unwrap_err().kind(),
        cache.set("key", &1).wait().unwrap_err().kind(),
        cache.delete("key").wait().unwrap_err().kind(),
        cache.clear_store().wait().unwrap_err().kind(),
    ]
}

#[test]
fn a_store_that_cannot_be_reached_is_told_from_one_that_answered_with_an_error() {
    for gone in [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::NotConnected,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::UnexpectedEof,
    ] {
        assert_eq!(kinds(move || io::Error::from(gone).into()), [ErrorKind::Connection; 4], "{gone}");
        assert_eq!(kinds(move || Client(gone.into()).into()), [ErrorKind::Connection; 4], "the cause: {gone}");
    }
    for late in [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock] {
        assert_eq!(kinds(move || io::Error::from(late).into()), [ErrorKind::Timeout; 4], "{late}");
    }
    for answered in [io::ErrorKind::PermissionDenied, io::ErrorKind::NotFound, io::ErrorKind::InvalidData] {
        assert_eq!(kinds(move || io::Error::from(answered).into()), [ErrorKind::Backend; 4], "{answered}");
    }
    assert_eq!(kinds(|| "no such table".into()), [ErrorKind::Backend; 4]);
}

#[test]
fn what_timed_out_under_tokio_is_a_timeout() {
    let elapsed = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let late = runtime.block_on(async { tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await });
        late.unwrap_err().into()
    };
    assert_eq!(kinds(elapsed), [ErrorKind::Timeout; 4]);
}

#[test]
fn a_breaker_opens_on_a_store_of_ones_own_that_is_gone_and_not_on_one_that_refuses() {
    let gone =
        builder(|| io::Error::from(io::ErrorKind::ConnectionRefused).into()).layer(Breaker::new()).build().unwrap();
    let refusing = builder(|| "no such table".into()).layer(Breaker::new()).build().unwrap();
    for _ in 0..3 {
        assert!(gone.get::<i32>("key").wait().is_err());
        assert!(refusing.get::<i32>("key").wait().is_err());
    }
    assert!(gone.stats().wait().unwrap().health.is_down());
    let turned_away = gone.get::<i32>("key").wait().unwrap_err();
    assert!(turned_away.to_string().contains("the store is down"), "{turned_away}");
    assert!(!refusing.stats().wait().unwrap().health.is_down());
}
