//! Entries that were written once, and have to be read for ever: `keepwarm-conformance/golden/rust.txt` is all that a store
//! held after this program's first version filled it. The document's examples hold the bytes; this holds the values.
//!
//! To write the file anew, which only a new version of the format is a reason for: `KEEPWARM_WRITE_GOLDEN=1`.

#[path = "support/byte_store.rs"]
mod byte_store;

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use byte_store::ByteStore;
use keepwarm::backends::custom::Adapter;
use keepwarm::codec::Codec;
use keepwarm::entry::MissReason;
use keepwarm::{Cache, Cacheable, Timeout, Value};
use serde::{Deserialize, Serialize};

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../keepwarm-conformance/golden/rust.txt")
}

fn written() -> ByteStore {
    let text = std::fs::read_to_string(file()).expect("the golden file is there");
    let entry = |line: &str| {
        let (key, hex) = line.split_once(' ').expect("a key and bytes");
        let bytes = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16));
        (key.to_owned(), bytes.collect::<Result<Vec<_>, _>>().expect("hexadecimal"))
    };
    text.lines().map(entry).collect()
}

fn alias(store: &Arc<ByteStore>, codec: Codec, compressed: bool) -> Cache {
    let builder = Cache::builder().backend(Adapter::new(Arc::clone(store)).durable()).key_prefix("myapp").codec(codec);
    let builder = if compressed { builder.compress_min_bytes(64) } else { builder };
    builder.timeout(Timeout::Never).build().unwrap()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    manager: Option<Box<User>>,
    roles: Vec<Role>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Role {
    Guest,
    Member { since: i32 },
    Other(String, f64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Cacheable)]
struct Price {
    cents: u64,
    currency: String,
}

fn user() -> User {
    let manager = User { id: 1, name: "Grace".to_owned(), manager: None, roles: Vec::new() };
    let roles = vec![Role::Guest, Role::Member { since: -7 }, Role::Other("Zürich".to_owned(), 0.5)];
    User { id: 7, name: "Ada".to_owned(), manager: Some(Box::new(manager)), roles }
}

fn price() -> Price {
    Price { cents: 1999, currency: "EUR".to_owned() }
}

/// What is done with each value: it is written, or it is compared.
trait Visit {
    fn value<T: Value + PartialEq + Debug>(&self, cache: &Cache, key: &str, value: T);
}

fn visit(store: &Arc<ByteStore>, visitor: &impl Visit) {
    for codec in [Codec::MessagePack, Codec::Json] {
        let cache = alias(store, codec, false);
        let key = |name: &str| format!("{}:{name}", codec.name());
        visitor.value(&cache, &key("integer"), -42_i64);
        visitor.value(&cache, &key("text"), "Grüße".to_owned());
        visitor.value(&cache, &key("bytes"), vec![0_u8, 127, 128, 255]);
        visitor.value(&cache, &key("null"), None::<String>);
        visitor.value(&cache, &key("float"), 1.5_f64);
        visitor.value(&cache, &key("user"), user());
        visitor.value(&cache, &key("map"), HashMap::from([("one".to_owned(), (1_u8, true))]));
        visitor.value(&cache, &key("price"), price());
        let compressed = alias(store, codec, true);
        visitor.value(&compressed, &key("compressed-list"), vec![user(); 9]);
        visitor.value(&compressed, &key("compressed-text"), "Ada ".repeat(100));
        visitor.value(&compressed, &key("compressed-price"), vec![price(); 20]);
        visitor.value(&compressed, &key("too-small"), "Ada".to_owned());
        visitor.value(&cache.namespace("products"), &key("shoe"), "in a namespace".to_owned());
    }
    let cache = alias(store, Codec::MessagePack, false);
    visitor.value(&cache, "wide", u128::MAX);
    let raw = alias(store, Codec::Raw, false);
    visitor.value(&raw, "raw:text", "as it is".to_owned());
    visitor.value(&raw, "raw:bytes", vec![0xff_u8, 0]);
    visitor.value(&raw, "raw:integer", 7_i64);
    visitor.value(&alias(store, Codec::Raw, true), "raw:compressed", "raw ".repeat(100));
}

struct Compare;

impl Visit for Compare {
    fn value<T: Value + PartialEq + Debug>(&self, cache: &Cache, key: &str, value: T) {
        assert_eq!(cache.get::<T>(key).wait().unwrap(), Some(value), "{key}");
    }
}

struct Write;

impl Visit for Write {
    fn value<T: Value + PartialEq + Debug>(&self, cache: &Cache, key: &str, value: T) {
        cache.set(key, &value).tags(["golden"]).wait().unwrap();
    }
}

// covers: R209
#[test]
fn what_was_written_once_is_read_for_ever() {
    if std::env::var_os("KEEPWARM_WRITE_GOLDEN").is_some() {
        let store = Arc::new(ByteStore::default());
        visit(&store, &Write);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let entries = store.entries();
        let text: String = entries.iter().map(|(key, bytes)| format!("{key} {}\n", hex(bytes))).collect();
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), text).unwrap();
    }
    visit(&Arc::new(written()), &Compare);
}

#[test]
fn every_form_is_among_the_golden_entries() {
    let store = written();
    let entries = store.entries();
    let entries = || entries.values().filter(|bytes| bytes[0] == 0xc1);
    for codec in [0, 1, 2, 3, 4] {
        assert!(entries().any(|bytes| bytes[2] == codec), "codec {codec}");
    }
    for flag in [0x01, 0x08, 0x10, 0x20, 0x40, 0x80] {
        assert!(entries().any(|bytes| bytes[3] & flag != 0), "flag {flag:02x}");
    }
}

#[test]
fn what_is_written_now_is_read_as_well() {
    let store = Arc::new(ByteStore::default());
    visit(&store, &Write);
    visit(&store, &Compare);
    let cache = alias(&store, Codec::MessagePack, false);
    cache.invalidate_tag("golden").wait().unwrap();
    assert_eq!(cache.get::<String>("json:text").wait().unwrap(), None);
    assert_eq!(cache.stats().wait().unwrap().missed(MissReason::Tag), 1);
}
