//! The size from which on values are compressed.

use keepwarm::Caches;

use super::{fault, says, toml};

// covers: R209
#[test]
fn the_size_from_which_on_values_are_compressed_is_a_setting() {
    let directory = tempfile::tempdir().unwrap();
    let location = directory.path().display();
    let caches = toml(&format!(
        "[caches.default]\nbackend = 'file'\nlocation = '{location}'\nCOMPRESS_MIN_BYTES = '1KiB'\ncodec = 'raw'"
    ));
    let cache = caches.get("default").unwrap();
    let unpacked = |length: usize| {
        cache.set("key", &"a".repeat(length)).wait().unwrap();
        assert_eq!(cache.get::<String>("key").wait().unwrap(), Some("a".repeat(length)));
        cache.explain("key").wait().unwrap().entry.unwrap().unpacked_bytes
    };
    assert_eq!((unpacked(1023), unpacked(1024)), (None, Some(1024)));
}

#[test]
fn django_redis_names_for_it_are_not_taken_for_something_else() {
    // Its option names a class, which here is a feature of the build; what is set is the size.
    let options = "COMPRESSOR = 'django_redis.compressors.zstd.ZStdCompressor'";
    let error = fault(Caches::from_toml(&format!("[caches.default]\nbackend = 'redis'\n{options}")));
    says(&error, &["alias `default`", "COMPRESSOR", "compress_min_bytes"]);
}
