//! A process that forks after it has used its cache, as pre-forking servers do: parent and child both go on.
#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use keepwarm::{Cache, secs};
use keepwarm_conformance::kit::{PATIENCE, until};
use keepwarm_conformance::servers::RedisServer;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::children::{play, playing};

const PART: &str = "fork";
const COUNTS: i64 = 50;

fn is_watching(cache: &Cache) -> bool {
    cache.stats().wait().unwrap().health.near.is_some_and(|near| near.watching)
}

/// Everything that has connections, threads or tasks behind it.
fn use_it(cache: &Cache, url: &str, who: &str) {
    for _ in 0..COUNTS {
        cache.incr("counter", 1).wait().unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..COUNTS {
            cache.incr("counter", 1).await.unwrap();
        }
        let computed = cache.get_or_set(&format!("computed by {who}"), || async { 5 }).await.unwrap();
        assert_eq!(computed, 5);
    });
    let guard = cache.lock("lock").timeout(secs(1000)).wait().unwrap();
    assert!(guard.release().wait().unwrap());
    // The near tier is told in this process, whoever was told in another.
    let (others, key) = (Cache::from_url(url).unwrap(), format!("seen by {who}"));
    assert_eq!(cache.get::<u64>(&key).wait().unwrap(), None);
    until("the server is watched", || is_watching(cache));
    others.set(&key, &1_u64).wait().unwrap();
    until("it lies near", || cache.get::<u64>(&key).wait().unwrap() == Some(1));
    others.set(&key, &2_u64).wait().unwrap();
    until("the news is in", || cache.get::<u64>(&key).wait().unwrap() == Some(2));
    // Clearing has a thread of its own sweep up.
    let prefix = Cache::from_url(&format!("{url}?key_prefix={who}")).unwrap();
    prefix.set("key", &1).wait().unwrap();
    prefix.clear().wait().unwrap();
    assert_eq!(prefix.get::<i32>("key").wait().unwrap(), None);
}

/// What the forking process does; alone it has nothing to do.
#[test]
fn a_process_that_forks() {
    let Some(url) = playing(PART) else { return };
    let patient = "deadline=60&socket_timeout=60&timeout=never&near_max_entries=1000";
    let cache = Cache::from_url(&format!("{url}?{patient}")).unwrap();
    cache.set("counter", &0).wait().unwrap();
    use_it(&cache, &url, "before");
    // SAFETY: the child uses what this thread made, and leaves without running anything of the other threads.
    let forked = unsafe { libc::fork() };
    assert!(forked >= 0, "the machine runs one more process");
    if forked == 0 {
        let done = catch_unwind(AssertUnwindSafe(|| use_it(&cache, &url, "child")));
        // SAFETY: ends the process at once; the parent's handlers and buffers are not the child's to run and flush.
        unsafe { libc::_exit(i32::from(done.is_err())) }
    }
    use_it(&cache, &url, "parent");
    let (child, begin) = (Pid::from_raw(forked), Instant::now());
    let status = loop {
        if let Some((_, status)) = waitpid(child, WaitOptions::NOHANG).unwrap() {
            break status;
        }
        if begin.elapsed() > PATIENCE {
            kill_process(child.unwrap(), Signal::KILL).unwrap();
        }
        std::thread::sleep(keepwarm::millis(5));
    };
    assert_eq!(status.exit_status(), Some(0), "the child failed or hung");
    use_it(&cache, &url, "after");
    assert_eq!(cache.get::<i64>("counter").wait().unwrap(), Some(8 * COUNTS));
}

// covers: R121
#[test]
fn parent_and_child_both_go_on_after_a_fork() {
    let server = RedisServer::start();
    assert!(play(&server, "forks::a_process_that_forks", PART).success());
}
