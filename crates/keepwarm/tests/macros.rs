//! `#[cached]` and `#[memoize]` as their users see them.

// Most bodies only count that they ran, whatever their arguments are.
#![allow(unused_variables)]

#[path = "macros/arguments.rs"]
mod arguments;
#[path = "macros/companions.rs"]
mod companions;
#[path = "macros/failures.rs"]
mod failures;
#[path = "macros/functions.rs"]
mod functions;
#[path = "macros/memoized.rs"]
mod memoized;
#[path = "macros/methods.rs"]
mod methods;
#[path = "macros/results.rs"]
mod results;
#[path = "macros/support.rs"]
mod support;
