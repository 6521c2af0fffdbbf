//! From a value as written to what an option takes. Lenient about the form (a number may be text, because URLs and
//! environments hold only text) and strict about the meaning: nothing is guessed, rounded or replaced by a default.

use std::time::Duration;

use super::SettingValue;
use super::secret::shown;
use crate::backend::Takes;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timeout;
use crate::key::Version;

/// What an option says, once read. Two spellings of one option agree when these are equal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    Text(String),
    Whole(u64),
    Duration(Duration),
    Timeout(Timeout),
    Version(Version),
    Flag(bool),
}

/// Reads a value. `Ok(None)` is Django's `None`, which is "not given" everywhere but in a timeout; `Err(())` is a value that
/// the option does not take, which the caller reports with the names it knows.
pub(crate) fn read(takes: Takes, value: &SettingValue) -> Result<Option<Reading>, ()> {
    let reading = match (takes, value) {
        (Takes::Timeout, value) => Reading::Timeout(timeout(value)?),
        (_, SettingValue::Null) => return Ok(None),
        (Takes::Text, SettingValue::Text(text)) => Reading::Text(text.clone()),
        (Takes::OneOf(words), SettingValue::Text(text)) => {
            let word = words.iter().find(|word| word.eq_ignore_ascii_case(text)).ok_or(())?;
            Reading::Text((*word).to_owned())
        }
        (Takes::Whole { least }, value) => Reading::Whole(whole(value).filter(|number| *number >= least).ok_or(())?),
        (Takes::Size, value) => Reading::Whole(size(value).filter(|bytes| *bytes > 0).ok_or(())?),
        (Takes::Duration, value) => Reading::Duration(length(value).filter(|length| !length.is_zero()).ok_or(())?),
        (Takes::Version, value) => Reading::Version(version(value)?),
        (Takes::Flag, SettingValue::Flag(flag)) => Reading::Flag(*flag),
        (Takes::Flag, SettingValue::Text(text)) => Reading::Flag(flag(text)?),
        (Takes::Flag, _) => return Err(()),
        (Takes::Text | Takes::OneOf(_), _) => return Err(()),
    };
    Ok(Some(reading))
}

/// Reads a timeout as settings write it: seconds, units as in `1h30m`, or `never`.
///
/// ```
/// use keepwarm::settings::parse_timeout;
/// use keepwarm::{Timeout, mins};
///
/// assert_eq!(parse_timeout("1h30m")?, Timeout::After(mins(90)));
/// assert_eq!(parse_timeout("never")?, Timeout::Never);
/// assert!(parse_timeout("-1").is_err());
/// # Ok::<(), keepwarm::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidTimeout`] for anything else.
pub fn parse_timeout(text: &str) -> Result<Timeout> {
    timeout(&SettingValue::Text(text.to_owned())).map_err(|()| {
        let takes = Takes::Timeout.describe();
        Error::new(ErrorKind::InvalidTimeout, format!("{} is not a timeout: write {takes}", shown("timeout", text)))
    })
}

fn timeout(value: &SettingValue) -> Result<Timeout, ()> {
    match value {
        SettingValue::Null => Ok(Timeout::Never),
        SettingValue::Text(text) if ["never", "none"].iter().any(|word| text.trim().eq_ignore_ascii_case(word)) => {
            Ok(Timeout::Never)
        }
        // A negative number is refused where a call takes it as zero: in settings it is somebody's "never" from another
        // library, and keeping nothing would be the opposite.
        _ => number(value)
            .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
            .map(|seconds| Timeout::from_secs(seconds).expect("a finite number of seconds is a timeout"))
            .or_else(|| length(value).map(Timeout::After))
            .ok_or(()),
    }
}

/// A flag as URLs and environments write it.
fn flag(text: &str) -> Result<bool, ()> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(()),
    }
}

fn version(value: &SettingValue) -> Result<Version, ()> {
    match value {
        SettingValue::Whole(number) => Ok(Version::from(*number)),
        SettingValue::Text(text) if text.is_empty() => Err(()),
        SettingValue::Text(text) => match text.parse::<i64>() {
            // "07" is a word: as a number it would make other keys.
            Ok(number) if number.to_string() == *text => Ok(Version::from(number)),
            _ => Ok(Version::from(text.as_str())),
        },
        _ => Err(()),
    }
}

fn whole(value: &SettingValue) -> Option<u64> {
    match value {
        SettingValue::Whole(number) => u64::try_from(*number).ok(),
        SettingValue::Text(text) => text.trim().replace('_', "").parse().ok(),
        _ => None,
    }
}

fn number(value: &SettingValue) -> Option<f64> {
    match value {
        SettingValue::Whole(number) => Some(*number as f64),
        SettingValue::Decimal(number) => Some(*number),
        SettingValue::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A length of time of zero or more: a number of seconds, or numbers with units.
fn length(value: &SettingValue) -> Option<Duration> {
    if let SettingValue::Duration(length) = value {
        return Some(*length);
    }
    if let Some(seconds) = number(value) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let SettingValue::Text(text) = value else { return None };
    parse_duration(text)
}

/// Reads `1h30m`, `90s`, `250ms`, `1.5h`: one or more numbers, each with a unit.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, unit, after) = amount(rest)?;
        let unit_seconds = match unit {
            "ms" => 0.001,
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return None,
        };
        // Through whole nanoseconds where possible: 1.1 h is 3960 s and not 3960.0000000000005.
        let part = Duration::try_from_secs_f64((number * unit_seconds * 1e9).round() / 1e9).ok()?;
        total = total.checked_add(part)?;
        rest = after;
    }
    Some(total)
}

/// A number of bytes. Units are the field's: `kB`, `MB`, `GB` count by thousands, `KiB`, `MiB`, `GiB` by 1024.
fn size(value: &SettingValue) -> Option<u64> {
    let SettingValue::Text(text) = value else { return whole(value) };
    if let Some(bytes) = whole(value) {
        return Some(bytes);
    }
    let (number, unit, after) = amount(text.trim())?;
    let unit_bytes: f64 = match unit.to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        "tib" => 1_099_511_627_776.0,
        _ => return None,
    };
    let bytes = number * unit_bytes;
    // Above 2^53 a float no longer holds every whole number; nobody has such a store.
    (after.is_empty() && bytes.is_finite() && bytes < 9e15).then_some(bytes as u64)
}

/// Splits `12.5 MB rest` into its number, its unit and the rest.
fn amount(text: &str) -> Option<(f64, &str, &str)> {
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let number = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let letters = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
    Some((number, &rest[..letters], rest[letters..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Takes;

    fn text(text: &str) -> SettingValue {
        text.into()
    }

    #[test]
    fn durations_are_numbers_of_seconds_or_numbers_with_units() {
        let cases = [
            ("60", 60_000),
            ("0.4", 400),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("1.1h", 3_960_000),
            ("250ms", 250),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
        ];
        for (written, millis) in cases {
            let expected = Reading::Duration(Duration::from_millis(millis));
            assert_eq!(read(Takes::Duration, &text(written)), Ok(Some(expected)), "{written}");
        }
        for written in
            ["", " ", "fast", "1y", "h", "1h30", "1..5h", "-1h", "1h-30m", "0", "0s", "inf", "NaN", "1e400h", "1,5h"]
        {
            assert_eq!(read(Takes::Duration, &text(written)), Err(()), "{written}");
        }
        assert_eq!(read(Takes::Duration, &SettingValue::Flag(true)), Err(()));
    }

    #[test]
    fn sizes_are_bytes_or_numbers_with_units() {
        let cases =
            [("1024", 1024), ("64MB", 64_000_000), ("64 MiB", 64 << 20), ("1.5KiB", 1536), ("2gb", 2_000_000_000)];
        for (written, bytes) in cases {
            assert_eq!(read(Takes::Size, &text(written)), Ok(Some(Reading::Whole(bytes))), "{written}");
        }
        assert_eq!(read(Takes::Size, &SettingValue::Whole(4096)), Ok(Some(Reading::Whole(4096))));
        for written in ["", "0", "MB", "64 megs", "-1", "64MB64MB", "1e99TB", "99999999999TB"] {
            assert_eq!(read(Takes::Size, &text(written)), Err(()), "{written}");
        }
    }

    #[test]
    fn flags_are_true_or_false() {
        for written in ["true", "True", "yes", "on", "1"] {
            assert_eq!(read(Takes::Flag, &text(written)), Ok(Some(Reading::Flag(true))), "{written}");
        }
        for written in ["false", "False", "no", "off", "0"] {
            assert_eq!(read(Takes::Flag, &text(written)), Ok(Some(Reading::Flag(false))), "{written}");
        }
        assert_eq!(read(Takes::Flag, &SettingValue::Flag(true)), Ok(Some(Reading::Flag(true))));
        for value in [text(""), text("maybe"), SettingValue::Whole(1)] {
            assert_eq!(read(Takes::Flag, &value), Err(()));
        }
    }

    #[test]
    fn versions_are_numbers_or_words() {
        assert_eq!(read(Takes::Version, &text("2")), read(Takes::Version, &SettingValue::Whole(2)));
        assert_eq!(read(Takes::Version, &text("07")), Ok(Some(Reading::Version(Version::from("07")))));
        assert_eq!(read(Takes::Version, &text("beta")), Ok(Some(Reading::Version(Version::from("beta")))));
        assert_eq!(read(Takes::Version, &SettingValue::Decimal(1.5)), Err(()));
        assert_eq!(read(Takes::Version, &text("")), Err(()));
    }
}
