//! Without the feature `tracing` nothing is told, and nothing is paid.

use super::Event;
use crate::entry::MissReason;
use crate::error::Error;

#[inline]
pub(crate) fn counted(_cache: &str, _event: Event, _times: u64) {}

#[inline]
pub(crate) fn missed(_cache: &str, _reason: MissReason) {}

#[inline]
pub(crate) fn failed(_cache: &str, _error: &Error) {}

#[inline]
pub(crate) fn swallowed(_cache: &str, _error: &Error, _swallowed: u64) {}

#[inline]
pub(crate) fn delivered(_cache: &str) {}
