//! Without the feature `redis` its settings are known, and cannot be used.

use std::time::Duration;

use super::Options;
use super::resilience::Near;
use crate::cache::CacheBuilder;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// There is none.
pub(crate) enum Planned {}

#[derive(Default)]
pub(crate) struct Stores(());

pub(super) fn plan(options: &Options, _deadline: Option<Duration>) -> Result<Planned> {
    let reason = format!("alias `{}`: this program was built without keepwarm's feature `redis`", options.alias());
    Err(Error::new(ErrorKind::Unsupported, reason))
}

impl Stores {
    pub(super) fn lay(&self, _builder: CacheBuilder, planned: &Planned, _clock: &Clock) -> CacheBuilder {
        match *planned {}
    }

    pub(super) fn lay_near(
        &self,
        _builder: CacheBuilder,
        planned: &Planned,
        _near: &Near,
        _clock: &Clock,
    ) -> CacheBuilder {
        match *planned {}
    }
}
