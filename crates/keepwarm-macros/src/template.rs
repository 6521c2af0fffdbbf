//! Templates of keys and tags: `"user:{user_id}"`, checked against the arguments when the program is compiled.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote_spanned};
use syn::{Error, Index, LitStr, Member, Result};

/// A text with places for arguments.
pub(crate) struct Template {
    span: Span,
    /// The text as `format!` takes it, each place emptied of its name.
    format: String,
    places: Vec<Place>,
}

/// One place: an argument or `self`, and the way to a field of it.
pub(crate) struct Place {
    pub(crate) root: String,
    pub(crate) span: Span,
    path: Vec<Member>,
}

impl Template {
    pub(crate) fn parse(literal: &LitStr) -> Result<Self> {
        let span = literal.span();
        let text = literal.value();
        let mut template = Self { span, format: String::with_capacity(text.len()), places: Vec::new() };
        let mut rest = text.as_str();
        while let Some(brace) = rest.find(['{', '}']) {
            template.format.push_str(&rest[..brace]);
            rest = &rest[brace..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                template.format.push_str(&rest[..2]);
                rest = after;
                continue;
            }
            let place = rest
                .strip_prefix('{')
                .ok_or_else(|| Error::new(span, "a `}` without a `{`; write `}}` for the sign itself"))?;
            let end = place
                .find('}')
                .ok_or_else(|| Error::new(span, "a `{` without a `}`; write `{{` for the sign itself"))?;
            template.place(&place[..end])?;
            rest = &place[end + 1..];
        }
        template.format.push_str(rest);
        Ok(template)
    }

    fn place(&mut self, inside: &str) -> Result<()> {
        let (name, specification) = inside.split_once(':').unwrap_or((inside, ""));
        if specification.contains(['$', '{']) {
            return Err(Error::new(
                self.span,
                format!("`{{{inside}}}`: widths and precisions must be written as numbers"),
            ));
        }
        let mut parts = name.trim().split('.');
        let root = parts.next().unwrap_or_default();
        if root.is_empty() || root.starts_with(|first: char| first.is_ascii_digit()) {
            let message =
                format!("`{{{inside}}}` names no argument; write `{{user_id}}`, `{{user.id}}` or `{{self.tenant}}`");
            return Err(Error::new(self.span, message));
        }
        let path = parts.map(|part| self.member(part)).collect::<Option<Vec<_>>>();
        let (Some(path), true) = (path, is_name(root)) else {
            let message = format!(
                "`{{{inside}}}` is neither an argument nor a field of one; for more, write the key as an expression: `key = format!(...)`"
            );
            return Err(Error::new(self.span, message));
        };
        self.format.push('{');
        if !specification.is_empty() {
            self.format.push(':');
            self.format.push_str(specification);
        }
        self.format.push('}');
        self.places.push(Place { root: root.to_owned(), span: self.span, path });
        Ok(())
    }

    fn member(&self, part: &str) -> Option<Member> {
        match part.parse() {
            Ok(index) => Some(Member::Unnamed(Index { index, span: self.span })),
            Err(_) => is_name(part).then(|| Member::Named(identifier(part, self.span))),
        }
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// The expression of type `String`.
    pub(crate) fn expand(&self) -> TokenStream {
        let format = LitStr::new(&self.format, self.span);
        let values = self.places.iter().map(|Place { root, span, path }| {
            let root = identifier(root, *span);
            quote_spanned!(*span=> #root #(.#path)*)
        });
        quote_spanned!(self.span=> ::std::format!(#format #(, #values)*))
    }
}

/// The names that an expression mentions: its identifiers, and what its texts name in braces, as `format!` would take them.
pub(crate) fn names_in(expression: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    for token in expression {
        match token {
            TokenTree::Ident(name) => names.push(unraw(&name.to_string())),
            TokenTree::Group(group) => names.extend(names_in(group.stream())),
            TokenTree::Literal(literal) => {
                let text = literal.to_string().replace("{{", "");
                let places = text.split('{').skip(1).filter_map(|place| place.split(['}', ':']).next());
                names.extend(places.filter(|name| is_name(name)).map(str::to_owned));
            }
            TokenTree::Punct(_) => {}
        }
    }
    names
}

/// An identifier of the program, also if its name is a keyword (`r#type`).
fn identifier(name: &str, span: Span) -> syn::Ident {
    if name == "self" || syn::parse_str::<syn::Ident>(name).is_ok() {
        return syn::Ident::new(name, span);
    }
    let mut raw = format_ident!("r#{name}");
    raw.set_span(span);
    raw
}

/// A name without the `r#` that lets it be a keyword.
pub(crate) fn unraw(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
        && text != "_"
        && !matches!(text, "Self" | "super" | "crate")
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::parse_quote;

    fn expanded(text: &str) -> String {
        Template::parse(&LitStr::new(text, Span::call_site())).unwrap().expand().to_string()
    }

    fn error(text: &str) -> String {
        Template::parse(&LitStr::new(text, Span::call_site())).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn places_become_arguments_of_format() {
        assert_eq!(expanded("user:{id}"), quote!(::std::format!("user:{}", id)).to_string());
        assert_eq!(
            expanded("{self.tenant}:{id:>08}"),
            quote!(::std::format!("{}:{:>08}", self.tenant, id)).to_string()
        );
        assert_eq!(expanded("{user.name.0}{{x}}"), quote!(::std::format!("{}{{x}}", user.name.0)).to_string());
        assert_eq!(expanded("{type}"), quote!(::std::format!("{}", r#type)).to_string());
        assert_eq!(expanded("all"), quote!(::std::format!("all")).to_string());
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert!(error("{id").contains("a `{` without a `}`"));
        assert!(error("id}").contains("a `}` without a `{`"));
        assert!(error("{}").contains("names no argument"));
        assert!(error("{0}").contains("names no argument"));
        assert!(error("{id.len()}").contains("write the key as an expression"));
        assert!(error("{id:width$}").contains("must be written as numbers"));
    }

    #[test]
    fn names_are_found_in_expressions_and_their_texts() {
        let expression = quote!(format!("user:{user_id}:{page:>3}:{{no}}", lower(query)));
        let names = names_in(expression);
        for name in ["user_id", "page", "query"] {
            assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
        }
        assert!(!names.iter().any(|found| found == "no"), "{names:?}");
        assert_eq!(names_in(parse_quote!(r#type)), ["type"]);
    }
}
