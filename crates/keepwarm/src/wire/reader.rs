//! Reading and writing the primitive fields.

use crate::payload::Undecodable;

/// What is left to read of an entry's head.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Undecodable> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let (array, rest) = self.0.split_first_chunk().ok_or_else(short)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Undecodable> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number in groups of 7 bits, the lowest first, in as few bytes as it fits.
    pub(super) fn varint(&mut self) -> Result<u64, Undecodable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                break;
            }
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Undecodable("a number is not well-formed".to_owned()))
    }

    /// Text after its length. The length is not believed before the bytes are seen to be there.
    pub(super) fn text(&mut self) -> Result<&'a str, Undecodable> {
        let length = usize::try_from(self.varint()?).map_err(|_| short())?;
        let (text, rest) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Undecodable("a name is not text".to_owned()))
    }
}

fn short() -> Undecodable {
    Undecodable("the entry is cut short".to_owned())
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The integer, if the bytes are exactly how this library and native counters write one.
pub(super) fn decimal(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let negative = digits.len() < bytes.len();
    let canonical = match digits {
        [b'0'] => !negative,
        [first, ..] => *first != b'0' && digits.iter().all(u8::is_ascii_digit),
        [] => false,
    };
    if !canonical { None } else { std::str::from_utf8(bytes).ok()?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, 1_700_000_000_000, u64::MAX - 1, u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, number);
            let mut reader = Reader::new(&out);
            assert_eq!(reader.varint().unwrap(), number);
            assert_eq!(reader.left(), 0);
        }
    }

    #[test]
    fn varints_have_one_form() {
        for bytes in [&[][..], &[0x80], &[0x80, 0x00], &[0xff; 10], &[0x80; 11], &[0xff, 0xff, 0x00]] {
            assert!(Reader::new(bytes).varint().is_err(), "{bytes:02x?}");
        }
        let mut too_large = [0xff; 10];
        too_large[9] = 0x02;
        assert!(Reader::new(&too_large).varint().is_err());
    }

    #[test]
    fn a_length_is_not_believed() {
        let mut out = Vec::new();
        put_varint(&mut out, u64::MAX);
        out.extend(b"short");
        assert!(Reader::new(&out).text().is_err());
    }

    #[test]
    fn decimals_have_one_form() {
        for number in [0, 1, -1, 10, i64::MAX, i64::MIN] {
            assert_eq!(decimal(number.to_string().as_bytes()), Some(number));
        }
        for text in ["", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1.0", "1e3", "9223372036854775808", "\u{661}"]
        {
            assert_eq!(decimal(text.as_bytes()), None, "{text:?}");
        }
    }
}
