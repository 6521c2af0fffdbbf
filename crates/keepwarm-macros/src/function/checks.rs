//! What cannot be cached at all, and what types look like from the outside.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, Receiver, ReceiverKind, Safety, Signature, Type};

use crate::options::Errors;

pub(super) fn check_signature(signature: &Signature, errors: &mut Errors) {
    if let Some(token) = &signature.constness {
        errors.push(Error::new(token.span(), "a `const fn` cannot ask a cache"));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.push(Error::new(token.span(), "an `unsafe fn` cannot be cached; cache a safe function that calls it"));
    }
    if let Some(token) = &signature.abi {
        errors.push(Error::new(token.span(), "only functions of Rust's own ABI can be cached"));
    }
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) if changes_its_caller(receiver) => {
                let message =
                    "a method that changes `self` cannot be cached: on a hit the change would not happen; take `&self`";
                errors.push(Error::new(receiver.span(), message));
            }
            FnArg::Receiver(_) => {}
            FnArg::Typed(typed) => {
                if let Some(span) = find_reference(typed.ty.to_token_stream(), true) {
                    let message = "a cached function cannot take `&mut`: on a hit the change would not happen; return the new value instead";
                    errors.push(Error::new(span, message));
                }
            }
        }
    }
}

fn changes_its_caller(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => find_reference(ty.to_token_stream(), true).is_some(),
        _ => false,
    }
}

pub(super) fn check_returned(returns: &Type, errors: &mut Errors) {
    let text = returns.to_token_stream().to_string();
    let message = if text.contains("dyn Future") || text.contains(":: Future") {
        "the function returns a boxed future, which cannot be cached; with `#[async_trait]`, put the attribute on a plain \
         `async fn` that the trait's method calls"
    } else if contains_impl_trait(returns) {
        "a cached function must return a type with a name, because the value is kept and decoded; replace `impl ...` by the type"
    } else if text == "()" {
        "the function returns nothing that could be cached"
    } else if let Some(span) = find_reference(returns.to_token_stream(), false) {
        let message = "a cached function must return an owned value, because the value outlives the call; return `String` for `&str`, \
                       `Vec<T>` for `&[T]`, `Arc<T>` for `&T`";
        errors.push(Error::new(span, message));
        return;
    } else {
        return;
    };
    errors.push(Error::new(returns.span(), message));
}

/// Where the type first has a reference, or a `&mut` one; the parameters of function types do not count.
///
/// Types are searched by their tokens here and below: what is looked for is a sign or a word, and the tree with its
/// visitor would double what users compile for this crate.
fn find_reference(tokens: TokenStream, only_mutable: bool) -> Option<Span> {
    let mut after_function = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Punct(sign) if sign.as_char() == '&' => {
                // The lifetime in `&'a mut T` is two tokens.
                if tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '\'')).is_some() {
                    tokens.next();
                }
                let mutable = matches!(tokens.peek(), Some(TokenTree::Ident(word)) if *word == "mut");
                (mutable || !only_mutable).then(|| sign.span())
            }
            TokenTree::Group(group) if !after_function => find_reference(group.stream(), only_mutable),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        after_function =
            matches!(&token, TokenTree::Ident(word) if ["fn", "Fn", "FnMut", "FnOnce"].iter().any(|name| word == name));
    }
    None
}

/// Whether a token of the type, at any depth, is like this.
pub(super) fn any_token(tokens: TokenStream, wanted: fn(&TokenTree) -> bool) -> bool {
    tokens.into_iter().any(|token| match &token {
        TokenTree::Group(group) => any_token(group.stream(), wanted),
        token => wanted(token),
    })
}

pub(super) fn contains_impl_trait(ty: &Type) -> bool {
    any_token(ty.to_token_stream(), |token| matches!(token, TokenTree::Ident(word) if word == "impl"))
}

/// Whether the type may hold a borrow: a reference, a lifetime, or something whose type is not told.
pub(super) fn may_borrow(ty: &Type) -> bool {
    any_token(ty.to_token_stream(), |token| match token {
        TokenTree::Punct(sign) => matches!(sign.as_char(), '&' | '\''),
        TokenTree::Ident(word) => word == "impl" || word == "dyn",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use syn::{ItemFn, parse_quote};

    use crate::function::Function;

    fn error(item: ItemFn) -> String {
        Function::new(item, &[]).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_would_change_its_arguments_is_refused() {
        assert!(
            error(parse_quote!(
                fn f(list: &mut Vec<u8>) -> u8 {
                    1
                }
            ))
            .contains("cannot take `&mut`")
        );
        assert!(
            error(parse_quote!(
                fn f(list: Option<&'a mut Vec<u8>>) -> u8 {
                    1
                }
            ))
            .contains("cannot take `&mut`")
        );
        assert!(
            error(parse_quote!(
                fn f(&mut self) -> u8 {
                    1
                }
            ))
            .contains("changes `self`")
        );
        assert!(
            error(parse_quote!(
                fn f(self: &mut Self) -> u8 {
                    1
                }
            ))
            .contains("changes `self`")
        );
        assert_eq!(
            error(parse_quote!(
                fn f(visit: impl Fn(&mut u8)) -> u8 {
                    1
                }
            )),
            ""
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        assert!(
            error(parse_quote!(
                fn f() {}
            ))
            .contains("returns nothing")
        );
        assert!(
            error(parse_quote!(
                fn f() -> () {}
            ))
            .contains("returns nothing")
        );
        assert!(
            error(parse_quote!(
                fn f(a: &str) -> &str {
                    a
                }
            ))
            .contains("an owned value")
        );
        assert!(
            error(parse_quote!(
                fn f(a: &str) -> Result<&str, E> {
                    Ok(a)
                }
            ))
            .contains("an owned value")
        );
        assert!(
            error(parse_quote!(
                fn f() -> impl Display {
                    1
                }
            ))
            .contains("a type with a name")
        );
        assert!(
            error(parse_quote!(
                fn f() -> Pin<Box<dyn Future<Output = u8> + Send>> {
                    x
                }
            ))
            .contains("boxed future")
        );
        assert_eq!(
            error(parse_quote!(
                fn f() -> Cow<'static, str> {
                    x
                }
            )),
            ""
        );
    }
}
