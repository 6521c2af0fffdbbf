//! The examples of `docs/wire-format.md`.

use std::num::NonZeroU32;

use keepwarm::codec::Codec;
use keepwarm::entry::{Generation, Mark, Marker, MarkerKind, Stamp};
use keepwarm::wire::{Content, Envelope};

const DOCUMENT: &str = include_str!("../../../../docs/wire-format.md");

/// One example: `envelope` is `None` where the document says that the bytes are undecodable.
pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) envelope: Option<Envelope>,
}

/// A value in MessagePack, as the document shows it.
pub(crate) struct ValueExample {
    /// The expression of Python, or what is wrong with it.
    pub(crate) name: String,
    /// How it reads in JSON; empty where JSON has no such value.
    pub(crate) json: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) decodable: bool,
}

/// The blocks of code of the document with what they are, in its order.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let blocks = DOCUMENT.split("\n```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap_or((block, "")))
}

/// Every entry, and what is undecodable.
pub(crate) fn examples() -> Vec<Example> {
    let known = ["", "entry", "undecodable", "value", "undecodable-value"];
    blocks().for_each(|(kind, _)| assert!(known.contains(&kind), "a block of the document is {kind:?}"));
    let entries = blocks().filter(|(kind, _)| matches!(*kind, "entry" | "undecodable"));
    entries.map(|(kind, block)| example(block, kind == "entry")).collect()
}

/// Every value, and what is undecodable as one.
pub(crate) fn values() -> Vec<ValueExample> {
    let values = blocks().filter(|(kind, _)| matches!(*kind, "value" | "undecodable-value"));
    let value = |(kind, block): (&str, &str)| {
        let of = |field: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
            line.trim().to_owned()
        };
        let name = if kind == "value" { of("python") } else { of("name") };
        ValueExample { name, json: of("json"), payload: bytes(&of("payload")), decodable: kind == "value" }
    };
    values.map(value).collect()
}

fn example(block: &str, decodable: bool) -> Example {
    let lines = block.lines();
    let mut example = Example { name: String::new(), key: String::new(), bytes: Vec::new(), envelope: None };
    let mut fields = Envelope::new(Content::Integer(0));
    let (mut codec, mut payload, mut marks) = (String::new(), Vec::new(), Vec::new());
    for line in lines {
        let (field, value) = line.split_once(" ").unwrap_or((line, ""));
        let value = value.trim();
        match field {
            "name" => value.clone_into(&mut example.name),
            "key" => value.clone_into(&mut example.key),
            "bytes" => example.bytes = bytes(value),
            "written" => fields.written = Some(value.parse().unwrap()),
            "hard" => fields.hard_deadline = Some(value.parse().unwrap()),
            "soft" => fields.soft_deadline = Some(value.parse().unwrap()),
            "stamp" => fields.stamp = Some(Stamp(number(value))),
            "scope" => fields.scope = Some(Generation(number(value))),
            "schema" => fields.schema = NonZeroU32::new(number(value).try_into().unwrap()),
            "mark" => marks.push(mark(value)),
            "unpacked" => fields.unpacked = Some(value.parse().unwrap()),
            "codec" => value.clone_into(&mut codec),
            "payload" => payload = bytes(value),
            other => panic!("{}: the document names a field {other:?}", example.name),
        }
    }
    if decodable {
        fields.marks = (!marks.is_empty()).then(|| marks.into());
        fields.content = content(&codec, payload);
        example.envelope = Some(fields);
    }
    example
}

fn content(codec: &str, payload: Vec<u8>) -> Content {
    match codec {
        "integer" => Content::Integer(String::from_utf8(payload).unwrap().parse().unwrap()),
        "messagepack" => Content::Value(Codec::MessagePack, payload.into()),
        "json" => Content::Value(Codec::Json, payload.into()),
        "raw" => Content::Value(Codec::Raw, payload.into()),
        "pickle" => Content::Value(Codec::Pickle, payload.into()),
        "generation" => Content::Generation(Generation(u64::from_le_bytes(payload.try_into().unwrap()))),
        "lease" => Content::Lease(String::from_utf8(payload).unwrap().parse().unwrap()),
        other => panic!("the document names a codec {other:?}"),
    }
}

fn mark(text: &str) -> Mark {
    let [kind, name, generation] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("a mark is {text:?}") };
    let kind = match kind {
        "tag" => MarkerKind::Tag,
        "namespace" => MarkerKind::Namespace,
        other => panic!("a mark is of kind {other:?}"),
    };
    Mark { marker: Marker::new(kind, name), generation: Generation(number(generation)) }
}

fn number(hexadecimal: &str) -> u64 {
    u64::from_str_radix(hexadecimal, 16).unwrap()
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal.bytes().filter(|byte| *byte != b' ').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
