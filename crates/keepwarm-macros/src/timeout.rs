//! The timeout of an attribute: a text, a number of seconds, or any expression that is a `Timeout` or a `Duration`.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, ExprUnary, Lit, Result, UnOp};

const FORMS: &str = "write \"250ms\", \"90s\", \"15m\", \"1h30m\", \"7d\", a whole number of seconds, or \"never\"";

/// Units from the longest to the shortest, which is also the order they must be written in.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The expression of type `keepwarm::Timeout` for what was written.
pub(crate) fn timeout(written: &Expr) -> Result<TokenStream> {
    let span = written.span();
    match written {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match text.value().trim() {
            "never" => Ok(quote_spanned!(span=> ::keepwarm::Timeout::Never)),
            text => after(parse(text).ok_or_else(|| unreadable(span, text))?, span),
        },
        Expr::Lit(ExprLit { lit: Lit::Int(seconds), .. }) => after(Duration::from_secs(seconds.base10_parse()?), span),
        Expr::Lit(ExprLit { lit: Lit::Float(seconds), .. }) => Err(unreadable(span, &seconds.to_string())),
        Expr::Lit(ExprLit { lit, .. }) => Err(unreadable(span, &quote!(#lit).to_string())),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => {
            Err(Error::new(span, format!("a negative timeout would keep nothing; {FORMS}")))
        }
        expression => Ok(quote_spanned!(span=> <::keepwarm::Timeout as ::core::convert::From<_>>::from(#expression))),
    }
}

fn after(duration: Duration, span: Span) -> Result<TokenStream> {
    if duration.is_zero() {
        return Err(Error::new(span, format!("a timeout of zero would keep nothing; {FORMS}")));
    }
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    Ok(quote_spanned!(span=> ::keepwarm::Timeout::After(::core::time::Duration::new(#seconds, #nanoseconds))))
}

fn unreadable(span: Span, text: &str) -> Error {
    Error::new(span, format!("`{text}` is not a timeout; {FORMS}"))
}

/// Numbers with units, each unit once, from the longest to the shortest.
fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut milliseconds = 0_u64;
    while !rest.is_empty() {
        let (number, after_number) = rest.split_at(rest.find(|next: char| !next.is_ascii_digit())?);
        let end = after_number.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(after_number.len());
        let (unit, after_unit) = after_number.split_at(end);
        let (_, factor) = units.find(|(known, _)| *known == unit)?;
        milliseconds = milliseconds.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = after_unit.trim_start();
    }
    (!text.is_empty()).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn durations_are_numbers_with_units() {
        let readable = [
            ("250ms", 250),
            ("90s", 90_000),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("7d1ms", 604_800_001),
        ];
        for (text, milliseconds) in readable {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in
            ["", "1", "h", "1.5h", "-1h", "30m1h", "1h1h", "1 h", "1y", "99999999999999999999s", "9999999999999999d"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_error_shows_the_accepted_forms() {
        let refused: [Expr; 5] =
            [parse_quote!("soon"), parse_quote!(1.5), parse_quote!(true), parse_quote!(0), parse_quote!(-5)];
        for written in refused {
            let message = timeout(&written).unwrap_err().to_string();
            assert!(message.ends_with(FORMS), "{message}");
        }
    }

    #[test]
    fn expressions_are_converted_where_they_are_used() {
        let expanded = timeout(&parse_quote!(crate::AN_HOUR)).unwrap().to_string();
        assert_eq!(
            expanded,
            quote!(<::keepwarm::Timeout as ::core::convert::From<_>>::from(crate::AN_HOUR)).to_string()
        );
    }
}
