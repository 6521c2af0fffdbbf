//! What stands beside a cached function: `cache_key`, `invalidate` and `refresh`, and the body they share.
//!
//! An empty enum of the function's name was taken for them instead of a module, because it also works inside function
//! bodies, where a module could not see the types around it. An `impl` block cannot hold an enum, so a method's companions
//! are methods.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{FnArg, Ident, Signature, parse_quote};

use crate::cached::Cached;
use crate::function::{Argument, Place};
use crate::key::marker;

pub(crate) fn expand(cached: &Cached) -> TokenStream {
    let function = &cached.function;
    let conditions = function.conditions();
    let conditions = quote!(#(#conditions)*);
    let members = [body(cached), cache_key(cached), invalidate(cached), refresh(cached)];
    if cached.place == Place::Associated {
        let marker = marker(function);
        let members = members.iter().map(|member| quote!(#conditions #member));
        return quote! {
            #(#members)*
            #conditions
            #[doc(hidden)]
            fn #marker() {}
        };
    }
    let (visibility, name) = (&function.item.vis, function.name());
    let documentation = format!("What stands beside the cached function `{}`.", function.plain_name());
    quote! {
        #conditions
        #[doc = #documentation]
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        #visibility enum #name {}

        #conditions
        #[allow(dead_code, unreachable_pub)]
        impl #name { #(#members)* }
    }
}

/// The function as it was written, under a name that nobody calls by accident.
fn body(cached: &Cached) -> TokenStream {
    let function = &cached.function;
    let attributes = function.body_attributes();
    let mut signature = function.item.sig.clone();
    signature.ident = cached.body_name();
    let block = &function.item.block;
    quote! {
        #(#attributes)*
        #[doc(hidden)]
        #[allow(clippy::too_many_arguments)]
        #signature #block
    }
}

fn cache_key(cached: &Cached) -> TokenStream {
    let key = cached.key();
    let arguments = cached.function.key_arguments();
    let mut signature = signature(cached, "cache_key", arguments, cached.key_needs_self());
    signature.asyncness = None;
    signature.output = parse_quote!(-> ::core::result::Result<::std::string::String, ::keepwarm::Error>);
    member(cached, "The key of this call, without the cache's prefix and version.", &signature, &quote!(#key))
}

fn invalidate(cached: &Cached) -> TokenStream {
    let call = cached.call_without_options();
    let needed = |argument: &&Argument| !argument.skipped || cached.needs(&argument.plain_name());
    let arguments = cached.function.arguments.iter().filter(needed);
    let mut signature = signature(cached, "invalidate", arguments, cached.key_needs_self() || cached.needs("self"));
    signature.output = parse_quote!(-> ::core::result::Result<bool, ::keepwarm::Error>);
    let statement =
        if cached.function.is_async() { quote!(#call.invalidate().await) } else { quote!(#call.invalidate_blocking()) };
    member(cached, "Removes what is kept for this call; whether there was anything.", &signature, &statement)
}

fn refresh(cached: &Cached) -> TokenStream {
    let returns = &cached.function.returns;
    let mut signature = cached.function.outer_signature();
    signature.ident = companion_name(cached, "refresh");
    signature.output = parse_quote!(-> ::core::result::Result<#returns, ::keepwarm::Error>);
    let documentation = "Runs the body now and keeps its result in place of the old one, which is served until then.";
    member(cached, documentation, &signature, &cached.run("Refresh"))
}

fn companion_name(cached: &Cached, verb: &str) -> Ident {
    let name = cached.function.name();
    match cached.place {
        Place::Free => Ident::new(verb, name.span()),
        _ => format_ident!("{}_{verb}", cached.function.plain_name(), span = name.span()),
    }
}

/// The function's signature with these arguments only.
fn signature<'a>(
    cached: &Cached,
    verb: &str,
    arguments: impl Iterator<Item = &'a Argument>,
    with_self: bool,
) -> Signature {
    let mut signature = cached.function.item.sig.clone();
    signature.ident = companion_name(cached, verb);
    let receiver = with_self.then(|| -> FnArg { parse_quote!(&self) });
    let arguments = arguments.map(|Argument { name, ty, .. }| -> FnArg { parse_quote!(#name: #ty) });
    signature.inputs = receiver.into_iter().chain(arguments).collect();
    signature
}

fn member(cached: &Cached, documentation: &str, signature: &Signature, statements: &TokenStream) -> TokenStream {
    let visibility = &cached.function.item.vis;
    quote! {
        #[doc = #documentation]
        #[allow(dead_code, clippy::all, clippy::pedantic)]
        #visibility #signature { #statements }
    }
}
