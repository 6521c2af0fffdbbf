//! Namespaces: a part of the key space that is dropped in O(1).

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;

use super::clear::Clear;
use super::{Cache, View};
use crate::entry::{Marker, MarkerKind};
use crate::stats::Counters;

/// The namespaces that were asked for, so that all handles on one count together.
#[derive(Default)]
pub(crate) struct Namespaces(Mutex<HashMap<String, Arc<View>>>);

impl Cache {
    /// A part of the key space with keys, statistics and an invalidation of its own. Nests.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// let products = cache.namespace("product");
    /// products.set("7", "shoe").wait()?;
    /// assert_eq!(products.get::<String>("7").wait()?.as_deref(), Some("shoe"));
    /// products.invalidate().wait()?;
    /// assert_eq!(products.get::<String>("7").wait()?, None);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    pub fn namespace(&self, name: &str) -> Namespace {
        let name = match self.view() {
            None => name.to_owned(),
            Some(outer) => format!("{}:{name}", outer.name),
        };
        let state = self.state();
        let mut namespaces = state.namespaces.0.lock();
        let view = namespaces.entry(name).or_insert_with_key(|name| {
            let marker = format!("{}:namespace:{name}", state.keys.scope().prefix());
            Arc::new(View {
                name: name.clone(),
                lead: format!("{name}:"),
                markers: self.markers().iter().cloned().chain([Marker::new(MarkerKind::Namespace, marker)]).collect(),
                counters: Counters::default(),
            })
        });
        Namespace(Cache { shared: Arc::clone(&self.shared), view: Some(Arc::clone(view)) })
    }
}

/// A cache whose keys are the alias' own part named by [`Cache::namespace`]; every verb of a cache, and `invalidate`.
#[derive(Debug, Clone)]
pub struct Namespace(Cache);

impl Namespace {
    /// Makes every entry of the namespace a miss, of all versions and of the namespaces inside it; O(1). Works before
    /// anything was read, and what the store forgets about the namespace never brings old entries back.
    ///
    /// # Errors
    /// When the store fails.
    pub fn invalidate(&self) -> Clear<'_> {
        self.0.clear()
    }
}

impl Deref for Namespace {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.0
    }
}
