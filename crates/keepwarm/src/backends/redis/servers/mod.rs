//! Which server a request goes to.

mod cluster;
mod fixed;
mod join;
mod sentinel;

use std::sync::Arc;

use redis::{Cmd, Value};

use super::failure::Failure;
use super::failure::{answered, senseless};
use super::link::{Answer, Begun, Found, Names, Node, Request, Said, Ways};
use super::options::{RedisOptions, Topology};
use super::scripts::Script;
use crate::error::Result;
use cluster::Cluster;
use fixed::Fixed;
use sentinel::Sentinel;

/// All servers of a store.
#[derive(Debug)]
pub(super) enum Servers {
    Fixed(Fixed),
    Sentinel(Sentinel),
    Cluster(Cluster),
}

impl Servers {
    pub(super) fn new(options: &RedisOptions) -> Self {
        let ways = Ways::of(options);
        match &options.topology {
            Topology::Fixed(addresses) => Self::Fixed(Fixed::new(addresses, &ways)),
            Topology::Sentinel { sentinels, service } => {
                Self::Sentinel(Sentinel::new(sentinels, service, &options.sentinel_login, &ways))
            }
            Topology::Cluster(seeds) => Self::Cluster(Cluster::new(seeds, &ways)),
        }
    }

    /// Whether everything lies on one server, so that a script can look at any key.
    pub(super) fn is_one_place(&self) -> bool {
        match self {
            Self::Fixed(_) | Self::Sentinel(_) => true,
            Self::Cluster(_) => false,
        }
    }

    /// Asks the server that `key` is written on. Errors among the answers are the caller's to look at.
    pub(super) async fn ask(&self, key: &str, request: &Request) -> Result<Vec<Value>> {
        match self {
            Self::Fixed(fixed) => fixed.ask(request).await,
            Self::Sentinel(sentinel) => sentinel.ask(request).await,
            Self::Cluster(cluster) => cluster.ask(key, request).await,
        }
    }

    /// Carries out commands on the servers that their keys are written on, in one trip to each; an answer for each.
    pub(super) async fn scatter(&self, commands: Vec<(String, Cmd)>, repeatable: bool) -> Result<Vec<Value>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        if let Self::Cluster(cluster) = self {
            return cluster.scatter(commands, repeatable).await;
        }
        let request = if repeatable { Request::repeatable() } else { Request::once() };
        self.ask("", &commands.into_iter().fold(request, |request, (_, command)| request.and(command))).await
    }

    /// What lies under the keys, in one trip to each server. What is no string is not there.
    pub(super) async fn read(&self, keys: &[&str], spread: bool) -> Result<Vec<Option<Vec<u8>>>> {
        let found = self.find(Names { own: keys, beside: &[] }, spread).await?;
        Ok((0..keys.len()).map(|at| found.own(at).map(Vec::from)).collect())
    }

    /// The same, in one command with what others read at the same time. One server without replicas is asked on the
    /// shortest way: what is moved from future to future costs a read more than its request.
    pub(super) async fn find(&self, names: Names<'_>, spread: bool) -> Result<Found> {
        let Self::Fixed(fixed) = self else { return Box::pin(self.find_somewhere(names)).await };
        let Some(node) = fixed.only() else { return Box::pin(fixed.find(names, spread)).await };
        let first = match node.begin(names) {
            Begun::Done(answer) => answer,
            Begun::Asked(asking) => asking.await.and_then(Said::read),
            Begun::Not => return Box::pin(fixed.find(names, spread)).await,
        };
        match first {
            Ok(Answer::Found(found)) => Ok(found),
            Ok(Answer::Refused { error, to_others: false }) => Err(answered(&error)),
            Err(failure) if !node.is_worth_another_try(&failure) => Err(failure.at(node.address())),
            unsettled => Box::pin(settle(node, names, unsettled)).await,
        }
    }

    async fn find_somewhere(&self, names: Names<'_>) -> Result<Found> {
        match self {
            Self::Fixed(fixed) => fixed.find(names, true).await,
            Self::Sentinel(sentinel) => sentinel.find(names).await,
            Self::Cluster(cluster) => {
                let commands = names.all().map(|key| (key.to_owned(), mget(&[key]))).collect();
                let answers = cluster.scatter(commands, true).await?;
                let first = |answer| Ok(list(checked(answer)?).into_iter().next().and_then(bytes));
                Ok(Found::apart(names, answers.into_iter().map(first).collect::<Result<_>>()?))
            }
        }
    }

    /// Every server that is written on.
    pub(super) async fn masters(&self) -> Result<Vec<Arc<Node>>> {
        match self {
            Self::Fixed(fixed) => Ok(vec![fixed.master()]),
            Self::Sentinel(sentinel) => Ok(vec![sentinel.master().await?]),
            Self::Cluster(cluster) => cluster.masters().await,
        }
    }

    /// Calls a script on the server of `key`, by its hash where the server knows it.
    pub(super) async fn call(&self, key: &str, script: &Script, rest: &Cmd, repeatable: bool) -> Result<Value> {
        let request = |command: Cmd| if repeatable { Request::repeatable() } else { Request::once() }.and(command);
        let by_hash = script_command("EVALSHA", &script.hash, rest);
        let answer = one(self.ask(key, &request(by_hash)).await?);
        if let Value::ServerError(error) = &answer
            && error.code() == "NOSCRIPT"
        {
            let in_full = script_command("EVAL", &script.text, rest);
            return checked(one(self.ask(key, &request(in_full)).await?));
        }
        checked(answer)
    }

    pub(super) fn close(&self) {
        match self {
            Self::Fixed(fixed) => fixed.close(),
            Self::Sentinel(sentinel) => sentinel.close(),
            Self::Cluster(cluster) => cluster.close(),
        }
    }
}

/// `EVAL` or `EVALSHA` of a script with the keys and arguments of `rest`.
pub(super) fn script_command(verb: &str, script: &str, rest: &Cmd) -> Cmd {
    let mut command = redis::cmd(verb);
    command.arg(script);
    for argument in rest.args_iter() {
        if let redis::Arg::Simple(bytes) = argument {
            command.arg(bytes);
        }
    }
    command
}

/// The answer to the only command.
pub(super) fn one(answers: Vec<Value>) -> Value {
    answers.into_iter().next().unwrap_or(Value::Nil)
}

/// The answer, or the error that it is.
pub(super) fn checked(answer: Value) -> Result<Value> {
    match answer {
        Value::ServerError(error) => Err(answered(&error)),
        answer => Ok(answer),
    }
}

/// The bytes in an answer, where there are any.
pub(super) fn bytes(answer: Value) -> Option<Vec<u8>> {
    match answer {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        Value::Int(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// The parts of an answer that is a list.
pub(super) fn list(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(parts) => parts,
        other => vec![other],
    }
}

/// An `MGET` of these keys.
pub(super) fn mget(keys: &[&str]) -> Cmd {
    let mut command = redis::cmd("MGET");
    for key in keys {
        command.arg(*key);
    }
    command
}

/// Reads from one server. What was refused to several at once each asks for again alone: it may be another's names that are
/// not to be read.
async fn find_at(node: &Arc<Node>, names: Names<'_>) -> Result<Result<Found>, Failure> {
    said_at(node, names, node.read(names).await?).await
}

/// Goes on from a first answer that is not enough, or from a failure after which it may be asked once more.
async fn settle(node: &Arc<Node>, names: Names<'_>, first: Result<Answer, Failure>) -> Result<Found> {
    let again = match first {
        Ok(answer) => Ok(answer),
        Err(_) => node.read_once(names).await,
    };
    let said = match again {
        Ok(answer) => said_at(node, names, answer).await,
        Err(failure) => Err(failure),
    };
    said.map_err(|failure| failure.at(node.address()))?
}

async fn said_at(node: &Arc<Node>, names: Names<'_>, answer: Answer) -> Result<Result<Found>, Failure> {
    match answer {
        Answer::Found(found) => Ok(Ok(found)),
        Answer::Refused { error, to_others: false } => Ok(Err(answered(&error))),
        Answer::Refused { to_others: true, .. } => Box::pin(find_alone(node, names)).await,
    }
}

async fn find_alone(node: &Arc<Node>, names: Names<'_>) -> Result<Result<Found>, Failure> {
    let keys: Vec<&str> = names.all().collect();
    let answers = node.ask(&Request::repeatable().and(mget(&keys))).await?;
    Ok(checked(one(answers)).and_then(|answer| {
        let found: Vec<_> = list(answer).into_iter().map(bytes).collect();
        let whole = found.len() == keys.len();
        if whole { Ok(Found::apart(names, found)) } else { Err(senseless("other values than were asked for")) }
    }))
}
