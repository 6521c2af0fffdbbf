//! The attributes of keepwarm, [`cached`](macro@cached) and [`memoize`](macro@memoize), and the derive
//! [`Cacheable`](macro@Cacheable).
//!
//! Use them through `keepwarm`, which exports all of them.

mod cacheable;
mod cached;
mod companions;
mod function;
mod key;
mod memoize;
mod options;
mod template;
mod timeout;

use proc_macro::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{DeriveInput, ItemFn, parse_macro_input};

use options::Unchecked;

#[doc = include_str!("cached.md")]
#[proc_macro_attribute]
pub fn cached(options: TokenStream, function: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Unchecked);
    let function = parse_macro_input!(function as ItemFn);
    with_function_on_error(cached::expand, options, function)
}

#[doc = include_str!("memoize.md")]
#[proc_macro_attribute]
pub fn memoize(options: TokenStream, function: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Unchecked);
    let function = parse_macro_input!(function as ItemFn);
    with_function_on_error(memoize::expand, options, function)
}

#[doc = include_str!("cacheable.md")]
#[proc_macro_derive(Cacheable, attributes(cacheable))]
pub fn cacheable(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    cacheable::expand(input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// After an error the function stands there as it was written, so that its callers are not reported as well.
fn with_function_on_error(
    expand: fn(Unchecked, ItemFn) -> syn::Result<proc_macro2::TokenStream>,
    options: Unchecked,
    function: ItemFn,
) -> TokenStream {
    let written = function.to_token_stream();
    expand(options, function)
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote!(#written #error)
        })
        .into()
}
