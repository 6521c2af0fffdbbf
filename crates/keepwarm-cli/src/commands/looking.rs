//! The commands on many keys, and those that look without changing: `keys`, `clear`, `invalidate-tag`, `stats`, `explain`.

use std::io::Write;

use serde_json::json;

use super::Target;
use crate::failure::{Answer, Failure};
use crate::output::Output;

pub(super) fn keys<W: Write>(target: &Target, pattern: &str, output: &mut Output<W>) -> Result<Answer, Failure> {
    let mut found = target.cache.iter_keys(pattern).version(target.version.clone());
    let mut all = Vec::new();
    while let Some(key) = found.next_wait() {
        // For people as they come: a store may hold millions.
        if output.is_json() {
            all.push(key?);
        } else {
            output.line(key?)?;
        }
    }
    output.tell("", json!({"keys": all}))?;
    Ok(Answer::Yes)
}

pub(super) fn clear<W: Write>(target: &Target, store: bool, output: &mut Output<W>) -> Result<Answer, Failure> {
    let clear = if store { target.cache.clear_store() } else { target.cache.clear() };
    clear.wait()?;
    output.tell("cleared", json!({"cleared": if store { "store" } else { "prefix" }}))?;
    Ok(Answer::Yes)
}

pub(super) fn invalidate_tags<W: Write>(
    target: &Target,
    tags: &[String],
    output: &mut Output<W>,
) -> Result<Answer, Failure> {
    target.cache.invalidate_tags(tags).wait()?;
    output.tell("invalidated", json!({"invalidated": tags}))?;
    Ok(Answer::Yes)
}

pub(super) fn stats<W: Write>(target: &Target, output: &mut Output<W>) -> Result<Answer, Failure> {
    let stats = target.cache.stats().wait()?;
    let json = serde_json::to_value(&stats).map_err(|error| Failure::usage(error.to_string()))?;
    let rate = stats.hit_rate().map_or_else(|| "no reads yet".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    let mut lines = format!("cache            {} ({})\nhit rate         {rate}\n", stats.name, stats.backend);
    // The names are those of the JSON, so that there is one list.
    for (name, value) in json.as_object().into_iter().flatten().filter(|(_, value)| value.is_number()) {
        lines.push_str(&format!("{:<16} {value}\n", name.replace('_', " ")));
    }
    for (name, value) in json["health"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let worth_a_line = stats.health.breaker.is_some() || stats.health.near.is_some();
        match value.as_object() {
            Some(inner) => inner.iter().for_each(|(part, value)| {
                lines.push_str(&format!("{:<16} {value}\n", format!("{name} {part}").replace('_', " ")));
            }),
            None if worth_a_line => lines.push_str(&format!("{:<16} {value}\n", name.replace('_', " "))),
            None => {}
        }
    }
    for (name, value) in json["server"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push_str(&format!("{:<16} {value}\n", format!("server: {}", name.replace('_', " "))));
    }
    for (reason, count) in stats.misses_by_reason.iter().filter(|(_, count)| *count > 0) {
        lines.push_str(&format!("{:<16} {count}\n", format!("missed: {}", reason.name())));
    }
    output.tell(lines, json)?;
    Ok(Answer::Yes)
}

pub(super) fn explain<W: Write>(target: &Target, key: &str, output: &mut Output<W>) -> Result<Answer, Failure> {
    let explanation = target.cache.explain(key).version(target.version.clone()).wait()?;
    let json = serde_json::to_value(&explanation).map_err(|error| Failure::usage(error.to_string()))?;
    output.tell(&explanation, json)?;
    Ok(explanation.would_miss.is_none().into())
}
