//! Integers of any length: two's complement, the highest byte first.

use serde::de::Error as _;
use serde::de::value::Error as Fault;

use super::extension::first;

/// The longest whose decimal digits are computed: that takes time with the square of the length.
const LONGEST: usize = 1024;

/// The number, when it fits 128 signed bits.
pub(super) fn narrow(data: &[u8]) -> Result<Option<i128>, Fault> {
    let fill = if first(data)? & 0x80 == 0 { 0x00 } else { 0xff };
    Ok(data.len().checked_sub(1).and_then(|_| widened(data, fill)).map(i128::from_be_bytes))
}

/// The number, when it fits 128 unsigned bits.
pub(super) fn unsigned(data: &[u8]) -> Option<u128> {
    match data {
        [0, rest @ ..] => widened(rest, 0).map(u128::from_be_bytes),
        _ => None,
    }
}

fn widened(data: &[u8], fill: u8) -> Option<[u8; 16]> {
    let mut wide = [fill; 16];
    wide[16_usize.checked_sub(data.len())?..].copy_from_slice(data);
    Some(wide)
}

/// The decimal digits.
pub(super) fn decimal(data: &[u8]) -> Result<String, Fault> {
    if data.len() > LONGEST {
        return Err(Fault::custom(format_args!("an integer of {} bytes is too long to be shown", data.len())));
    }
    let negative = first(data)? & 0x80 != 0;
    let mut magnitude = data.to_vec();
    if negative {
        negate(&mut magnitude);
    }
    // Nine digits at a time, the lowest first.
    let mut groups = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        groups.push(divide(&mut magnitude, 1_000_000_000));
    }
    let mut text = if negative { "-".to_owned() } else { String::new() };
    text.push_str(&groups.pop().unwrap_or(0).to_string());
    groups.iter().rev().for_each(|group| text.push_str(&format!("{group:09}")));
    Ok(text)
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Divides in place and gives the remainder.
fn divide(bytes: &mut [u8], by: u64) -> u64 {
    let mut remainder = 0;
    for byte in bytes {
        let part = remainder << 8 | u64::from(*byte);
        *byte = (part / by) as u8;
        remainder = part % by;
    }
    remainder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 1, -1, 255, -256, 999_999_999, 1_000_000_000, i128::MAX, i128::MIN, 10_i128.pow(27)] {
            assert_eq!(decimal(&number.to_be_bytes()).unwrap(), number.to_string());
            assert_eq!(narrow(&number.to_be_bytes()).unwrap(), Some(number));
        }
        let mut wide = vec![0];
        wide.extend(u128::MAX.to_be_bytes());
        assert_eq!(decimal(&wide).unwrap(), u128::MAX.to_string());
        assert_eq!(unsigned(&wide), Some(u128::MAX));
        assert_eq!(narrow(&wide).unwrap(), None);
        assert_eq!(decimal(&[0x80]).unwrap(), "-128");
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert!(decimal(&[]).is_err() && narrow(&[]).is_err());
        assert!(decimal(&vec![1; LONGEST]).is_ok());
        assert!(decimal(&vec![1; LONGEST + 1]).is_err());
    }
}
