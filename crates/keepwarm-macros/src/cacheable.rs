//! `#[derive(Cacheable)]`: the shape of a type, written down and registered.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Generics, LitInt, Meta, Token, Type};

pub(crate) fn expand(input: DeriveInput) -> syn::Result<TokenStream> {
    let DeriveInput { ident, generics, attrs, data, .. } = &input;
    let mut shape = Written::new(generics);
    shape.word(&format!("version {}", version(attrs)?));
    shape.attributes(attrs);
    match data {
        Data::Struct(data) => shape.fields(&data.fields)?,
        Data::Enum(data) => {
            for variant in &data.variants {
                shape.attributes(&variant.attrs);
                shape.word(&format!("variant {}", variant.ident));
                shape.fields(&variant.fields)?;
            }
        }
        Data::Union(_) => {
            return Err(syn::Error::new_spanned(ident, "a union is no serde type, so it cannot be cached"));
        }
    }
    let (Written { text, types, .. }, (implement, of, bounds)) = (shape, generics.split_for_impl());
    let path = if generics.params.is_empty() {
        quote!(::std::any::type_name::<#ident>())
    } else {
        // Its name with parameters is not known here; where it is declared in a function, that is not in this path.
        quote!(::std::concat!(::std::module_path!(), "::", ::std::stringify!(#ident)))
    };
    Ok(quote! {
        #[automatically_derived]
        impl #implement ::keepwarm::Cacheable for #ident #of #bounds {}

        ::keepwarm::__private::inventory::submit! {
            ::keepwarm::__private::Shape {
                path: || #path,
                text: #text,
                fields: &[#(|| ::std::any::type_name::<#types>()),*],
            }
        }
    })
}

/// A shape while it is written down.
struct Written<'a> {
    generics: &'a Generics,
    text: String,
    types: Vec<&'a Type>,
}

impl<'a> Written<'a> {
    fn new(generics: &'a Generics) -> Self {
        Self { generics, text: String::new(), types: Vec::new() }
    }

    /// Words end in a line each, so that two of them are never one other.
    fn word(&mut self, word: &str) {
        self.text.push_str(word);
        self.text.push('\n');
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            self.word(&spelled(attribute.meta.to_token_stream()));
        }
    }

    fn fields(&mut self, fields: &'a Fields) -> syn::Result<()> {
        self.word(match fields {
            Fields::Named(_) => "named",
            Fields::Unnamed(_) => "in order",
            Fields::Unit => "unit",
        });
        fields.iter().try_for_each(|field| self.field(field))
    }

    fn field(&mut self, field: &'a Field) -> syn::Result<()> {
        if is_skipped(&field.attrs)? {
            return Ok(());
        }
        self.attributes(&field.attrs);
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        self.word(&format!("field {name}: {}", spelled(field.ty.to_token_stream())));
        // A type that depends on a parameter is found among the arguments.
        if !self.depends(&field.ty) {
            self.types.push(&field.ty);
        }
        Ok(())
    }

    fn depends(&self, of: &Type) -> bool {
        let is_parameter = |name: &str| {
            self.generics.params.iter().any(|parameter| match parameter {
                syn::GenericParam::Type(parameter) => parameter.ident == name,
                syn::GenericParam::Const(parameter) => parameter.ident == name,
                syn::GenericParam::Lifetime(parameter) => parameter.lifetime.ident == name,
            })
        };
        words(of.to_token_stream()).iter().any(|word| is_parameter(word) || word == "Self")
    }
}

/// The identifiers among tokens.
fn words(tokens: TokenStream) -> Vec<String> {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            proc_macro2::TokenTree::Group(group) => words(group.stream()),
            proc_macro2::TokenTree::Ident(ident) => vec![ident.to_string()],
            _ => Vec::new(),
        })
        .collect()
}

/// Tokens in one spelling, whatever spaces stood between them.
fn spelled(tokens: TokenStream) -> String {
    let parts = tokens.into_iter().map(|token| match token {
        proc_macro2::TokenTree::Group(group) => format!("{{{}}}", spelled(group.stream())),
        other => other.to_string(),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Whether serde neither writes nor reads the field.
fn is_skipped(attributes: &[Attribute]) -> syn::Result<bool> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let list = attribute.meta.require_list()?;
        let options = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
        if options.iter().any(|option| option.path().is_ident("skip")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What `#[cacheable(version = 2)]` says; 1 without it.
fn version(attributes: &[Attribute]) -> syn::Result<u64> {
    let mut version = 1;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cacheable")) {
        attribute.parse_nested_meta(|option| {
            if !option.path.is_ident("version") {
                return Err(option.error("`cacheable` has one option: `version`, a whole number, as in `version = 2`"));
            }
            version = option.value()?.parse::<LitInt>()?.base10_parse()?;
            Ok(())
        })?;
    }
    Ok(version)
}
