//! Wire format v1: the document, the library and a reader written from the document alone agree, and no bytes whatever
//! are read as something that was not written.

#[path = "support/byte_store.rs"]
mod byte_store;
#[path = "wire_format/document.rs"]
mod document;
#[path = "wire_format/foreign.rs"]
mod foreign;
#[path = "wire_format/pickles.rs"]
mod pickles;
#[path = "wire_format/second_reader.rs"]
mod second_reader;
#[path = "wire_format/second_values.rs"]
mod second_values;
#[path = "wire_format/values.rs"]
mod values;

use bytes::Bytes;
use document::{Example, examples};
use keepwarm::clock::{Clock, ManualClock, Moment};
use keepwarm::codec::Codec;
use keepwarm::entry::{Entry, Generation, Mark, Marker, MarkerKind, Stamp};
use keepwarm::key::{Key, Scope};
use keepwarm::wire::{self, Content, Envelope};
use keepwarm::{Deadline, Payload};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

#[test]
fn the_document_and_the_library_agree() {
    let (mut good, mut bad) = (0, 0);
    for Example { name, key, bytes, envelope } in examples() {
        match envelope {
            Some(envelope) => {
                let written = envelope.write(&key);
                assert_eq!(hex(&written), hex(&bytes), "{name}: written");
                assert_eq!(Envelope::read(&key, bytes.into()), Ok(envelope), "{name}: read");
                good += 1;
            }
            None => {
                assert!(Envelope::read(&key, bytes.clone().into()).is_err(), "{name}: read");
                assert!(wire::decode(&stored(&key), bytes.into(), &Clock::system()).is_err(), "{name}: decoded");
                bad += 1;
            }
        }
    }
    assert!(good >= 8 && bad >= 8, "{good} good and {bad} bad examples were found");
}

#[test]
fn the_document_is_enough_to_write_a_reader() {
    for Example { name, key, bytes, envelope } in examples() {
        assert_eq!(second_reader::read(key.as_bytes(), &bytes), envelope, "{name}");
    }
}

fn stored(key: &str) -> Key<'_> {
    use std::sync::LazyLock;
    static SCOPE: LazyLock<Scope> = LazyLock::new(|| Scope::new("myapp"));
    Key::new(key, &SCOPE)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x} ")).collect()
}

fn any_mark() -> impl Strategy<Value = Mark> {
    (any::<bool>(), ".{0,20}", any::<u64>()).prop_map(|(tag, name, generation)| {
        let kind = if tag { MarkerKind::Tag } else { MarkerKind::Namespace };
        Mark { marker: Marker::new(kind, name), generation: Generation(generation) }
    })
}

fn any_content() -> impl Strategy<Value = Content> {
    prop_oneof![
        any::<i64>().prop_map(Content::Integer),
        any::<u64>().prop_map(|number| Content::Generation(Generation(number))),
        (0..=i64::MAX as u64).prop_map(Content::Lease),
        (0_usize..3, vec(any::<u8>(), 0..100))
            .prop_map(|(codec, payload)| Content::Value(Codec::ALL[codec], payload.into())),
        vec(any::<u8>(), 32..100).prop_map(|payload| Content::Value(Codec::Pickle, payload.into())),
    ]
}

prop_compose! {
    fn any_envelope()(
        content in any_content(),
        written in option::of(any::<u64>()),
        hard in option::of(any::<u64>()),
        soft in option::of(0_u64..1 << 40),
        stamp in option::of(any::<u64>()),
        scope in option::of(any::<u64>()),
        schema in any::<u32>(),
        unpacked in option::of(0_u64..=128 << 20),
        marks in vec(any_mark(), 0..4),
    ) -> Envelope {
        let after = |distance: u64| written.unwrap_or(0).saturating_add(distance);
        Envelope {
            written,
            hard_deadline: hard.map(after),
            soft_deadline: soft.map(after),
            stamp: stamp.map(Stamp),
            scope: scope.map(Generation),
            unpacked: unpacked.filter(|_| matches!(content, Content::Value(..))),
            schema: std::num::NonZeroU32::new(schema),
            marks: (!marks.is_empty()).then(|| marks.into()),
            ..Envelope::new(content)
        }
    }
}

proptest! {
    #[test]
    fn every_envelope_comes_back(key in ".{0,40}", envelope in any_envelope()) {
        let bytes = envelope.write(&key);
        let second = second_reader::read(key.as_bytes(), &bytes);
        prop_assert_eq!(second.as_ref(), Some(&envelope));
        prop_assert_eq!(Envelope::read(&key, bytes.into()), Ok(envelope));
    }

    // covers: R207
    #[test]
    fn a_torn_entry_is_undecodable(key in ".{0,40}", envelope in any_envelope()) {
        let bytes = Bytes::from(envelope.write(&key));
        for length in 0..bytes.len() {
            prop_assert!(Envelope::read(&key, bytes.slice(..length)).is_err(), "the first {} bytes", length);
            prop_assert!(wire::decode(&stored(&key), bytes.slice(..length), &Clock::system()).is_err());
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed(key in ".{0,40}", envelope in any_envelope()) {
        let bytes = envelope.write(&key);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(wire::decode(&stored(&key), flipped.into(), &Clock::system()).is_err(), "bit {}", bit);
        }
    }

    #[test]
    fn another_keys_entry_is_foreign(key in ".{0,40}", other in ".{0,40}", envelope in any_envelope()) {
        prop_assume!(key != other);
        prop_assert!(Envelope::read(&other, envelope.write(&key).into()).is_err());
    }

    #[test]
    fn random_bytes_are_no_entry(key in ".{0,40}", bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Envelope::read(&key, bytes.clone().into()).is_err());
        prop_assert_eq!(second_reader::read(key.as_bytes(), &bytes), None);
    }

    /// The checksum is no protection against forgery, so what passes it must be read as carefully as anything else.
    #[test]
    fn forged_fields_are_read_or_refused_alike(
        key in ".{0,40}",
        codec in 0_u8..8,
        flags in any::<u8>(),
        rest in vec(any::<u8>(), 0..60),
    ) {
        let mut bytes = vec![0xc1, 1, codec, flags];
        bytes.extend(rest);
        let bytes = with_checksum(&key, bytes);
        let read = Envelope::read(&key, bytes.clone().into()).ok();
        prop_assert_eq!(read, second_reader::read(key.as_bytes(), &bytes));
    }

    #[test]
    fn every_entry_comes_back(
        payload in any_content(),
        age in 0_u64..1 << 39,
        left in option::of(0_u64..1 << 42),
        stamp in any::<u64>(),
        marks in vec(any_mark(), 0..4),
        later in 0_u64..1 << 42,
    ) {
        let payload = match payload {
            Content::Integer(number) => Payload::Integer(number),
            Content::Value(codec, bytes) => Payload::bytes(codec, bytes),
            _ => Payload::Integer(0),
        };
        let hand = ManualClock::new();
        let clock = Clock::manual(&hand);
        let now = clock.now();
        let entry = Entry {
            payload,
            deadline: left.map_or(Deadline::NEVER, |nanos| Deadline::at(Moment::from_nanos(now.as_nanos() + nanos))),
            stamp: Stamp(stamp),
            written: Moment::from_nanos(now.as_nanos().saturating_sub(age)),
            marks: (!marks.is_empty()).then(|| marks.into()),
        };
        let key = stored("myapp:1:key");
        let bytes = wire::encode(&key, &entry, &clock, Codec::Json).unwrap();
        hand.advance(std::time::Duration::from_nanos(later));
        let back = wire::decode(&key, bytes, &clock).unwrap();
        prop_assert_eq!(format!("{:?}", back.payload), format!("{:?}", entry.payload));
        prop_assert_eq!((back.stamp, back.marks), (entry.stamp, entry.marks));
        let near = |one: Moment, other: Moment| one.since(other).max(other.since(one)).as_millis() <= 1;
        prop_assert!(near(back.written, entry.written));
        match (back.deadline.moment(), entry.deadline.moment()) {
            (Some(back), Some(original)) => prop_assert!(near(back, original)),
            (back, original) => prop_assert_eq!(back, original),
        }
    }
}

fn with_checksum(key: &str, mut bytes: Vec<u8>) -> Vec<u8> {
    let covered = [key.as_bytes(), &bytes].concat();
    bytes.extend(second_reader::crc32(&covered).to_le_bytes());
    bytes
}

#[test]
fn a_hostile_count_allocates_nothing() {
    let mut bytes = vec![0xc1, 1, 0, 0x40];
    bytes.extend([0xff; 9]);
    bytes.extend([0x01, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(Envelope::read("key", with_checksum("key", bytes).into()).is_err());

    let mut name = vec![0xc1, 1, 0, 0x40, 1, 1];
    name.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    assert!(Envelope::read("key", with_checksum("key", name).into()).is_err());
}

// covers: R87
#[test]
fn integers_without_marks_are_plain_decimals() {
    let clock = Clock::system();
    let mut entry = Entry {
        payload: Payload::Integer(-42),
        deadline: Deadline::NEVER,
        stamp: Stamp(7),
        written: clock.now(),
        marks: None,
    };
    assert_eq!(wire::plain_integer(&entry).as_deref(), Some(&b"-42"[..]));
    let back = wire::decode(&stored("key"), Bytes::from_static(b"-42"), &clock).unwrap();
    assert!(matches!(back.payload, Payload::Integer(-42)));
    assert_eq!((back.deadline, back.stamp, back.marks), (Deadline::NEVER, Stamp(0), None));

    for text in ["", "-", "+5", "-0", "007", "5 ", "9223372036854775808", "4.0"] {
        assert!(wire::decode(&stored("key"), text.into(), &clock).is_err(), "{text:?}");
    }
    let marker = Marker::new(MarkerKind::Tag, "myapp:news");
    entry.marks = Some([Mark { marker, generation: Generation(1) }].into());
    assert_eq!(wire::plain_integer(&entry), None);
    entry.marks = None;
    entry.payload = Payload::bytes(Codec::Json, "42");
    assert_eq!(wire::plain_integer(&entry), None);
}

#[test]
fn an_object_is_encoded_on_the_way_out() {
    let clock = Clock::system();
    let mut entry = Entry {
        payload: Payload::Object(std::sync::Arc::new("Ada".to_owned())),
        deadline: Deadline::NEVER,
        stamp: Stamp(7),
        written: clock.now(),
        marks: None,
    };
    let bytes = wire::encode(&stored("key"), &entry, &clock, Codec::Json).unwrap();
    let back = wire::decode(&stored("key"), bytes, &clock).unwrap();
    assert!(matches!(back.payload, Payload::Bytes(Codec::Json, text) if **text == "\"Ada\""));

    entry.payload = Payload::Object(std::sync::Arc::new(std::collections::BTreeMap::from([((1, 2), 3)])));
    let error = wire::encode(&stored("key"), &entry, &clock, Codec::Json).unwrap_err();
    assert_eq!(error.kind(), keepwarm::ErrorKind::Encode);
}

#[test]
fn the_envelope_of_an_untagged_entry_is_at_most_32_bytes() {
    let hand = ManualClock::new();
    let clock = Clock::manual(&hand);
    for days in [0, 1, 30, 365] {
        let deadline = Deadline::at(clock.now().saturating_add(std::time::Duration::from_secs(1 + days * 86_400)));
        let payload = Payload::bytes(Codec::MessagePack, vec![7; 1000]);
        let entry = Entry { payload, deadline, stamp: Stamp(u64::MAX), written: clock.now(), marks: None };
        let bytes = wire::encode(&stored("myapp:1:key"), &entry, &clock, Codec::default()).unwrap();
        assert!(bytes.len() <= 1000 + 32, "{days} days: {} bytes", bytes.len() - 1000);
    }
}

#[test]
fn a_step_of_the_wall_clock_moves_only_what_was_written_before() {
    // Wall time is the only time that machines share. A backend that is not shared keeps one `Anchor`.
    let hand = ManualClock::new();
    let clock = Clock::manual(&hand);
    let minute = std::time::Duration::from_secs(60);
    let deadline = Deadline::at(clock.now().saturating_add(minute));
    let entry = Entry { payload: Payload::Integer(1), deadline, stamp: Stamp(1), written: clock.now(), marks: None };
    let bytes = wire::encode(&stored("key"), &entry, &clock, Codec::default()).unwrap();
    hand.step_wall(minute);
    let moved = wire::decode(&stored("key"), bytes, &clock).unwrap();
    assert_eq!(moved.deadline, Deadline::at(clock.now()));
    let bytes = wire::encode(&stored("key"), &entry, &clock, Codec::default()).unwrap();
    assert_eq!(wire::decode(&stored("key"), bytes, &clock).unwrap().deadline, deadline);
}
