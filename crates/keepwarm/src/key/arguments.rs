//! The key of a call: the function's path and the canonical form of its arguments.
//!
//! A cached function answers from the entry of its arguments, so two argument lists that a function can tell apart must
//! never meet in one key, and one argument list must give the same key in another process, after a restart and on
//! another platform. Joining texts by a colon does neither: `["a:b"]` and `["a", "b"]` meet. The form here is typed and
//! length-prefixed (see [`form`]), and what is too long to read is cut and followed by a SHA-256 of the whole.

mod form;
mod hashed;

use std::any::type_name;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

pub use form::KeyForm;
pub use hashed::make_hashed_key;

/// Up to this many characters a key stays as it is, for people who read keys. With a prefix and a version it fits the
/// 250 bytes of memcached easily.
const LONGEST_READABLE: usize = 150;

/// How much of a longer text still leads the hash, so that one sees whose entry it is.
const HEAD: usize = 100;

/// What can be an argument in the key of a cached call.
///
/// Every type with serde's `Serialize` is one: numbers, texts, options, tuples, lists, maps, sets, dates and ids of other
/// crates, your own structs with `#[derive(Serialize)]`. serde was taken instead of a trait of our own with a list of
/// types, because of the types of other crates (`Uuid`, `NaiveDate`, `Decimal`): nobody could have implemented ours for them.
/// It follows that what serde leaves out (`#[serde(skip)]`) is not in the key.
///
/// A type without `Serialize` joins by hand:
///
/// ```
/// use keepwarm::key::{ArgumentKey, KeyForm, KeyPart};
///
/// struct Tenant {
///     id: u32,
///     pool: std::sync::Mutex<()>,
/// }
///
/// impl KeyPart for Tenant {
///     fn write_key_part(&self, form: &mut KeyForm) -> keepwarm::Result<()> {
///         form.value(&self.id)
///     }
/// }
///
/// let tenant = Tenant { id: 7, pool: Default::default() };
/// assert_eq!(ArgumentKey::new("report").argument("tenant", &tenant).finish().unwrap(), "report(7)");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "this argument has no canonical form",
    note = "derive `serde::Serialize` for it, or implement `keepwarm::key::KeyPart` by hand",
    note = "if the result does not depend on it (a connection, a pool, a client), leave it out of the key: `skip(argument)`",
    note = "or write the key yourself: `key = \"user:{{user_id}}\"`"
)]
pub trait KeyPart {
    /// Writes this value's canonical form: equal values give equal forms, in every process and on every platform.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`](crate::ErrorKind::InvalidKey) when the value has no stable form, as a path that is not Unicode.
    fn write_key_part(&self, form: &mut KeyForm) -> Result<()>;
}

// Without this the compiler would ask for `Serialize` and never show what is written above.
#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> KeyPart for T {
    fn write_key_part(&self, form: &mut KeyForm) -> Result<()> {
        form.value(self)
    }
}

/// Builds the key of one call, as `#[cached]` does; for functions that are cached by hand.
///
/// Up to 150 characters the key is the function's path and its arguments in readable form. A longer one is its first 100
/// characters, `~` and the SHA-256 of the whole text in hexadecimal: 165 characters. It is always printable ASCII
/// without spaces, so that memcached takes it.
///
/// ```
/// use keepwarm::key::ArgumentKey;
///
/// let key = |page: u32, query: &str| ArgumentKey::new("shop::search").argument("page", &page).argument("query", query).finish();
/// assert_eq!(key(2, "tea pot").unwrap(), "shop::search(2,s9:tea%20pot)");
/// assert_eq!(key(2, &"tea ".repeat(99)).unwrap().len(), 165);
/// ```
#[derive(Debug)]
#[must_use = "a key is made by `finish`"]
pub struct ArgumentKey {
    form: KeyForm,
    parts: usize,
    failure: Option<Error>,
}

impl ArgumentKey {
    /// The key of a call of this function; the path should name it uniquely in the program.
    pub fn new(function: &str) -> Self {
        let mut form = KeyForm::with_capacity(function.len() + 32);
        form::push_escaped(form.text_mut(), function);
        form.text_mut().push('(');
        Self { form, parts: 0, failure: None }
    }

    /// Adds an argument; `name` is for the error message only, so that renaming a parameter keeps the entries.
    pub fn argument<T: KeyPart + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.separate();
        if let Err(error) = value.write_key_part(&mut self.form) {
            self.failure.get_or_insert_with(|| {
                let message = format!("argument `{name}` of type {} has no stable form for a key", type_name::<T>());
                Error::new(ErrorKind::InvalidKey, message).with_source(error)
            });
        }
        self
    }

    /// Adds a type: two instances of one generic function have different entries.
    pub fn of_type<T: ?Sized>(mut self) -> Self {
        self.separate();
        form::push_prefixed(self.form.text_mut(), 't', type_name::<T>());
        self
    }

    /// Adds the type of this value, for a parameter whose type has no name (`impl Trait`).
    pub fn of_type_of<T: ?Sized>(self, _: &T) -> Self {
        self.of_type::<T>()
    }

    /// The key.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKey`](crate::ErrorKind::InvalidKey), naming the first argument that has no stable form.
    pub fn finish(self) -> Result<String> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let mut text = self.form.into_text();
        text.push(')');
        Ok(shorten(text))
    }

    fn separate(&mut self) {
        if self.parts > 0 {
            self.form.text_mut().push(',');
        }
        self.parts += 1;
    }
}

/// The text itself, or its head and the hash of all of it. A readable key ends with `)` and a hashed one with a digit, so
/// that no argument can forge the one from the other.
fn shorten(mut text: String) -> String {
    if text.len() <= LONGEST_READABLE {
        return text;
    }
    let hash = Sha256::digest(text.as_bytes());
    text.truncate(HEAD);
    text.push('~');
    push_hexadecimal(&mut text, &hash);
    text
}

fn push_hexadecimal(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests;
