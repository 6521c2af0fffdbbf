//! Tags, namespaces, prefixes: what makes many entries a miss at once.

use super::{Store, opened};
use crate::error::Result;
use crate::types::{Marker, Scope};

impl Store {
    /// The current generations of markers, made where there were none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn generations(&self, markers: &[Marker], now: u64) -> Result<Vec<u64>> {
        let state = self.state(now)?;
        let state = opened(&state);
        let table = &state.markers;
        let one = |marker: &Marker| match table.inner.generation(marker.0) {
            Some(generation) => Ok(generation),
            None => table.with(self.options.patience, |markers| {
                let known = markers.generation(marker.0);
                known.unwrap_or_else(|| markers.renew(marker.0, |at, length| table.allocate(at, length)))
            }),
        };
        markers.iter().map(one).collect()
    }

    /// Moves markers on: every entry under one of them is a miss when this returns.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn renew(&self, markers: &[Marker], now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        let table = &state.markers;
        table.with(self.options.patience, |inner| {
            // One that is not there is held by no live entry: it comes back with another generation.
            for marker in markers.iter().filter(|marker| inner.generation(marker.0).is_some()) {
                inner.renew(marker.0, |at, length| table.allocate(at, length));
            }
        })
    }

    /// Makes every entry of a scope a miss and ends its leases. O(1).
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn clear(&self, scope: Scope, now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        state.markers.with(self.options.patience, |markers| markers.renew_scope(scope.0)).map(drop)
    }

    /// Drops everything, and ends every lease. O(1), but for large values' files.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn clear_store(&self, now: u64) -> Result<()> {
        let state = self.state(now)?;
        let state = opened(&state);
        state.markers.with(self.options.patience, |markers| markers.renew_epoch())?;
        state.side.remove_all();
        Ok(())
    }
}
