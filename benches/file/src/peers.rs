//! The stores that are compared, behind the few verbs that all of them have.

use std::io::Write as _;
use std::path::Path;

use heed::types::{Bytes, Str};
use heed::{Database, EnvFlags, EnvOpenOptions};
use keepwarm::codec::Codec;
use keepwarm_engine as engine;

/// What is measured of a store.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;
    fn get(&self, key: &str) -> usize;
    fn set(&self, key: &str, value: &str);
    fn incr(&self, key: &str) -> i64;
}

pub(crate) const PEERS: &[&str] = &["engine", "keepwarm", "lmdb", "lmdb coded", "sqlite"];

pub(crate) fn open(name: &str, directory: &Path) -> Box<dyn Peer> {
    match name {
        "engine" => Box::new(Engine::open(directory)),
        "keepwarm" => Box::new(Keepwarm(keepwarm::Cache::file(directory).expect("a directory"))),
        "keepwarm bytes" => Box::new(OfBytes(keepwarm::Cache::file(directory).expect("a directory"))),
        "lmdb" => Box::new(Lmdb::open(directory)),
        "lmdb coded" => Box::new(Coded(Lmdb::open(directory))),
        "sqlite" => Box::new(Sqlite::open(directory)),
        other => panic!("there is no {other}"),
    }
}

struct Engine(engine::Store, engine::Scope);

impl Engine {
    fn open(directory: &Path) -> Self {
        Self(engine::Store::new(engine::Options::new(directory)), engine::Scope::of("bench"))
    }
}

impl Peer for Engine {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn get(&self, key: &str) -> usize {
        match self.0.get(self.1, key.as_bytes(), 1) {
            Ok(engine::Lookup::Hit(engine::Value::Bytes { bytes, .. })) => bytes.len(),
            _ => 0,
        }
    }

    fn set(&self, key: &str, value: &str) {
        let write = engine::Write {
            value: engine::ValueRef::Bytes { codec: 1, bytes: value.as_bytes() },
            deadline: engine::NEVER,
            written: 1,
            marks: &[],
            condition: engine::Condition::Always,
        };
        let stored = self.0.put(self.1, key.as_bytes(), &write, 1).expect("it works");
        assert_eq!(stored, engine::Stored::Stored);
    }

    fn incr(&self, key: &str) -> i64 {
        let create = engine::Write {
            value: engine::ValueRef::Integer(0),
            deadline: engine::NEVER,
            written: 1,
            marks: &[],
            condition: engine::Condition::Absent,
        };
        match self.0.add(self.1, key.as_bytes(), 1, Some(&create), 1) {
            Ok(engine::Count::Now(number)) => number,
            other => panic!("{other:?}"),
        }
    }
}

struct Keepwarm(keepwarm::Cache);

impl Peer for Keepwarm {
    fn name(&self) -> &'static str {
        "keepwarm"
    }

    fn get(&self, key: &str) -> usize {
        self.0.get::<String>(key).wait().expect("it works").map_or(0, |value| value.len())
    }

    fn set(&self, key: &str, value: &str) {
        let _ = self.0.set(key, value).timeout(keepwarm::Timeout::Never).wait().expect("it works");
    }

    fn incr(&self, key: &str) -> i64 {
        self.0.incr(key, 1).or_insert(0, keepwarm::Timeout::Never).wait().expect("it works")
    }
}

/// The same with bytes in the place of text.
struct OfBytes(keepwarm::Cache);

impl Peer for OfBytes {
    fn name(&self) -> &'static str {
        "keepwarm bytes"
    }

    fn get(&self, key: &str) -> usize {
        self.0.get::<Vec<u8>>(key).wait().expect("it works").map_or(0, |value| std::hint::black_box(value).len())
    }

    fn set(&self, key: &str, value: &str) {
        let _ = self.0.set(key, value.as_bytes()).timeout(keepwarm::Timeout::Never).wait().expect("it works");
    }

    fn incr(&self, key: &str) -> i64 {
        self.0.incr(key, 1).or_insert(0, keepwarm::Timeout::Never).wait().expect("it works")
    }
}

struct Lmdb {
    env: heed::Env,
    values: Database<Str, Bytes>,
}

impl Lmdb {
    fn open(directory: &Path) -> Self {
        let mut options = EnvOpenOptions::new();
        options.map_size(4 << 30);
        // SAFETY: nobody else opens this directory in another way, and it lies on a local disk. Without waiting for the disk,
        // as a cache would use it.
        #[allow(unsafe_code)]
        let env = unsafe {
            options.flags(EnvFlags::NO_SYNC);
            options.open(directory).expect("a directory")
        };
        let mut writing = env.write_txn().expect("it works");
        let values = env.create_database(&mut writing, None).expect("it works");
        writing.commit().expect("it works");
        Self { env, values }
    }
}

impl Peer for Lmdb {
    fn name(&self) -> &'static str {
        "lmdb"
    }

    fn get(&self, key: &str) -> usize {
        let reading = self.env.read_txn().expect("it works");
        // Copied out, as whoever uses the value after the transaction has to.
        self.values.get(&reading, key).expect("it works").map_or(0, |value| std::hint::black_box(value.to_vec()).len())
    }

    fn set(&self, key: &str, value: &str) {
        let mut writing = self.env.write_txn().expect("it works");
        self.values.put(&mut writing, key, value.as_bytes()).expect("it works");
        writing.commit().expect("it works");
    }

    fn incr(&self, key: &str) -> i64 {
        let mut writing = self.env.write_txn().expect("it works");
        let old = self.values.get(&writing, key).expect("it works");
        let number = old.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_le_bytes) + 1;
        self.values.put(&mut writing, key, &number.to_le_bytes()).expect("it works");
        writing.commit().expect("it works");
        number
    }
}

/// LMDB doing what a cache on it has to do, as ours does: the key with its prefix, the value as text in the same codec, and
/// a deadline that every read compares.
struct Coded(Lmdb);

impl Coded {
    fn key(name: &str) -> String {
        format!(":1:{name}")
    }

    fn now() -> u64 {
        crate::time::coarse_now()
    }
}

impl Peer for Coded {
    fn name(&self) -> &'static str {
        "lmdb coded"
    }

    fn get(&self, key: &str) -> usize {
        let reading = self.0.env.read_txn().expect("it works");
        let entry = self.0.values.get(&reading, &Self::key(key)).expect("it works");
        let live = entry
            .and_then(|entry| entry.split_first_chunk())
            .filter(|(end, _)| u64::from_le_bytes(**end) > Self::now());
        let value: Option<String> = live.map(|(_, value)| Codec::MessagePack.decode(value).expect("it is text"));
        std::hint::black_box(value).map_or(0, |value| value.len())
    }

    fn set(&self, key: &str, value: &str) {
        let value = Codec::MessagePack.encode(value).expect("it is text");
        let mut writing = self.0.env.write_txn().expect("it works");
        let reserved = self.0.values.put_reserved(&mut writing, &Self::key(key), 8 + value.len(), |room| {
            room.write_all(&u64::MAX.to_le_bytes())?;
            room.write_all(&value)
        });
        reserved.expect("it works");
        writing.commit().expect("it works");
    }

    fn incr(&self, key: &str) -> i64 {
        self.0.incr(&Self::key(key))
    }
}

struct Sqlite(rusqlite::Connection);

impl Sqlite {
    fn open(directory: &Path) -> Self {
        let connection = rusqlite::Connection::open(directory.join("cache.sqlite")).expect("a directory");
        connection.busy_timeout(std::time::Duration::from_secs(60)).expect("it works");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 CREATE TABLE IF NOT EXISTS cache (key TEXT PRIMARY KEY, value BLOB);",
            )
            .expect("it works");
        Self(connection)
    }
}

impl Peer for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn get(&self, key: &str) -> usize {
        let mut statement = self.0.prepare_cached("SELECT value FROM cache WHERE key = ?").expect("it works");
        statement.query_row([key], |row| row.get::<_, Vec<u8>>(0)).map_or(0, |value| value.len())
    }

    fn set(&self, key: &str, value: &str) {
        let mut statement = self.0.prepare_cached("REPLACE INTO cache VALUES (?, ?)").expect("it works");
        statement.execute((key, value.as_bytes())).expect("it works");
    }

    fn incr(&self, key: &str) -> i64 {
        let sql = "INSERT INTO cache VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value";
        let mut statement = self.0.prepare_cached(sql).expect("it works");
        statement.query_row([key], |row| row.get(0)).expect("it works")
    }
}
