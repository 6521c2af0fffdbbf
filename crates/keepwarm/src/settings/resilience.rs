//! What an alias asks for in case its store fails: the layers around it.

use std::time::Duration;

use super::options::Options;
use super::sources::refusal;
use crate::backend::Feed;
use crate::backends::memory::MemoryOptions;
use crate::cache::CacheBuilder;
use crate::clock::Clock;
use crate::error::Result;
use crate::layers::{Breaker, CallDeadline, Degrade, Tiered};

/// Whether and how a kind of store can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "which of them a build has depends on its features")]
pub(super) enum Failing {
    /// It lies in this process: there is nothing to lay around it.
    Never,
    /// Its calls fail, but somebody else has to say that they may hang.
    Maybe,
    /// It lies behind a network, which stalls: every call has a deadline, and a breaker spares its callers.
    Stalls,
}

/// The layers that settings ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resilience {
    deadline: Option<Duration>,
    degrades: bool,
}

impl Resilience {
    /// From the common options. `ignore_exceptions` is django-redis' word for `on_error`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the two say different things.
    pub(super) fn new(
        alias: &str,
        deadline: Option<Duration>,
        on_error: Option<&str>,
        ignore_exceptions: Option<bool>,
    ) -> Result<Self> {
        let degrades = on_error.map(|word| word == "degrade");
        if let (Some(degrades), Some(ignores)) = (degrades, ignore_exceptions)
            && degrades != ignores
        {
            return Err(refusal(format!(
                "alias `{alias}`: on_error = {:?} and ignore_exceptions = {ignores} say different things; \
                 `ignore_exceptions = true` is `on_error = \"degrade\"`",
                on_error.unwrap_or_default(),
            )));
        }
        Ok(Self { deadline, degrades: degrades.or(ignore_exceptions).unwrap_or(false) })
    }

    /// Lays the layers around the store that the builder has.
    pub(super) fn lay(&self, mut builder: CacheBuilder, failing: Failing, alias: &str, clock: &Clock) -> CacheBuilder {
        if failing == Failing::Never {
            return builder;
        }
        let stalls = failing == Failing::Stalls;
        let deadline = self.deadline.map(CallDeadline::new).or_else(|| stalls.then(CallDeadline::default));
        let deadline = deadline.map(|deadline| deadline.clock(clock.clone()));
        if stalls || self.degrades {
            let mut breaker = Breaker::new().clock(clock.clone());
            if let Some(deadline) = self.deadline {
                // An answer that takes more than half of what is allowed is late.
                breaker = breaker.slow(deadline / 2).probe(deadline);
            }
            builder = match deadline {
                Some(deadline) => builder.layer((deadline, breaker)),
                None => builder.layer(breaker),
            };
        } else if let Some(deadline) = deadline {
            builder = builder.layer(deadline);
        }
        if self.degrades {
            builder = builder.layer(Degrade::new().name(alias).clock(clock.clone()));
        }
        builder
    }
}

/// A near tier, asked for by giving any of its options.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Near {
    options: Option<MemoryOptions>,
    max_staleness: Option<Duration>,
}

impl Near {
    /// From the options of a store that tells what changes in it.
    pub(super) fn plan(options: &Options) -> Result<Option<Self>> {
        let max_entries = options.whole("near_max_entries", 1)?;
        let max_bytes = options.size("near_max_bytes")?;
        let max_staleness = options.duration("max_staleness")?;
        let bounds = max_entries.into_iter().fold(MemoryOptions::new(), MemoryOptions::max_entries);
        let bounds = max_bytes.into_iter().fold(bounds, MemoryOptions::max_bytes);
        let near = (max_entries.is_some() || max_bytes.is_some()).then_some(bounds);
        Ok((near.is_some() || max_staleness.is_some()).then_some(Self { options: near, max_staleness }))
    }

    /// The layer.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "no other built-in store tells what changes"))]
    pub(super) fn tier(&self, feed: impl Feed) -> Tiered {
        let tier = self.options.iter().cloned().fold(Tiered::new(feed), Tiered::near);
        self.max_staleness.into_iter().fold(tier, Tiered::max_staleness)
    }
}
