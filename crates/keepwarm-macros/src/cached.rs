//! `#[cached]`: the function asks the cache and runs its body on a miss.
//!
//! What becomes of `#[cached(key = "user:{id}")] async fn user(id: u64) -> User { .. }`:
//!
//! ```text
//! async fn user(id: u64) -> User {
//!     let call = Call::new(<the cache>, <the key>);
//!     run(Fetch, <kind of result>, call, move || user::__keepwarm_user_body(id)).await
//! }
//! enum user {}                                 // types and functions have names of their own
//! impl user {
//!     async fn __keepwarm_user_body(id: u64) -> User { .. }
//!     fn cache_key(id: u64) -> Result<String>  { .. }
//!     async fn invalidate(id: u64) -> Result<bool>  { .. }
//!     async fn refresh(id: u64) -> Result<User>  { .. }
//! }
//! ```

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Ident, ItemFn, Lit, Result};

use crate::companions;
use crate::function::{Function, Place};
use crate::key::{Key, expand_text};
use crate::options::{Errors, Known, Options, Unchecked};
use crate::template::names_in;
use crate::timeout::timeout;

const KNOWN: &[Known] = &[
    Known {
        name: "timeout",
        also: &["ttl"],
        form: "timeout = \"1h\"          (or `ttl`; also 3600, \"never\", a Duration)",
    },
    Known { name: "key", also: &[], form: "key = \"user:{user_id}\"  (or an expression)" },
    Known { name: "tags", also: &[], form: "tags = [\"user:{user_id}\", \"users\"]" },
    Known { name: "cache", also: &[], form: "cache = \"alias\"         (or an expression that is a Cache)" },
    Known { name: "version", also: &[], form: "version = 2" },
    Known { name: "skip", also: &[], form: "skip(db)                (arguments the result does not depend on)" },
    Known { name: "none", also: &[], form: "none = false            (do not keep `None`)" },
    Known { name: "inline", also: &[], form: "inline                  (run the body in the caller's task)" },
    Known {
        name: "associated",
        also: &[],
        form: "associated              (a function without `self` in an `impl` block)",
    },
    Known { name: "companions", also: &[], form: "companions = false      (in a trait or the `impl` of one)" },
];

/// Everything the expansion is made of.
pub(crate) struct Cached {
    pub(crate) function: Function,
    pub(crate) place: Place,
    key: Key,
    cache: Option<Expr>,
    /// `.version(..)`, if it was given.
    version: Option<TokenStream>,
    /// `.timeout(..)` and `.tags(..)`, where they were given.
    options: TokenStream,
    keeps_none: bool,
    inline: bool,
}

pub(crate) fn expand(options: Unchecked, item: ItemFn) -> Result<TokenStream> {
    let options = options.check("cached", KNOWN)?;
    let function = Function::new(item, options.names("skip")?)?;
    let cached = Cached::new(&options, function)?;
    let attributes = cached.function.outer_attributes();
    let visibility = &cached.function.item.vis;
    let signature = cached.function.outer_signature();
    let fetch = cached.run("Fetch");
    let companions = (cached.place != Place::Alone).then(|| companions::expand(&cached));
    Ok(quote! {
        #(#attributes)*
        #visibility #signature { #fetch }
        #companions
    })
}

impl Cached {
    fn new(options: &Options, function: Function) -> Result<Self> {
        let mut errors = Errors::default();
        let key = errors.or_default(options.expression("key").and_then(Key::parse));
        key.check(&function, options.span("key"), &mut errors);

        let timeout =
            errors.or_default(options.expression("timeout").and_then(|written| written.map(timeout).transpose()));
        let timeout = timeout.map(|timeout| quote!(.timeout(#timeout)));
        let version = errors.or_default(options.expression("version"));
        let version = version.map(|version| quote_spanned!(version.span()=> .version(#version)));
        let tags = errors.or_default(options.expression("tags"));
        let tags = tags.map(|tags| expand_tags(tags, &function, &mut errors));

        let place = if !errors.or_default(options.flag("companions", true)) {
            Place::Alone
        } else if function.receiver.is_some() || errors.or_default(options.flag("associated", function.mentions_self()))
        {
            Place::Associated
        } else {
            Place::Free
        };
        let keeps_none = errors.or_default(options.flag("none", true));
        let inline = errors.or_default(options.flag("inline", false)) || !function.owns_its_arguments();
        let cache = errors.or_default(options.expression("cache")).cloned();
        errors.or(Self { key, cache, version, options: quote!(#timeout #tags), place, keeps_none, inline, function })
    }

    /// The expression of type `Result<String>`.
    pub(crate) fn key(&self) -> TokenStream {
        self.key.expand(&self.function, self.place)
    }

    /// The expression of type `Call`: the cache, the key and the options of this call.
    pub(crate) fn call(&self) -> TokenStream {
        let (call, options) = (self.call_without_options(), &self.options);
        quote!(#call #options)
    }

    /// The cache and the key, which is all that removing takes.
    pub(crate) fn call_without_options(&self) -> TokenStream {
        let (cache, key, version) = (self.cache(), self.key(), &self.version);
        quote!(::keepwarm::__private::Call::new(#cache, #key) #version)
    }

    /// The expression of type `Result<Cache>`.
    fn cache(&self) -> TokenStream {
        match &self.cache {
            None => quote!(::core::result::Result::<::keepwarm::Cache, ::keepwarm::Error>::Ok(::keepwarm::cache())),
            Some(Expr::Lit(ExprLit { lit: Lit::Str(alias), .. })) => quote!(::keepwarm::caches().get(#alias)),
            Some(expression) => {
                // A `Cache`, a reference to one, or anything that derefs to one, as a `LazyLock` in a static.
                let borrowed = quote_spanned!(expression.span()=> let cache: &::keepwarm::Cache = &#expression;);
                quote! {{
                    #borrowed
                    ::core::result::Result::<::keepwarm::Cache, ::keepwarm::Error>::Ok(::core::clone::Clone::clone(cache))
                }}
            }
        }
    }

    /// Whether the expression that gives the cache mentions this name.
    pub(crate) fn needs(&self, name: &str) -> bool {
        self.cache.as_ref().is_some_and(|cache| names_in(quote!(#cache)).iter().any(|needed| needed == name))
    }

    /// Whether the key asks `self`.
    pub(crate) fn key_needs_self(&self) -> bool {
        self.key.uses_self()
    }

    /// The function itself (`Fetch`) or its `Refresh`: everything but the body runs before the arguments move into it.
    pub(crate) fn run(&self, verb: &str) -> TokenStream {
        let call = self.call();
        let returns = &self.function.returns;
        let body = self.body();
        let (way, wait) = match (self.function.is_async(), self.inline) {
            (true, false) => ("run", true),
            (true, true) => ("run_inline", true),
            (false, _) => ("run_blocking", false),
        };
        let wait = wait.then(|| quote_spanned!(returns.span()=> .await));
        let (way, verb) = (Ident::new(way, returns.span()), Ident::new(verb, returns.span()));
        let kind = result_kind(returns, self.keeps_none);
        // Where the returned type cannot be cached, the error points at it.
        let run = quote_spanned! {returns.span()=>
            ::keepwarm::__private::#way(::keepwarm::__private::#verb, #kind, __keepwarm_call, #body) #wait
        };
        quote! {
            let __keepwarm_call = #call;
            #run
        }
    }

    /// The closure that runs the body.
    fn body(&self) -> TokenStream {
        if self.place == Place::Alone {
            return self.function.body_in_place();
        }
        let home = if self.place == Place::Free { self.function.name().clone() } else { format_ident!("Self") };
        let name = self.body_name();
        let turbofish = self.function.turbofish();
        let receiver = self.function.receiver.as_ref().map(|receiver| receiver.self_token);
        let arguments =
            receiver.into_iter().map(|token| quote!(#token)).chain(self.function.arguments.iter().map(|argument| {
                let name = &argument.name;
                quote!(#name)
            }));
        quote!(move || #home::#name #turbofish(#(#arguments),*))
    }

    /// The function that holds the body as it was written.
    pub(crate) fn body_name(&self) -> Ident {
        format_ident!("__keepwarm_{}_body", self.function.plain_name())
    }
}

/// Chooses by the type whether there is an error or a `None` that is not kept. The compiler chooses, by preferring the
/// method of `Returned<Result<..>>` to that of all, because a macro sees only names, and `Result` has many.
pub(crate) fn result_kind(returns: &syn::Type, keeps_none: bool) -> TokenStream {
    if !keeps_none {
        return quote_spanned!(returns.span()=> ::keepwarm::__private::OnlySome);
    }
    quote_spanned! {returns.span()=> {
        #[allow(unused_imports)]
        use ::keepwarm::__private::AnyKind as _;
        ::keepwarm::__private::Returned::<#returns>::new().kind()
    }}
}

/// `[..]` of templates and expressions, or one expression that gives them all.
fn expand_tags(written: &Expr, function: &Function, errors: &mut Errors) -> TokenStream {
    match written {
        Expr::Array(tags) => {
            let tags: Vec<_> = tags.elems.iter().map(|tag| expand_text(tag, function, errors)).collect();
            quote!(.tags(<[::std::string::String; _]>::from([#(#tags),*])))
        }
        Expr::Lit(literal) => {
            errors.push(Error::new(
                literal.span(),
                "tags are written as a list: `tags = [\"user:{user_id}\", \"users\"]`",
            ));
            TokenStream::new()
        }
        expression => quote_spanned!(expression.span()=> .tags(#expression)),
    }
}
