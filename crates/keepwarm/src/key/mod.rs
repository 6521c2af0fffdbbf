//! Keys: joined once, checked once, never touched again below the front.
//!
//! The stored key of `user` under prefix `myapp` and version 1 is exactly `myapp:1:user`, as Django writes it, so that
//! `redis-cli` and a Django service see the same name. (Two aliases whose prefix or keys contain `:` can name the same
//! stored key, as in Django; give aliases of one store prefixes without it.)

mod maker;
mod pattern;
mod scope;
mod version;

use arrayvec::ArrayString;

pub use maker::{KeyFunction, make_template_fragment_key, validate_key};
pub(crate) use maker::{KeyMaker, warning};
pub use pattern::Pattern;
pub use scope::Scope;
pub use version::Version;

/// How many bytes of a stored key are built on the stack; longer ones go to the heap.
const ON_STACK: usize = 120;

/// A stored key being built.
#[derive(Debug, Clone)]
pub(crate) enum KeyBuffer {
    Short(ArrayString<ON_STACK>),
    Long(String),
}

impl KeyBuffer {
    /// The two halves of a stored key, joined.
    #[inline]
    pub(crate) fn join(prefix: &str, name: &str) -> Self {
        let mut short = ArrayString::new_const();
        if prefix.len() + name.len() <= ON_STACK {
            short.push_str(prefix);
            short.push_str(name);
            return Self::Short(short);
        }
        Self::Long([prefix, name].concat())
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(text) => text,
        }
    }
}

impl From<String> for KeyBuffer {
    fn from(text: String) -> Self {
        Self::Long(text)
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
