//! Reading what lies under names. Of all who ask one server at the same time the reads go together, in one `MGET`: to the
//! server a command costs more than a key, and a name that all of them want beside their own is read once.
//!
//! What is read once for many was read after the last of them had asked: nobody gets an answer from before its question.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use redis::ServerError;

use super::inbox::{Garbage, texts, value};

/// Not more keys than this go into one command beside the first read: others have to get their turn on the server.
const MOST_KEYS: usize = 256;

/// So many names are looked through for one that is wanted by several.
const MOST_SHARED: usize = 16;

/// Names that are to be read: those of the asker alone, and those that others may ask for at the same time.
#[derive(Debug, Clone, Copy)]
pub(in crate::backends::redis) struct Names<'a> {
    pub(in crate::backends::redis) own: &'a [&'a str],
    pub(in crate::backends::redis) beside: &'a [Arc<str>],
}

impl<'a> Names<'a> {
    /// All of them, own ones first.
    pub(in crate::backends::redis) fn all(self) -> impl Iterator<Item = &'a str> {
        self.own.iter().copied().chain(self.beside.iter().map(|name| &**name))
    }
}

/// What a server says to a read.
#[derive(Debug)]
pub(in crate::backends::redis) enum Answer {
    Found(Found),
    /// To others as well, if there were any: it may be what they asked for that was refused.
    Refused {
        error: ServerError,
        to_others: bool,
    },
}

/// What lay under the names of one read.
#[derive(Debug)]
pub(in crate::backends::redis) struct Found {
    reply: Arc<Reply>,
    /// Where its own begin.
    first: usize,
    /// Where those of the names beside begin that are not shared.
    unshared: usize,
}

/// The answer to reads that went together.
#[derive(Debug)]
struct Reply {
    bytes: Bytes,
    texts: Vec<Option<(usize, usize)>>,
    shared: Vec<(Arc<str>, usize)>,
}

impl Reply {
    fn place(&self, at: usize) -> Option<(usize, usize)> {
        self.texts.get(at).copied().flatten()
    }
}

impl Found {
    /// Of servers that were asked apart: what lay under the names, own ones first.
    pub(in crate::backends::redis) fn apart(names: Names<'_>, found: Vec<Option<Vec<u8>>>) -> Self {
        let mut bytes = Vec::with_capacity(found.iter().flatten().map(Vec::len).sum());
        let mut texts = Vec::with_capacity(found.len());
        for text in found {
            texts.push(text.map(|text| {
                let begin = bytes.len();
                bytes.extend_from_slice(&text);
                (begin, bytes.len())
            }));
        }
        let own = names.own.len();
        let shared = names.beside.iter().enumerate().map(|(at, name)| (Arc::clone(name), own + at)).collect();
        Self { reply: Arc::new(Reply { bytes: bytes.into(), texts, shared }), first: 0, unshared: 0 }
    }

    /// What lay under one of its own names. It shares its memory with the rest of the answer: who keeps it copies it.
    pub(in crate::backends::redis) fn own(&self, at: usize) -> Option<Bytes> {
        self.reply.place(self.first + at).map(|(begin, end)| self.reply.bytes.slice(begin..end))
    }

    /// The same where it lies.
    pub(in crate::backends::redis) fn own_bytes(&self, at: usize) -> Option<&[u8]> {
        self.reply.place(self.first + at).map(|(begin, end)| &self.reply.bytes[begin..end])
    }

    /// A part of what lay under one of its own names.
    pub(in crate::backends::redis) fn own_part(&self, at: usize, part: Range<usize>) -> Option<Bytes> {
        self.reply.place(self.first + at).map(|(begin, _)| self.reply.bytes.slice(begin + part.start..begin + part.end))
    }

    /// What lay under the names beside, in their order.
    pub(in crate::backends::redis) fn beside<'f>(
        &'f self,
        names: &'f [Arc<str>],
    ) -> impl Iterator<Item = Option<&'f [u8]>> + 'f {
        let mut unshared = self.unshared;
        names.iter().map(move |name| {
            let at = find(&self.reply.shared, name).unwrap_or_else(|| {
                unshared += 1;
                unshared - 1
            });
            self.reply.place(at).map(|(begin, end)| &self.reply.bytes[begin..end])
        })
    }
}

fn find(shared: &[(Arc<str>, usize)], name: &Arc<str>) -> Option<usize> {
    shared.iter().find(|(known, _)| Arc::ptr_eq(known, name) || known == name).map(|(_, at)| *at)
}

/// Reads that go together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The names as they are sent.
    packed: Vec<u8>,
    count: usize,
    shared: Vec<(Arc<str>, usize)>,
    pub(super) askers: Vec<Asker>,
}

/// Whose reads are in a batch.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) who: usize,
    first: usize,
    unshared: usize,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.askers.is_empty()
    }

    /// How long its names are as they are sent.
    pub(super) fn length(&self) -> usize {
        self.packed.len()
    }

    /// Whether these do not go together with what is in it any more.
    pub(super) fn is_full_for(&self, names: Names<'_>) -> bool {
        !self.is_empty() && self.count + names.own.len() > MOST_KEYS
    }

    pub(super) fn add(&mut self, who: usize, names: Names<'_>) {
        let first = self.count;
        names.own.iter().for_each(|name| self.push(name));
        let mut unshared = None;
        for name in names.beside {
            if find(&self.shared, name).is_some() {
                continue;
            }
            // Once there is no room it stays so: those that are not shared lie together.
            if self.shared.len() < MOST_SHARED {
                self.shared.push((Arc::clone(name), self.count));
            } else {
                unshared.get_or_insert(self.count);
            }
            self.push(name);
        }
        self.askers.push(Asker { who, first, unshared: unshared.unwrap_or(self.count) });
    }

    fn push(&mut self, name: &str) {
        put_number(&mut self.packed, b'$', name.len());
        self.packed.extend_from_slice(name.as_bytes());
        self.packed.extend_from_slice(b"\r\n");
        self.count += 1;
    }

    /// Adds the command to what is to be sent; what it goes by from now on has no bytes any more, and these are empty.
    pub(super) fn pack(&mut self, out: &mut Vec<u8>) -> Self {
        put_number(out, b'*', self.count + 1);
        out.extend_from_slice(b"$4\r\nMGET\r\n");
        out.extend_from_slice(&self.packed);
        self.packed.clear();
        Self {
            packed: Vec::new(),
            count: std::mem::take(&mut self.count),
            shared: std::mem::take(&mut self.shared),
            askers: std::mem::take(&mut self.askers),
        }
    }

    /// Says to everybody what was answered.
    pub(super) fn settle(self, bytes: Bytes, mut tell: impl FnMut(usize, Answer)) -> Result<(), redis::RedisError> {
        if let Some(b'-') = bytes.first() {
            let redis::Value::ServerError(error) = value(&bytes)? else { return Err(Garbage.into()) };
            let to_others = self.askers.len() > 1;
            self.askers.iter().for_each(|asker| tell(asker.who, Answer::Refused { error: error.clone(), to_others }));
            return Ok(());
        }
        let texts = texts(&bytes)?;
        if texts.len() != self.count {
            return Err(Garbage.into());
        }
        let reply = Arc::new(Reply { bytes, texts, shared: self.shared });
        for asker in &self.askers {
            let found = Found { reply: Arc::clone(&reply), first: asker.first, unshared: asker.unshared };
            tell(asker.who, Answer::Found(found));
        }
        Ok(())
    }
}

fn put_number(out: &mut Vec<u8>, kind: u8, number: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.push(kind);
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server answers that has the name itself under every name but `none`.
    fn answer(sent: &[u8]) -> Bytes {
        let mut inbox = super::super::inbox::Inbox::default();
        inbox.room()[..sent.len()].copy_from_slice(sent);
        inbox.came(sent.len());
        let redis::Value::Array(words) = value(&inbox.next().unwrap().unwrap()).unwrap() else { panic!("a command") };
        let texts = words.into_iter().map(|word| match word {
            redis::Value::BulkString(text) => text,
            other => panic!("{other:?}"),
        });
        let mut texts: Vec<Vec<u8>> = texts.collect();
        assert_eq!(texts.remove(0), b"MGET");
        let mut out = format!("*{}\r\n", texts.len()).into_bytes();
        for text in texts {
            match &text[..] {
                b"none" => out.extend_from_slice(b"$-1\r\n"),
                text => out.extend_from_slice(&[format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()),
            }
        }
        out.into()
    }

    fn names(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|&name| name.into()).collect()
    }

    #[test]
    fn everybody_gets_what_lies_under_their_names_and_what_many_want_is_read_once() {
        let tags: Vec<String> = (0..40).map(|tag| format!("tag{tag}")).collect();
        let tag =
            |from: usize, to: usize| tags[from..to].iter().map(|tag| tag.as_str().into()).collect::<Vec<Arc<str>>>();
        let own: [&[&str]; 5] = [&["a"], &["b", "none", "c"], &[], &["d"], &["none"]];
        let beside = [names(&["scope"]), names(&["scope", "t"]), tag(0, 30), tag(5, 35), names(&["scope", "none"])];
        let mut batch = Batch::default();
        for (who, (own, beside)) in own.iter().zip(&beside).enumerate() {
            batch.add(who, Names { own, beside });
        }
        let mut sent = Vec::new();
        let packed = batch.pack(&mut sent);
        assert!(batch.is_empty());
        assert_eq!(sent.windows(5).filter(|window| window == b"scope").count(), 1);
        let mut told = Vec::new();
        packed.settle(answer(&sent), |who, answer| told.push((who, answer))).unwrap();
        assert_eq!(told.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let text = |name: &str| (name != "none").then(|| Bytes::copy_from_slice(name.as_bytes()));
        for (who, answer) in &told {
            let Answer::Found(found) = answer else { panic!("{answer:?}") };
            for (at, name) in own[*who].iter().enumerate() {
                assert_eq!(found.own(at), text(name));
            }
            let wanted: Vec<_> = beside[*who].iter().map(|name| text(name)).collect();
            let beside = found.beside(&beside[*who]).map(|bytes| bytes.map(Bytes::copy_from_slice));
            assert_eq!(beside.collect::<Vec<_>>(), wanted, "those of {who}");
        }
    }

    #[test]
    fn a_refusal_says_whether_it_was_said_to_others() {
        for askers in [1, 2] {
            let mut batch = Batch::default();
            (0..askers).for_each(|who| batch.add(who, Names { own: &["a"], beside: &[] }));
            let packed = batch.pack(&mut Vec::new());
            let mut told = 0;
            let settled = packed.settle(Bytes::from_static(b"-NOPERM no\r\n"), |_, answer| {
                assert!(matches!(answer, Answer::Refused { to_others, .. } if to_others == (askers > 1)));
                told += 1;
            });
            assert!(settled.is_ok() && told == askers);
        }
    }

    #[test]
    fn an_answer_of_another_length_is_none() {
        let mut batch = Batch::default();
        batch.add(0, Names { own: &["a", "b"], beside: &[] });
        let packed = batch.pack(&mut Vec::new());
        assert!(packed.settle(Bytes::from_static(b"*1\r\n$-1\r\n"), |_, _| panic!("nobody is told")).is_err());
    }
}
