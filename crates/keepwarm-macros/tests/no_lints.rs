//! What the attributes add gives no warnings, whatever a crate asks for.
#![deny(warnings, missing_docs, unreachable_pub, unused, single_use_lifetimes, unused_qualifications, unused_lifetimes)]
#![deny(elided_lifetimes_in_paths, let_underscore_drop, unit_bindings, trivial_casts, unnameable_types)]

use keepwarm::{cached, memoize};

/// Users.
#[derive(Debug)]
pub struct Users {
    tenant: String,
}

impl Users {
    /// By name.
    #[cached(timeout = "1h", key = "{self.tenant}:{name}")]
    pub async fn find(&self, name: &str) -> String {
        format!("{} {name}", self.tenant)
    }

    /// How many.
    #[cached(timeout = "1h", associated)]
    pub fn count(of: u64) -> u64 {
        of
    }

    /// How many again.
    #[memoize(associated)]
    pub fn counted(of: u64) -> u64 {
        of
    }
}

/// Squares.
#[cached(timeout = "1h")]
pub async fn square(number: u64) -> u64 {
    number * number
}

/// Cubes.
#[memoize]
pub fn cube(number: u64) -> u64 {
    number * number * number
}

#[cached(timeout = "1h", tags = ["numbers"])]
fn private(number: u64) -> u64 {
    number
}

#[test]
fn it_compiles_without_a_warning() {
    assert_eq!(private(7), 7);
}
