//! The function under the attribute: what it takes, what it returns, and what of that can be cached at all.

mod checks;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Error, FnArg, GenericParam, ItemFn, Pat, Receiver, ReceiverKind, Result, ReturnType, Signature, Type,
};

use checks::{any_token, check_returned, check_signature, contains_impl_trait, may_borrow};

use crate::options::Errors;
use crate::template::unraw;

/// A function that passed the checks, with a name for every argument.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) returns: Box<Type>,
}

/// Where the function stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a module or a block.
    Free,
    /// In an `impl` block of a type.
    Associated,
    /// Where nothing may stand beside it: in a trait or the `impl` of one.
    Alone,
}

/// One argument, `self` aside.
pub(crate) struct Argument {
    /// Its name, or a made one where the function takes it apart by a pattern.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// What the function's body sees.
    pattern: Pat,
    pub(crate) skipped: bool,
}

impl Argument {
    /// The name as people write it in templates and `skip`: without the `r#` of a keyword.
    pub(crate) fn plain_name(&self) -> String {
        unraw(&self.name.to_string())
    }

    /// Whether its type is written as `impl Trait`, and so has no name.
    pub(crate) fn is_unnamed_type(&self) -> bool {
        contains_impl_trait(&self.ty)
    }
}

impl Function {
    /// Takes the function apart; `skip` names the arguments that are not part of the key.
    pub(crate) fn new(item: ItemFn, skip: &[Ident]) -> Result<Self> {
        let mut errors = Errors::default();
        check_signature(&item.sig, &mut errors);
        let receiver = item.sig.receiver().cloned();
        let mut arguments = Vec::new();
        for input in &item.sig.inputs {
            let FnArg::Typed(typed) = input else { continue };
            let name = match &*typed.pat {
                Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => pattern.ident.clone(),
                pattern => format_ident!("argument_{}", arguments.len() + 1, span = pattern.span()),
            };
            let skipped = skip.iter().any(|skipped| skipped.unraw() == name.unraw());
            arguments.push(Argument { name, ty: (*typed.ty).clone(), pattern: (*typed.pat).clone(), skipped });
        }
        for name in skip {
            if name == "self" {
                errors.push(Error::new(
                    name.span(),
                    "`self` is never part of the key unless the key names a field of it",
                ));
            } else if !arguments.iter().any(|argument| argument.name.unraw() == name.unraw()) {
                let message = format!("`skip` names `{name}`, which is no argument; {}", list(&arguments));
                errors.push(Error::new(name.span(), message));
            }
        }
        let returns = match &item.sig.output {
            ReturnType::Type(_, ty) => {
                check_returned(ty, &mut errors);
                ty.clone()
            }
            ReturnType::Default => {
                errors.push(Error::new(item.sig.ident.span(), "the function returns nothing that could be cached"));
                Box::new(syn::parse_quote!(()))
            }
        };
        errors.or(Self { receiver, arguments, returns, item })
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.item.sig.ident
    }

    pub(crate) fn plain_name(&self) -> String {
        unraw(&self.name().to_string())
    }

    /// Whether it must stand in an `impl` block or a trait: it takes `self`, or speaks of `Self`. (An `impl` inside its body is
    /// mistaken for that; `associated = false` helps.)
    pub(crate) fn mentions_self(&self) -> bool {
        let ItemFn { sig, block, .. } = &self.item;
        self.receiver.is_some()
            || any_token(quote!(#sig #block), |token| matches!(token, TokenTree::Ident(word) if word == "Self"))
    }

    pub(crate) fn is_async(&self) -> bool {
        self.item.sig.asyncness.is_some()
    }

    pub(crate) fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.plain_name() == name)
    }

    /// The arguments the key is made of.
    pub(crate) fn key_arguments(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| !argument.skipped)
    }

    /// The arguments for an error message.
    pub(crate) fn list(&self) -> String {
        list(&self.arguments)
    }

    /// Whether the body can run in a task of its own: it owns everything it was given, as far as one sees.
    pub(crate) fn owns_its_arguments(&self) -> bool {
        let no_types = !self.item.sig.generics.params.iter().any(|param| matches!(param, GenericParam::Type(_)));
        self.receiver.is_none() && no_types && !self.arguments.iter().any(|argument| may_borrow(&argument.ty))
    }

    /// The generic types and constants as written in a call: `::<T, LENGTH>`; lifetimes cannot be.
    pub(crate) fn turbofish(&self) -> Option<TokenStream> {
        let names: Vec<_> = self.generic_names().map(|(name, _)| name).collect();
        (!names.is_empty()).then(|| quote!(::<#(#names),*>))
    }

    /// The generic types and constants by name, and whether it is a type.
    pub(crate) fn generic_names(&self) -> impl Iterator<Item = (&Ident, bool)> {
        self.item.sig.generics.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some((&param.ident, true)),
            GenericParam::Const(param) => Some((&param.ident, false)),
            _ => None,
        })
    }

    /// The signature with plain names instead of patterns, which is what callers see.
    pub(crate) fn outer_signature(&self) -> Signature {
        let mut signature = self.item.sig.clone();
        let typed = signature.inputs.iter_mut().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        for (typed, argument) in typed.zip(&self.arguments) {
            let name = &argument.name;
            *typed.pat = syn::parse_quote!(#name);
        }
        if let Some(FnArg::Receiver(Receiver {
            kind: ReceiverKind::Value | ReceiverKind::Typed(..), mutability, ..
        })) = signature.inputs.first_mut()
        {
            *mutability = None;
        }
        signature
    }

    /// A closure that runs the body where it stands, taking the arguments with it.
    pub(crate) fn body_in_place(&self) -> TokenStream {
        let returns = &self.returns;
        let statements = &self.item.block.stmts;
        let patterns = self.arguments.iter().filter_map(|Argument { name, pattern, .. }| {
            let as_named =
                matches!(pattern, Pat::Ident(pattern) if pattern.mutability.is_none() && pattern.ident == *name);
            (!as_named).then(|| quote!(let #pattern = #name;))
        });
        if self.is_async() {
            quote!(move || ::keepwarm::__private::with_output::<#returns, _>(async move { #(#patterns)* #(#statements)* }))
        } else {
            quote!(move || -> #returns { #(#patterns)* #(#statements)* })
        }
    }

    /// The attributes that concern the body: lint levels and conditions.
    pub(crate) fn body_attributes(&self) -> impl Iterator<Item = &Attribute> {
        const LEVELS: [&str; 6] = ["allow", "expect", "warn", "deny", "forbid", "cfg"];
        self.item.attrs.iter().filter(|attribute| LEVELS.iter().any(|level| attribute.path().is_ident(level)))
    }

    /// The conditions, which every generated item shares.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.item.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// The attributes for the function that callers see. What the body is expected to do, it does elsewhere.
    pub(crate) fn outer_attributes(&self) -> impl Iterator<Item = TokenStream> {
        self.item.attrs.iter().map(|attribute| match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("expect") => {
                let lints = &list.tokens;
                quote_spanned!(attribute.span()=> #[allow(#lints)])
            }
            _ => attribute.to_token_stream(),
        })
    }
}

fn list(arguments: &[Argument]) -> String {
    if arguments.is_empty() {
        return "the function takes no arguments".to_owned();
    }
    let names: Vec<_> = arguments.iter().map(|argument| format!("`{}`", argument.plain_name())).collect();
    format!("the arguments are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn function(item: ItemFn) -> Function {
        Function::new(item, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_body_has_its_own_task_only_if_it_owns_its_arguments() {
        assert!(
            function(parse_quote!(
                async fn f(id: u64, names: Vec<String>) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            function(parse_quote!(
                async fn f<const N: usize>(ids: [u8; N]) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            !function(parse_quote!(
                async fn f(id: &str) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            !function(parse_quote!(
                async fn f(id: Option<&str>) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            !function(parse_quote!(
                async fn f(id: Cow<'_, str>) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            !function(parse_quote!(
                async fn f(id: impl Serialize) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            !function(parse_quote!(
                async fn f<T: Serialize>(id: T) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
        assert!(
            !function(parse_quote!(
                async fn f(&self) -> u8 {
                    1
                }
            ))
            .owns_its_arguments()
        );
    }

    #[test]
    fn patterns_get_names() {
        let function = function(parse_quote!(
            fn f((a, b): (u8, u8), mut c: u8, _: u8) -> u8 {
                a
            }
        ));
        let signature = function.outer_signature();
        let expected: Signature = parse_quote!(fn f(argument_1: (u8, u8), c: u8, argument_3: u8) -> u8);
        assert_eq!(signature.to_token_stream().to_string(), expected.to_token_stream().to_string());
    }

    #[test]
    fn every_error_is_reported_at_once() {
        let error = Function::new(
            parse_quote!(
                const unsafe fn f(a: &mut u8) {}
            ),
            &[parse_quote!(b)],
        )
        .err()
        .unwrap();
        assert_eq!(error.into_iter().count(), 5);
    }
}
