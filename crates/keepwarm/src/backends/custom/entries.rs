//! Reading and writing entries in the user's store.

use std::time::Duration;

use bytes::Bytes;

use super::failures::kind_of;
use super::leases::Leases;
use super::markers::scope_key;
use super::{Adapter, Custom, CustomError};
use crate::backend::When;
use crate::entry::{Generation, MissReason};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::wire::{Content, Envelope};

/// What lies under a key.
pub(super) enum Found {
    Live(Envelope),
    Dead(Envelope, MissReason),
    /// Bytes that are no entry of this key.
    Foreign(Bytes),
    Nothing,
}

impl Found {
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    pub(super) fn live(self) -> Option<Envelope> {
        match self {
            Self::Live(envelope) => Some(envelope),
            _ => None,
        }
    }
}

impl<C: Custom> Adapter<C> {
    /// What lies under a key, and whether it is live. Needs no lock: an entry whose generations are current after it
    /// was read was live when it was read, because no generation ever comes back.
    pub(super) async fn load(&self, key: &Key<'_>) -> Result<Found> {
        let Some(bytes) = self.fetch(key.as_str()).await? else { return Ok(Found::Nothing) };
        let envelope = match Envelope::read(key.as_str(), bytes.clone()) {
            Ok(envelope) if !matches!(envelope.content, Content::Generation(_) | Content::Lease(_)) => envelope,
            _ => return Ok(Found::Foreign(bytes)),
        };
        Ok(match self.dead(key, &envelope).await? {
            None => Found::Live(envelope),
            Some(reason) => Found::Dead(envelope, reason),
        })
    }

    async fn dead(&self, key: &Key<'_>, envelope: &Envelope) -> Result<Option<MissReason>> {
        if envelope.hard_deadline.is_some_and(|deadline| deadline <= self.time.unix_millis()) {
            return Ok(Some(MissReason::Expired));
        }
        // An entry without a generation could not be cleared, so it is not trusted.
        if envelope.scope.is_none() || self.generation(&scope_key(key.scope())).await? != envelope.scope {
            return Ok(Some(MissReason::Cleared));
        }
        let moved_on = self.moved_on(envelope.marks.as_deref().unwrap_or_default()).await?;
        Ok(moved_on.map(|mark| mark.marker.kind().into()))
    }

    /// Whether `when` holds for what was found under the key, whose lock is held.
    pub(super) async fn holds(&self, key: &Key<'_>, leases: &Leases, when: When, scope: Generation) -> Result<bool> {
        Ok(match when {
            When::Always => true,
            When::Absent => !self.load(key).await?.is_live(),
            When::Present => self.load(key).await?.is_live(),
            When::Unchanged(stamp) => match self.load(key).await?.live() {
                Some(envelope) => envelope.stamp == Some(stamp),
                None => leases.is_unchanged(key.as_str(), stamp, scope),
            },
        })
    }

    /// Writes an envelope under a key whose lock is held. It keeps the deadline that it carries.
    pub(super) async fn save(&self, key: &Key<'_>, envelope: &Envelope) -> Result<()> {
        let timeout = self.time.left(envelope.hard_deadline);
        self.store_bytes(key.as_str(), envelope.write(key.as_str()), timeout).await
    }

    pub(super) async fn fetch(&self, key: &str) -> Result<Option<Bytes>> {
        let bytes = self.store.get(key).await.map_err(|error| self.failed("get", key, error))?;
        Ok(bytes.map(Bytes::from))
    }

    pub(super) async fn store_bytes(&self, key: &str, bytes: Vec<u8>, timeout: Option<Duration>) -> Result<()> {
        self.store.set(key, bytes, timeout).await.map_err(|error| self.failed("set", key, error))
    }

    pub(super) async fn erase(&self, key: &str) -> Result<bool> {
        self.store.delete(key).await.map_err(|error| self.failed("delete", key, error))
    }

    fn failed(&self, method: &'static str, key: &str, error: CustomError) -> Error {
        Error::new(kind_of(&error), format!("the custom store's `{method}` failed"))
            .with_backend(self.kind)
            .with_key(key)
            .with_source(error)
    }

    pub(super) fn clear_failed(&self, error: CustomError) -> Error {
        Error::new(kind_of(&error), "the custom store's `clear` failed").with_backend(self.kind).with_source(error)
    }
}
