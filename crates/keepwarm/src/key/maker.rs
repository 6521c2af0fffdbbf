//! From the caller's key to the stored key: prefix, version, a user's own key function, and the checks.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::parts::lead_length;
use super::{KeyBuffer, Lead, Parts, Scope, Version};
use crate::error::{Error, ErrorKind, Result};

/// A user's own way to build stored keys: `(key, key_prefix, version)` to the stored key (Django's `KEY_FUNCTION`).
///
/// It is called on every verb, from many threads at once, and must be pure: the same arguments, the same key.
pub type KeyFunction = dyn Fn(&str, &str, &Version) -> String + Send + Sync;

/// The longest stored key that every backend takes as it is; Memcached refuses longer ones.
const LONGEST: usize = 250;

/// Builds the stored keys of one alias.
#[derive(Clone)]
pub(crate) struct KeyMaker {
    scope: Scope,
    version: Version,
    /// `prefix:version:`, made once.
    lead: Lead,
    function: Option<Arc<KeyFunction>>,
    /// Whether keys part where their text says: not under a key function, and not when the version has a colon.
    splits: bool,
}

impl fmt::Debug for KeyMaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyMaker").field("lead", &self.lead).finish_non_exhaustive()
    }
}

impl KeyMaker {
    pub(crate) fn new(prefix: &str, version: Version, function: Option<Arc<KeyFunction>>) -> Self {
        let scope = Scope::new(prefix);
        let lead = lead(prefix, &version);
        let splits = function.is_none() && lead_length(&lead, &scope) == lead.len();
        Self { scope, lead: Lead::new(lead), version, function, splits }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn version(&self) -> &Version {
        &self.version
    }

    /// The stored key of `name`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`] when the user's key function panics or returns nothing.
    #[inline]
    pub(crate) fn make(&self, buffer: &mut KeyBuffer, name: &str, version: Option<&Version>) -> Result<()> {
        if version.is_some() || self.function.is_some() {
            return self.make_slowly(buffer, name, version);
        }
        buffer.push(self.lead.as_str());
        buffer.push(name);
        Ok(())
    }

    #[cold]
    fn make_slowly(&self, buffer: &mut KeyBuffer, name: &str, version: Option<&Version>) -> Result<()> {
        let version = version.unwrap_or(&self.version);
        match &self.function {
            Some(function) => buffer.push(&self.call(function, name, version)?),
            None => {
                buffer.push(&lead(self.scope.prefix(), version));
                buffer.push(name);
            }
        }
        Ok(())
    }

    fn call(&self, function: &Arc<KeyFunction>, name: &str, version: &Version) -> Result<String> {
        let made = catch_unwind(AssertUnwindSafe(|| function(name, self.scope.prefix(), version)))
            .map_err(|_| Error::new(ErrorKind::InvalidKey, format!("the key function panicked on {name:?}")))?;
        if made.is_empty() {
            // Every caller's values would share one entry.
            return Err(Error::new(ErrorKind::InvalidKey, format!("the key function returned no key for {name:?}")));
        }
        Ok(made)
    }

    /// The stored key in its parts; `None` where it takes joining to know it.
    #[inline]
    pub(crate) fn parts<'k>(&'k self, name: &'k str, version: Option<&Version>) -> Option<Parts<'k>> {
        (version.is_none() && self.splits).then_some(Parts { lead: &self.lead, name, scope: &self.scope })
    }

    /// The text that every stored key of this version begins with; `None` where a key function hides it.
    pub(crate) fn lead(&self, version: Option<&Version>) -> Option<Arc<str>> {
        match (version, &self.function) {
            (_, Some(_)) => None,
            (None, None) => Some(self.lead.as_str().into()),
            (Some(version), None) => Some(lead(self.scope.prefix(), version).into()),
        }
    }
}

fn lead(prefix: &str, version: &Version) -> String {
    format!("{prefix}:{version}:")
}

/// What Django warns of: a stored key that Memcached would refuse. `None` when the key is portable.
pub(crate) fn warning(key: &str) -> Option<&'static str> {
    if !is_unportable(&[key]) {
        return None;
    }
    if key.len() > LONGEST {
        return Some("the key will cause errors if used with Memcached: it is longer than 250 bytes");
    }
    Some("the key contains characters that will cause errors if used with Memcached")
}

/// Whether a key of these parts is one that Memcached refuses.
#[inline]
pub(crate) fn is_unportable(parts: &[&str]) -> bool {
    parts.iter().map(|part| part.len()).sum::<usize>() > LONGEST
        || parts.iter().any(|part| part.bytes().fold(false, |found, byte| found | (byte <= b' ') | (byte == 0x7f)))
}

/// Checks that a stored key can be used with every backend, Memcached included: at most 250 bytes, no spaces and no
/// control characters. `:`, `/`, `@`, `.` and every non-ASCII letter are fine.
///
/// ```
/// use keepwarm::key::validate_key;
///
/// assert!(validate_key("user:1").is_ok());
/// assert!(validate_key("user 1").is_err());
/// assert!(validate_key(&"x".repeat(251)).is_err());
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidKey`], with the reason.
pub fn validate_key(key: &str) -> Result<&str> {
    match warning(key) {
        None => Ok(key),
        Some(reason) => Err(Error::new(ErrorKind::InvalidKey, reason).with_key(key)),
    }
}

/// The key under which Django's `{% cache %}` tag keeps a template fragment, so that Rust code can drop one.
///
/// The same as Django's `django.core.cache.utils.make_template_fragment_key(fragment_name, vary_on)`.
///
/// ```
/// use keepwarm::key::make_template_fragment_key;
///
/// assert_eq!(make_template_fragment_key("a.fragment", [""; 0]), "template.cache.a.fragment.d41d8cd98f00b204e9800998ecf8427e");
/// assert_eq!(make_template_fragment_key("foo", ["42"]), "template.cache.foo.ef70b397e869e6fd08714e2f9edd3f8c");
/// ```
pub fn make_template_fragment_key(fragment_name: &str, vary_on: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    use md5::{Digest, Md5};
    let mut hasher = Md5::new();
    for argument in vary_on {
        hasher.update(argument.as_ref().as_bytes());
        hasher.update(b":");
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("template.cache.{fragment_name}.{digest}")
}
