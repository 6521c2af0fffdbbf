//! One server, or one and its replicas: writes go to the first, reads to any other.

use std::sync::Arc;

use redis::Value;

use super::find_at;
use crate::backends::redis::address::Address;
use crate::backends::redis::link::{Found, Names, Node, Request, Ways};
use crate::error::Result;

#[derive(Debug)]
pub(in crate::backends::redis) struct Fixed {
    first: Arc<Node>,
    others: Vec<Arc<Node>>,
}

impl Fixed {
    pub(super) fn new(addresses: &[Address], ways: &Ways) -> Self {
        let mut nodes = addresses.iter().map(|address| Arc::new(Node::new(address.clone(), ways.clone())));
        let first = nodes.next().expect("a URL names a server");
        Self { first, others: nodes.collect() }
    }

    pub(super) fn master(&self) -> Arc<Node> {
        Arc::clone(&self.first)
    }

    pub(super) async fn ask(&self, request: &Request) -> Result<Vec<Value>> {
        self.first.ask(request).await.map_err(|failure| failure.at(self.first.address()))
    }

    /// The only server, if it is.
    pub(super) fn only(&self) -> Option<&Arc<Node>> {
        self.others.is_empty().then_some(&self.first)
    }

    pub(super) async fn find(&self, names: Names<'_>, spread: bool) -> Result<Found> {
        if spread && !self.others.is_empty() {
            let other = &self.others[fastrand::usize(..self.others.len())];
            if let Ok(Ok(found)) = Box::pin(find_at(other, names)).await {
                return Ok(found);
            }
            // A replica that is down or still loading: the first server knows as well.
        }
        find_at(&self.first, names).await.map_err(|failure| failure.at(self.first.address()))?
    }

    pub(super) fn close(&self) {
        self.first.close();
        self.others.iter().for_each(|node| node.close());
    }
}
