//! The key of a cached function: of its arguments, by a template, or by an expression.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Result};

use crate::function::{Function, Place};
use crate::options::Errors;
use crate::template::{Template, names_in};

/// How the key is made.
#[derive(Default)]
pub(crate) enum Key {
    /// The function's path and the canonical form of its arguments.
    #[default]
    Arguments,
    /// `key = "user:{user_id}"`
    Template(Template),
    /// `key = user_key(user_id)`
    Expression(Expr),
}

impl Key {
    /// A text is a template, unless it is a call of `format!` written as text; the rest are expressions.
    pub(crate) fn parse(written: Option<&Expr>) -> Result<Self> {
        match written {
            None => Ok(Self::Arguments),
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))
                if text.value().trim_start().starts_with("format!") =>
            {
                Ok(Self::Expression(text.parse()?))
            }
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Ok(Self::Template(Template::parse(text)?)),
            Some(Expr::Lit(literal)) => Err(Error::new(
                literal.span(),
                "a key is a template, as \"user:{user_id}\", or an expression that gives a text",
            )),
            Some(expression) => Ok(Self::Expression(expression.clone())),
        }
    }

    /// A key must tell apart all calls that may differ: each argument is in it, or is left out by name.
    pub(crate) fn check(&self, function: &Function, span: Span, errors: &mut Errors) {
        let mentioned = match self {
            Self::Arguments => return,
            Self::Template(template) => {
                check_template(template, function, errors);
                template.places().iter().map(|place| place.root.clone()).collect()
            }
            Self::Expression(expression) => names_in(quote!(#expression)),
        };
        for argument in &function.arguments {
            let name = argument.plain_name();
            match (mentioned.contains(&name), argument.skipped) {
                (false, false) => errors.push(Error::new(
                    span,
                    format!(
                        "the key does not tell calls apart that differ in `{name}`; put it into the key, or, if the result \
                         does not depend on it, write `skip({name})`"
                    ),
                )),
                (true, true) => errors.push(Error::new(span, format!("`{name}` is in the key and in `skip`"))),
                _ => {}
            }
        }
    }

    /// Whether the key asks `self`.
    pub(crate) fn uses_self(&self) -> bool {
        match self {
            Self::Arguments => false,
            Self::Template(template) => template.places().iter().any(|place| place.root == "self"),
            Self::Expression(expression) => names_in(quote!(#expression)).iter().any(|name| name == "self"),
        }
    }

    /// The expression of type `Result<String>`.
    pub(crate) fn expand(&self, function: &Function, place: Place) -> TokenStream {
        match self {
            Self::Arguments => {
                let path = path_key(function, place);
                let parts = parts(function);
                quote!(#path #parts.finish())
            }
            Self::Template(template) => {
                let text = template.expand();
                quote!(::core::result::Result::<::std::string::String, ::keepwarm::Error>::Ok(#text))
            }
            Self::Expression(expression) => {
                let text = quote_spanned!(expression.span()=> <::std::string::String as ::core::convert::From<_>>::from(#expression));
                quote!(::core::result::Result::<::std::string::String, ::keepwarm::Error>::Ok(#text))
            }
        }
    }
}

/// Every place of the template names an argument, or `self` where there is one.
pub(crate) fn check_template(template: &Template, function: &Function, errors: &mut Errors) {
    for place in template.places() {
        if place.root == "self" && function.receiver.is_none() {
            errors.push(Error::new(place.span, "the template names `self`, but the function has none"));
        } else if place.root != "self" && function.argument(&place.root).is_none() {
            let message = format!("the template names `{}`, which is no argument; {}", place.root, function.list());
            errors.push(Error::new(place.span, message));
        }
    }
}

/// Expands a text as a template, anything else as it is, to what becomes a `String`.
pub(crate) fn expand_text(written: &Expr, function: &Function, errors: &mut Errors) -> TokenStream {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = written else {
        return quote_spanned!(written.span()=> <::std::string::String as ::core::convert::From<_>>::from(#written));
    };
    expand_template(text, errors, function)
}

fn expand_template(text: &LitStr, errors: &mut Errors, function: &Function) -> TokenStream {
    match Template::parse(text) {
        Ok(template) => {
            check_template(&template, function, errors);
            template.expand()
        }
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    }
}

/// The name of the function that only exists to have a path.
pub(crate) fn marker(function: &Function) -> proc_macro2::Ident {
    format_ident!("__keepwarm_{}", function.plain_name())
}

/// The beginning of the key: the function's full path, asked from the compiler, because `module_path!()` knows neither the
/// type of an `impl` block nor the function a function stands in, and two functions must not share a key.
fn path_key(function: &Function, place: Place) -> TokenStream {
    match place {
        Place::Free => {
            let name = function.name();
            quote!(::keepwarm::key::ArgumentKey::new(::core::any::type_name::<#name>()))
        }
        Place::Associated => {
            let marker = marker(function);
            quote!(::keepwarm::__private::method_key(::core::any::type_name_of_val(&Self::#marker)))
        }
        Place::Alone => {
            let of_self = function.mentions_self().then(|| quote!(.of_type::<Self>()));
            quote! {{
                fn __keepwarm_here() {}
                ::keepwarm::__private::enclosing_key(::core::any::type_name_of_val(&__keepwarm_here)) #of_self
            }}
        }
    }
}

/// What tells the calls of one function apart: its types, its constants, its arguments.
pub(crate) fn parts(function: &Function) -> TokenStream {
    let generics = function.generic_names().map(|(name, is_type)| {
        let text = name.to_string();
        if is_type { quote!(.of_type::<#name>()) } else { quote!(.argument(#text, &#name)) }
    });
    let arguments = function.key_arguments().map(|argument| {
        let (name, text) = (&argument.name, argument.plain_name());
        let type_of = argument.is_unnamed_type().then(|| quote!(.of_type_of(&#name)));
        quote_spanned!(name.span()=> #type_of.argument(#text, &#name))
    });
    quote!(#(#generics)* #(#arguments)*)
}
