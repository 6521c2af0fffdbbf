//! `check`: are the settings right, and does every store answer?

use std::io::Write;
use std::time::{Duration, Instant};

use keepwarm::{Cache, Error, ErrorKind, secs};
use serde_json::json;

use crate::arguments::Arguments;
use crate::failure::{Answer, Failure};
use crate::open;
use crate::output::Output;

/// How long a probe lives that could not be deleted.
const PROBE_LIVES: Duration = secs(60);

/// Checks the cache that `--cache` names, or every alias of the settings.
pub(super) fn check<W: Write>(arguments: &Arguments, output: &mut Output<W>) -> Result<Answer, Failure> {
    let caches: Vec<(String, Result<Cache, Error>)> = if arguments.cache.is_some() {
        let cache = open::cache(arguments)?;
        vec![(cache.name().to_owned(), Ok(cache))]
    } else {
        let caches = open::caches(arguments)?;
        // An alias that cannot be built is reported beside the others, and does not hide them.
        caches.aliases().map(|alias| (alias.to_owned(), caches.get(alias))).collect()
    };
    let mut all_well = true;
    let mut reports = Vec::new();
    for (alias, cache) in caches {
        let backend = cache.as_ref().map_or("?", Cache::backend_kind);
        let probed = match &cache {
            Ok(cache) => probe(cache),
            Err(error) => Err(error.to_string()),
        };
        all_well &= probed.is_ok();
        if !output.is_json() {
            match &probed {
                Ok(took) => output.line(format!("{alias:<16} {backend:<12} ok, {:.3} ms", took.as_secs_f64() * 1e3))?,
                Err(reason) => output.line(format!("{alias:<16} {backend:<12} FAILED: {reason}"))?,
            }
        }
        reports.push(json!({
            "alias": alias,
            "backend": backend,
            "ok": probed.is_ok(),
            "milliseconds": probed.as_ref().ok().map(|took| took.as_secs_f64() * 1e3),
            "error": probed.err(),
        }));
    }
    output.tell("", json!({"ok": all_well, "aliases": reports}))?;
    Ok(if all_well { Answer::Yes } else { Answer::Failed })
}

/// Sets, gets and deletes a key of its own; how long the three took.
fn probe(cache: &Cache) -> Result<Duration, String> {
    let key = format!("keepwarm-check:{:016x}", fastrand::u64(..));
    let written = fastrand::u64(..).to_string();
    let begun = Instant::now();
    let round = || -> keepwarm::Result<(Option<String>, bool)> {
        cache.set(&key, &written).timeout(PROBE_LIVES).wait()?;
        let read = cache.get::<String>(&key).wait()?;
        Ok((read, cache.delete(&key).wait()?))
    };
    let (read, deleted) = match round() {
        Ok(answers) => answers,
        // The settings are right and the value is plain: a store that cannot do this has failed, whatever it says.
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            return Err(format!("it cannot set, get and delete: {error}"));
        }
        Err(error) => return Err(error.to_string()),
    };
    let keeps = cache.abilities().keeps;
    match (keeps, read, deleted) {
        (true, Some(read), true) if read == written => Ok(begun.elapsed()),
        (false, None, false) => Ok(begun.elapsed()),
        (_, Some(read), _) if read != written => Err("it gave back another value than it was given".to_owned()),
        (true, None, _) => Err("it took a value and did not give it back".to_owned()),
        (true, Some(_), _) => Err("it gave a value back and did not delete it".to_owned()),
        (false, ..) => Err("it says that it keeps nothing, and kept a value".to_owned()),
    }
}
