//! The marks of an entry as bytes: the tags and namespaces it was written under, with their generations.
//!
//! Each is the hash of its name in two words, its generation, a word of kind and length, and its name.

use crate::hash::NameHash;
use crate::markers::MarkerName;
use crate::words::{WORD, padded};

/// A mark as it lies in a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MarkRef<'a> {
    pub(crate) kind: u8,
    pub(crate) name_hash: MarkerName,
    pub(crate) generation: u64,
    pub(crate) name: &'a [u8],
}

const FIXED: usize = 4 * WORD;

/// Appends a mark.
pub(crate) fn push(into: &mut Vec<u8>, kind: u8, name: &[u8], generation: u64) {
    let MarkerName(hash) = MarkerName::of(kind, name);
    for word in [hash.low, hash.high, generation, u64::from(kind) | (name.len() as u64) << 8] {
        into.extend_from_slice(&word.to_le_bytes());
    }
    into.extend_from_slice(name);
    into.resize(padded(into.len()), 0);
}

/// Reads them; a `None` is the end of what can be read.
pub(crate) fn read(bytes: &[u8]) -> impl Iterator<Item = Option<MarkRef<'_>>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mark = one(&mut rest);
        if mark.is_none() {
            rest = &[];
        }
        Some(mark)
    })
}

fn one<'a>(rest: &mut &'a [u8]) -> Option<MarkRef<'a>> {
    let (fixed, after) = rest.split_first_chunk::<FIXED>()?;
    let (words, _) = fixed.as_chunks::<WORD>();
    let word = |index: usize| u64::from_le_bytes(words[index]);
    let length = usize::try_from(word(3) >> 8).ok()?;
    let name = after.get(..length)?;
    *rest = after.get(length.checked_next_multiple_of(WORD)?..)?;
    let name_hash = MarkerName(NameHash { low: word(0), high: word(1) });
    Some(MarkRef { kind: word(3) as u8, name_hash, generation: word(2), name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back() {
        let mut bytes = Vec::new();
        push(&mut bytes, 0, b"a", 7);
        push(&mut bytes, 1, b"", 8);
        push(&mut bytes, 1, "тег:news".as_bytes(), u64::MAX);
        let back: Vec<_> =
            read(&bytes).map(|mark| mark.map(|mark| (mark.kind, mark.name.to_vec(), mark.generation))).collect();
        let expected = [(0, b"a".to_vec(), 7), (1, vec![], 8), (1, "тег:news".as_bytes().to_vec(), u64::MAX)];
        assert_eq!(back, expected.map(Some));
    }

    #[test]
    fn whatever_the_bytes_are_reading_ends() {
        let mut bytes = Vec::new();
        push(&mut bytes, 0, b"name", 7);
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut torn = bytes.clone();
                torn[at] = value;
                assert!(read(&torn).count() <= 2);
                assert!(read(&torn[..at]).count() <= 2);
            }
        }
    }
}
