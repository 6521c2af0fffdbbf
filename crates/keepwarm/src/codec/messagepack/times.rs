//! Dates, times and durations: texts of one grammar, checked, and shown without what only Python reads of them.

use serde::de::Error as _;
use serde::de::value::Error as Fault;

/// `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Result<&str, Fault> {
    match Scan(text).date() {
        Some(Scan("")) => Ok(text),
        _ => Err(not("a date", text)),
    }
}

/// A time of day and its offset, without what stands in brackets.
pub(super) fn time(text: &str) -> Result<&str, Fault> {
    let shown = without_brackets(text).ok_or_else(|| not("a time", text))?;
    match Scan(shown).time().and_then(Scan::offset) {
        Some(Scan("")) => Ok(shown),
        _ => Err(not("a time", text)),
    }
}

/// Date and time of day with its offset, without what stands in brackets.
pub(super) fn date_time(text: &str) -> Result<&str, Fault> {
    let shown = without_brackets(text).ok_or_else(|| not("a date and time", text))?;
    match Scan(shown).date().and_then(|rest| rest.literal("T")).and_then(Scan::time).and_then(Scan::offset) {
        Some(Scan("")) => Ok(shown),
        _ => Err(not("a date and time", text)),
    }
}

/// Whole seconds, rounded down, and nanoseconds beyond them.
pub(super) fn duration(text: &str) -> Result<(i64, u32), Fault> {
    parsed(text).ok_or_else(|| not("a duration", text))
}

fn parsed(text: &str) -> Option<(i64, u32)> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let number = rest.strip_prefix("PT")?.strip_suffix('S')?;
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let canonical = whole == "0" || !whole.starts_with('0');
    if !canonical || !is_digits(whole) || fraction.is_some_and(|part| part.len() != 6 || !is_digits(part)) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanoseconds = fraction.map_or(Some(0), |part| part.parse::<u32>().ok())? * 1000;
    Some(match (negative, nanoseconds) {
        (false, _) => (seconds, nanoseconds),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - nanoseconds),
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before `[zone]` and `[_fold=1]`, when those are well-formed.
fn without_brackets(text: &str) -> Option<&str> {
    let text = text.strip_suffix("[_fold=1]").unwrap_or(text);
    let Some((shown, zone)) = text.split_once('[') else { return Some(text) };
    let zone = zone.strip_suffix(']')?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._+/-".contains(&byte);
    (!zone.is_empty() && zone.bytes().all(known)).then_some(shown)
}

#[cold]
fn not(what: &str, text: &str) -> Fault {
    Fault::custom(format_args!("{text:?} is not {what}"))
}

/// What is left of a text to look at.
#[derive(Clone, Copy)]
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn literal(self, expected: &str) -> Option<Self> {
        self.0.strip_prefix(expected).map(Self)
    }

    /// So many digits, within a range.
    fn digits(self, count: usize, range: std::ops::RangeInclusive<u32>) -> Option<Self> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        (is_digits(digits) && range.contains(&digits.parse().ok()?)).then_some(Self(rest))
    }

    fn date(self) -> Option<Self> {
        let month = self.digits(4, 1..=9999)?.literal("-")?.digits(2, 1..=12)?;
        month.literal("-")?.digits(2, 1..=31)
    }

    fn time(self) -> Option<Self> {
        let minutes = self.digits(2, 0..=23)?.literal(":")?.digits(2, 0..=59)?;
        minutes.literal(":")?.digits(2, 0..=59)?.fraction()
    }

    fn fraction(self) -> Option<Self> {
        match self.literal(".") {
            Some(rest) => rest.digits(6, 0..=999_999),
            None => Some(self),
        }
    }

    fn offset(self) -> Option<Self> {
        let Some(rest) = self.literal("+").or_else(|| self.literal("-")) else { return Some(self) };
        let minutes = rest.digits(2, 0..=23)?.literal(":")?.digits(2, 0..=59)?;
        match minutes.literal(":") {
            Some(rest) => rest.digits(2, 0..=59)?.fraction(),
            None => Some(minutes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_down() {
        assert_eq!(duration("PT0S").unwrap(), (0, 0));
        assert_eq!(duration("PT86401.500000S").unwrap(), (86_401, 500_000_000));
        assert_eq!(duration("-PT0.000001S").unwrap(), (-1, 999_999_000));
        assert_eq!(duration("-PT2S").unwrap(), (-2, 0));
        assert_eq!(duration("-PT86399999913600S").unwrap(), (-86_399_999_913_600, 0));
        for text in
            ["", "PT", "PTS", "P1D", "PT05S", "PT1.5S", "PT1.S", "PT.5S", "PT-1S", "PT1", "PT99999999999999999999S"]
        {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn times_have_one_grammar() {
        assert_eq!(date_time("0001-01-01T00:00:00").unwrap(), "0001-01-01T00:00:00");
        assert_eq!(
            date_time("2023-10-29T02:30:00+00:53:28[Europe/Berlin][_fold=1]").unwrap(),
            "2023-10-29T02:30:00+00:53:28"
        );
        assert_eq!(time("23:59:59.999999[_fold=1]").unwrap(), "23:59:59.999999");
        for text in [
            "2023-13-01T00:00:00",
            "2023-1-01T00:00:00",
            "2023-01-01 00:00:00",
            "2023-01-01T00:00",
            "2023-01-01T00:00:00.5",
            "2023-01-01T00:00:00Z",
            "2023-01-01T00:00:00[",
            "2023-01-01T00:00:00[]",
            "2023-01-01T00:00:00[a b]",
            "2023-01-01T00:00:00[_fold=2]",
            "2023-01-01T00:00:00[UTC]x",
        ] {
            assert!(date_time(text).is_err(), "{text:?}");
        }
        assert!(date("2023-02-30").is_ok(), "whether the month has the day is the reader's type to say");
        assert!(date("2023-02-3").is_err() && date("0000-01-01").is_err());
    }
}
