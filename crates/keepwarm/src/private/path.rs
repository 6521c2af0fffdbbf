//! The path of a function as the compiler tells it, which names the type of an `impl` block, its types, and the function
//! around a function. It changes neither between runs nor between builds with one compiler; if a later compiler wrote
//! it differently, entries would be computed anew, never mixed up.

use crate::key::ArgumentKey;

/// The key of a method, from the path of the function `__keepwarm_method` beside it.
pub fn method_key(path: &str) -> ArgumentKey {
    ArgumentKey::new(&path.replacen("__keepwarm_", "", 1))
}

/// The key of a function, from the path of the function `__keepwarm_here` inside it.
pub fn enclosing_key(path: &str) -> ArgumentKey {
    // An `async fn` has its body in a closure.
    ArgumentKey::new(path.trim_end_matches("::__keepwarm_here").trim_end_matches("::{{closure}}"))
}
