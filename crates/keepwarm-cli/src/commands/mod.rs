//! The commands. Each takes a cache and writes its answer, so that tests call them without a process.

mod check;
mod looking;
mod options;
mod values;

use std::io::Write;

use crate::arguments::{Arguments, Command};
use crate::failure::{Answer, Failure};
use crate::output::Output;
use crate::{bench, open};

/// Runs the command.
pub(crate) fn run<W: Write>(arguments: &Arguments, output: &mut Output<W>) -> Result<Answer, Failure> {
    match &arguments.command {
        Command::Options { markdown } => options::options(*markdown, output),
        Command::Check => check::check(arguments, output),
        Command::Bench(bench) => bench::bench(&open::cache(arguments)?, bench, output),
        command => {
            let cache = open::cache(arguments)?;
            if !output.is_json() {
                open::note_a_private_store(&cache);
            }
            let version = arguments.key_version.clone().unwrap_or_else(|| cache.version().clone());
            let target = Target { cache, version };
            on_one_cache(&target, command, output)
        }
    }
}

/// What the commands on one cache work on.
pub(crate) struct Target {
    pub(crate) cache: keepwarm::Cache,
    pub(crate) version: keepwarm::key::Version,
}

fn on_one_cache<W: Write>(target: &Target, command: &Command, output: &mut Output<W>) -> Result<Answer, Failure> {
    match command {
        Command::Get { key } => values::get(target, key, output),
        Command::Set(set) => values::set(target, set, output),
        Command::Delete { key } => values::delete(target, key, output),
        Command::Incr { key, delta, or_insert, timeout } => {
            let create = or_insert.map(|initial| (initial, timeout.unwrap_or_default()));
            values::incr(target, key, *delta, create, output)
        }
        Command::Touch { key, timeout } => values::touch(target, key, timeout.unwrap_or_default(), output),
        Command::Ttl { key } => values::ttl(target, key, output),
        Command::Keys { pattern } => looking::keys(target, pattern, output),
        Command::Clear { store } => looking::clear(target, *store, output),
        Command::InvalidateTag { tags } => looking::invalidate_tags(target, tags, output),
        Command::Stats => looking::stats(target, output),
        Command::Explain { key } => looking::explain(target, key, output),
        Command::Check | Command::Bench(_) | Command::Options { .. } => unreachable!("these open their own caches"),
    }
}
