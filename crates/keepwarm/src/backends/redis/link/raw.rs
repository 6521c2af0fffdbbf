//! The crate's own commands over connections of ours, for raw access.

use std::fmt;
use std::io;
use std::sync::Arc;

use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Value};

use super::shared::Place;
use super::{Borrowed, Node};
use crate::backends::redis::failure::Failure;

/// The connection that the tasks of a runtime share, for the `redis` crate's commands; clones are the same one. It is made
/// anew when it breaks.
#[derive(Clone)]
pub struct Shared {
    node: Arc<Node>,
    /// Keeps the connection while the store is dropped.
    _place: Arc<Place>,
}

impl Shared {
    pub(super) fn new(node: Arc<Node>, place: Arc<Place>) -> Self {
        Self { node, _place: place }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RedisSharedConnection").field(&self.node.address).finish()
    }
}

impl redis::aio::ConnectionLike for Shared {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let packed = command.get_packed_command();
            one(self.node.shared.ask(&self.node, &packed, 1).await.map_err(raw)?)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let packed = pipeline.get_packed_pipeline();
            let mut answers = self.node.shared.ask(&self.node, &packed, offset + count).await.map_err(raw)?;
            Ok(answers.split_off(offset))
        })
    }

    fn get_db(&self) -> i64 {
        self.node.ways.login.database
    }
}

impl redis::ConnectionLike for Borrowed {
    fn req_packed_command(&mut self, packed: &[u8]) -> RedisResult<Value> {
        one(self.ask_packed(packed, 1).map_err(raw)?)
    }

    fn req_packed_commands(&mut self, packed: &[u8], offset: usize, count: usize) -> RedisResult<Vec<Value>> {
        let mut answers = self.ask_packed(packed, offset + count).map_err(raw)?;
        Ok(answers.split_off(offset))
    }

    fn get_db(&self) -> i64 {
        self.database()
    }

    fn check_connection(&mut self) -> bool {
        self.req_packed_command(&redis::cmd("PING").get_packed_command()).is_ok()
    }

    fn is_open(&self) -> bool {
        self.is_usable()
    }
}

fn one(mut answers: Vec<Value>) -> RedisResult<Value> {
    answers.pop().ok_or_else(|| RedisError::from((ErrorKind::Client, "no answer")))?.extract_error()
}

fn raw(failure: Failure) -> RedisError {
    match failure {
        Failure::Unreachable(error) | Failure::Broken(error) | Failure::Unsent(error) | Failure::Refused(error) => {
            error
        }
        Failure::TimedOut => io::Error::from(io::ErrorKind::TimedOut).into(),
        Failure::Settings(reason) => (ErrorKind::InvalidClientConfig, "settings", reason).into(),
    }
}
