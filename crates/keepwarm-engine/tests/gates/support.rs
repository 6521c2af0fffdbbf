//! Values that show when they are wrong, stores, and random numbers that are the same each time.

use std::path::Path;
use std::time::Duration;

use keepwarm_engine::{Condition, Lookup, NEVER, Options, Scope, Store, Stored, Value, ValueRef, Write};
use tempfile::TempDir;

/// Begins the reason why a machine cannot hold a gate.
pub(crate) const CANNOT: &str = "cannot be held here: ";

/// How often something is done: seldom in a test run, often in a soak.
pub(crate) fn times(short: u64, long: u64) -> u64 {
    if std::env::var_os("KEEPWARM_SOAK").is_some() { long } else { short }
}

pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// In memory where the system has a place for that.
pub(crate) fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a directory can be made")
}

/// A small store, so that everything happens soon: evictions, laps, growth.
pub(crate) fn options(directory: &Path) -> Options {
    Options { max_bytes: 2 << 20, patience: Duration::from_secs(10), ..Options::new(directory) }
}

pub(crate) fn scope() -> Scope {
    Scope::of("gate")
}

/// The value of a key in a version.
pub(crate) fn value(key: &str, version: u64, length: usize) -> Vec<u8> {
    let mut value = version.to_le_bytes().to_vec();
    let salt = key.bytes().fold(version, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    value.extend((0..length as u64).map(|index| (salt.wrapping_add(index.wrapping_mul(131)) >> 3) as u8));
    value
}

/// The version of a key's value, if the bytes are one.
pub(crate) fn version(key: &str, bytes: &[u8]) -> Option<u64> {
    let version = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    (value(key, version, bytes.len() - 8) == bytes).then_some(version)
}

pub(crate) fn set(store: &Store, key: &str, bytes: &[u8]) -> keepwarm_engine::Result<Stored> {
    let value = ValueRef::Bytes { codec: 1, bytes };
    let write = Write { value, deadline: NEVER, written: 1, marks: &[], condition: Condition::Always };
    store.put(scope(), key.as_bytes(), &write, 1)
}

pub(crate) fn add(store: &Store, key: &str) -> i64 {
    let create =
        Write { value: ValueRef::Integer(0), deadline: NEVER, written: 1, marks: &[], condition: Condition::Absent };
    match store.add(scope(), key.as_bytes(), 1, Some(&create), 1).expect("the store works") {
        keepwarm_engine::Count::Now(number) => number,
        other => panic!("{key}: {other:?}"),
    }
}

pub(crate) fn get(store: &Store, key: &str) -> Option<Value> {
    match store.get(scope(), key.as_bytes(), 1).expect("the store works") {
        Lookup::Hit(value) => Some(value),
        Lookup::Miss(_) => None,
    }
}

pub(crate) fn number(store: &Store, key: &str) -> Option<i64> {
    match get(store, key)? {
        Value::Integer(number) => Some(number),
        other => panic!("{key} holds {other:?}"),
    }
}

/// The version that a key holds; wrong bytes end the test.
pub(crate) fn held(store: &Store, key: &str) -> Option<u64> {
    match get(store, key)? {
        Value::Bytes { codec: 1, bytes } => {
            Some(version(key, &bytes).unwrap_or_else(|| panic!("wrong bytes under {key}: {} of them", bytes.len())))
        }
        other => panic!("{key} holds {other:?}"),
    }
}
