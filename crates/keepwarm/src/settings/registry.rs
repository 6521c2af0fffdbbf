//! What a program brings itself: backends and key functions under names that settings use.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Options;
use crate::backend::{Backend, KINDS, Kind};
use crate::cache::CacheBuilder;
use crate::error::Result;
use crate::key::KeyFunction;

/// Puts a registered backend into a builder. Erased here, so that a backend is boxed in its one adapter and not again.
pub(super) type Construct = dyn Fn(CacheBuilder, &Options) -> Result<CacheBuilder> + Send + Sync;

/// The registered names.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    backends: BTreeMap<String, Arc<Construct>>,
    key_functions: BTreeMap<String, Arc<KeyFunction>>,
}

/// The backend that a name in settings stands for.
#[derive(Clone)]
pub(crate) enum Chosen {
    Kind(&'static Kind),
    Registered(Arc<Construct>),
}

impl Registry {
    pub(crate) fn register<B: Backend>(
        &mut self,
        name: String,
        construct: impl Fn(&Options) -> Result<B> + Send + Sync + 'static,
    ) {
        let construct = move |builder: CacheBuilder, options: &Options| Ok(builder.backend(construct(options)?));
        self.backends.insert(name, Arc::new(construct));
    }

    pub(crate) fn key_function(&mut self, name: String, function: Arc<KeyFunction>) {
        self.key_functions.insert(name, function);
    }

    pub(super) fn find_key_function(&self, name: &str) -> Option<Arc<KeyFunction>> {
        self.key_functions.get(name).cloned()
    }

    pub(super) fn key_function_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.key_functions.keys().map(String::as_str)
    }

    /// The backend of this name: a kind, by its own name or a dotted one, or a registered one.
    pub(super) fn find_backend(&self, name: &str) -> Option<Chosen> {
        if let Some(construct) = self.backends.get(name) {
            return Some(Chosen::Registered(Arc::clone(construct)));
        }
        KINDS.iter().find(|kind| kind.name == name || kind.dotted.contains(&name)).map(Chosen::Kind)
    }

    /// The names that settings can use, without the dotted ones.
    pub(super) fn backend_names(&self) -> impl Iterator<Item = &str> + Clone {
        KINDS.iter().map(|kind| kind.name).chain(self.backends.keys().map(String::as_str))
    }

    /// A registered name that is already taken by a kind.
    pub(super) fn taken(&self) -> Option<&str> {
        let taken = |name: &&str| KINDS.iter().any(|kind| kind.name == *name || kind.schemes.contains(name));
        self.backends.keys().map(String::as_str).find(taken)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("backends", &self.backends.keys())
            .field("key_functions", &self.key_functions.keys())
            .finish()
    }
}
