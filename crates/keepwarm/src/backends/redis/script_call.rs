//! Calling a script on an entry, with all it has to know of markers.

use redis::{Cmd, ToRedisArgs, Value};

use super::failure::senseless;
use super::judge::lies_plain;
use super::names;
use super::scopes::{Known, ScopeRecord};
use super::scripts::{self, Script};
use super::servers::{bytes, checked, script_command};
use super::store::{Store, record_of, said};
use crate::error::Result;
use crate::key::{Key, Scope};
use crate::random::fresh;

/// The arguments of a verb, behind those that all scripts have.
#[derive(Clone, Default)]
pub(super) struct Arguments(Vec<Vec<u8>>);

impl Arguments {
    pub(super) fn and(mut self, argument: impl ToRedisArgs) -> Self {
        self.0.extend(argument.to_redis_args());
        self
    }
}

/// A script with its keys and arguments, without what it has to know of markers.
pub(super) struct ScriptCall<'a> {
    pub(super) script: &'a Script,
    pub(super) keys: &'a [&'a str],
    pub(super) plain: bool,
    pub(super) arguments: &'a Arguments,
    pub(super) repeatable: bool,
}

impl ScriptCall<'_> {
    /// Its keys and arguments as they are sent.
    pub(super) fn command(&self, scope: &Known, near: bool, known: &[(String, Vec<u8>)]) -> Cmd {
        let mut command = Cmd::new();
        command.arg(self.keys.len());
        for key in self.keys {
            command.arg(*key);
        }
        let made = ScopeRecord::of(fresh());
        command.arg(if near { "1" } else { "0" }).arg(&*scope.name);
        command.arg(names::record(&scope.name, made.settled().number()));
        command.arg(names::record(&scope.name, made.pending().number()));
        command.arg(if self.plain { "1" } else { "0" }).arg(known.len());
        for argument in &self.arguments.0 {
            command.arg(argument);
        }
        for (name, record) in known {
            command.arg(name).arg(record);
        }
        command
    }
}

/// What a script answered.
pub(super) type Said = (String, std::vec::IntoIter<Value>);

impl Store {
    /// Calls a script on one entry. The answer `need` is dealt with here: where markers lie on other servers or in other
    /// slots, their generations are read and brought along, and were current when the verb had begun.
    ///
    /// `markers` are names that the script will need for certain.
    pub(super) async fn on_entry(
        &self,
        script: &Script,
        key: &Key<'_>,
        markers: &[String],
        arguments: Arguments,
        repeatable: bool,
    ) -> Result<Said> {
        let keys = [key.as_str()];
        let call = ScriptCall { script, keys: &keys, plain: lies_plain(key), arguments: &arguments, repeatable };
        self.call_script(&self.scope(key.scope()), call, markers).await
    }

    /// The same on several entries of one slot, for the scripts that take nothing but entries as keys.
    pub(super) async fn on_keys(
        &self,
        script: &Script,
        keys: &[&str],
        scope: &Scope,
        plain: bool,
        arguments: Arguments,
    ) -> Result<Said> {
        let call = ScriptCall { script, keys, plain, arguments: &arguments, repeatable: true };
        self.call_script(&self.scope(scope), call, &[]).await
    }

    async fn call_script(&self, scope: &Known, call: ScriptCall<'_>, markers: &[String]) -> Result<Said> {
        let near = self.is_near(&scope.scope);
        let mut known: Vec<(String, Vec<u8>)> = Vec::new();
        let mut needed: Vec<String> = Vec::new();
        if !near {
            self.ensure_scope_far(&scope.scope).await?;
            needed.push(scope.name.to_string());
            needed.extend(markers.iter().cloned());
        }
        // Each round brings what the one before asked for; entries that change in between may ask for more.
        for _ in 0..8 {
            if !needed.is_empty() {
                let names: Vec<&str> = needed.iter().map(String::as_str).collect();
                let records = self.servers.read(&names, false).await?;
                known.extend(needed.drain(..).zip(records.into_iter().map(Option::unwrap_or_default)));
            }
            let command = call.command(scope, near, &known);
            let answer = self.servers.call(call.keys[0], call.script, &command, call.repeatable).await?;
            let (word, rest) = said(answer);
            if word != "need" {
                return Ok((word, rest));
            }
            needed = rest.filter_map(bytes).map(|name| String::from_utf8_lossy(&name).into_owned()).collect();
            needed.sort();
            needed.dedup();
        }
        Err(senseless("an entry's markers do not come to rest"))
    }

    /// The same on many entries, in one trip to each server; what each call said, in their order. The keys are of one
    /// scope.
    pub(super) async fn on_each(&self, script: &Script, keys: &[Key<'_>], arguments: &Arguments) -> Result<Vec<Said>> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let scope = self.scope(first.scope());
        let near = self.is_near(first.scope());
        let mut known = Vec::new();
        if !near {
            self.ensure_scope_far(first.scope()).await?;
            let record = self.servers.read(&[&scope.name], false).await?.pop().flatten();
            known.push((scope.name.to_string(), record.unwrap_or_default()));
        }
        let command = |key: &Key<'_>| {
            let keys = [key.as_str()];
            let call = ScriptCall { script, keys: &keys, plain: lies_plain(key), arguments, repeatable: false };
            let rest = call.command(&scope, near, &known);
            (key.as_str().to_owned(), script_command("EVALSHA", &script.hash, &rest))
        };
        let answers = self.servers.scatter(keys.iter().map(command).collect(), false).await?;
        let mut said_of_each = Vec::with_capacity(keys.len());
        for (key, answer) in keys.iter().zip(answers) {
            let found = match answer {
                Value::ServerError(error) if error.code() == "NOSCRIPT" => None,
                answer => Some(said(checked(answer)?)).filter(|(word, _)| word != "need"),
            };
            said_of_each.push(match found {
                Some(found) => found,
                // The server does not know the script yet, or the entry has marks that lie elsewhere.
                None => self.on_entry(script, key, &[], arguments.clone(), false).await?,
            });
        }
        Ok(said_of_each)
    }

    /// Makes a scope's record that lies apart from its entries, if there is none.
    async fn ensure_scope_far(&self, scope: &Scope) -> Result<()> {
        let known = self.scope(scope);
        let name = known.name.to_string();
        if self.current(std::slice::from_ref(&name)).await?[0].is_none() {
            let clearing = self.current(&[names::of_clearing(scope)]).await?[0].is_some();
            let made = ScopeRecord::of(fresh());
            let made = if clearing { made.pending() } else { made.settled() };
            let mut set = redis::cmd("SET");
            set.arg(&name).arg(names::record(&name, made.number())).arg("NX");
            let answers = self.servers.scatter(vec![(name, set)], true).await?;
            answers.into_iter().try_for_each(|answer| checked(answer).map(drop))?;
        }
        Ok(())
    }

    /// The record of a key's scope, made if there is none.
    pub(super) async fn scope_record(&self, key: &Key<'_>) -> Result<ScopeRecord> {
        let (_, record) = self.entry_bytes(key).await?;
        record.ok_or_else(|| senseless("a scope without a record"))
    }

    /// The bytes under a key and how long they live, as `PTTL` says it; and the record of the scope.
    pub(super) async fn entry_bytes(&self, key: &Key<'_>) -> Result<((Option<Vec<u8>>, i64), Option<ScopeRecord>)> {
        let (_, mut parts) = self.on_entry(&scripts::ENTRY, key, &[], Arguments::default(), true).await?;
        let found = parts.next().and_then(bytes);
        let left = match parts.next() {
            Some(Value::Int(left)) => left,
            _ => -2,
        };
        let record = record_of(&self.scope(key.scope()), parts.next());
        Ok(((found, left), record))
    }
}
