//! `#[memoize]`: the function remembers its results in this process, the least recently used ones go first.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Ident, ItemFn, Lit, Result};

use crate::cached::result_kind;
use crate::function::{Function, Place};
use crate::key::parts;
use crate::options::{Errors, Known, Unchecked};
use crate::timeout::timeout;

const KNOWN: &[Known] = &[
    Known { name: "max_size", also: &["max", "maxsize"], form: "max_size = 1000    (128 if not given)" },
    Known {
        name: "timeout",
        also: &["ttl"],
        form: "timeout = \"1h\"     (or `ttl`; also 3600, \"never\", a Duration)",
    },
    Known { name: "skip", also: &[], form: "skip(client)       (arguments the result does not depend on)" },
    Known { name: "none", also: &[], form: "none = false       (do not keep `None`)" },
    Known { name: "associated", also: &[], form: "associated         (a function without `self` in an `impl` block)" },
];

pub(crate) fn expand(options: Unchecked, item: ItemFn) -> Result<TokenStream> {
    let options = options.check("memoize", KNOWN)?;
    let function = Function::new(item, options.names("skip")?)?;
    let mut errors = Errors::default();
    if let Some(receiver) = &function.receiver {
        let message = "`#[memoize]` is for functions of their arguments alone; on a method use `#[cached]`, or take what it needs as arguments";
        errors.push(Error::new(receiver.span(), message));
    }
    let max_size = errors.or_default(options.expression("max_size").and_then(max_size));
    let timeout = errors.or_default(options.expression("timeout").and_then(|written| written.map(timeout).transpose()));
    let keeps_none = errors.or_default(options.flag("none", true));
    let associated = errors.or_default(options.flag("associated", function.mentions_self()));
    let place = if associated { Place::Associated } else { Place::Free };
    errors.or(())?;

    let attributes = function.outer_attributes();
    let visibility = &function.item.vis;
    let signature = function.outer_signature();
    let kind = result_kind(&function.returns, keeps_none);
    let parts = parts(&function);
    let body = function.body_in_place();
    let memo = memo(&function, place);
    let span = function.returns.span();
    let (way, wait) = if function.is_async() {
        ("remember", Some(quote_spanned!(span=> .await)))
    } else {
        ("remember_blocking", None)
    };
    let way = Ident::new(way, span);
    let remember = quote_spanned!(span=> #memo.#way(#kind, __keepwarm_key, #body) #wait);
    let timeout = timeout.unwrap_or_else(|| quote!(::keepwarm::Timeout::Never));
    let companions = companions(&function, place, &max_size, &timeout);
    Ok(quote! {
        #(#attributes)*
        #visibility #signature {
            let __keepwarm_key = ::keepwarm::key::ArgumentKey::new("") #parts.finish();
            #remember
        }
        #companions
    })
}

/// At least one result is kept: with none the attribute would only cost.
fn max_size(written: Option<&Expr>) -> Result<TokenStream> {
    match written {
        None => Ok(quote!(128)),
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) if number.base10_parse::<usize>()? > 0 => {
            Ok(quote!(#number))
        }
        Some(Expr::Lit(literal)) => {
            Err(Error::new(literal.span(), "`max_size` is how many results are kept, at least 1"))
        }
        Some(expression) => Ok(quote_spanned! {expression.span()=> {
            const MAX_SIZE: usize = #expression;
            // An item, which is looked at by `cargo check` as well; a block would wait for code to be made.
            const _: () = ::core::assert!(MAX_SIZE > 0, "`max_size` is how many results are kept, at least 1");
            MAX_SIZE
        }}),
    }
}

fn memo(function: &Function, place: Place) -> TokenStream {
    let home = if place == Place::Free { function.name().clone() } else { format_ident!("Self") };
    let name = format_ident!("__keepwarm_{}_memo", function.plain_name());
    quote!(#home::#name())
}

fn companions(function: &Function, place: Place, max_size: &TokenStream, timeout: &TokenStream) -> TokenStream {
    let (visibility, name) = (&function.item.vis, function.name());
    let conditions = function.conditions();
    let conditions = quote!(#(#conditions)*);
    let named = |verb: &str| match place {
        Place::Free => format_ident!("{verb}", span = name.span()),
        _ => format_ident!("{}_{verb}", function.plain_name(), span = name.span()),
    };
    let (clear, info) = (named("cache_clear"), named("cache_info"));
    let memo = memo(function, place);
    let memo_name = format_ident!("__keepwarm_{}_memo", function.plain_name());
    let members = quote! {
        #conditions
        #[doc(hidden)]
        fn #memo_name() -> &'static ::keepwarm::__private::Memo {
            static MEMO: ::std::sync::LazyLock<::keepwarm::__private::Memo> =
                ::std::sync::LazyLock::new(|| ::keepwarm::__private::Memo::new(#max_size, #timeout));
            &MEMO
        }

        /// Forgets all results and sets the counts to zero.
        #conditions
        #[allow(dead_code)]
        #visibility fn #clear() {
            #memo.clear();
        }

        /// How often a result was there, how often the body ran, and how many results are kept.
        #conditions
        #[allow(dead_code)]
        #[must_use]
        #visibility fn #info() -> ::keepwarm::CacheInfo {
            #memo.info()
        }
    };
    if place == Place::Associated {
        return members;
    }
    let documentation = format!("What stands beside the memoized function `{}`.", function.plain_name());
    quote! {
        #conditions
        #[doc = #documentation]
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        #visibility enum #name {}

        #conditions
        #[allow(unreachable_pub)]
        impl #name { #members }
    }
}
