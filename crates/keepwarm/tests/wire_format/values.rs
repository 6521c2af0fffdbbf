//! Values: what Python wrote reads as the plain value nearest to it, and plain values read as they always did.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use keepwarm::codec::Codec;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::{ValueExample, examples, values};
use super::second_values;

// covers: R209
#[test]
fn what_python_writes_reads_as_the_document_says() {
    let mut read = 0;
    for ValueExample { name, json, payload, decodable } in values() {
        let value: Result<serde_json::Value, _> = Codec::MessagePack.decode(&payload);
        if !decodable || json.is_empty() {
            assert!(value.is_err(), "{name}: {value:?}");
            continue;
        }
        let expected: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value, Ok(expected), "{name}");
        read += 1;
    }
    assert!(read >= 20, "{read} values were read");
}

#[test]
fn the_document_is_enough_to_read_values() {
    for ValueExample { name, json, payload, decodable } in values() {
        let expected = (!json.is_empty()).then(|| serde_json::from_str(&json).unwrap());
        // Whether a text is a date is not looked at by a reader who only shows it.
        if decodable || !name.contains("date") {
            assert_eq!(second_values::read(&payload), expected, "{name}");
        }
    }
    for example in examples() {
        let Some(envelope) = example.envelope else { continue };
        let keepwarm::wire::Content::Value(codec, payload) = &envelope.content else { continue };
        if let Some(length) = envelope.unpacked {
            let unpacked = second_values::unpack(payload).expect("a frame");
            assert_eq!(unpacked.len() as u64, length, "{}", example.name);
            assert!(serde_json::from_slice::<String>(&unpacked).is_ok(), "{}", example.name);
        }
        if *codec == Codec::Pickle {
            let (signature, pickle) = payload.split_at(32);
            assert_eq!(second_values::signature("not so secret", &example.key, pickle), signature, "{}", example.name);
        }
    }
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, keepwarm::Undecodable> {
    Codec::MessagePack.decode(payload)
}

fn payload(python: &str) -> Vec<u8> {
    let value = values().into_iter().find(|value| value.name == python);
    value.unwrap_or_else(|| panic!("the document does not show {python}")).payload
}

#[test]
fn a_type_gets_what_it_asks_for() {
    assert_eq!(read(&payload("(1, 'two', (3,))")), Ok((1_u8, "two".to_owned(), [3_i64])));
    assert_eq!(read(&payload("{7}")), Ok(BTreeSet::from([7_u8])));
    assert_eq!(read(&payload("{7}")), Ok(Some(vec![7_u8])));
    assert_eq!(read(&payload("{(1, 2): [3]}")), Ok(HashMap::from([((1_u8, 2_u8), vec![3_u8])])));
    assert_eq!(read(&payload("18446744073709551616")), Ok(18_446_744_073_709_551_616_i128));
    assert_eq!(read(&payload("18446744073709551616")), Ok(18_446_744_073_709_551_616_u128));
    assert_eq!(read(&payload("-9223372036854775809")), Ok(-9_223_372_036_854_775_809_i128));
    assert!(read::<u128>(&payload("-9223372036854775809")).is_err());
    assert!(read::<u64>(&payload("18446744073709551616")).is_err());
    let duration = payload("datetime.timedelta(days=1, seconds=1, microseconds=500000)");
    assert_eq!(read(&duration), Ok(Duration::new(86_401, 500_000_000)));
    assert_eq!(read(&duration), Ok(86_401.5));
    assert_eq!(read(&duration), Ok("PT86401.500000S".to_owned()));
    let negative = payload("datetime.timedelta(microseconds=-1)");
    assert_eq!(read(&negative), Ok((-1_i64, 999_999_000_u32)));
    assert!(read::<Duration>(&negative).is_err(), "a duration of Rust is not negative");
    let uuid = payload("uuid.UUID('12345678-9abc-def0-1234-56789abcdef0')");
    let bytes = 0x1234_5678_9abc_def0_1234_5678_9abc_def0_u128.to_be_bytes();
    assert_eq!(read(&uuid), Ok(bytes));
    assert_eq!(read::<serde_bytes::ByteBuf>(&uuid).unwrap().as_ref(), bytes);
    assert_eq!(read(&payload("bytearray(b'ab')")), Ok(b"ab".to_vec()));
    assert_eq!(read(&payload("b'\\x00\\xff'")), Ok(vec![0_u8, 255]));
    assert_eq!(read(&payload("http.HTTPStatus.NOT_FOUND")), Ok(404_u16));

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Status {
        Ok,
        NotFound,
    }
    assert_eq!(read(&payload("http.HTTPStatus.NOT_FOUND")), Ok(Status::NotFound));
    assert_eq!(read(&[0xa2, b'O', b'K']), Ok(Status::Ok));
    assert!(read::<Status>(&payload("{7}")).is_err());
}

#[test]
fn a_field_that_is_not_asked_for_may_be_anything() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        known: u8,
    }
    let extension_of_tomorrow = [&[0x82, 0xa3, b'n', b'e', b'w', 0xd4, 14, 0, 0xa5][..], b"known", &[7]].concat();
    assert_eq!(read(&extension_of_tomorrow), Ok(Known { known: 7 }));
    let cut = [&[0x82, 0xa3, b'n', b'e', b'w', 0xdd, 0xff, 0xff, 0xff, 0xff, 0xa5][..], b"known", &[7]].concat();
    assert!(read::<Known>(&cut).is_err());
}

/// What `rmp-serde` calls a type that takes an extension as it is.
#[test]
fn an_extension_of_ones_own_comes_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "_ExtStruct")]
    struct Extension((i8, serde_bytes::ByteBuf));
    let own = Extension((42, serde_bytes::ByteBuf::from(vec![1, 2, 3])));
    let bytes = Codec::MessagePack.encode(&own).unwrap();
    assert_eq!(bytes[..], [0xc7, 3, 42, 1, 2, 3]);
    assert_eq!(read(&bytes), Ok(own));
}

#[test]
fn what_is_nested_too_deeply_is_undecodable_and_does_not_end_the_process() {
    for opening in [&[0x91][..], &[0x81, 0xa1, b'a'], &[0xc9, 0, 0, 0xff, 0xff, 1, 0x91]] {
        let deep = opening.repeat(100_000);
        assert!(read::<serde_json::Value>(&deep).is_err());
    }
    #[derive(Serialize, Deserialize)]
    enum Nested {
        Leaf,
        Node(Box<Nested>),
    }
    let nested = (0..200).fold(Nested::Leaf, |inner, _| Nested::Node(Box::new(inner)));
    let bytes = Codec::MessagePack.encode(&nested).unwrap();
    assert!(read::<Nested>(&bytes).is_ok());
    let mut bytes = [0x81, 0xa4, b'N', b'o', b'd', b'e'].repeat(100_000);
    bytes.extend([0xa4, b'L', b'e', b'a', b'f']);
    assert!(read::<Nested>(&bytes).is_err());
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    New(i32),
    Tuple(u8, String),
    Struct { a: Option<bool>, b: f32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Bytes(Vec<u8>),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct UnitStruct;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    small: (i8, i16, i32, i64),
    natural: (u8, u16, u32, u64),
    wide: (i128, u128),
    real: (f32, f64),
    text: String,
    letter: char,
    list: Vec<Kind>,
    map: BTreeMap<String, Option<u32>>,
    by_number: BTreeMap<i16, ()>,
    bytes: Vec<u8>,
    #[serde(with = "serde_bytes")]
    blob: Vec<u8>,
    either: Vec<Either>,
    nested: Option<Box<Everything>>,
    nothing: UnitStruct,
    #[serde(flatten)]
    flat: BTreeMap<String, i64>,
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Unit),
        any::<i32>().prop_map(Kind::New),
        (any::<u8>(), ".{0,40}").prop_map(|(number, text)| Kind::Tuple(number, text)),
        (any::<Option<bool>>(), -1e9_f32..1e9).prop_map(|(a, b)| Kind::Struct { a, b }),
    ]
}

fn any_either() -> impl Strategy<Value = Either> {
    prop_oneof![
        any::<i64>().prop_map(Either::Number),
        any::<Vec<u8>>().prop_map(Either::Bytes),
        ".{0,300}".prop_map(Either::Text),
    ]
}

prop_compose! {
    fn any_value()(
        small in any::<(i8, i16, i32, i64)>(),
        natural in any::<(u8, u16, u32, u64)>(),
        wide in any::<(i128, u128)>(),
        real in (-1e9_f32..1e9, -1e99_f64..1e99),
        text in ".{0,80}",
        letter in any::<char>(),
        list in proptest::collection::vec(any_kind(), 0..20),
        map in proptest::collection::btree_map(".{0,5}", any::<Option<u32>>(), 0..20),
        by_number in proptest::collection::btree_map(any::<i16>(), Just(()), 0..4),
        bytes in any::<Vec<u8>>(),
        either in proptest::collection::vec(any_either(), 0..4),
        flat in proptest::collection::btree_map("_[a-z]{0,5}", any::<i64>(), 0..4),
    ) -> Everything {
        let blob = bytes.iter().rev().copied().collect();
        let nothing = UnitStruct;
        let value = Everything {
            small, natural, wide, real, text, letter, list, map, by_number, bytes, blob, either, nested: None, nothing, flat,
        };
        Everything { nested: Some(Box::new(value.clone())), ..value }
    }
}

proptest! {
    /// The decoder of our own beside the one that everybody uses.
    #[test]
    fn plain_values_read_as_rmp_serde_reads_them(value in any_value(), keep in any::<prop::sample::Index>()) {
        let bytes = rmp_serde::to_vec_named(&value).unwrap();
        prop_assert_eq!(read::<Everything>(&bytes), Ok(value.clone()));
        prop_assert_eq!(&rmp_serde::from_slice::<Everything>(&bytes).unwrap(), &value);
        let in_order = rmp_serde::to_vec(&(&value.list, &value.small)).unwrap();
        prop_assert_eq!(read(&in_order), Ok((value.list, value.small)));
        let cut = &bytes[..keep.index(bytes.len())];
        prop_assert!(read::<Everything>(cut).is_err());
        prop_assert!(read::<serde::de::IgnoredAny>(cut).is_err());
        prop_assert!(read::<serde::de::IgnoredAny>(&bytes).is_ok());
    }

    #[test]
    fn no_bytes_do_any_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let any = read::<serde_json::Value>(&bytes);
        prop_assert_eq!(any.ok(), second_values::read(&bytes).filter(|_| read::<serde_json::Value>(&bytes).is_ok()));
        let _ = read::<Everything>(&bytes);
        let _ = read::<Vec<Kind>>(&bytes);
        let _ = read::<i128>(&bytes);
        let _ = read::<Duration>(&bytes);
        let _ = read::<serde_bytes::ByteBuf>(&bytes);
    }
}
