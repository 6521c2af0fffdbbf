//! Fingerprints of the shapes of types: a value that was written under another shape is a miss and never half a value.
//!
//! serde reads what it can: a field that is new is filled by its default, one that was renamed is passed over, and a
//! value of the last release becomes one that this release never wrote. `#[derive(Cacheable)]` keeps such values apart:
//!
//! ```
//! use keepwarm::Cacheable;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize, Cacheable)]
//! struct Price {
//!     cents: u64,
//!     #[serde(default)]
//!     currency: String,
//! }
//!
//! assert!(keepwarm::schema::of::<Price>().is_some());
//! assert_eq!(keepwarm::schema::of::<Vec<Price>>(), keepwarm::schema::of::<Price>());
//! assert!(keepwarm::schema::of::<String>().is_none());
//! ```
//!
//! That is all: every verb writes the fingerprint beside the value, and a read as a type with another one is a
//! [miss for this reason](crate::entry::MissReason::Schema). Either side without a fingerprint compares nothing, so that
//! entries of Python, and those from before the type had one, are read as serde reads them. Memory keeps the objects
//! themselves and has nothing to compare.
//!
//! # What is the shape
//! The names of fields and variants, their types as they are written, and their `serde` attributes, in order; of types
//! that have a fingerprint themselves, theirs. Not the name of the type, nor fields with `#[serde(skip)]`. What a
//! change of meaning leaves as it is, `#[cacheable(version = 2)]` tells apart.
//!
//! # How a verb knows
//! The derive registers the shape when the program is loaded, and a type's fingerprint is looked up by its name, with the
//! types that it is made of: a `Vec<Price>`, an `Option<(Price, u8)>` and a generic `Page<Price>` all have one. A type
//! without any costs one comparison, and only where values are encoded.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use parking_lot::RwLock;
use sha2::{Digest as _, Sha256};

/// A type whose shape has a fingerprint; see the [module](self). Implemented by `#[derive(Cacheable)]`.
pub trait Cacheable {}

/// The shape of one type, as the derive describes it.
#[doc(hidden)]
pub struct Shape {
    /// The type's path, without parameters.
    pub path: fn() -> &'static str,
    /// What is hashed.
    pub text: &'static str,
    /// The names of the types of its fields, to find the shapes among them.
    pub fields: &'static [fn() -> &'static str],
}

inventory::collect!(Shape);

/// All shapes of the program, by the path of their type.
static SHAPES: LazyLock<HashMap<&'static str, &'static Shape>> =
    LazyLock::new(|| inventory::iter::<Shape>().map(|shape| ((shape.path)(), shape)).collect());

/// What was looked up before.
static KNOWN: LazyLock<RwLock<HashMap<TypeId, Option<NonZeroU32>, foldhash::fast::RandomState>>> =
    LazyLock::new(RwLock::default);

/// The fingerprint that entries of this type carry; `None` when neither it nor a type that it is made of has one.
///
/// The same in every build of the same source, on every machine.
pub fn of<T: 'static>() -> Option<NonZeroU32> {
    if SHAPES.is_empty() {
        return None;
    }
    let id = TypeId::of::<T>();
    if let Some(known) = KNOWN.read().get(&id) {
        return *known;
    }
    let found = fingerprint(type_name::<T>());
    KNOWN.write().insert(id, found);
    found
}

fn fingerprint(name: &'static str) -> Option<NonZeroU32> {
    let mut description = String::new();
    describe(name, &mut Vec::new(), &mut description);
    if description.is_empty() {
        return None;
    }
    let [first, second, third, fourth, ..] = Sha256::digest(&description).0;
    // 0 is not a fingerprint on the wire.
    Some(NonZeroU32::new(u32::from_le_bytes([first, second, third, fourth])).unwrap_or(NonZeroU32::MIN))
}

/// Writes down the shapes among the types in a type's name, and those within them.
fn describe(name: &'static str, within: &mut Vec<&'static str>, out: &mut String) {
    for path in name.split(|character: char| !(character.is_alphanumeric() || "_:{}#".contains(character))) {
        let Some(shape) = SHAPES.get(path) else { continue };
        if within.contains(&path) {
            // A tree of itself: how far up says which.
            out.push('^');
            continue;
        }
        within.push(path);
        out.push_str(shape.text);
        for field in shape.fields {
            out.push('(');
            describe(field(), within, out);
            out.push(')');
        }
        within.pop();
    }
}
