//! Compression from a size on: who compresses, what is left alone, and what a damaged or hostile frame does.

#[path = "support/byte_store.rs"]
mod byte_store;

use std::sync::Arc;

use byte_store::ByteStore;
use keepwarm::backends::custom::Adapter;
use keepwarm::codec::Codec;
use keepwarm::entry::MissReason;
use keepwarm::wire::{Content, Envelope};
use keepwarm::{Cache, CacheBuilder, FileMode, FileOptions};

const KEY: &str = "myapp:1:key";

fn cache(store: &Arc<ByteStore>) -> Cache {
    let builder = Cache::builder().backend(Adapter::new(Arc::clone(store))).key_prefix("myapp");
    builder.compress_min_bytes(100).build().unwrap()
}

/// Changes the stored entry and gives it a checksum that fits.
fn forge(store: &ByteStore, change: impl FnOnce(&mut Envelope)) {
    let bytes = store.entries()[KEY].clone();
    let mut envelope = Envelope::read(KEY, bytes.into()).unwrap();
    change(&mut envelope);
    store.entries().insert(KEY.to_owned(), envelope.write(KEY));
}

// covers: R209
#[test]
fn what_is_large_is_compressed_and_what_is_not_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = |mode| FileOptions::new(directory.path().join(format!("{mode:?}"))).mode(mode);
    let with = |store: CacheBuilder| store.compress_min_bytes(100).build().unwrap();
    let bytes = Arc::new(ByteStore::default());
    let caches = [
        cache(&bytes),
        with(Cache::builder().file(file(FileMode::Mapped))),
        with(Cache::builder().file(file(FileMode::Files))),
    ];
    for cache in caches {
        let kind = cache.backend_kind();
        let long = "Ada Lovelace ".repeat(100);
        cache.set("long", &long).wait().unwrap();
        assert_eq!(cache.get::<String>("long").wait().unwrap().as_ref(), Some(&long), "{kind}");
        let entry = cache.explain("long").wait().unwrap().entry.unwrap();
        assert_eq!(entry.unpacked_bytes, Some(3 + long.len() as u64), "{kind}");
        assert!(entry.bytes < 100, "{kind}: {} bytes", entry.bytes);

        cache.set("short", "Ada").wait().unwrap();
        assert_eq!(cache.explain("short").wait().unwrap().entry.unwrap().unpacked_bytes, None, "{kind}");

        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(5000)
        .collect();
        cache.set("noise", &noise).wait().unwrap();
        assert_eq!(cache.explain("noise").wait().unwrap().entry.unwrap().unpacked_bytes, None, "{kind}");
        assert_eq!(cache.get::<Vec<u8>>("noise").wait().unwrap(), Some(noise), "{kind}");

        let list: Vec<_> = (0..100).map(|number| (number, "the same".to_owned())).collect();
        let computed = cache.get_or_set("list", || async { list.clone() }).wait().unwrap();
        assert_eq!(cache.get::<Vec<(i32, String)>>("list").wait().unwrap(), Some(computed), "{kind}");
        assert!(cache.explain("list").wait().unwrap().to_string().contains("compressed"), "{kind}");
        assert_eq!(cache.incr("counter", 1).or_insert(0, keepwarm::secs(60)).wait().unwrap(), 1, "{kind}");
    }
}

#[test]
fn an_alias_without_a_size_reads_what_another_compressed() {
    let store = Arc::new(ByteStore::default());
    cache(&store).set("key", &"Ada ".repeat(100)).wait().unwrap();
    let plain = Cache::builder().backend(Adapter::new(Arc::clone(&store))).key_prefix("myapp").build().unwrap();
    assert_eq!(plain.get::<String>("key").wait().unwrap(), Some("Ada ".repeat(100)));
    plain.set("key", &"Ada ".repeat(100)).wait().unwrap();
    assert_eq!(plain.explain("key").wait().unwrap().entry.unwrap().unpacked_bytes, None);
}

// covers: R207
#[test]
fn a_frame_that_is_not_what_it_is_said_to_be_is_a_counted_miss() {
    let frame = |envelope: &mut Envelope, change: &dyn Fn(&mut Vec<u8>)| {
        let Content::Value(_, bytes) = &mut envelope.content else { panic!("it is a value") };
        let mut changed = bytes.to_vec();
        change(&mut changed);
        *bytes = changed.into();
    };
    type Forgery<'a> = (&'a str, &'a dyn Fn(&mut Envelope));
    let forgeries: [Forgery<'_>; 8] = [
        ("longer than said", &|envelope| envelope.unpacked = Some(100)),
        ("shorter than said", &|envelope| envelope.unpacked = Some(100_000)),
        ("said to be of 128 MiB", &|envelope| envelope.unpacked = Some(128 << 20)),
        ("said to be longer than any", &|envelope| envelope.unpacked = Some((128 << 20) + 1)),
        ("said to be of all memory", &|envelope| envelope.unpacked = Some(u64::MAX)),
        ("no frame", &|envelope| frame(envelope, &|bytes| bytes[0] ^= 1)),
        ("cut", &|envelope| frame(envelope, &|bytes| bytes.truncate(bytes.len() - 1))),
        ("empty", &|envelope| frame(envelope, &|bytes| bytes.clear())),
    ];
    for (name, forgery) in forgeries {
        let store = Arc::new(ByteStore::default());
        let cache = cache(&store);
        cache.set("key", &"Ada ".repeat(1000)).wait().unwrap();
        forge(&store, forgery);
        assert_eq!(cache.get::<String>("key").wait().unwrap(), None, "{name}");
        assert_eq!(cache.stats().wait().unwrap().missed(MissReason::Undecodable), 1, "{name}");
        let computed = cache.get_or_set("key", || async { "anew".to_owned() }).wait().unwrap();
        assert_eq!(computed, "anew", "{name}");
        assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("anew"), "{name}");
    }
}

#[test]
fn every_codec_is_compressed_alike() {
    for &codec in Codec::ALL {
        let store = Arc::new(ByteStore::default());
        let builder = Cache::builder().backend(Adapter::new(Arc::clone(&store))).key_prefix("myapp").codec(codec);
        let cache = builder.compress_min_bytes(1).build().unwrap();
        cache.set("key", &"Ada ".repeat(100)).wait().unwrap();
        assert!(store.entries()[KEY].len() < 100, "{}", codec.name());
        assert_eq!(cache.get::<String>("key").wait().unwrap(), Some("Ada ".repeat(100)), "{}", codec.name());
        cache.set("empty", "").wait().unwrap();
        assert_eq!(cache.get::<String>("empty").wait().unwrap().as_deref(), Some(""), "{}", codec.name());
    }
}
