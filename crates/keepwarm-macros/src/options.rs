//! What stands in the brackets of an attribute, read once for both attributes.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, Result, Token, parenthesized};

/// An option an attribute knows: its name, other spellings, and its form for the error message.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) also: &'static [&'static str],
    pub(crate) form: &'static str,
}

/// The options that were given, each at most once, all of them known.
pub(crate) struct Options(Vec<Given>);

struct Given {
    name: Ident,
    known: &'static str,
    value: Value,
}

enum Value {
    Alone,
    Equals(Expr),
    List(Vec<Ident>),
}

/// The options as they stand there, before anything is known about them.
pub(crate) struct Unchecked(Vec<(Ident, Value)>);

impl Parse for Unchecked {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut given = Vec::new();
        while !input.is_empty() {
            let name = Ident::parse_any(input)?;
            let value = if input.peek(syn::token::Paren) {
                let content;
                parenthesized!(content in input);
                let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&content, Ident::parse_any)?;
                Value::List(names.into_iter().collect())
            } else if input.parse::<Option<Token![=]>>()?.is_some() {
                Value::Equals(input.parse()?)
            } else {
                Value::Alone
            };
            given.push((name, value));
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(given))
    }
}

impl Unchecked {
    /// Holds the options against the ones the attribute knows; every wrong one is reported at once.
    pub(crate) fn check(self, attribute: &str, known: &[Known]) -> Result<Options> {
        let mut options = Options(Vec::new());
        let mut errors = Errors::default();
        for (name, value) in self.0 {
            let written = name.to_string();
            let Some(option) = known.iter().find(|known| known.name == written || known.also.contains(&&*written))
            else {
                errors.push(unknown(&name, attribute, known));
                continue;
            };
            if options.find(option.name).is_some() {
                errors.push(Error::new(name.span(), format!("`{}` is given twice", option.name)));
                continue;
            }
            options.0.push(Given { name, known: option.name, value });
        }
        errors.or(options)
    }
}

impl Options {
    fn find(&self, name: &str) -> Option<&Given> {
        self.0.iter().find(|given| given.known == name)
    }

    /// The expression after `name =`, if the option was given.
    pub(crate) fn expression(&self, name: &str) -> Result<Option<&Expr>> {
        match self.find(name) {
            None => Ok(None),
            Some(Given { value: Value::Equals(expression), .. }) => Ok(Some(expression)),
            Some(given) => Err(Error::new(given.name.span(), format!("`{name}` takes a value: `{name} = ...`"))),
        }
    }

    /// The names in `name(a, b)`; none if the option was not given.
    pub(crate) fn names(&self, name: &str) -> Result<&[Ident]> {
        match self.find(name) {
            None => Ok(&[]),
            Some(Given { value: Value::List(names), .. }) => Ok(names),
            Some(given) => Err(Error::new(given.name.span(), format!("`{name}` takes names: `{name}(db, pool)`"))),
        }
    }

    /// `name`, `name = true` or `name = false`.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.find(name) {
            None => Ok(default),
            Some(Given { value: Value::Alone, .. }) => Ok(true),
            Some(Given { value: Value::Equals(Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. })), .. }) => Ok(flag.value),
            Some(given) => {
                Err(Error::new(given.name.span(), format!("`{name}` is `{name} = true` or `{name} = false`")))
            }
        }
    }

    /// Where the option stands, for errors that are found later.
    pub(crate) fn span(&self, name: &str) -> Span {
        self.find(name).map_or_else(Span::call_site, |given| given.name.span())
    }
}

/// The errors found so far: one compilation shows all of them.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value; after an error a default, with which the search for errors goes on.
    pub(crate) fn or_default<T: Default>(&mut self, result: Result<T>) -> T {
        result.unwrap_or_else(|error| {
            self.push(error);
            T::default()
        })
    }

    /// The value, if there was no error.
    pub(crate) fn or<T>(self, value: T) -> Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}

fn unknown(name: &Ident, attribute: &str, known: &[Known]) -> Error {
    let written = name.to_string();
    let nearest = known
        .iter()
        .flat_map(|known| [known.name].into_iter().chain(known.also.iter().copied()))
        .map(|known| (strsim::damerau_levenshtein(&written, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3 + 1)
        .map(|(_, known)| format!("; did you mean `{known}`?"))
        .unwrap_or_default();
    let forms: String = known.iter().map(|known| format!("\n  {}", known.form)).collect();
    Error::new(name.span(), format!("unknown option `{written}`{nearest}\n`#[{attribute}]` knows:{forms}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    const KNOWN: &[Known] = &[
        Known { name: "timeout", also: &["ttl"], form: "timeout = \"1h\"" },
        Known { name: "skip", also: &[], form: "skip(db)" },
        Known { name: "none", also: &[], form: "none = false" },
    ];

    fn error_of(unchecked: Unchecked) -> String {
        unchecked.check("cached", KNOWN).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn options_are_found_under_every_spelling() {
        let options =
            Unchecked::check(parse_quote!(ttl = 60, skip(db, pool,), none = false,), "cached", KNOWN).unwrap();
        assert!(options.expression("timeout").unwrap().is_some());
        assert_eq!(options.names("skip").unwrap(), ["db", "pool"]);
        assert!(!options.flag("none", true).unwrap());
    }

    #[test]
    fn an_unknown_option_lists_the_known_ones_and_the_nearest() {
        let message = error_of(parse_quote!(tiemout = 60));
        assert!(message.contains("did you mean `timeout`?"), "{message}");
        assert!(message.ends_with("knows:\n  timeout = \"1h\"\n  skip(db)\n  none = false"), "{message}");
        assert!(!error_of(parse_quote!(elephant)).contains("did you mean"));
    }

    #[test]
    fn one_option_in_two_spellings_is_refused() {
        assert_eq!(error_of(parse_quote!(timeout = 60, ttl = 60)), "`timeout` is given twice");
    }

    #[test]
    fn options_of_the_wrong_form_show_the_right_one() {
        let options = Unchecked::check(parse_quote!(timeout, skip = db, none = 1), "cached", KNOWN).unwrap();
        let message = |error: Error| error.to_string();
        assert_eq!(message(options.expression("timeout").err().unwrap()), "`timeout` takes a value: `timeout = ...`");
        assert_eq!(message(options.names("skip").unwrap_err()), "`skip` takes names: `skip(db, pool)`");
        assert_eq!(message(options.flag("none", true).unwrap_err()), "`none` is `none = true` or `none = false`");
    }
}
