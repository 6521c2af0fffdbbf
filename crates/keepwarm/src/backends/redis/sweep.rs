//! Clearing a prefix, sweeping up after it, and going through its keys.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::background::Job;
use super::judge::lies_plain;
use super::link::{Request, packed};
use super::names;
use super::scopes::{Known, ScopeRecord};
use super::script_call::Arguments;
use super::scripts;
use super::servers::{bytes, checked, list, one};
use super::store::Store;
use super::verbs::cleared;
use super::writes::condition;
use crate::backend::{Page, When};
use crate::error::Result;
use crate::key::{Key, Pattern, Scope};

/// So many keys a server goes through at a time.
pub(super) const BATCH: usize = 500;

/// A scan's position holds the number of the server in its highest bits: no server has 2^48 keys.
const SERVER_SHIFT: u32 = 48;

/// How long one process holds the others off from sweeping the same; prolonged while it goes on.
const SWEEP_LEASE: Duration = Duration::from_secs(30);

/// A clearing to sweep up after.
#[derive(Debug)]
pub(super) struct Clearing {
    scope: Scope,
    record: ScopeRecord,
    /// Whether another process began it, and may still be at it.
    adopted: bool,
}

impl Store {
    /// Every entry of the scope is a miss when this returns; what lies there is swept later.
    pub(super) async fn clear_scope(self: &Arc<Self>, scope: &Scope) -> Result<()> {
        let known = self.scope(scope);
        let record = cleared();
        let name = known.name.to_string();
        let set = |name: &str, bytes: Vec<u8>| {
            let mut command = redis::cmd("SET");
            command.arg(name).arg(bytes);
            (name.to_owned(), command)
        };
        let clearing = names::of_clearing(scope);
        // The second place first: between the two, the prefix is merely swept once more.
        let commands = vec![
            set(&clearing, names::record(&clearing, record.number())),
            set(&name, names::record(&name, record.number())),
        ];
        for answer in self.servers.scatter(commands, true).await? {
            checked(answer)?;
        }
        known.note(Some(&names::record(&name, record.number())));
        self.later(Job::Sweep(Clearing { scope: scope.clone(), record, adopted: false }));
        Ok(())
    }

    /// Sweeps what another process began to and has not ended for a while: it may be gone.
    pub(super) fn adopt(self: &Arc<Self>, scope: &Known) {
        if let Some(record) = scope.long_pending(SWEEP_LEASE) {
            self.later(Job::Sweep(Clearing { scope: scope.scope.clone(), record, adopted: true }));
        }
    }

    /// Removes what a clearing left behind, then says that nothing is left.
    pub(super) async fn sweep(&self, clearing: &Clearing) -> Result<()> {
        let Clearing { scope, record, adopted } = clearing;
        let record = *record;
        let known = self.scope(scope);
        let lease = names::of_sweep(scope);
        if *adopted {
            let mut take = redis::cmd("SET");
            take.arg(&lease).arg("1").arg("PX").arg(super::store::millis(SWEEP_LEASE)).arg("NX");
            if checked(one(self.servers.ask(&lease, &Request::once().and(take)).await?))? == Value::Nil {
                return Ok(());
            }
        }
        let expected = names::record(&known.name, record.number());
        let begins = [scope.prefix(), ":"].concat();
        let pattern = [Pattern::literal(&begins).as_str(), "*"].concat();
        for master in self.servers.masters().await? {
            let mut cursor = 0;
            loop {
                let mut hold = redis::cmd("SET");
                hold.arg(&lease).arg("1").arg("PX").arg(super::store::millis(SWEEP_LEASE));
                self.servers.ask(&lease, &Request::repeatable().and(hold)).await?;
                let (keys, next) = self.scan_server(&master, &pattern, cursor).await?;
                let keys: Vec<String> = keys.into_iter().filter(|key| key.starts_with(&begins)).collect();
                for group in self.grouped(scope, &keys) {
                    let arguments = Arguments::default().and(expected.as_slice());
                    let (word, _) = self.on_keys(&scripts::SWEEP, &group, scope, true, arguments).await?;
                    if word == "over" {
                        return Ok(());
                    }
                }
                if next == 0 {
                    break;
                }
                cursor = next;
            }
        }
        self.settle(scope, record).await?;
        let answers = self.servers.ask(&lease, &Request::repeatable().and(packed(&["UNLINK", &lease]))).await?;
        checked(one(answers)).map(drop)
    }

    /// Says that nothing is left of before the clearing, unless somebody has cleared again.
    async fn settle(&self, scope: &Scope, record: ScopeRecord) -> Result<()> {
        let known = self.scope(scope);
        let clearing = names::of_clearing(scope);
        let near = self.is_near(scope);
        let mut rest = Cmd::new();
        rest.arg(if near { 2 } else { 1 }).arg(&*known.name);
        if near {
            rest.arg(&clearing);
        }
        rest.arg(names::record(&known.name, record.number()))
            .arg(names::record(&known.name, record.settled().number()));
        let swapped = self.servers.call(&known.name, &scripts::SWAP, &rest, true).await?;
        if swapped == Value::Int(1) && !near {
            let forget = packed(&["UNLINK", &clearing]);
            checked(one(self.servers.ask(&clearing, &Request::repeatable().and(forget)).await?))?;
        }
        Ok(())
    }

    /// Removes entries; how many were live.
    pub(super) async fn remove_all(&self, keys: &[Key<'_>]) -> Result<usize> {
        let Some(scope) = keys.first().map(Key::scope) else { return Ok(0) };
        let mut removed = 0;
        let mut count = |answer: Option<Value>| {
            if let Some(Value::Int(number)) = answer {
                removed += usize::try_from(number).unwrap_or(0);
            }
        };
        if !self.is_near(scope) {
            let arguments = condition(Arguments::default(), When::Always);
            for (_, mut rest) in self.on_each(&scripts::REMOVE, keys, &arguments).await? {
                count(rest.next());
            }
            return Ok(removed);
        }
        for group in keys.chunks(BATCH) {
            let plain = group.iter().all(lies_plain);
            let group: Vec<&str> = group.iter().map(Key::as_str).collect();
            let arguments = Arguments::default();
            let (_, mut rest) = self.on_keys(&scripts::REMOVE_MANY, &group, scope, plain, arguments).await?;
            count(rest.next());
        }
        Ok(removed)
    }

    /// Keys in groups that one script can look at.
    fn grouped<'k>(&self, scope: &Scope, keys: &'k [String]) -> Vec<Vec<&'k str>> {
        let at_once = if self.is_near(scope) { BATCH } else { 1 };
        keys.chunks(at_once).map(|group| group.iter().map(String::as_str).collect()).collect()
    }

    /// Some keys of one server, from a position on; 0 for the next position is the end.
    async fn scan_server(
        &self,
        master: &Arc<super::link::Node>,
        pattern: &str,
        cursor: u64,
    ) -> Result<(Vec<String>, u64)> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(BATCH);
        let answers =
            master.ask(&Request::repeatable().and(scan)).await.map_err(|failure| failure.at(master.address()))?;
        let mut parts = list(checked(one(answers))?).into_iter();
        let next = parts.next().and_then(bytes).and_then(|digits| String::from_utf8(digits).ok()?.parse().ok());
        let keys = list(parts.next().unwrap_or(Value::Array(Vec::new())));
        // Keys that are no text are nobody's of ours.
        let keys = keys.into_iter().filter_map(|key| String::from_utf8(bytes(key)?).ok()).collect();
        Ok((keys, next.unwrap_or(0)))
    }

    pub(super) async fn scan_page(&self, scope: &Scope, pattern: &Pattern, from: u64) -> Result<Page> {
        let masters = self.servers.masters().await?;
        let at = usize::try_from(from >> SERVER_SHIFT).unwrap_or(usize::MAX);
        let Some(master) = masters.get(at) else { return Ok(Page::default()) };
        let cursor = from & ((1 << SERVER_SHIFT) - 1);
        let (mut keys, next) = self.scan_server(master, &superset(pattern), cursor).await?;
        keys.retain(|key| pattern.matches(key));
        let mut live = Vec::with_capacity(keys.len());
        for group in self.grouped(scope, &keys) {
            let plain = group.iter().all(|key| lies_plain(&Key::new(key, scope)));
            let (_, answers) = self.on_keys(&scripts::ALIVE, &group, scope, plain, Arguments::default()).await?;
            let answers = answers.map(|answer| answer == Value::Int(1));
            live.extend(group.iter().zip(answers).filter(|(_, alive)| *alive).map(|(key, _)| (*key).to_owned()));
        }
        let server = (at as u64) << SERVER_SHIFT;
        let next = match next {
            0 if at + 1 < masters.len() => Some(server + (1 << SERVER_SHIFT)),
            0 => None,
            next => Some(server | next),
        };
        Ok(Page { keys: live, next })
    }
}

/// A pattern for the server that lets through at least what ours does: its `?` is a byte and ours a character, and sets
/// are written differently. What is let through too much is sorted out here.
fn superset(pattern: &Pattern) -> String {
    let mut out = String::with_capacity(pattern.as_str().len());
    let mut characters = pattern.as_str().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' | '?' => out.push('*'),
            '\\' => {
                out.push('\\');
                out.push(characters.next().unwrap_or('\\'));
            }
            // Up to where a set might end nothing is known; a set that never ends stands for itself.
            '[' => {
                out.push('*');
                while let Some(inside) = characters.next() {
                    match inside {
                        ']' => break,
                        '\\' => drop(characters.next()),
                        _ => {}
                    }
                }
            }
            other => out.push(other),
        }
    }
    out
}
