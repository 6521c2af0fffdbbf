//! What a user's own error means to the layers around the store.

use std::error::Error as StdError;
use std::io;

use super::CustomError;
use crate::error::{Error, ErrorKind};

/// The kind of what went wrong in a user's store: a breaker counts what says that the store is gone or hangs, and nothing
/// else. Looked for in the error and in its causes, so that clients that wrap theirs are understood too.
pub(super) fn kind_of(error: &CustomError) -> ErrorKind {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&**error);
    while let Some(error) = cause {
        if let Some(kind) = transient(error) {
            return kind;
        }
        cause = error.source();
    }
    ErrorKind::Backend
}

fn transient(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    if let Some(error) = error.downcast_ref::<Error>() {
        return Some(error.kind()).filter(|_| error.is_transient());
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return Some(ErrorKind::Timeout);
    }
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof, WouldBlock,
    };
    match error.downcast_ref::<io::Error>()?.kind() {
        TimedOut | WouldBlock => Some(ErrorKind::Timeout),
        BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset | HostUnreachable | NetworkDown
        | NetworkUnreachable | NotConnected | UnexpectedEof => Some(ErrorKind::Connection),
        _ => None,
    }
}
