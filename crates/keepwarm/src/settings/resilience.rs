//! What an alias asks for in case its store fails: the layers around it.

use std::time::Duration;

use super::sources::refusal;
use crate::cache::CacheBuilder;
use crate::clock::Clock;
use crate::error::Result;
use crate::layers::{Breaker, CallDeadline, Degrade};

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
        if let Some(deadline) = deadline {
            builder = builder.layer(deadline.clock(clock.clone()));
        }
        if stalls || self.degrades {
            let mut breaker = Breaker::new().clock(clock.clone());
            if let Some(deadline) = self.deadline {
                // An answer that takes more than half of what is allowed is late.
                breaker = breaker.slow(deadline / 2).probe(deadline);
            }
            builder = builder.layer(breaker);
        }
        if self.degrades {
            builder = builder.layer(Degrade::new().name(alias).clock(clock.clone()));
        }
        builder
    }
}
