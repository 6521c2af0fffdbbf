//! Patterns of `keys`, `iter_keys` and `delete_pattern`: Redis' glob, the same on every backend.

/// A glob over the caller's own key names: `*` any run, `?` one character, `[abc]`, `[a-z]`, `[^a]` one of a set, `\`
/// takes the next character as it is.
///
/// ```
/// use keepwarm::key::Pattern;
///
/// let pattern = Pattern::new("search:*");
/// assert!(pattern.matches("search:shoes"));
/// assert!(!pattern.matches("research:shoes"));
/// assert!(Pattern::new("h[a-b]llo").matches("hallo"));
/// assert!(Pattern::new(r"100\*").matches("100*"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern as the caller wrote it. Every text is a pattern: an unclosed `[` stands for itself.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The pattern that matches exactly this text.
    pub fn literal(text: &str) -> Self {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        Self(escaped)
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let name: Vec<char> = name.chars().collect();
        // The classic two-pointer walk: only the last star is ever gone back to, so hostile patterns stay quadratic.
        let (mut at, mut read) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while read < name.len() {
            if pattern.get(at) == Some(&'*') {
                star = Some((at + 1, read));
                at += 1;
            } else if let Some(next) = one(&pattern, at, name[read]) {
                at = next;
                read += 1;
            } else if let Some((after_star, from)) = star {
                star = Some((after_star, from + 1));
                at = after_star;
                read = from + 1;
            } else {
                return false;
            }
        }
        pattern[at..].iter().all(|&character| character == '*')
    }
}

/// Matches one character at `at`; the position behind what matched it.
fn one(pattern: &[char], at: usize, character: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match set(pattern, at, character) {
            Some((matched, next)) => matched.then_some(next),
            None => (character == '[').then_some(at + 1),
        },
        '\\' if at + 1 < pattern.len() => (pattern[at + 1] == character).then_some(at + 2),
        literal => (literal == character).then_some(at + 1),
    }
}

/// Matches the set that opens at `open`: whether it matched, and the position behind it; `None` when it never closes.
fn set(pattern: &[char], open: usize, character: char) -> Option<(bool, usize)> {
    let mut at = open + 1;
    let negated = matches!(pattern.get(at)?, '^' | '!');
    at += usize::from(negated);
    let mut matched = false;
    loop {
        match *pattern.get(at)? {
            ']' => return Some((matched != negated, at + 1)),
            '\\' => {
                matched |= *pattern.get(at + 1)? == character;
                at += 2;
            }
            first if pattern.get(at + 1) == Some(&'-') && *pattern.get(at + 2)? != ']' => {
                let last = pattern[at + 2];
                matched |= (first.min(last)..=first.max(last)).contains(&character);
                at += 3;
            }
            literal => {
                matched |= literal == character;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn globs_match_as_redis_matches() {
        let cases = [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("a*b*c", "a-b-b-c", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hcllo", true),
            ("[", "[", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            ("наб*", "набор", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern:?} on {name:?}");
        }
    }

    #[test]
    fn a_literal_matches_only_itself() {
        for text in ["my*app", "a[b]", "q?", r"back\slash", "plain", "a-b^c"] {
            let pattern = Pattern::literal(text);
            assert!(pattern.matches(text), "{text:?}");
            assert!(!pattern.matches(&format!("{text}x")));
        }
        assert!(!Pattern::literal("my*app").matches("my-app"));
    }

    #[test]
    fn a_hostile_pattern_does_not_explode() {
        let pattern = Pattern::new("*a".repeat(40));
        assert!(!pattern.matches(&"a".repeat(39)));
        assert!(!pattern.matches(&("a".repeat(2000) + "b")));
    }
}
