//! What a server sent: where its answers begin and end, and what they say.
//!
//! The crate's own parser makes a tree with a text of its own for every part, and the one that it has for sockets loses its
//! place when a read times out.

use bytes::Bytes;
use redis::{RedisError, Value};

/// How much is asked of a socket at once.
const CHUNK: usize = 64 * 1024;

/// An answer of so many bytes is given away with the buffer that it lies in, and not copied out of it.
const LARGE: usize = 32 * 1024;

/// A line of numbers is no longer than this.
const LONGEST_NUMBER: usize = 24;

/// A line of text is no longer than this.
const LONGEST_LINE: usize = 64 * 1024;

/// How deep lists may lie in one another: a server that says more is none.
const DEEPEST: usize = 16;

/// What came and was not taken yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
    /// Where the next answer begins.
    begin: usize,
    /// Where what came ends.
    end: usize,
    /// How much of the next answer was looked through.
    seen: usize,
    /// How many of its parts are still to come; 0 before its first.
    parts: usize,
}

/// These bytes are no such protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbage;

impl From<Garbage> for RedisError {
    fn from(Garbage: Garbage) -> Self {
        (redis::ErrorKind::Parse, "these are no answers of such a server").into()
    }
}

impl Inbox {
    /// Room for what comes next.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        }
        if self.buffer.len() - self.end < CHUNK / 4 {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
            let wanted = (self.end + CHUNK / 4).max(CHUNK).next_power_of_two();
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// So much came into the room.
    pub(super) fn came(&mut self, length: usize) {
        self.end += length;
    }

    /// Whether everything that came was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.begin == self.end
    }

    /// The next answer, when it is there as a whole.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Garbage> {
        if !self.is_whole()? {
            return Ok(None);
        }
        let length = std::mem::take(&mut self.seen);
        let begin = self.begin;
        self.begin += length;
        if begin == 0 && length >= LARGE && self.begin == self.end {
            let mut whole = std::mem::take(&mut self.buffer);
            (self.begin, self.end) = (0, 0);
            whole.truncate(length);
            return Ok(Some(whole.into()));
        }
        Ok(Some(Bytes::copy_from_slice(&self.buffer[begin..begin + length])))
    }

    fn is_whole(&mut self) -> Result<bool, Garbage> {
        let came = &self.buffer[self.begin..self.end];
        if self.seen == 0 {
            self.parts = 1;
        }
        while self.parts > 0 {
            let Some(head) = Head::read(came, self.seen)? else { return Ok(false) };
            if came.len() < head.end {
                return Ok(false);
            }
            self.parts = (self.parts - 1).checked_add(head.parts).ok_or(Garbage)?;
            self.seen = head.end;
        }
        Ok(true)
    }
}

/// How a part of an answer begins.
struct Head {
    kind: u8,
    /// Where the line ends, without its end.
    line_end: usize,
    /// Where the part ends, with what follows its line.
    end: usize,
    /// How many parts lie in it, after it.
    parts: usize,
    /// Whether it says that there is nothing.
    is_nothing: bool,
}

impl Head {
    /// The one at this place; `None` when its line is not there as a whole.
    fn read(bytes: &[u8], at: usize) -> Result<Option<Self>, Garbage> {
        let Some(&kind) = bytes.get(at) else { return Ok(None) };
        if kind == b'$'
            && let Some(head) = Self::of_text(bytes, at)
        {
            return Ok(Some(head));
        }
        let counts = matches!(kind, b'$' | b'*' | b'!' | b'=' | b'%' | b'~' | b'>' | b'|');
        if !counts && !matches!(kind, b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(') {
            return Err(Garbage);
        }
        let rest = &bytes[at + 1..];
        let longest = if counts { LONGEST_NUMBER } else { LONGEST_LINE };
        let Some(length) = rest.iter().take(longest).position(|&byte| byte == b'\r') else {
            return if rest.len() < longest { Ok(None) } else { Err(Garbage) };
        };
        match rest.get(length + 1) {
            None => return Ok(None),
            Some(b'\n') => {}
            Some(_) => return Err(Garbage),
        }
        let line_end = at + 1 + length;
        let mut head = Self { kind, line_end, end: line_end + 2, parts: 0, is_nothing: false };
        if !counts {
            return Ok(Some(head));
        }
        let Some(count) = number(&rest[..length])? else {
            head.is_nothing = true;
            return Ok(Some(head));
        };
        match kind {
            b'$' | b'!' | b'=' => {
                head.end = head.end.checked_add(count).and_then(|end| end.checked_add(2)).ok_or(Garbage)?
            }
            b'%' => head.parts = count.checked_mul(2).ok_or(Garbage)?,
            // What is said of an answer comes before it.
            b'|' => head.parts = count.checked_mul(2).and_then(|parts| parts.checked_add(1)).ok_or(Garbage)?,
            _ => head.parts = count,
        }
        Ok(Some(head))
    }

    /// That of a text whose length is there as a whole and not beyond a billion: nearly all that a read brings, in one pass.
    #[inline]
    fn of_text(bytes: &[u8], at: usize) -> Option<Self> {
        let mut length = 0;
        for (line_end, &byte) in bytes.iter().enumerate().skip(at + 1).take(10) {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                length = length * 10 + usize::from(digit);
            } else if byte == b'\r' && line_end > at + 1 && bytes.get(line_end + 1) == Some(&b'\n') {
                return Some(Self { kind: b'$', line_end, end: line_end + length + 4, parts: 0, is_nothing: false });
            } else {
                return None;
            }
        }
        None
    }

    /// The text of a part that has one.
    fn text<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8], Garbage> {
        let text = bytes.get(self.line_end + 2..self.end).and_then(|text| text.strip_suffix(b"\r\n"));
        text.ok_or(Garbage)
    }
}

/// A count; `None` for that of nothing, which is negative.
fn number(digits: &[u8]) -> Result<Option<usize>, Garbage> {
    if digits.first() == Some(&b'-') {
        return Ok(None);
    }
    if digits.is_empty() {
        return Err(Garbage);
    }
    let count = digits.iter().try_fold(0_usize, |count, digit| {
        if !digit.is_ascii_digit() {
            return None;
        }
        count.checked_mul(10)?.checked_add(usize::from(digit - b'0'))
    });
    count.map(Some).ok_or(Garbage)
}

/// What a whole answer says.
pub(super) fn value(answer: &[u8]) -> Result<Value, RedisError> {
    let mut at = 0;
    match plain_value(answer, &mut at, 0)? {
        Some(value) => Ok(value),
        // What only the later protocol has.
        None => redis::parse_redis_value(answer),
    }
}

fn plain_value(bytes: &[u8], at: &mut usize, depth: usize) -> Result<Option<Value>, RedisError> {
    let begin = *at;
    let head = Head::read(bytes, begin)?.ok_or(Garbage)?;
    *at = head.end;
    let line = &bytes[begin + 1..head.line_end];
    Ok(Some(match head.kind {
        b'$' | b'*' if head.is_nothing => Value::Nil,
        b'$' => Value::BulkString(head.text(bytes)?.to_vec()),
        b'+' if line == b"OK" => Value::Okay,
        b'+' => Value::SimpleString(String::from_utf8_lossy(line).into_owned()),
        b':' => {
            let number = std::str::from_utf8(line).ok().and_then(|digits| digits.parse().ok());
            Value::Int(number.ok_or(Garbage)?)
        }
        b'-' => redis::parse_redis_value(&bytes[begin..head.end])?,
        b'*' if depth == DEEPEST => return Err(Garbage.into()),
        b'*' => {
            // It grows with what is there, not with what is said to be.
            let mut parts = Vec::new();
            for _ in 0..head.parts {
                match plain_value(bytes, at, depth + 1)? {
                    Some(part) => parts.push(part),
                    None => return Ok(None),
                }
            }
            Value::Array(parts)
        }
        _ => return Ok(None),
    }))
}

/// Where the texts of a list of texts lie, in its order; `None` for what is nothing. `Err` when it is no such list.
pub(super) fn texts(answer: &[u8]) -> Result<Vec<Option<(usize, usize)>>, Garbage> {
    let list = Head::read(answer, 0)?.filter(|head| head.kind == b'*').ok_or(Garbage)?;
    let mut at = list.end;
    let mut texts = Vec::with_capacity(list.parts.min(answer.len()));
    for _ in 0..list.parts {
        let head = Head::read(answer, at)?.filter(|head| head.kind == b'$').ok_or(Garbage)?;
        at = head.end;
        texts.push(if head.is_nothing {
            None
        } else {
            head.text(answer)?;
            Some((head.line_end + 2, head.end - 2))
        });
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(inbox: &mut Inbox) -> Vec<Value> {
        std::iter::from_fn(|| inbox.next().unwrap()).map(|answer| value(&answer).unwrap()).collect()
    }

    fn put(inbox: &mut Inbox, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = inbox.room();
            let length = room.len().min(bytes.len());
            room[..length].copy_from_slice(&bytes[..length]);
            inbox.came(length);
            bytes = &bytes[length..];
        }
    }

    #[test]
    fn answers_come_whole_however_they_are_cut() {
        let said: &[u8] =
            b"+OK\r\n:-7\r\n$3\r\na\r\n\r\n*3\r\n$-1\r\n*0\r\n$0\r\n\r\n*-1\r\n-ERR no\r\n%1\r\n+a\r\n:1\r\n";
        let whole = {
            let mut inbox = Inbox::default();
            put(&mut inbox, said);
            all(&mut inbox)
        };
        assert_eq!(whole.len(), 7);
        assert_eq!(whole[2], Value::BulkString(b"a\r\n".to_vec()));
        assert_eq!(whole[3], Value::Array(vec![Value::Nil, Value::Array(vec![]), Value::BulkString(vec![])]));
        assert!(matches!(&whole[5], Value::ServerError(error) if error.code() == "ERR"));
        assert!(matches!(&whole[6], Value::Map(pairs) if pairs.len() == 1));
        for cut in 1..said.len() {
            let mut inbox = Inbox::default();
            let mut found = Vec::new();
            for part in said.chunks(cut) {
                put(&mut inbox, part);
                found.extend(all(&mut inbox));
            }
            assert_eq!(found, whole, "in parts of {cut}");
        }
    }

    #[test]
    fn large_answers_among_small_ones_stay_themselves() {
        let mut inbox = Inbox::default();
        for round in 0..3_u8 {
            for length in [0, 10, LARGE, CHUNK - 9, CHUNK * 5, 1] {
                let text = vec![b'a' + round; length];
                put(&mut inbox, &[format!("${length}\r\n").as_bytes(), &text, b"\r\n:1\r\n"].concat());
                assert_eq!(all(&mut inbox), [Value::BulkString(text), Value::Int(1)]);
            }
            let text = vec![b'x'; CHUNK];
            put(&mut inbox, &[format!("${CHUNK}\r\n").as_bytes(), &text, b"\r\n"].concat());
            assert_eq!(all(&mut inbox), [Value::BulkString(text)]);
        }
    }

    #[test]
    fn garbage_is_known_as_such() {
        let deep = "*1\r\n".repeat(1000) + ":1\r\n";
        for said in ["HTTP/1.1 400 Bad Request\r\n", "$a\r\n", "$\r\n\r\n", "*99999999999999999999999999\r\n", ":1\rx"]
        {
            let mut inbox = Inbox::default();
            put(&mut inbox, said.as_bytes());
            assert_eq!(inbox.next(), Err(Garbage), "{said}");
        }
        let mut inbox = Inbox::default();
        put(&mut inbox, deep.as_bytes());
        assert!(value(&inbox.next().unwrap().unwrap()).is_err(), "lists in lists without end");
        put(&mut inbox, b"$3\r\nabcde");
        assert!(value(&inbox.next().unwrap().unwrap()).is_err(), "a text that does not end where it should");
    }

    #[test]
    fn texts_lie_where_they_are_said_to() {
        let answer = b"*3\r\n$2\r\nab\r\n$-1\r\n$0\r\n\r\n";
        let found = texts(answer).unwrap();
        let text = |at: usize| found[at].map(|(begin, end)| &answer[begin..end]);
        assert_eq!([text(0), text(1), text(2)], [Some(&b"ab"[..]), None, Some(&b""[..])]);
        assert_eq!(texts(b"-ERR no\r\n"), Err(Garbage));
        assert_eq!(texts(b"*1\r\n:1\r\n"), Err(Garbage));
    }
}
