//! The envelope: the fields around a payload, and how they lie in the bytes.

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::Anchor;
use super::checksum::checksum;
use super::reader::{Reader, decimal, put_varint};
use crate::codec::{Codec, Encoded, LARGEST_UNPACKED};
use crate::entry::{Entry, Generation, Mark, Marker, MarkerKind, Marks, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::payload::{Payload, Undecodable};

/// Begins every envelope: no decimal, no UTF-8 text (so no JSON), no pickle and no MessagePack begins with it.
const TAG: u8 = 0xc1;
const VERSION: u8 = 1;

// The codecs of values have the numbers of `Codec::number`.
const CODEC_INTEGER: u8 = 0;
const CODEC_GENERATION: u8 = 4;
const CODEC_LEASE: u8 = 5;

const HAS_WRITTEN: u8 = 0x01;
const HAS_HARD_DEADLINE: u8 = 0x02;
const HAS_SOFT_DEADLINE: u8 = 0x04;
const HAS_STAMP: u8 = 0x08;
const HAS_SCOPE: u8 = 0x10;
const HAS_SCHEMA: u8 = 0x20;
const HAS_MARKS: u8 = 0x40;
const HAS_MORE_FLAGS: u8 = 0x80;

const MORE_PACKED: u8 = 0x01;

const MARK_TAG: u8 = 1;
const MARK_NAMESPACE: u8 = 2;

const CHECKSUM_LENGTH: usize = 4;

/// Of a pickle.
const SIGNATURE_LENGTH: usize = 32;

/// What an envelope carries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// An integer.
    Integer(i64),
    /// A value in the form of its codec, compressed where the envelope's `unpacked` says so.
    Value(Codec, Bytes),
    /// The generation of a marker or scope: an entry of its own in stores that have no better place for it.
    Generation(Generation),
    /// The right to compute the missing value of the key, held by who knows the stamp; for so many milliseconds before it
    /// is gone, others may take it over. It is no entry: the key is absent.
    Lease(u64),
}

/// An entry with all its fields as they lie in a store; times are wall time in milliseconds since 1970.
///
/// Everything but the content is optional and takes no room when it is not there.
///
/// ```
/// use keepwarm::wire::{Content, Envelope};
///
/// let mut envelope = Envelope::new(Content::Integer(41));
/// envelope.written = Some(1_700_000_000_000);
/// let bytes = envelope.write("myapp:1:views");
///
/// let mut read = Envelope::read("myapp:1:views", bytes.into()).expect("the bytes are whole and its own");
/// assert_eq!(read, envelope);
/// read.content = Content::Integer(42);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The value, or what else it carries.
    pub content: Content,
    /// When it was written.
    pub written: Option<u64>,
    /// When the entry is gone; `None` for never, or where the store keeps the expiry.
    pub hard_deadline: Option<u64>,
    /// From when on the value should be computed anew while it is still served.
    pub soft_deadline: Option<u64>,
    /// The identity of this write.
    pub stamp: Option<Stamp>,
    /// The generation of the entry's scope when it was written: `clear()` moves it on.
    pub scope: Option<Generation>,
    /// The fingerprint of the type's shape.
    pub schema: Option<NonZeroU32>,
    /// The length of the payload before it was compressed; `None` where it is not.
    pub unpacked: Option<u64>,
    /// The tags and namespaces it was written under, with their generations.
    pub marks: Marks,
}

impl Envelope {
    /// An envelope with nothing but its content.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            written: None,
            hard_deadline: None,
            soft_deadline: None,
            stamp: None,
            scope: None,
            schema: None,
            unpacked: None,
            marks: None,
        }
    }

    /// The envelope of an entry.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the payload is an object whose type refuses `codec`.
    pub fn of(entry: &Entry, anchor: Anchor, codec: Codec) -> Result<Self> {
        let of_value = |codec, encoded: Encoded| Self {
            schema: encoded.schema,
            unpacked: encoded.unpacked,
            ..Self::new(Content::Value(codec, encoded.bytes))
        };
        let envelope = match &entry.payload {
            Payload::Integer(number) => Self::new(Content::Integer(*number)),
            Payload::Bytes(codec, encoded) => of_value(*codec, Encoded::clone(encoded)),
            Payload::Object(object) => of_value(codec, (**object).encoded(codec)?),
        };
        Ok(Self {
            written: Some(anchor.unix_millis(entry.written)),
            hard_deadline: anchor.deadline_unix_millis(entry.deadline),
            stamp: Some(entry.stamp),
            marks: entry.marks.clone().filter(|marks| !marks.is_empty()),
            ..envelope
        })
    }

    /// The value in the envelope; `None` when it is none but the state of a marker, or a lease.
    pub fn payload(&self) -> Option<Payload> {
        match &self.content {
            Content::Integer(number) => Some(Payload::Integer(*number)),
            Content::Value(codec, bytes) => {
                let encoded = Encoded { schema: self.schema, unpacked: self.unpacked, ..Encoded::new(bytes.clone()) };
                Some(Payload::Bytes(*codec, Box::new(encoded)))
            }
            Content::Generation(_) | Content::Lease(_) => None,
        }
    }

    /// The entry in the envelope. What is not there is read as never, now, and a stamp of 0.
    ///
    /// # Errors
    /// [`Undecodable`] when it is no value but a generation or a lease.
    pub fn into_entry(self, anchor: Anchor) -> Result<Entry, Undecodable> {
        let payload = self.payload().ok_or_else(|| Undecodable("a generation or lease is not a value".to_owned()))?;
        Ok(Entry {
            payload,
            deadline: self.hard_deadline.map_or(Deadline::NEVER, |millis| Deadline::at(anchor.moment(millis))),
            stamp: self.stamp.unwrap_or(Stamp(0)),
            written: anchor.moment(self.written.unwrap_or_else(|| anchor.unix_now())),
            marks: self.marks,
        })
    }

    /// The bytes to store under `key` and no other.
    pub fn write(&self, key: &str) -> Vec<u8> {
        let (codec, payload) = match &self.content {
            Content::Integer(number) => (CODEC_INTEGER, Bytes::from(number.to_string())),
            Content::Value(codec, bytes) => (codec.number(), bytes.clone()),
            Content::Generation(generation) => (CODEC_GENERATION, Bytes::copy_from_slice(&generation.0.to_le_bytes())),
            Content::Lease(millis) => (CODEC_LEASE, Bytes::from(millis.to_string())),
        };
        // 48 bytes hold the fields of every entry without marks.
        let mut out = Vec::with_capacity(48 + payload.len());
        out.extend([TAG, VERSION, codec, 0]);
        let mut flags = 0;
        // Deadlines are written as the distance from here, which takes half the bytes.
        let origin = self.written.unwrap_or(0);
        if let Some(written) = self.written {
            flags |= HAS_WRITTEN;
            put_varint(&mut out, written);
        }
        if let Some(deadline) = self.hard_deadline {
            flags |= HAS_HARD_DEADLINE;
            put_varint(&mut out, deadline.saturating_sub(origin));
        }
        if let Some(deadline) = self.soft_deadline {
            flags |= HAS_SOFT_DEADLINE;
            put_varint(&mut out, deadline.saturating_sub(origin));
        }
        if let Some(stamp) = self.stamp {
            flags |= HAS_STAMP;
            out.extend(stamp.0.to_le_bytes());
        }
        if let Some(generation) = self.scope {
            flags |= HAS_SCOPE;
            out.extend(generation.0.to_le_bytes());
        }
        if let Some(schema) = self.schema {
            flags |= HAS_SCHEMA;
            out.extend(schema.get().to_le_bytes());
        }
        if let Some(marks) = self.marks.as_ref().filter(|marks| !marks.is_empty()) {
            flags |= HAS_MARKS;
            put_varint(&mut out, marks.len() as u64);
            marks.iter().for_each(|mark| put_mark(&mut out, mark));
        }
        if let Some(length) = self.unpacked {
            flags |= HAS_MORE_FLAGS;
            out.push(MORE_PACKED);
            put_varint(&mut out, length);
        }
        out[3] = flags;
        out.extend_from_slice(&payload);
        let checksum = checksum(key, &out);
        out.extend(checksum.to_le_bytes());
        out
    }

    /// Reads what was stored under `key`.
    ///
    /// # Errors
    /// [`Undecodable`] when the bytes are torn, foreign, another key's, or of a kind this version does not know.
    pub fn read(key: &str, bytes: Bytes) -> Result<Self, Undecodable> {
        Self::read_in(key, &bytes)
    }

    /// The same, of bytes that are still needed where they are no envelope.
    pub(crate) fn read_in(key: &str, bytes: &Bytes) -> Result<Self, Undecodable> {
        let Fields { codec, written, hard_deadline, soft_deadline, stamp, scope, schema, unpacked, marks, payload } =
            Fields::read(key, bytes)?;
        let payload = bytes.slice(payload);
        let content = read_content(codec, payload, unpacked.is_some())?;
        if unpacked.is_some() && !matches!(content, Content::Value(..)) {
            return Err(Undecodable("what is no value is said to be compressed".to_owned()));
        }
        Ok(Self { content, written, hard_deadline, soft_deadline, stamp, scope, schema, unpacked, marks })
    }
}

/// What stands before the payload of an entry, and where that lies.
struct Fields {
    codec: u8,
    written: Option<u64>,
    hard_deadline: Option<u64>,
    soft_deadline: Option<u64>,
    stamp: Option<Stamp>,
    scope: Option<Generation>,
    schema: Option<NonZeroU32>,
    unpacked: Option<u64>,
    marks: Marks,
    payload: Range<usize>,
}

impl Fields {
    #[inline]
    fn read(key: &str, bytes: &[u8]) -> Result<Self, Undecodable> {
        let (body, stored) = bytes.split_last_chunk::<CHECKSUM_LENGTH>().ok_or_else(not_an_envelope)?;
        let mut reader = Reader::new(body);
        let [tag, version, codec, flags] = reader.array().map_err(|_| not_an_envelope())?;
        if tag != TAG {
            return Err(not_an_envelope());
        }
        if version != VERSION {
            return Err(Undecodable(format!("format version {version} is not known here")));
        }
        if checksum(key, body) != u32::from_le_bytes(*stored) {
            return Err(Undecodable("the checksum does not fit: the bytes are torn, or another key's".to_owned()));
        }
        let field = |flag| flags & flag != 0;
        let written = field(HAS_WRITTEN).then(|| reader.varint()).transpose()?;
        let mut deadline = |flag| -> Result<Option<u64>, Undecodable> {
            let distance = field(flag).then(|| reader.varint()).transpose()?;
            Ok(distance.map(|distance| written.unwrap_or(0).saturating_add(distance)))
        };
        let hard_deadline = deadline(HAS_HARD_DEADLINE)?;
        let soft_deadline = deadline(HAS_SOFT_DEADLINE)?;
        let stamp = field(HAS_STAMP).then(|| reader.u64()).transpose()?.map(Stamp);
        let scope = field(HAS_SCOPE).then(|| reader.u64()).transpose()?.map(Generation);
        let schema = field(HAS_SCHEMA).then(|| read_schema(&mut reader)).transpose()?;
        let marks = field(HAS_MARKS).then(|| read_marks(&mut reader)).transpose()?;
        let unpacked = field(HAS_MORE_FLAGS).then(|| read_more(&mut reader)).transpose()?;
        let payload = body.len() - reader.left()..body.len();
        Ok(Self { codec, written, hard_deadline, soft_deadline, stamp, scope, schema, unpacked, marks, payload })
    }
}

/// A value in an envelope without marks, and where its bytes lie: what nearly every entry is that is read, told without moving
/// an envelope's many fields.
#[cfg(feature = "redis")]
pub(crate) struct Unmarked {
    pub(crate) codec: Codec,
    pub(crate) schema: Option<NonZeroU32>,
    pub(crate) unpacked: Option<u64>,
    pub(crate) hard_deadline: Option<u64>,
    pub(crate) scope: Option<Generation>,
    pub(crate) payload: Range<usize>,
}

#[cfg(feature = "redis")]
impl Unmarked {
    /// `None` for everything else, of which [`Envelope::read`] says what it is.
    #[inline]
    pub(crate) fn read(key: &str, bytes: &[u8]) -> Option<Self> {
        if bytes.get(..2) != Some(&[TAG, VERSION]) || bytes.get(3).is_none_or(|flags| flags & HAS_MARKS != 0) {
            return None;
        }
        let Fields { codec, hard_deadline, scope, schema, unpacked, payload, .. } = Fields::read(key, bytes).ok()?;
        let codec = Codec::numbered(codec).filter(|&codec| codec != Codec::Pickle)?;
        Some(Self { codec, schema, unpacked, hard_deadline, scope, payload })
    }
}

fn not_an_envelope() -> Undecodable {
    Undecodable("these are not the bytes of an entry".to_owned())
}

fn put_mark(out: &mut Vec<u8>, mark: &Mark) {
    out.push(match mark.marker.kind() {
        MarkerKind::Tag => MARK_TAG,
        MarkerKind::Namespace => MARK_NAMESPACE,
    });
    let name = mark.marker.name();
    put_varint(out, name.len() as u64);
    out.extend_from_slice(name.as_bytes());
    out.extend(mark.generation.0.to_le_bytes());
}

fn read_schema(reader: &mut Reader<'_>) -> Result<NonZeroU32, Undecodable> {
    let fingerprint = u32::from_le_bytes(reader.array()?);
    NonZeroU32::new(fingerprint).ok_or_else(|| Undecodable("a fingerprint of 0 is none".to_owned()))
}

/// What the second byte of flags says; the length before compression is the only thing so far.
fn read_more(reader: &mut Reader<'_>) -> Result<u64, Undecodable> {
    match reader.byte()? {
        MORE_PACKED => {
            let length = reader.varint()?;
            if length > LARGEST_UNPACKED as u64 {
                return Err(Undecodable("a compressed value is said to be longer than any may be".to_owned()));
            }
            Ok(length)
        }
        _ => Err(Undecodable("the entry is encrypted or otherwise of a later kind".to_owned())),
    }
}

fn read_marks(reader: &mut Reader<'_>) -> Result<Arc<[Mark]>, Undecodable> {
    let count = reader.varint()?;
    if count == 0 {
        return Err(Undecodable("a list of no marks is none".to_owned()));
    }
    // The list grows with the bytes that are read, not with the count, which may be a lie.
    let mut marks = Vec::new();
    for _ in 0..count {
        let kind = match reader.byte()? {
            MARK_TAG => MarkerKind::Tag,
            MARK_NAMESPACE => MarkerKind::Namespace,
            other => return Err(Undecodable(format!("a mark of kind {other} is not known here"))),
        };
        let marker = Marker::new(kind, reader.text()?);
        marks.push(Mark { marker, generation: Generation(reader.u64()?) });
    }
    Ok(marks.into())
}

fn read_content(codec: u8, payload: Bytes, packed: bool) -> Result<Content, Undecodable> {
    match codec {
        CODEC_INTEGER => decimal(&payload).map(Content::Integer).ok_or("an integer is not a decimal"),
        CODEC_GENERATION => (&payload[..])
            .try_into()
            .map(|bytes| Content::Generation(Generation(u64::from_le_bytes(bytes))))
            .map_err(|_| "a generation is not 8 bytes long"),
        CODEC_LEASE => decimal(&payload)
            .and_then(|millis| u64::try_from(millis).ok())
            .map(Content::Lease)
            .ok_or("a lease's length is not a decimal"),
        _ => match Codec::numbered(codec) {
            Some(Codec::Pickle) if !packed && payload.len() < SIGNATURE_LENGTH => {
                Err("a pickle is shorter than its signature")
            }
            Some(codec) => Ok(Content::Value(codec, payload)),
            None => return Err(Undecodable(format!("codec {codec} is not known here"))),
        },
    }
    .map_err(|reason| Undecodable(reason.to_owned()))
}
