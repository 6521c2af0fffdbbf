//! Keys: joined once, checked once, never touched again below the front.
//!
//! The stored key of `user` under prefix `myapp` and version 1 is exactly `myapp:1:user`, as Django writes it, so that
//! `redis-cli` and a Django service see the same name. (Two aliases whose prefix or keys contain `:` can name the same
//! stored key, as in Django; give aliases of one store prefixes without it.)

mod arguments;
mod maker;
mod parts;
mod pattern;
mod scope;
mod version;

use arrayvec::ArrayString;

pub use arguments::{ArgumentKey, KeyForm, KeyPart, make_hashed_key};
pub use maker::{KeyFunction, make_template_fragment_key, validate_key};
pub(crate) use maker::{KeyMaker, is_unportable, warning};
pub(crate) use parts::hash_split;
pub use parts::{Lead, Parts};
pub use pattern::Pattern;
pub use scope::Scope;
pub use version::Version;

/// How many bytes of a stored key are built on the stack; longer ones go to the heap.
const ON_STACK: usize = 120;

/// Room for a stored key, filled in place: moving so many bytes around would cost a hit more than joining them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyBuffer {
    short: ArrayString<ON_STACK>,
    long: Option<String>,
}

impl KeyBuffer {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { short: ArrayString::new_const(), long: None }
    }

    /// Appends to the key.
    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        if self.long.is_some() || self.short.try_push_str(text).is_err() {
            self.push_long(text);
        }
    }

    #[cold]
    fn push_long(&mut self, text: &str) {
        self.long.get_or_insert_with(|| self.short.as_str().to_owned()).push_str(text);
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match &self.long {
            None => &self.short,
            Some(long) => long,
        }
    }
}

/// A stored key as backends see it: its full text, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    text: &'a str,
    scope: &'a Scope,
}

impl<'a> Key<'a> {
    /// A key by its stored text. Only the front and tests make keys; the text is stored as it is.
    pub fn new(text: &'a str, scope: &'a Scope) -> Self {
        Self { text, scope }
    }

    /// The stored text, with prefix and version.
    #[inline]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The alias' part of the store that the key belongs to.
    #[inline]
    pub fn scope(&self) -> &'a Scope {
        self.scope
    }
}
