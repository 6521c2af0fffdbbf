//! The `tracing` events: what happened, at levels that can stay on.

use super::Event;
use crate::entry::MissReason;
use crate::error::Error;

/// Hits and the like are for whoever traces; what costs a computation is for whoever debugs.
#[inline]
pub(crate) fn counted(cache: &str, event: Event, times: u64) {
    match event {
        Event::Computation | Event::Wait | Event::Overtaken | Event::Refusal | Event::UnportableKey => {
            tracing::debug!(target: "keepwarm", cache, event = event.name(), times);
        }
        Event::Hit | Event::Set | Event::Delete => {
            tracing::trace!(target: "keepwarm", cache, event = event.name(), times);
        }
        // Told with its cause by `failed`.
        Event::Error | Event::NoHit => {}
    }
}

#[inline]
pub(crate) fn missed(cache: &str, reason: MissReason) {
    tracing::debug!(target: "keepwarm", cache, event = "misses", reason = reason.name());
}

/// An option that other programs need and this one does not.
#[cold]
#[allow(dead_code, reason = "only some backends have such options")]
pub(crate) fn ignored(alias: &str, option: &str, value: &str) {
    tracing::info!(target: "keepwarm", alias, event = "ignored option", option, value);
}

#[cold]
pub(crate) fn failed(cache: &str, error: &Error) {
    tracing::warn!(target: "keepwarm", cache, event = "errors", %error);
}

#[cold]
pub(crate) fn swallowed(cache: &str, error: &Error, swallowed: u64) {
    tracing::warn!(target: "keepwarm", cache, event = "store_down", %error, swallowed, "the store fails; the cache degrades");
}

#[cold]
pub(crate) fn delivered(cache: &str) {
    tracing::info!(target: "keepwarm", cache, event = "store_back", "what was invalidated meanwhile is delivered");
}
