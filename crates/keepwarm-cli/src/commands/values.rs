//! The commands on one key: `get`, `set`, `delete`, `incr`, `touch`, `ttl`.

use std::io::{Read, Write, stdin};

use keepwarm::{Put, Timeout, Ttl};
use serde::Serialize;
use serde_json::{Value, json};

use super::Target;
use crate::arguments::SetArguments;
use crate::failure::{Answer, Failure};
use crate::output::Output;

pub(super) fn get<W: Write>(target: &Target, key: &str, output: &mut Output<W>) -> Result<Answer, Failure> {
    let found = target.cache.get::<Value>(key).version(target.version.clone()).wait()?;
    if output.is_json() {
        output.tell("", json!({"key": key, "found": found.is_some(), "value": found}))?;
    } else if let Some(value) = &found {
        match value {
            Value::String(text) => output.value(text)?,
            other => output.value(&other.to_string())?,
        }
    } else {
        eprintln!("keepwarm: {key} is not there (keepwarm explain {key} tells why)");
    }
    Ok(found.is_some().into())
}

pub(super) fn set<W: Write>(target: &Target, given: &SetArguments, output: &mut Output<W>) -> Result<Answer, Failure> {
    let text = match given.value.as_str() {
        "-" => read_all(stdin())?,
        value => value.to_owned(),
    };
    let value = if given.json_value {
        serde_json::from_str(&text).map_err(|error| Failure::usage(format!("the value is not JSON: {error}")))?
    } else {
        Value::String(text)
    };
    // By its own type, as a program would store it: an integer then is a counter.
    let reason = match (&value, value.as_i64()) {
        (_, Some(number)) => store(target, given, &number)?,
        (Value::String(text), _) => store(target, given, text.as_str())?,
        (other, _) => store(target, given, other)?,
    };
    let (key, stored) = (&given.key, reason.is_none());
    if let Some(reason) = reason.filter(|_| !output.is_json()) {
        eprintln!("keepwarm: {key} is not stored: {reason}");
    }
    output.tell(if stored { "stored" } else { "" }, json!({"key": key, "stored": stored, "reason": reason}))?;
    Ok(stored.into())
}

/// Stores a value; why not, where the store did not.
fn store<V>(target: &Target, given: &SetArguments, value: &V) -> Result<Option<&'static str>, Failure>
where
    V: ?Sized + Serialize + ToOwned + Sync,
    V::Owned: keepwarm::Value,
{
    let (cache, key) = (&target.cache, given.key.as_str());
    let timeout = given.timeout.unwrap_or_default();
    let version = target.version.clone();
    if given.if_absent {
        let added = cache.add(key, value).timeout(timeout).version(version).tags(&given.tags).wait()?;
        return Ok((!added).then_some("there is an entry already"));
    }
    if given.if_present {
        let replaced = cache.replace(key, value).timeout(timeout).version(version).tags(&given.tags).wait()?;
        return Ok((!replaced).then_some("there is no entry"));
    }
    match cache.set(key, value).timeout(timeout).version(version).tags(&given.tags).wait()? {
        Put::Stored => Ok(None),
        Put::Refused(refusal) => Ok(Some(why(refusal))),
    }
}

/// Why a store did not keep a value.
fn why(refusal: keepwarm::Refusal) -> &'static str {
    match refusal {
        keepwarm::Refusal::TooLarge => "the value is larger than the store takes",
        keepwarm::Refusal::StoreFull => "the store has no room for it: is its disk full?",
        keepwarm::Refusal::NotKept => "the store keeps nothing, or not with this timeout",
        keepwarm::Refusal::Overtaken => "an invalidation came in between",
        _ => "the store refused it",
    }
}

pub(super) fn delete<W: Write>(target: &Target, key: &str, output: &mut Output<W>) -> Result<Answer, Failure> {
    let deleted = target.cache.delete(key).version(target.version.clone()).wait()?;
    let human = if deleted { "deleted" } else { "there was nothing to delete" };
    output.tell(human, json!({"key": key, "deleted": deleted}))?;
    Ok(deleted.into())
}

pub(super) fn incr<W: Write>(
    target: &Target,
    key: &str,
    delta: i64,
    create: Option<(i64, Timeout)>,
    output: &mut Output<W>,
) -> Result<Answer, Failure> {
    let incr = target.cache.incr(key, delta).version(target.version.clone());
    let value = match create {
        Some((initial, timeout)) => incr.or_insert(initial, timeout).wait()?,
        None => incr.wait()?,
    };
    output.tell(value, json!({"key": key, "value": value}))?;
    Ok(Answer::Yes)
}

pub(super) fn touch<W: Write>(
    target: &Target,
    key: &str,
    timeout: Timeout,
    output: &mut Output<W>,
) -> Result<Answer, Failure> {
    let touched = target.cache.touch(key, timeout).version(target.version.clone()).wait()?;
    let human = if touched { "touched" } else { "there is no entry" };
    output.tell(human, json!({"key": key, "touched": touched}))?;
    Ok(touched.into())
}

pub(super) fn ttl<W: Write>(target: &Target, key: &str, output: &mut Output<W>) -> Result<Answer, Failure> {
    let (human, state, seconds) = match target.cache.ttl(key).version(target.version.clone()).wait()? {
        Ttl::Absent => ("there is no entry".to_owned(), "absent", None),
        Ttl::Never => ("never".to_owned(), "never", None),
        Ttl::Left(left) => (format!("{:.3}", left.as_secs_f64()), "left", Some(left.as_secs_f64())),
    };
    output.tell(human, json!({"key": key, "state": state, "seconds": seconds}))?;
    Ok((state != "absent").into())
}

fn read_all(mut from: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage("the value on standard input is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use keepwarm::Cache;
    use serde_json::json;

    use super::super::{Command, Target, on_one_cache};
    use crate::arguments::Arguments;
    use crate::failure::Answer;
    use crate::output::Output;
    use clap::Parser;

    /// Runs a command line on a cache of this process; its answer and what it printed.
    fn run(cache: &Cache, line: &str) -> (Answer, String) {
        let arguments = Arguments::parse_from(["keepwarm"].into_iter().chain(line.split(' ')));
        let mut printed = Vec::new();
        let mut output = Output::new(arguments.json, &mut printed);
        let version = arguments.key_version.clone().unwrap_or_else(|| cache.version().clone());
        let command: &Command = &arguments.command;
        let answer = on_one_cache(&Target { cache: cache.clone(), version }, command, &mut output).unwrap();
        output.finish().unwrap();
        drop(output);
        (answer, String::from_utf8(printed).unwrap())
    }

    #[test]
    fn values_go_in_and_come_out() {
        let cache = Cache::memory();
        assert_eq!(run(&cache, "set key text --timeout 1h"), (Answer::Yes, "stored\n".into()));
        assert_eq!(run(&cache, "get key"), (Answer::Yes, "text\n".into()));
        assert_eq!(run(&cache, "set key {\"a\":[1,null]} --json-value").0, Answer::Yes);
        assert_eq!(run(&cache, "get key"), (Answer::Yes, "{\"a\":[1,null]}\n".into()));
        let json: serde_json::Value = serde_json::from_str(&run(&cache, "get key --json").1).unwrap();
        assert_eq!(json, json!({"key": "key", "found": true, "value": {"a": [1, null]}}));
        assert_eq!(run(&cache, "get key --key-version 2").0, Answer::No);
        assert_eq!(run(&cache, "set key other --if-absent").0, Answer::No);
        assert_eq!(run(&cache, "set key other --if-present --tag one --tag two").0, Answer::Yes);
        assert_eq!(run(&cache, "invalidate-tag two").0, Answer::Yes);
        assert_eq!(run(&cache, "get key --json").1, "{\"found\":false,\"key\":\"key\",\"value\":null}\n");
        assert_eq!(run(&cache, "delete key"), (Answer::No, "there was nothing to delete\n".into()));
    }

    #[test]
    fn counters_and_timeouts() {
        let cache = Cache::memory();
        assert_eq!(run(&cache, "incr views 5 --or-insert 0 --timeout never"), (Answer::Yes, "5\n".into()));
        assert_eq!(run(&cache, "incr views -7"), (Answer::Yes, "-2\n".into()));
        assert_eq!(run(&cache, "ttl views"), (Answer::Yes, "never\n".into()));
        assert_eq!(run(&cache, "touch views 1m").0, Answer::Yes);
        let left: serde_json::Value = serde_json::from_str(&run(&cache, "ttl views --json").1).unwrap();
        assert!((59.0..=60.0).contains(&left["seconds"].as_f64().unwrap()), "{left}");
        assert_eq!(run(&cache, "set five 5 --json-value").0, Answer::Yes);
        assert_eq!(run(&cache, "incr five"), (Answer::Yes, "6\n".into()));
        assert_eq!(run(&cache, "ttl absent"), (Answer::No, "there is no entry\n".into()));
        assert_eq!(run(&cache, "touch absent"), (Answer::No, "there is no entry\n".into()));
    }

    #[test]
    fn looking_around() {
        let cache = Cache::memory();
        run(&cache, "set user:1 Ada --tag people");
        run(&cache, "set user:2 Bob");
        run(&cache, "set other x");
        let (_, keys) = run(&cache, "keys user:*");
        let mut keys: Vec<_> = keys.lines().collect();
        keys.sort_unstable();
        assert_eq!(keys, ["user:1", "user:2"]);
        let json: serde_json::Value = serde_json::from_str(&run(&cache, "keys --json").1).unwrap();
        assert_eq!(json["keys"].as_array().unwrap().len(), 3);
        let (answer, explained) = run(&cache, "explain user:1");
        assert!(
            answer == Answer::Yes && explained.contains(":1:user:1") && explained.contains("people"),
            "{explained}"
        );
        assert_eq!(run(&cache, "explain absent").0, Answer::No);
        assert_eq!(run(&cache, "get user:1").0, Answer::Yes);
        let stats: serde_json::Value = serde_json::from_str(&run(&cache, "stats --json").1).unwrap();
        assert_eq!((&stats["hits"], &stats["sets"]), (&json!(1), &json!(3)));
        assert!(run(&cache, "stats").1.contains("hits"));
        assert_eq!(run(&cache, "clear"), (Answer::Yes, "cleared\n".into()));
        assert_eq!(run(&cache, "keys"), (Answer::Yes, String::new()));
    }
}
