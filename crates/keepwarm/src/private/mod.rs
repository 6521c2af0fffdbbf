//! What `#[cached]` and `#[memoize]` expand to: nothing here is for people to call, and nothing of it is promised.
//!
//! The expansion itself stays small, so that it is read here with types and tests instead of in a macro.

#![allow(missing_docs)]

mod cached;
mod kind;
mod memo;
mod path;

pub use inventory;

pub use crate::schema::Shape;
pub use cached::{Call, Fetch, Refresh, run, run_blocking, run_inline, text, timeout, with_output};
pub use kind::{AnyKind, Kind, OnlyOk, OnlySome, Plain, Returned};
pub use memo::{CacheInfo, Memo};
pub use path::{enclosing_key, method_key};
