//! A second reader of values, compressed frames and signatures, written from `docs/wire-format.md` and what it names
//! (MessagePack, RFC 8878, RFC 2104) and sharing no code with the library.

use serde_json::{Value, json};

/// The value as JSON; `None` when it is undecodable, or when JSON has none such.
pub(crate) fn read(payload: &[u8]) -> Option<Value> {
    let mut rest = payload;
    let value = value(&mut rest)?;
    rest.is_empty().then_some(value)
}

fn value(rest: &mut &[u8]) -> Option<Value> {
    let marker = number(rest, 1)?;
    Some(match marker {
        0x00..=0x7f => json!(marker),
        0x80..=0x8f => map(rest, marker & 0x0f)?,
        0x90..=0x9f => array(rest, marker & 0x0f)?,
        0xa0..=0xbf => text(rest, marker & 0x1f)?,
        0xc0 => Value::Null,
        0xc2 => json!(false),
        0xc3 => json!(true),
        0xc7..=0xc9 => {
            let length = number(rest, 1 << (marker - 0xc7))?;
            extension(rest, length)?
        }
        0xca => json!(f32::from_bits(number(rest, 4)? as u32)),
        0xcb => json!(f64::from_bits(number(rest, 8)?)),
        0xcc..=0xcf => json!(number(rest, 1 << (marker - 0xcc))?),
        0xd0 => json!(number(rest, 1)? as i8),
        0xd1 => json!(number(rest, 2)? as i16),
        0xd2 => json!(number(rest, 4)? as i32),
        0xd3 => json!(number(rest, 8)? as i64),
        0xd4..=0xd8 => extension(rest, 1 << (marker - 0xd4))?,
        0xd9..=0xdb => {
            let length = number(rest, 1 << (marker - 0xd9))?;
            text(rest, length)?
        }
        0xdc | 0xdd => {
            let length = number(rest, 2 << (marker - 0xdc))?;
            array(rest, length)?
        }
        0xde | 0xdf => {
            let length = number(rest, 2 << (marker - 0xde))?;
            map(rest, length)?
        }
        0xe0..=0xff => json!(marker as i8),
        _ => return None,
    })
}

fn extension(rest: &mut &[u8], length: u64) -> Option<Value> {
    let kind = number(rest, 1)?;
    let mut data = take(rest, length)?;
    let plain = |data: &[u8]| Some(std::str::from_utf8(data).ok().filter(|text| text.is_ascii())?.to_owned());
    let before_brackets = |data: &[u8]| Some(plain(data)?.split('[').next()?.to_owned());
    Some(match kind {
        1..=3 => {
            let array = value(&mut data).filter(Value::is_array)?;
            data.is_empty().then_some(array)?
        }
        4 => json!(decimal(data)?),
        5 => json!(plain(data)?),
        6 => json!(before_brackets(data).filter(|text| text.len() >= 19)?),
        7 => json!(plain(data).filter(|text| text.len() == 10)?),
        8 => json!(before_brackets(data).filter(|text| text.len() >= 8)?),
        9 => json!(plain(data).filter(|text| text.contains("PT") && text.ends_with('S'))?),
        10 => {
            let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            let part = |range: std::ops::Range<usize>| hex.get(range);
            let parts = [part(0..8)?, part(8..12)?, part(12..16)?, part(16..20)?, part(20..32)?];
            (hex.len() == 32).then(|| json!(parts.join("-")))?
        }
        11 => {
            let real = f64::from_bits(number(&mut data, 8)?);
            let imaginary = f64::from_bits(number(&mut data, 8)?);
            data.is_empty().then(|| json!([real, imaginary]))?
        }
        13 => {
            let Value::Array(parts) = value(&mut data)? else { return None };
            let [_module, _class, _name, value] = <[Value; 4]>::try_from(parts).ok()?;
            data.is_empty().then_some(value)?
        }
        _ => return None,
    })
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length.try_into().ok()?)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8], length: u64) -> Option<u64> {
    Some(take(rest, length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn text(rest: &mut &[u8], length: u64) -> Option<Value> {
    Some(json!(std::str::from_utf8(take(rest, length)?).ok()?))
}

fn array(rest: &mut &[u8], length: u64) -> Option<Value> {
    (0..length).map(|_| value(rest)).collect::<Option<Vec<_>>>().map(Value::Array)
}

fn map(rest: &mut &[u8], length: u64) -> Option<Value> {
    let mut map = serde_json::Map::new();
    for _ in 0..length {
        let Value::String(key) = value(rest)? else { return None };
        map.insert(key, value(rest)?);
    }
    Some(Value::Object(map))
}

/// Two's complement into decimal digits, by doubling for each bit.
fn decimal(bytes: &[u8]) -> Option<String> {
    let negative = bytes.first()? & 0x80 != 0;
    let mut digits = vec![0_u8];
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
        // The magnitude of a negative number is the complement of its bits, and one.
        let mut carry = if negative { 1 - bit } else { bit };
        for digit in &mut digits {
            (*digit, carry) = ((*digit * 2 + carry) % 10, (*digit * 2 + carry) / 10);
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    if negative {
        let mut at = 0;
        while *digits.get(at).unwrap_or(&0) == 9 {
            digits[at] = 0;
            at += 1;
        }
        if at == digits.len() {
            digits.push(0);
        }
        digits[at] += 1;
    }
    let text: String = digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect();
    Some(if negative { format!("-{text}") } else { text })
}

/// A frame of Zstandard with blocks that are raw or one repeated byte.
pub(crate) fn unpack(frame: &[u8]) -> Option<Vec<u8>> {
    let mut rest = frame.strip_prefix(&[0x28, 0xb5, 0x2f, 0xfd])?;
    let header = number(&mut rest, 1)?;
    // One segment whose size is said in one byte.
    (header == 0x20).then(|| number(&mut rest, 1))??;
    let mut out = Vec::new();
    loop {
        let [low, middle, high] = take(&mut rest, 3)? else { return None };
        let head = u32::from_le_bytes([*low, *middle, *high, 0]);
        let size = u64::from(head >> 3);
        match head >> 1 & 3 {
            0 => out.extend(take(&mut rest, size)?),
            1 => out.extend(std::iter::repeat_n(take(&mut rest, 1)?[0], size as usize)),
            _ => return None,
        }
        if head & 1 == 1 {
            return rest.is_empty().then_some(out);
        }
    }
}

/// The signature of a pickle.
pub(crate) fn signature(signing_key: &str, stored_key: &str, pickle: &[u8]) -> [u8; 32] {
    let derived = hmac(signing_key.as_bytes(), &[b"keepwarm pickle v1"]);
    hmac(&derived, &[&(stored_key.len() as u64).to_le_bytes(), stored_key.as_bytes(), pickle])
}

/// HMAC-SHA256.
fn hmac(key: &[u8], message: &[&[u8]]) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    let mut block = [0_u8; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = message.iter().fold(Sha256::new().chain_update(padded(0x36)), |hash, part| hash.chain_update(part));
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner.finalize()).finalize().into()
}
