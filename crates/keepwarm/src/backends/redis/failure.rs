//! What can go wrong between a request and its answer, and what it is called outside.

use std::io;

use redis::{RedisError, ServerErrorKind};

use super::address::Address;
use crate::error::{Error, ErrorKind};

/// Why a request has no answer.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// No connection could be made: nothing was sent.
    Unreachable(RedisError),
    /// The connection broke: it may have been carried out.
    Broken(RedisError),
    /// The connection broke before anything of it was sent.
    Unsent(RedisError),
    /// There was no answer in time: it may have been carried out.
    TimedOut,
    /// The server does not let us in.
    Refused(RedisError),
    /// What is written in the settings cannot be used.
    Settings(String),
}

impl Failure {
    /// Of connecting and logging in.
    pub(super) fn of_connecting(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::Unreachable(error);
        }
        match error.kind() {
            redis::ErrorKind::AuthenticationFailed => Self::Refused(error),
            redis::ErrorKind::Io => Self::Unreachable(error),
            redis::ErrorKind::Server(kind) if is_passing(kind) => Self::Unreachable(error),
            redis::ErrorKind::Server(_) | redis::ErrorKind::Extension => Self::Refused(error),
            redis::ErrorKind::InvalidClientConfig => Self::Refused(error),
            _ => Self::Unreachable(error),
        }
    }

    /// Of a connection that is not logged in yet, over which nothing was asked.
    pub(super) fn before_login(self) -> Self {
        match self {
            Self::Broken(error) | Self::Unsent(error) => Self::Unreachable(error),
            Self::TimedOut => Self::Unreachable(io::Error::from(io::ErrorKind::TimedOut).into()),
            other => other,
        }
    }

    /// Of a request that was not sent any more.
    pub(super) fn unsent(self) -> Self {
        match self {
            Self::Broken(error) => Self::Unsent(error),
            Self::TimedOut => Self::Unsent(io::Error::from(io::ErrorKind::TimedOut).into()),
            other => other,
        }
    }

    /// Of answers that are not those to what was asked.
    pub(super) fn out_of_step() -> Self {
        Self::Broken((redis::ErrorKind::UnexpectedReturnType, "another answer than was asked for").into())
    }

    pub(super) fn of_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Broken(error.into()),
        }
    }

    /// The error as the cache's caller sees it.
    pub(super) fn at(self, address: &Address) -> Error {
        match self {
            Self::Unreachable(source) => {
                Error::new(ErrorKind::Connection, format!("no connection to {address}")).with_source(source)
            }
            Self::Broken(source) | Self::Unsent(source) => {
                Error::new(ErrorKind::Connection, format!("the connection to {address} broke")).with_source(source)
            }
            Self::TimedOut => Error::new(ErrorKind::Timeout, format!("{address} did not answer in time")),
            Self::Refused(source) => {
                Error::new(ErrorKind::Backend, format!("{address} refused the login")).with_source(source)
            }
            Self::Settings(reason) => Error::new(ErrorKind::Configuration, reason),
        }
    }
}

/// Whether the server says so only for now, so that the same request may succeed later or elsewhere.
pub(super) fn is_passing(kind: ServerErrorKind) -> bool {
    matches!(
        kind,
        ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
    )
}

/// The error that a server answered with.
pub(super) fn answered(error: &redis::ServerError) -> Error {
    let text = format!("{} {}", error.code(), error.details().unwrap_or_default());
    let kind = match error.kind() {
        Some(kind) if is_passing(kind) => ErrorKind::Connection,
        _ if error.code() == "BUSY" => ErrorKind::Connection,
        _ => ErrorKind::Backend,
    };
    Error::new(kind, format!("the server answered: {}", text.trim_end()))
}

/// The error of an answer that makes no sense.
pub(super) fn senseless(what: &str) -> Error {
    Error::new(ErrorKind::Backend, format!("the server's answer makes no sense: {what}"))
}
