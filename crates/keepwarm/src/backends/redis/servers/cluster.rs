//! The masters of a cluster: who has which slot, and following them when slots move.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, ServerErrorKind, Value};

use super::join::join;
use super::{bytes, checked, list, one};
use crate::backends::redis::address::Address;
use crate::backends::redis::failure::Failure;
use crate::backends::redis::link::{Node, Request, Ways, packed};
use crate::backends::redis::names::slot;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// How often a request follows a slot that moves before it is given up.
const FOLLOWS: usize = 6;

/// A slot whose keys are just being moved one by one: they come together again soon.
const MOVING_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(in crate::backends::redis) struct Cluster {
    seeds: Vec<Address>,
    ways: Ways,
    tls: bool,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    map: Mutex<Option<Arc<Map>>>,
}

/// Who has which slots, as one of the nodes knew it.
#[derive(Debug)]
struct Map {
    /// First slot, last slot, and the master of them; in the order of slots.
    ranges: Vec<(u16, u16, Arc<Node>)>,
    masters: Vec<Arc<Node>>,
}

impl Map {
    fn owner(&self, slot: u16) -> Option<&Arc<Node>> {
        let found = self.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        found.map(|(_, _, node)| node)
    }
}

/// Where a server sends us.
enum Redirect {
    /// The slot lies elsewhere now.
    Moved,
    /// This key may already lie there.
    Ask(Address),
    /// Not all keys are in one place just now, or nobody is in charge.
    Later,
}

impl Cluster {
    pub(super) fn new(seeds: &[Address], ways: &Ways) -> Self {
        let tls = matches!(seeds.first(), Some(Address::Tcp { tls: true, .. }));
        Self { seeds: seeds.to_vec(), ways: ways.clone(), tls, nodes: Mutex::default(), map: Mutex::default() }
    }

    fn node(&self, address: &Address) -> Arc<Node> {
        let mut nodes = self.nodes.lock();
        let make = || Arc::new(Node::new(address.clone(), self.ways.clone()));
        Arc::clone(nodes.entry(address.clone()).or_insert_with(make))
    }

    async fn map(&self) -> Result<Arc<Map>> {
        if let Some(map) = &*self.map.lock() {
            return Ok(Arc::clone(map));
        }
        self.look().await
    }

    /// Asks one node after the other who has which slots.
    async fn look(&self) -> Result<Arc<Map>> {
        let mut asked: Vec<Address> = self.seeds.clone();
        let known: Vec<Address> = self.nodes.lock().keys().cloned().collect();
        asked.extend(known.into_iter().filter(|address| !self.seeds.contains(address)));
        let mut last = None;
        for address in asked {
            match self.ask_for_map(&address).await {
                Ok(map) => {
                    let map = Arc::new(map);
                    *self.map.lock() = Some(Arc::clone(&map));
                    return Ok(map);
                }
                Err(error) => last = Some(error),
            }
        }
        let error = Error::new(ErrorKind::Connection, "no node of the cluster tells who has which slots");
        Err(match last {
            Some(cause) => error.with_source(cause),
            None => error,
        })
    }

    async fn ask_for_map(&self, address: &Address) -> Result<Map> {
        let node = self.node(address);
        let answers = node.ask(&Request::repeatable().and(packed(&["CLUSTER", "SLOTS"]))).await;
        let answers = answers.map_err(|failure| failure.at(address))?;
        let mut map = Map { ranges: Vec::new(), masters: Vec::new() };
        for range in list(checked(one(answers))?) {
            let mut parts = list(range).into_iter();
            let number = |part: Option<Value>| match part {
                Some(Value::Int(number)) => u16::try_from(number).ok(),
                _ => None,
            };
            let (first, last) = (number(parts.next()), number(parts.next()));
            let mut master = parts.next().map(list).unwrap_or_default().into_iter();
            let host = master.next().and_then(bytes).and_then(|host| String::from_utf8(host).ok());
            let (Some(first), Some(last), Some(port)) = (first, last, number(master.next())) else { continue };
            let host = match (host.filter(|host| !host.is_empty() && host != "?"), address) {
                (Some(host), _) => host,
                // A node that does not know its own address is where we asked.
                (None, Address::Tcp { host, .. }) => host.clone(),
                (None, Address::Unix(_)) => continue,
            };
            let node = self.node(&Address::Tcp { host, port, tls: self.tls });
            if !map.masters.iter().any(|known| Arc::ptr_eq(known, &node)) {
                map.masters.push(Arc::clone(&node));
            }
            map.ranges.push((first, last, node));
        }
        if map.ranges.is_empty() {
            return Err(Error::new(ErrorKind::Connection, format!("{address} knows of no slots")));
        }
        // In an order that does not depend on whom we asked: a scan goes from one to the next.
        map.masters.sort_by_key(|node| node.address().to_string());
        Ok(map)
    }

    pub(super) async fn masters(&self) -> Result<Vec<Arc<Node>>> {
        Ok(self.look().await?.masters.clone())
    }

    async fn owner(&self, slot: u16) -> Result<Arc<Node>> {
        let map = self.map().await?;
        match map.owner(slot) {
            Some(node) => Ok(Arc::clone(node)),
            None => {
                let map = self.look().await?;
                let nobody = || Error::new(ErrorKind::Connection, format!("nobody has the slot {slot}"));
                map.owner(slot).cloned().ok_or_else(nobody)
            }
        }
    }

    /// Asks the master of a key's slot, and follows it where it moves.
    pub(super) async fn ask(&self, key: &str, request: &Request) -> Result<Vec<Value>> {
        let slot = slot(key);
        let mut node = self.owner(slot).await?;
        let mut answers = Vec::new();
        for _ in 0..FOLLOWS {
            answers = match node.ask(request).await {
                Ok(answers) => answers,
                Err(failure) => {
                    let unsent = matches!(failure, Failure::Unreachable(_));
                    let error = failure.at(node.address());
                    if !unsent && !request.is_repeatable() {
                        return Err(error);
                    }
                    // Another one may have taken its place.
                    let now = match self.look().await {
                        Ok(map) => map.owner(slot).cloned(),
                        Err(_) => None,
                    };
                    match now {
                        Some(now) if !Arc::ptr_eq(&now, &node) => node = now,
                        _ => return Err(error),
                    }
                    continue;
                }
            };
            match self.redirect(&answers) {
                None => return Ok(answers),
                Some(Redirect::Moved) => {
                    self.look().await?;
                    node = self.owner(slot).await?;
                }
                Some(Redirect::Ask(address)) => {
                    let there = self.node(&address);
                    let asked = there.ask(&request.asking()).await.map_err(|failure| failure.at(&address))?;
                    // Every second answer is to ASKING itself.
                    let asked: Vec<Value> = asked.into_iter().skip(1).step_by(2).collect();
                    if self.redirect(&asked).is_none() {
                        return Ok(asked);
                    }
                    Clock::system().sleep(MOVING_PAUSE).await;
                }
                Some(Redirect::Later) => Clock::system().sleep(MOVING_PAUSE).await,
            }
        }
        Ok(answers)
    }

    fn redirect(&self, answers: &[Value]) -> Option<Redirect> {
        let error = answers.iter().find_map(|answer| match answer {
            Value::ServerError(error) => Some(error),
            _ => None,
        })?;
        match error.kind()? {
            ServerErrorKind::Moved => Some(Redirect::Moved),
            ServerErrorKind::Ask => {
                let (_, place) = error.details()?.rsplit_once(' ')?;
                let (host, port) = place.rsplit_once(':')?;
                Some(Redirect::Ask(Address::Tcp { host: host.to_owned(), port: port.parse().ok()?, tls: self.tls }))
            }
            ServerErrorKind::TryAgain => Some(Redirect::Later),
            _ => None,
        }
    }

    /// Carries out commands on the masters of their keys, all at once.
    pub(super) async fn scatter(&self, commands: Vec<(String, Cmd)>, repeatable: bool) -> Result<Vec<Value>> {
        let empty = || if repeatable { Request::repeatable() } else { Request::once() };
        let mut groups: Vec<(Arc<Node>, Vec<usize>, Request)> = Vec::new();
        for (at, (key, command)) in commands.iter().enumerate() {
            let node = self.owner(slot(key)).await?;
            match groups.iter_mut().find(|(known, ..)| Arc::ptr_eq(known, &node)) {
                Some((_, places, request)) => {
                    places.push(at);
                    *request = std::mem::take(request).and(command.clone());
                }
                None => groups.push((node, vec![at], empty().and(command.clone()))),
            }
        }
        let asked = join(groups.iter().map(|(node, _, request)| node.ask(request)).collect()).await;
        let mut answers = vec![Value::Nil; commands.len()];
        for ((node, places, _), asked) in groups.into_iter().zip(asked) {
            match asked {
                Ok(found) => {
                    for (at, answer) in places.into_iter().zip(found) {
                        answers[at] = if self.redirect(std::slice::from_ref(&answer)).is_some() {
                            let (key, command) = &commands[at];
                            one(self.ask(key, &empty().and(command.clone())).await?)
                        } else {
                            answer
                        };
                    }
                }
                Err(failure) if repeatable || matches!(failure, Failure::Unreachable(_)) => {
                    // One by one: each finds out who has its slot now.
                    self.map.lock().take();
                    for at in places {
                        let (key, command) = &commands[at];
                        answers[at] = one(self.ask(key, &empty().and(command.clone())).await?);
                    }
                }
                Err(failure) => return Err(failure.at(node.address())),
            }
        }
        Ok(answers)
    }

    pub(super) fn close(&self) {
        self.nodes.lock().values().for_each(|node| node.close());
    }
}
