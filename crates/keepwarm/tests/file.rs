//! The file store as its users meet it: settings, restarts, other processes, and places where it cannot be.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use keepwarm::clock::{Clock, ManualClock};
use keepwarm::settings::AliasSettings;
use keepwarm::{Cache, Caches, ErrorKind, FileMode, FileOptions, Refusal, Timeout, Ttl, mins, secs};
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory can be made")
}

fn small(place: &Path) -> FileOptions {
    FileOptions::new(place).max_bytes(8 << 20)
}

fn cache(place: &Path) -> Cache {
    Cache::builder().file(small(place)).build().unwrap()
}

// covers: R3 R6
#[test]
fn a_file_alias_makes_its_directory_and_takes_its_timeout() {
    let directory = directory();
    let place = directory.path().join("made/by/the/store");
    let json = format!(
        r#"{{"default": {{"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": {place:?},
            "TIMEOUT": 60, "OPTIONS": {{"MAX_ENTRIES": 1000, "CULL_FREQUENCY": 2}}}}}}"#
    );
    let cache = Caches::from_json(&json).unwrap().get("default").unwrap();
    cache.set("key", "value").wait().unwrap();
    assert!(place.join("keepwarm.store").is_file());
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("value"));
    assert!(matches!(cache.ttl("key").wait().unwrap(), Ttl::Left(left) if left <= secs(61) && left > secs(50)));
    let error = Caches::builder().alias("default", AliasSettings::new("file")).build().unwrap_err();
    assert!(error.to_string().contains("needs LOCATION"), "{error}");
}

#[test]
fn a_directory_may_follow_the_scheme() {
    let directory = directory();
    let place = directory.path().to_str().unwrap();
    for url in
        [format!("file:{place}?max_bytes=8MiB&key_prefix=app"), format!("file://{place}?max_bytes=8MiB&key_prefix=app")]
    {
        let cache = Cache::from_url(&url).unwrap();
        cache.incr("count", 1).or_insert(0, Timeout::Default).wait().unwrap();
    }
    let cache = Cache::builder().file(small(directory.path())).key_prefix("app").build().unwrap();
    assert_eq!(cache.get::<i64>("count").wait().unwrap(), Some(2));
}

// covers: R21
#[test]
fn one_call_makes_a_cache_in_a_directory() {
    let directory = directory();
    let cache = Cache::file(directory.path()).unwrap();
    cache.set("key", &vec![1, 2, 3]).wait().unwrap();
    assert_eq!(cache.get::<Vec<i32>>("key").wait().unwrap(), Some(vec![1, 2, 3]));
    assert!(cache.abilities().never_waits && cache.abilities().durable);
}

// covers: R129
#[test]
fn entries_survive_a_restart_with_their_timeouts_tags_and_counts() {
    let directory = directory();
    {
        let cache = cache(directory.path());
        cache.set("timed", "value").timeout(mins(10)).wait().unwrap();
        cache.set("tagged", "value").tags(["tag"]).timeout(Timeout::Never).wait().unwrap();
        cache.incr("count", 41).or_insert(0, Timeout::Default).wait().unwrap();
        cache.close().wait().unwrap();
    }
    let cache = cache(directory.path());
    assert!(matches!(cache.ttl("timed").wait().unwrap(), Ttl::Left(left) if left > mins(9)));
    assert_eq!(cache.ttl("tagged").wait().unwrap(), Ttl::Never);
    assert_eq!(cache.incr("count", 1).wait().unwrap(), 42);
    cache.invalidate_tag("tag").wait().unwrap();
    assert_eq!(cache.get::<String>("tagged").wait().unwrap(), None);
}

/// Not a test: what a child process does, when it is one.
#[test]
fn child() {
    let Ok(place) = std::env::var("KEEPWARM_TEST_CHILD") else { return };
    let cache = Cache::builder().file(small(Path::new(&place))).build().unwrap();
    assert_eq!(cache.get::<String>("greeting").wait().unwrap().as_deref(), Some("hello"));
    cache.set("answer", "from a child").wait().unwrap();
    for _ in 0..500 {
        cache.incr("count", 1).or_insert(0, Timeout::Default).wait().unwrap();
    }
    cache.invalidate_tag("tag").wait().unwrap();
    // It takes a lease and dies with it.
    let leased = cache.get_or_try_set("leased", || async { std::process::exit(0) }).inline().wait();
    let _: Result<String, keepwarm::FetchError<String>> = leased;
}

// covers: R66 R83
#[test]
fn processes_share_entries_counts_tags_and_leases() {
    let directory = directory();
    let cache = Cache::builder().file(small(directory.path())).build().unwrap();
    cache.set("greeting", "hello").wait().unwrap();
    cache.set("tagged", "value").tags(["tag"]).wait().unwrap();
    let mut children: Vec<_> = (0..3)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child", "--nocapture"])
                .env("KEEPWARM_TEST_CHILD", directory.path())
                .spawn()
                .unwrap()
        })
        .collect();
    // The first to come dies in its loader, which ends its lease; so do the others.
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(cache.get::<String>("answer").wait().unwrap().as_deref(), Some("from a child"));
    assert_eq!(cache.get::<i64>("count").wait().unwrap(), Some(1500));
    assert_eq!(cache.get::<String>("tagged").wait().unwrap(), None);
    cache.delete("leased").wait().unwrap();
    assert_eq!(cache.get_or_set("leased", || async { 5 }).wait().unwrap(), 5);
}

// covers: R131
#[test]
fn files_are_private_and_a_clear_leaves_what_is_others() {
    let directory = directory();
    let place = directory.path().join("store");
    let mine = Cache::builder().file(small(&place)).key_prefix("mine").build().unwrap();
    let theirs = Cache::builder().file(small(&place)).key_prefix("theirs").build().unwrap();
    mine.set("key", &1).wait().unwrap();
    theirs.set("key", &2).wait().unwrap();
    assert_eq!(place.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(&place).unwrap().flatten() {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
    std::fs::write(place.join("not-ours.txt"), "kept").unwrap();
    mine.clear().wait().unwrap();
    assert_eq!(mine.get::<i64>("key").wait().unwrap(), None);
    assert_eq!(theirs.get::<i64>("key").wait().unwrap(), Some(2));
    mine.clear_store().wait().unwrap();
    assert_eq!(theirs.get::<i64>("key").wait().unwrap(), None);
    assert_eq!(std::fs::read_to_string(place.join("not-ours.txt")).unwrap(), "kept");
}

// covers: R132
#[test]
fn a_set_does_not_slow_down_with_the_number_of_entries() {
    let directory = directory();
    let cache = Cache::builder().file(FileOptions::new(directory.path()).max_bytes(256 << 20)).build().unwrap();
    let mut next = 0_u32;
    let mut fill = |count: u32| {
        let begun = Instant::now();
        for _ in 0..count {
            cache.set(&format!("key{next}"), &next).wait().unwrap();
            next += 1;
        }
        begun.elapsed() / count
    };
    let few = (0..3).map(|_| fill(2000)).min().unwrap();
    fill(100_000);
    let many = (0..5).map(|_| fill(2000)).min().unwrap();
    // A store that listed its directory, as Django's does, would be a hundred times slower.
    assert!(many < few * 10 + Duration::from_micros(20), "{few:?} with few entries, {many:?} with many");
}

// covers: R133
#[test]
fn a_place_where_no_store_can_be_is_reported_when_the_cache_is_built() {
    let directory = directory();
    let file = directory.path().join("a-file");
    std::fs::write(&file, "not a directory").unwrap();
    for (place, part) in
        [(file.clone(), "a-file"), (file.join("below"), "below"), ("shm:../up".into(), "names no shared memory")]
    {
        let error = Cache::file(place).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

// covers: R39
#[test]
fn large_values_come_back_and_too_large_ones_take_the_old_one_with_them() {
    let directory = directory();
    let cache = cache(directory.path());
    let text = |bytes: usize| "x".repeat(bytes);
    for bytes in [100 << 10, 700 << 10, 1000 << 10] {
        assert!(cache.set("key", &text(bytes)).wait().unwrap().is_stored());
        assert_eq!(cache.get::<String>("key").wait().unwrap().map(|found| found.len()), Some(bytes));
    }
    let put = cache.set("key", &text(2 << 20)).wait().unwrap();
    assert_eq!(put, keepwarm::Put::Refused(Refusal::TooLarge));
    assert_eq!(cache.get::<String>("key").wait().unwrap(), None);
    assert_eq!(std::fs::read_dir(directory.path().join("keepwarm.side")).unwrap().count(), 0, "its file went too");
}

/// A file system in memory of this many bytes; unmounted when it is dropped. `None` where mounting is not allowed.
struct Disk(TempDir);

impl Disk {
    fn new(bytes: u64) -> Option<Self> {
        let place = directory();
        let size = format!("size={bytes}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "keepwarm-test"]).arg(place.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(place))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

// covers: R39
#[test]
fn a_full_disk_is_a_refusal_that_is_counted_and_takes_the_old_value_with_it() {
    for mode in [FileMode::Mapped, FileMode::Files] {
        let Some(disk) = Disk::new(4 << 20) else {
            println!("not tested: mounting a file system needs more rights");
            return;
        };
        let options = FileOptions::new(disk.0.path().join("store")).max_bytes(256 << 20).mode(mode);
        let cache = Cache::builder().file(options).build().unwrap();
        assert!(cache.set("key", &"old".repeat(100)).wait().unwrap().is_stored());
        let put = cache.set("key", &"x".repeat(6 << 20)).wait().unwrap();
        assert_eq!(put, keepwarm::Put::Refused(Refusal::StoreFull), "{mode:?}");
        assert_eq!(cache.get::<String>("key").wait().unwrap(), None, "{mode:?}: the old one would be stale");
        assert_eq!(cache.stats().wait().unwrap().refusals, 1, "{mode:?}");
        // Who computes has the value all the same, and what is small finds room.
        let computed = cache.get_or_set("key", || async { "x".repeat(6 << 20) }).wait().unwrap();
        assert_eq!(computed.len(), 6 << 20);
        assert_eq!(cache.stats().wait().unwrap().refusals, 2, "{mode:?}");
        assert!(cache.set("key", "small").wait().unwrap().is_stored(), "{mode:?}");
        assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("small"));
    }
}

#[test]
fn small_bounds_on_entries_hold_where_each_has_a_file() {
    let directory = directory();
    let options = FileOptions::new(directory.path()).mode(FileMode::Files).max_entries(30);
    let cache = Cache::builder().file(options).build().unwrap();
    let begun = directory.path().join("keepwarm.files/begun/left-behind");
    std::fs::write(&begun, "by one that was killed").unwrap();
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
    std::fs::File::options().write(true).open(&begun).unwrap().set_modified(long_ago).unwrap();
    for number in 0..200 {
        cache.set(&format!("key{number}"), &number).wait().unwrap();
        let entries = cache.stats().wait().unwrap().entries.unwrap();
        assert!(entries <= 31, "{entries} entries after {number}");
    }
    assert_eq!(cache.get::<i32>("key199").wait().unwrap(), Some(199), "the oldest went");
    assert!(cache.stats().wait().unwrap().evictions >= 169);
    assert!(!begun.exists(), "and what nobody will finish");
}

#[test]
fn a_store_in_shared_memory_needs_no_directory() {
    if !Path::new("/dev/shm").is_dir() {
        return;
    }
    let name = format!("shm:test-{}", std::process::id());
    let build = || Cache::builder().file(FileOptions::new(&name).max_bytes(4 << 20)).build().unwrap();
    build().set("key", &7).wait().unwrap();
    let cache = build();
    assert_eq!(cache.get::<i32>("key").wait().unwrap(), Some(7));
    assert!(!cache.abilities().durable);
    let place = format!("{cache:?}");
    drop(cache);
    for entry in std::fs::read_dir("/dev/shm").unwrap().flatten() {
        if entry.file_name().to_string_lossy().ends_with(&name["shm:".len()..]) {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    assert!(place.contains("file"));
}

// covers: R54
#[test]
fn a_step_of_the_wall_clock_moves_no_deadline() {
    let directory = directory();
    let clock = ManualClock::new();
    let cache = Cache::builder().file(small(directory.path())).clock(Clock::manual(&clock)).build().unwrap();
    cache.set("key", "value").timeout(secs(60)).wait().unwrap();
    clock.step_wall(secs(3600));
    clock.advance(secs(59));
    assert!(cache.has_key("key").wait().unwrap());
    clock.advance(secs(1));
    assert!(!cache.has_key("key").wait().unwrap());
}
