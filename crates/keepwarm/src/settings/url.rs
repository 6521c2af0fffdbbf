//! Settings of one alias as a URL: `scheme://name?option=value&option=value`.
//!
//! Split by hand: the `url` crate brings a table of all international domain names along, lower-cases names, and rejects
//! names that are no hosts.

use percent_encoding::percent_decode_str;

use super::AliasSettings;
use super::secret::shown;
use crate::backend::{KINDS, Kind};
use crate::error::{Error, ErrorKind, Result};

/// Reads the settings of an alias from its URL.
pub(super) fn parse(url: &str) -> Result<AliasSettings> {
    let refuse = |reason: &str| {
        Err(Error::new(
            ErrorKind::Configuration,
            format!("the cache URL {} {reason}; write `memory://name?max_entries=1000&timeout=60`", shown("url", url)),
        ))
    };
    let Some((scheme, rest)) = split(url.trim()) else {
        return refuse("has no `://`");
    };
    if rest.contains('#') {
        return refuse("has a `#`, which means nothing here (a literal one is written `%23`)");
    }
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let scheme = scheme.to_ascii_lowercase();
    let kind = KINDS.iter().find(|kind| kind.schemes.contains(&scheme.as_str()));
    // An unknown scheme may be a backend that the program registers; the check comes with the registry.
    let mut alias = AliasSettings::new(kind.map_or(scheme.as_str(), |kind| kind.name));
    // A URL that names servers is theirs, undecoded: what it says is not one name.
    let servers = kind.and_then(|kind| kind.url_name).filter(|&option| option == "url");
    if let Some(option) = servers {
        alias.push(option.to_owned(), format!("{scheme}://{name}").into());
    }
    let name = if servers.is_some() { "" } else { name };
    let Ok(name) = decode(name.trim_end_matches('/')) else {
        return refuse("is not UTF-8 where it is percent-decoded");
    };
    if !name.is_empty() {
        match kind.map_or(Some("location"), |kind| kind.url_name) {
            Some(option) => alias.push(option.to_owned(), name.into()),
            None => return refuse("has a name after `//`, and this backend takes none"),
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((option, value)) = pair.split_once('=') else {
            return refuse("has an option without `=`");
        };
        let (Ok(option), Ok(value)) = (decode(option), decode(value)) else {
            return refuse("is not UTF-8 where it is percent-decoded");
        };
        if option.eq_ignore_ascii_case("backend") {
            return refuse("names its backend twice: as the scheme and in the query");
        }
        alias.push(option, value.into());
    }
    Ok(alias)
}

/// Whether a text is meant as a cache's URL: it has `://`, or begins with a built-in scheme as in `file:.cache`.
pub fn is_url(text: &str) -> bool {
    split(text.trim()).is_some()
}

/// The scheme and the rest. A path may follow a built-in scheme directly, as in `file:.cache`; not the address of servers,
/// where a slash too few would make a password part of a path.
fn split(url: &str) -> Option<(&str, &str)> {
    url.split_once("://").or_else(|| {
        let (scheme, rest) = url.split_once(':')?;
        let known = |kind: &Kind| {
            kind.url_name.is_some_and(|option| option != "url")
                && kind.schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))
        };
        KINDS.iter().any(known).then_some((scheme, rest))
    })
}

fn decode(text: &str) -> Result<String, std::str::Utf8Error> {
    percent_decode_str(text).decode_utf8().map(|text| text.into_owned())
}
