//! A stored key in its two parts, so that a memory hit neither joins them nor hashes the part that never changes.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use super::{Key, Scope};

/// Keys may come from users: a random seed keeps them from choosing where in a table they fall.
static SEED: LazyLock<foldhash::fast::RandomState> = LazyLock::new(foldhash::fast::RandomState::default);

/// What the stored keys of one prefix and version begin with, and the hash of it.
#[derive(Debug, Clone)]
pub struct Lead {
    text: Box<str>,
    hash: u64,
}

impl Lead {
    pub(super) fn new(text: String) -> Self {
        Self { hash: hash(text.as_bytes()), text: text.into() }
    }

    /// Its text, `prefix:version:`.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A stored key that was not joined.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    pub(super) lead: &'a Lead,
    pub(super) name: &'a str,
    pub(super) scope: &'a Scope,
}

impl<'a> Parts<'a> {
    /// What it begins with.
    #[inline]
    pub fn lead(&self) -> &'a str {
        self.lead.as_str()
    }

    /// What follows: the caller's key.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// As [`Key::scope`].
    #[inline]
    pub fn scope(&self) -> &'a Scope {
        self.scope
    }

    /// The stored key, joined in a buffer.
    #[cfg(feature = "file")]
    #[inline]
    pub(crate) fn join<'b>(&self, buffer: &'b mut super::KeyBuffer) -> &'b str {
        buffer.push(self.lead());
        buffer.push(self.name);
        buffer.as_str()
    }

    /// The same as [`Key::hash`] of the joined key.
    #[inline]
    pub fn hash(&self) -> u64 {
        join(self.lead.hash, hash(self.name.as_bytes()))
    }
}

impl Key<'_> {
    /// How long the lead of the key is: the scope's prefix and what follows up to the second colon. It is found from the
    /// text alone, so that a key has one hash however it was made; 0 where the text does not look like that.
    pub(crate) fn lead_length(&self) -> usize {
        lead_length(self.as_str(), self.scope())
    }

    /// The key's hash in this process.
    #[inline]
    pub fn hash(&self) -> u64 {
        hash_split(self.as_str().as_bytes(), self.lead_length())
    }
}

pub(super) fn lead_length(text: &str, scope: &Scope) -> usize {
    let prefix = scope.prefix();
    let Some(rest) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(':')) else { return 0 };
    let length = rest.bytes().position(|byte| byte == b':').map_or(0, |at| prefix.len() + at + 2);
    // Stores keep the length in a byte.
    if length > usize::from(u8::MAX) { 0 } else { length }
}

/// The hash of a key whose first `lead` bytes are its lead.
#[inline]
pub(crate) fn hash_split(text: &[u8], lead: usize) -> u64 {
    let (lead, name) = text.split_at(lead);
    join(hash(lead), hash(name))
}

#[inline]
fn hash(bytes: &[u8]) -> u64 {
    SEED.hash_one(bytes)
}

/// Mixes the two hashes by a folded multiplication: every bit of either reaches every bit of the result.
#[inline]
fn join(lead: u64, name: u64) -> u64 {
    let product = u128::from(lead ^ name) * 0x9e37_79b9_7f4a_7c15_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_hash_however_it_was_made() {
        for (prefix, lead, name) in
            [("myapp", "myapp:1:", "user"), ("", ":1:", "a:b"), ("a:b", "a:b:2:", "c:d"), ("x", "x:1:", "")]
        {
            let scope = Scope::new(prefix);
            let lead = Lead::new(lead.to_owned());
            let joined = format!("{}{name}", lead.as_str());
            let key = Key::new(&joined, &scope);
            assert_eq!(key.lead_length(), lead.as_str().len(), "{joined}");
            assert_eq!(key.hash(), Parts { lead: &lead, name, scope: &scope }.hash(), "{joined}");
        }
        let scope = Scope::new("myapp");
        assert_eq!(Key::new("no lead here", &scope).lead_length(), 0);
        assert_eq!(Key::new("myapp:unfinished", &scope).lead_length(), 0);
    }
}
