//! Where a file store lies, how many entries it keeps, and what it tells of time.

use std::path::{Path, PathBuf};
use std::process::Command;

use keepwarm::clock::{Clock, ManualClock};
use keepwarm::{Cache, Caches, FileMode, FileOptions, Timeout, Ttl, millis, secs};
use tempfile::TempDir;

const MODES: [FileMode; 2] = [FileMode::Mapped, FileMode::Files];

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory can be made")
}

/// How many of Django's 49 are left.
fn left_of_forty_nine(cache: &Cache) -> usize {
    for number in 1..50 {
        cache.set(&format!("cull{number}"), "value").wait().unwrap();
    }
    (1..50).filter(|number| cache.has_key(&format!("cull{number}")).wait().unwrap()).count()
}

#[test]
fn max_entries_counts_as_django_does() {
    for mode in ["mapped", "files"] {
        for (cull_frequency, left) in [("", 29), (r#", "CULL_FREQUENCY": 3"#, 29), (r#", "CULL_FREQUENCY": 0"#, 19)] {
            let directory = directory();
            let json = format!(
                r#"{{"default": {{"BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
                    "LOCATION": {:?}, "OPTIONS": {{"MAX_ENTRIES": 30, "mode": "{mode}"{cull_frequency}}}}}}}"#,
                directory.path()
            );
            let cache = Caches::from_json(&json).unwrap().get("default").unwrap();
            assert_eq!(left_of_forty_nine(&cache), left, "{mode}{cull_frequency}");
            // What was counted is what there is, also when another process, or handle, goes on.
            let again = Caches::from_json(&json).unwrap().get("default").unwrap();
            assert_eq!(again.stats().wait().unwrap().entries, Some(left as u64), "{mode}");
        }
    }
}

#[test]
fn a_bound_in_bytes_or_the_word_keeps_a_full_store_full() {
    let build = |directory: &Path, options: &str| {
        let json = format!(
            r#"{{"default": {{"BACKEND": "file", "LOCATION": {directory:?}, "OPTIONS": {{"MAX_ENTRIES": 30, {options}}}}}}}"#
        );
        Caches::from_json(&json).and_then(|caches| caches.get("default"))
    };
    let cases = [
        (r#""max_bytes": "8MiB""#, 30),
        (r#""eviction": "s3-fifo""#, 30),
        (r#""max_bytes": "8MiB", "eviction": "cull""#, 29),
    ];
    for (options, left) in cases {
        let directory = directory();
        assert_eq!(left_of_forty_nine(&build(directory.path(), options).unwrap()), left, "{options}");
    }
    let error = build(directory().path(), r#""eviction": "s3-fifo", "CULL_FREQUENCY": 3"#).unwrap_err();
    assert!(error.to_string().contains("means nothing"), "{error}");
}

#[test]
fn what_is_dead_makes_place_before_what_lives() {
    let (directory, clock) = (directory(), ManualClock::new());
    let options = FileOptions::new(directory.path()).cull(30, 3);
    let cache = Cache::builder().file(options).clock(Clock::manual(&clock)).build().unwrap();
    for number in 0..30 {
        let timeout = if number % 3 == 0 { Timeout::After(secs(1)) } else { Timeout::Never };
        cache.set(&format!("key{number}"), &number).timeout(timeout).wait().unwrap();
    }
    clock.advance(secs(2));
    cache.set("one more", &1).wait().unwrap();
    let lives = |number: &i32| cache.has_key(&format!("key{number}")).wait().unwrap();
    assert_eq!((0..30).filter(lives).count(), 20);
    // A count that is there needs no place, and one that would be new does.
    cache.set("count", &1).wait().unwrap();
    let before = cache.stats().wait().unwrap().evictions;
    cache.incr("count", 1).or_insert(0, Timeout::Never).wait().unwrap();
    assert!(!cache.add("count", &5).wait().unwrap());
    assert_eq!(cache.stats().wait().unwrap().evictions, before);
}

#[test]
fn nobody_is_told_of_more_time_than_was_given() {
    for mode in MODES {
        let (directory, clock) = (directory(), ManualClock::new());
        let options = FileOptions::new(directory.path()).mode(mode);
        let cache = Cache::builder().file(options).clock(Clock::manual(&clock)).build().unwrap();
        for fraction in [0, 1, 300_000, 499_999, 999_999] {
            clock.advance(std::time::Duration::from_nanos(fraction));
            for given in [millis(2), millis(1500), secs(60), secs(86_400 * 365)] {
                cache.set("key", "value").timeout(given).wait().unwrap();
                let Ttl::Left(left) = cache.ttl("key").wait().unwrap() else { panic!("it has a deadline") };
                assert!(left <= given && given - left < millis(1), "{mode:?}: {given:?} were given, {left:?} are left");
                assert!(cache.touch("key", given).wait().unwrap());
                let Ttl::Left(left) = cache.ttl("key").wait().unwrap() else { panic!("it has a deadline") };
                assert!(left <= given && given - left < millis(1), "{mode:?}: {given:?} were given, {left:?} are left");
            }
        }
        // The same by the clock of the machine.
        let cache = Cache::builder().file(FileOptions::new(directory.path()).mode(mode)).build().unwrap();
        for _ in 0..100 {
            cache.set("key", "value").timeout(secs(60)).wait().unwrap();
            let Ttl::Left(left) = cache.ttl("key").wait().unwrap() else { panic!("it has a deadline") };
            assert!(left <= secs(60), "{mode:?}: {left:?}");
        }
    }
}

/// Runs the test `name` in a process of its own, as a part of another one.
fn child(name: &str, place: &str, working: &Path) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env("KEEPWARM_TEST_PLACE", place)
        .current_dir(working)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn place() -> Option<String> {
    std::env::var("KEEPWARM_TEST_PLACE").ok()
}

#[test]
fn a_relative_place_stays_where_it_was_when_the_cache_was_made() {
    let directory = directory();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    std::fs::create_dir_all(&first).unwrap();
    std::fs::create_dir_all(&second).unwrap();
    child("part_that_changes_its_directory", second.to_str().unwrap(), &first);
    for (place, value) in [(&first, 1), (&second, 2)] {
        for (mode, name) in MODES.into_iter().zip(["mapped", "files"]) {
            let cache = Cache::builder().file(FileOptions::new(place.join(name)).mode(mode)).build().unwrap();
            assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(value), "{place:?} {name}");
        }
    }
}

/// Not a test by itself: see above.
#[test]
fn part_that_changes_its_directory() {
    let Some(second) = place() else { return };
    let open = || {
        MODES.into_iter().zip(["mapped", "files"]).map(|(mode, name)| {
            Cache::builder().file(FileOptions::new(PathBuf::from(name)).mode(mode)).build().unwrap()
        })
    };
    let caches: Vec<Cache> = open().collect();
    std::env::set_current_dir(second).unwrap();
    for cache in &caches {
        cache.set("key", &0).wait().unwrap();
        // Opened again by the next verb, and where it was.
        cache.close().wait().unwrap();
        cache.set("key", &1).wait().unwrap();
    }
    for cache in open() {
        assert_eq!(cache.get::<i32>("key").wait().unwrap(), None);
        cache.set("key", &2).wait().unwrap();
    }
}

/// A store in shared memory, which is removed at the end.
struct InMemory(String);

impl Drop for InMemory {
    fn drop(&mut self) {
        for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().ends_with(&self.0) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

#[test]
fn processes_share_what_lies_in_shared_memory() {
    if !Path::new("/dev/shm").is_dir() {
        return;
    }
    let name = InMemory(format!("test-processes-{}", std::process::id()));
    let place = format!("shm:{}", name.0);
    let cache = Cache::builder().file(FileOptions::new(&place).max_bytes(4 << 20)).build().unwrap();
    cache.set("greeting", "hello").wait().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| child("part_in_shared_memory", &place, Path::new(".")));
        }
    });
    assert_eq!(cache.get::<i64>("count").wait().unwrap(), Some(1000));
    assert_eq!(cache.get::<String>("answer").wait().unwrap().as_deref(), Some("from a child"));
}

/// Not a test by itself: see above.
#[test]
fn part_in_shared_memory() {
    let Some(place) = place() else { return };
    let cache = Cache::builder().file(FileOptions::new(place).max_bytes(4 << 20)).build().unwrap();
    assert_eq!(cache.get::<String>("greeting").wait().unwrap().as_deref(), Some("hello"));
    for _ in 0..500 {
        cache.incr("count", 1).or_insert(0, Timeout::Never).wait().unwrap();
    }
    cache.set("answer", "from a child").wait().unwrap();
}
