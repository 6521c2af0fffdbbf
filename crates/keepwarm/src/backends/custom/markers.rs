//! Tags, namespaces and scopes: a generation each, kept in the store as an entry of its own.
//!
//! A marker that is lost, torn or overwritten gets a new random generation the next time it is needed, so that whatever
//! the store does to markers, old entries stay dead.

use super::{Adapter, Custom};
use crate::entry::{Generation, Mark, Marker, MarkerKind};
use crate::error::Result;
use crate::key::Scope;
use crate::random::fresh;
use crate::wire::{Content, Envelope};

/// Where a marker's generation lies in the store.
pub(super) fn marker_key(marker: &Marker) -> String {
    let kind = match marker.kind() {
        MarkerKind::Tag => "tag",
        MarkerKind::Namespace => "namespace",
    };
    format!("keepwarm:{kind}:{}", marker.name())
}

/// Where the generation of a scope lies in the store.
pub(super) fn scope_key(scope: &Scope) -> String {
    format!("keepwarm:scope:{}", scope.prefix())
}

impl<C: Custom> Adapter<C> {
    /// The generation that lies under `name`; `None` for a lost one.
    pub(super) async fn generation(&self, name: &str) -> Result<Option<Generation>> {
        let Some(bytes) = self.fetch(name).await? else { return Ok(None) };
        Ok(match Envelope::read(name, bytes).map(|envelope| envelope.content) {
            Ok(Content::Generation(generation)) => Some(generation),
            _ => None,
        })
    }

    /// The generation that lies under `name`, made if there is none.
    pub(super) async fn generation_or_new(&self, name: &str) -> Result<Generation> {
        if let Some(generation) = self.generation(name).await? {
            return Ok(generation);
        }
        let _writing = self.stripes.lock_marker(name).await;
        // Looked at again: whoever held the lock may have made it.
        match self.generation(name).await? {
            Some(generation) => Ok(generation),
            None => self.write_generation(name).await,
        }
    }

    /// Moves the generation under `name` on.
    pub(super) async fn renew_generation(&self, name: &str) -> Result<()> {
        let _writing = self.stripes.lock_marker(name).await;
        self.write_generation(name).await.map(drop)
    }

    async fn write_generation(&self, name: &str) -> Result<Generation> {
        let generation = Generation(fresh());
        let envelope = Envelope::new(Content::Generation(generation));
        self.store_bytes(name, envelope.write(name), None).await?;
        Ok(generation)
    }

    /// The first of the marks that has moved on, or whose marker is lost.
    pub(super) async fn moved_on<'m>(&self, marks: &'m [Mark]) -> Result<Option<&'m Mark>> {
        for mark in marks {
            if self.generation(&marker_key(&mark.marker)).await? != Some(mark.generation) {
                return Ok(Some(mark));
            }
        }
        Ok(None)
    }
}
