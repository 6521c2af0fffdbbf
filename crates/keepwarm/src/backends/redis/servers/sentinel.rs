//! The master of a service that Sentinel watches. It is asked for when it is needed and whenever it fails us: connections
//! are not moved after a failover by themselves.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use redis::{ServerErrorKind, Value};

use super::{bytes, checked, find_at, list, one};
use crate::backends::redis::address::Address;
use crate::backends::redis::failure::Failure;
use crate::backends::redis::link::{Found, Names, Node, Request, Ways, packed};
use crate::backends::redis::options::Login;
use crate::error::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(in crate::backends::redis) struct Sentinel {
    sentinels: Vec<Arc<Node>>,
    service: String,
    ways: Ways,
    tls: bool,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    master: Mutex<Option<Arc<Node>>>,
}

impl Sentinel {
    pub(super) fn new(addresses: &[Address], service: &str, login: &Login, ways: &Ways) -> Self {
        let mut own = ways.clone();
        own.login = login.clone();
        let sentinels = addresses.iter().map(|address| Arc::new(Node::new(address.clone(), own.clone()))).collect();
        let tls = matches!(addresses.first(), Some(Address::Tcp { tls: true, .. }));
        Self {
            sentinels,
            service: service.to_owned(),
            ways: ways.clone(),
            tls,
            nodes: Mutex::default(),
            master: Mutex::default(),
        }
    }

    pub(super) async fn master(&self) -> Result<Arc<Node>> {
        if let Some(master) = &*self.master.lock() {
            return Ok(Arc::clone(master));
        }
        let mut last = None;
        for sentinel in &self.sentinels {
            match self.ask_for_master(sentinel).await {
                Ok(Some(master)) => {
                    *self.master.lock() = Some(Arc::clone(&master));
                    return Ok(master);
                }
                Ok(None) => {}
                Err(error) => last = Some(error),
            }
        }
        let reason = format!("no sentinel knows a master of {:?} that answers as one", self.service);
        let error = Error::new(ErrorKind::Connection, reason);
        Err(match last {
            Some(cause) => error.with_source(cause),
            None => error,
        })
    }

    /// Whom this sentinel takes for the master, if that one says so too.
    async fn ask_for_master(&self, sentinel: &Arc<Node>) -> Result<Option<Arc<Node>>> {
        let question = packed(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", &self.service]);
        let answers = sentinel.ask(&Request::repeatable().and(question)).await;
        let answers = answers.map_err(|failure| failure.at(sentinel.address()))?;
        let mut parts = list(checked(one(answers))?).into_iter().filter_map(bytes);
        let text = |part: Option<Vec<u8>>| String::from_utf8(part.unwrap_or_default()).unwrap_or_default();
        let (host, port) = (text(parts.next()), text(parts.next()));
        let Ok(port) = port.parse() else { return Ok(None) };
        let address = Address::Tcp { host, port, tls: self.tls };
        let node = {
            let mut nodes = self.nodes.lock();
            let make = || Arc::new(Node::new(address.clone(), self.ways.clone()));
            Arc::clone(nodes.entry(address.clone()).or_insert_with(make))
        };
        let answers = node.ask(&Request::repeatable().and(packed(&["ROLE"]))).await;
        let answers = answers.map_err(|failure| failure.at(node.address()))?;
        let role = list(checked(one(answers))?).into_iter().next().and_then(bytes);
        Ok((role.as_deref() == Some(b"master")).then_some(node))
    }

    /// Another one may be the master by now.
    fn doubt(&self, node: &Arc<Node>) {
        let mut master = self.master.lock();
        if master.as_ref().is_some_and(|master| Arc::ptr_eq(master, node)) {
            *master = None;
        }
    }

    pub(super) async fn ask(&self, request: &Request) -> Result<Vec<Value>> {
        let master = self.master().await?;
        let again = match master.ask(request).await {
            Ok(answers) if answers.iter().any(is_no_master) => {
                self.doubt(&master);
                // A replica refuses every write; reads are harmless.
                Ok(answers)
            }
            Ok(answers) => return Ok(answers),
            Err(failure) => {
                self.doubt(&master);
                let unsent = matches!(failure, Failure::Unreachable(_));
                let error = failure.at(master.address());
                if !unsent && !request.is_repeatable() {
                    return Err(error);
                }
                Err(error)
            }
        };
        let Ok(now) = self.master().await else { return again };
        if Arc::ptr_eq(&now, &master) && again.is_err() {
            return again;
        }
        now.ask(request).await.map_err(|failure| {
            self.doubt(&now);
            failure.at(now.address())
        })
    }

    pub(super) async fn find(&self, names: Names<'_>) -> Result<Found> {
        let master = self.master().await?;
        let failure = match find_at(&master, names).await {
            Ok(found) => return found,
            Err(failure) => failure,
        };
        self.doubt(&master);
        let now = self.master().await;
        match now {
            Ok(now) if !Arc::ptr_eq(&now, &master) => find_at(&now, names).await.map_err(|failure| {
                self.doubt(&now);
                failure.at(now.address())
            })?,
            _ => Err(failure.at(master.address())),
        }
    }

    pub(super) fn close(&self) {
        self.nodes.lock().values().for_each(|node| node.close());
        self.sentinels.iter().for_each(|node| node.close());
    }
}

/// Whether the server says that it is not the one to write to.
fn is_no_master(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::ReadOnly))
}
