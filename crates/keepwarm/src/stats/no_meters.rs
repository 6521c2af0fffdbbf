//! Without the feature `metrics` nothing is recorded elsewhere, and nothing is paid.

use super::Event;
use crate::entry::MissReason;

#[inline]
pub(crate) fn counted(_cache: &str, _event: Event, _times: u64) {}

#[inline]
pub(crate) fn missed(_cache: &str, _reason: MissReason) {}
