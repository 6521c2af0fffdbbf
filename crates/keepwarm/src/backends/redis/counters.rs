//! Counters: adding in one script, with or without the deadline of what was counted on.

use std::time::Duration;

use redis::Value;

use super::Redis;
use super::failure::senseless;
use super::names;
use super::script_call::Arguments;
use super::scripts;
use super::servers::bytes;
use super::store::{Life, record_of};
use super::verbs::LOOKS;
use crate::backend::Count;
use crate::backends::custom::random::fresh;
use crate::entry::Entry;
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::Key;
use crate::payload::Payload;

/// What a count is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// The new number.
    Count,
    /// And the deadline that it has.
    Deadline,
}

impl Redis {
    /// Adds in one script; the deadline is what the number then has where it is asked for, and otherwise means nothing.
    pub(super) async fn count(
        &self,
        key: &Key<'_>,
        delta: i64,
        create: Option<&Entry>,
        telling: Telling,
    ) -> Result<(Count, Deadline)> {
        let created = create.map_or(Deadline::NEVER, |entry| entry.deadline);
        let initial = match create.map(|entry| &entry.payload) {
            None => String::new(),
            Some(Payload::Integer(number)) => number.to_string(),
            Some(_) => return Ok((Count::NotAnInteger, created)),
        };
        let marked = create.and_then(|entry| entry.marks.as_deref()).unwrap_or_default();
        let markers: Vec<String> = marked.iter().map(|mark| names::of_marker(&mark.marker)).collect();
        let scope = self.0.scope(key.scope());
        for _ in 0..LOOKS {
            let guess = self.0.scope_guess(key);
            let (front, life) = match create {
                None => (Vec::new(), Life::Never),
                Some(entry) => (self.0.integer_front(key, entry, guess)?, self.0.life(entry.deadline)),
            };
            let arguments = Arguments::default()
                .and(delta)
                .and(&fresh().to_le_bytes()[..])
                .and(&initial)
                .and(life.argument())
                .and(&guess.generation().0.to_le_bytes()[..])
                .and(front)
                .and(if marked.is_empty() { "0" } else { "1" })
                .and(if telling == Telling::Deadline { "1" } else { "0" });
            let (word, mut rest) = self.0.on_entry(&scripts::ADD, key, &markers, arguments, false).await?;
            let count = match word.as_str() {
                "now" => {
                    let digits = rest.next().and_then(bytes).unwrap_or_default();
                    let number = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
                    Count::Now(number.ok_or_else(|| senseless("a count that is no number"))?)
                }
                "missing" => Count::Missing,
                "other" => Count::NotAnInteger,
                "overflow" => Count::Overflow,
                "scope" => {
                    record_of(&scope, rest.next());
                    continue;
                }
                other => return Err(senseless(other)),
            };
            let deadline = match rest.next() {
                Some(Value::Int(left)) => self.until(left).unwrap_or(created),
                _ => created,
            };
            return Ok((count, deadline));
        }
        Err(senseless("a scope that is cleared all the time"))
    }

    /// The deadline that a `PTTL` tells of; `None` where there is nothing.
    fn until(&self, left: i64) -> Option<Deadline> {
        match left {
            -1 => Some(Deadline::NEVER),
            _ => {
                let left = Duration::from_millis(u64::try_from(left).ok()?);
                Some(Deadline::at(self.0.clock.now().saturating_add(left)))
            }
        }
    }
}
