//! What must not appear in an error message or a debug print.

/// Whether an option of this name holds something that nobody may read in a log.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "credential", "api_key", "private_key", "signing_key"]
        .iter()
        .any(|word| name.contains(word))
}

/// A value as an error message may show it: not at all when its name says that it is a secret, without the password when
/// it holds a URL, and not longer than a line.
pub(crate) fn shown(name: &str, value: &str) -> String {
    const LONGEST: usize = 80;
    if is_secret(name) {
        return "(hidden)".to_owned();
    }
    let value = without_passwords(value);
    match value.char_indices().nth(LONGEST) {
        None => format!("`{value}`"),
        Some((end, _)) => format!("`{}...`", &value[..end]),
    }
}

/// The text with the user information of every URL in it, and the secrets of its query, taken out.
pub(crate) fn without_passwords(text: &str) -> String {
    if !text.contains("://") {
        // Not a URL, or one whose `//` was forgotten.
        return text.rfind('@').map_or_else(|| text.to_owned(), |at| format!("***{}", &text[at..]));
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (scheme, after) = rest.split_at(start + 3);
        clean.push_str(scheme);
        // Up to the last `@` before the next URL and not the first: a password that should have been encoded may hold
        // any character.
        let end = after.find("://").unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(at) => {
                clean.push_str("***");
                rest = &after[at..];
            }
            None => rest = after,
        }
    }
    clean.push_str(rest);
    match clean.split_once('?') {
        None => clean,
        Some((before, query)) => {
            let query: Vec<_> = query.split('&').map(without_secret).collect();
            format!("{before}?{}", query.join("&"))
        }
    }
}

fn without_secret(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_taken_out_of_what_is_shown() {
        let cases = [
            ("location", "redis://user:hunter2@host:6379/0", "`redis://***@host:6379/0`"),
            ("location", "redis://:hun@te,r/2@host", "`redis://***@host`"),
            (
                "location",
                "redis://:a@one,redis://:b@two;redis://three",
                "`redis://***@one,redis://***@two;redis://three`",
            ),
            ("KEEPWARM_URL", "redis://host?PASSWORD=hunter2&db=1", "`redis://host?PASSWORD=***&db=1`"),
            ("PASSWORD", "hunter2", "(hidden)"),
            ("auth_token", "hunter2", "(hidden)"),
            ("timeout", "fast", "`fast`"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(shown(name, value), expected);
        }
        assert!(shown("location", &"x".repeat(5000)).len() < 100);
    }
}
