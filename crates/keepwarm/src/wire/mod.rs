//! Wire format v1: an entry as bytes, for every store that is not this process.
//!
//! `docs/wire-format.md` in the repository is the definition, byte by byte and with examples; a test reads the examples
//! out of it and holds this module against them. What a backend needs of it:
//!
//! - [`encode`] and [`decode`] turn an [`Entry`] into bytes and back. Times leave the process as wall time.
//! - [`plain_integer`] is the other form: integers without an envelope, for stores that count natively and keep the
//!   expiry themselves.
//! - [`Envelope`] is the same with all its fields, for a backend that rewrites entries without knowing their values (a
//!   counter, a new deadline) or adds a scope's generation.
//!
//! Reading is pure. Whatever the bytes are, the answer is an entry or [`Undecodable`], never a panic, never an
//! allocation out of proportion to the bytes, and never the value of another key: the checksum covers the key.
//!
//! ```
//! use keepwarm::clock::Clock;
//! use keepwarm::codec::Codec;
//! use keepwarm::entry::{Entry, Stamp};
//! use keepwarm::key::{Key, Scope};
//! use keepwarm::{Deadline, Payload, wire};
//!
//! let (scope, clock) = (Scope::new("myapp"), Clock::system());
//! let key = Key::new("myapp:1:user", &scope);
//! let entry = Entry {
//!     payload: Payload::bytes(Codec::Json, "\"Ada\""),
//!     deadline: Deadline::NEVER,
//!     stamp: Stamp(7),
//!     written: clock.now(),
//!     marks: None,
//! };
//! let bytes = wire::encode(&key, &entry, &clock, Codec::default())?;
//! let back = wire::decode(&key, bytes.clone(), &clock).expect("the bytes are whole and its own");
//! assert_eq!(back.stamp, Stamp(7));
//!
//! let other = Key::new("myapp:1:other", &scope);
//! assert!(wire::decode(&other, bytes, &clock).is_err());
//! # Ok::<(), keepwarm::Error>(())
//! ```

mod anchor;
mod checksum;
mod envelope;
mod reader;

use bytes::Bytes;

pub use anchor::Anchor;
#[cfg(feature = "redis")]
pub(crate) use envelope::Unmarked;
pub use envelope::{Content, Envelope};

use crate::clock::Clock;
use crate::codec::Codec;
use crate::entry::{Entry, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::Key;
use crate::payload::{Payload, Undecodable};

/// An entry in its envelope, to be stored under `key` and no other.
///
/// `codec` is for an object that is not encoded yet; other payloads keep theirs.
///
/// # Errors
/// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when the object's type refuses.
pub fn encode(key: &Key<'_>, entry: &Entry, clock: &Clock, codec: Codec) -> Result<Bytes> {
    Ok(Envelope::of(entry, Anchor::now(clock), codec)?.write(key.as_str()).into())
}

/// The entry that was stored under `key`, in either form. Whether it is still live is the caller's question.
///
/// A plain integer carries no times and no stamp: it comes without a deadline, written now, with a stamp of 0.
///
/// # Errors
/// [`Undecodable`] when the bytes are torn, foreign, another key's, or of a kind this version does not know.
pub fn decode(key: &Key<'_>, bytes: Bytes, clock: &Clock) -> Result<Entry, Undecodable> {
    if let Some(number) = reader::decimal(&bytes) {
        let payload = Payload::Integer(number);
        let written = clock.now();
        return Ok(Entry { payload, deadline: Deadline::NEVER, stamp: Stamp(0), written, marks: None });
    }
    Envelope::read(key.as_str(), bytes)?.into_entry(Anchor::now(clock))
}

/// The entry as a plain decimal, which native counters and other clients read; `None` when it is not an integer, or has
/// marks, which only an envelope can carry.
///
/// Its deadline is not in it: this form is for stores that keep the expiry themselves.
pub fn plain_integer(entry: &Entry) -> Option<Bytes> {
    match entry.payload {
        Payload::Integer(number) if entry.marks.is_none() => Some(number.to_string().into()),
        _ => None,
    }
}

/// The integer that these bytes are, if they are the one spelling of a plain one.
pub fn plain(bytes: &[u8]) -> Option<i64> {
    reader::decimal(bytes)
}
