//! A Rust process beside Python ones on one store: `neighbour URL`. It is told what to do line by line, and answers each with a
//! line of JSON; see `test_neighbours.py`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};

use keepwarm::{Cache, Timeout, secs};
use serde_json::{Value, json};

type Answer = Result<Value, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("the URL of a store is missing")?;
    let cache = Cache::from_url(&url)?;
    let mut lines = io::stdin().lines();
    while let Some(line) = lines.next() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let answer = match words.as_slice() {
            ["write"] => write(&cache),
            ["read", key, kind] => read(&cache, key, kind),
            ["get", key] => Ok(json!(cache.get::<Value>(key).wait()?)),
            ["has", key] => Ok(json!(cache.has_key(key).wait()?)),
            ["set", key, value, tag] => Ok(json!(cache.set(key, *value).tags([*tag]).wait().is_ok())),
            ["delete", key] => Ok(json!(cache.delete(key).wait()?)),
            ["invalidate", tag] => Ok(json!(cache.invalidate_tag(tag).wait().is_ok())),
            ["clear"] => Ok(json!(cache.clear().wait().is_ok())),
            ["lock", name] => hold(&cache, name, &mut lines),
            ["try lock", name] => Ok(json!(cache.lock(name).timeout(secs(600)).try_now().wait()?.is_some())),
            ["compute", key, value] => compute(&cache, key, value, &mut lines),
            ["count", rounds] => count(&cache, rounds.parse()?),
            _ => Err(format!("what is {line:?}?").into()),
        };
        say(&answer.unwrap_or_else(|error| json!({ "error": error.to_string() })))?;
    }
    Ok(())
}

fn say(answer: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}

/// What a Rust program stores: one value of each plain kind.
fn write(cache: &Cache) -> Answer {
    let set = |name: &str| format!("rust:{name}");
    cache.set(&set("null"), &None::<u8>).wait()?;
    cache.set(&set("true"), &true).wait()?;
    cache.set(&set("integer"), &-7_i64).wait()?;
    cache.set(&set("largest"), &i64::MAX).wait()?;
    cache.set(&set("unsigned"), &u64::MAX).wait()?;
    cache.set(&set("float"), &2.5_f64).wait()?;
    cache.set(&set("text"), "Grüße, 世界").wait()?;
    cache.set(&set("empty"), "").wait()?;
    cache.set(&set("list"), &vec![1_i64, -2, 3]).wait()?;
    cache.set(&set("tuple"), &(1_u8, "two".to_owned(), 3.5_f64)).wait()?;
    let map: BTreeMap<String, Vec<Option<bool>>> =
        [("a".to_owned(), vec![Some(true), None]), ("b".to_owned(), Vec::new())].into();
    cache.set(&set("map"), &map).wait()?;
    let numbers: BTreeMap<i64, String> = [(1, "one".to_owned()), (-2, "minus two".to_owned())].into();
    cache.set(&set("keys"), &numbers).wait()?;
    cache.set(&set("tree"), &json!({"user": {"id": 7, "tags": ["a", {"deep": [null, 1.5, "x"]}]}})).wait()?;
    cache.set(&set("forever"), &1).timeout(Timeout::Never).wait()?;
    Ok(json!("written"))
}

/// What Python stored, as the type that a Rust program would ask for.
fn read(cache: &Cache, key: &str, kind: &str) -> Answer {
    Ok(match kind {
        "value" => json!(cache.get::<Value>(key).wait()?),
        "i64" => json!(cache.get::<i64>(key).wait()?),
        "f64" => json!(cache.get::<f64>(key).wait()?),
        "text" => json!(cache.get::<String>(key).wait()?),
        "bytes" => json!(cache.get::<Vec<u8>>(key).wait()?),
        "i128" => json!(cache.get::<i128>(key).wait()?.map(|number| number.to_string())),
        "list" => json!(cache.get::<Vec<i64>>(key).wait()?),
        "option" => json!(cache.get::<Option<i64>>(key).wait()?.map(|value| json!({ "some": value }))),
        "duration" => json!(cache.get::<std::time::Duration>(key).wait()?.map(|length| length.as_secs_f64())),
        "map" => json!(cache.get::<BTreeMap<i64, String>>(key).wait()?),
        other => return Err(format!("no such kind: {other}").into()),
    })
}

/// Holds a lock until a line comes; says when it has it.
fn hold(cache: &Cache, name: &str, lines: &mut impl Iterator<Item = io::Result<String>>) -> Answer {
    let guard = cache.lock(name).timeout(secs(600)).wait()?;
    say(&json!({ "fence": guard.fence() }))?;
    lines.next().transpose()?;
    Ok(json!(guard.release().wait()?))
}

/// Computes a key; says when it has begun, and goes on when a line comes.
fn compute(cache: &Cache, key: &str, value: &str, lines: &mut impl Iterator<Item = io::Result<String>>) -> Answer {
    let fetched = cache.get_or_set(key, || async {
        say(&json!("computing")).expect("somebody listens");
        lines.next();
        value.to_owned()
    });
    Ok(json!(fetched.inline().wait()?))
}

/// Everything that is counted exactly, at once with others.
fn count(cache: &Cache, rounds: i64) -> Answer {
    for number in 0..rounds {
        cache.incr("counter", 1).wait()?;
        cache.incr("created", 1).or_insert(0, secs(600)).wait()?;
        if cache.add(&format!("first:{number}"), "value").tags(["first"]).wait()? {
            cache.incr("firsts", 1).wait()?;
        }
        let key = format!("computed:{number}");
        let computed = cache.get_or_set(&key, || async {
            cache.incr("computations", 1).wait().expect("it counts");
            format!("value {number}")
        });
        if computed.inline().wait()? != format!("value {number}") {
            return Err("another value than was computed".into());
        }
        if cache.rate_limit("limit", 57, secs(600)).wait()?.allowed {
            cache.incr("allowed", 1).wait()?;
        }
        let guard = cache.lock("guard").timeout(secs(600)).wait()?;
        // Without the lock, what is read and written again would lose entries.
        let mut list = cache.get::<Vec<u64>>("guarded").wait()?.unwrap_or_default();
        if list.last().is_some_and(|last| *last >= guard.fence()) {
            return Err("fencing numbers grow".into());
        }
        list.push(guard.fence());
        cache.set("guarded", &list).timeout(Timeout::Never).wait()?;
        if !guard.release().wait()? {
            return Err("the lock was lost".into());
        }
    }
    Ok(json!("counted"))
}
