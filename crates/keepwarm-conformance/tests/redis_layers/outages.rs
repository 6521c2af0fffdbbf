//! A server that is killed or stopped under load, behind what settings lay around it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keepwarm::{Cache, Put, Refusal, millis, secs};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;

/// The deadline, and what a busy machine adds to it. Every default of other clients is longer.
const LONGEST: Duration = Duration::from_secs(3);

/// Who takes so long has waited for a server that does not answer.
const DEADLINE: Duration = Duration::from_millis(240);

fn degrading(server: &RedisServer) -> Cache {
    Cache::from_url(&format!("{}?on_error=degrade&timeout=never", server.url(0))).unwrap()
}

fn is_down(cache: &Cache) -> bool {
    cache.stats().wait().unwrap().health.is_down()
}

/// Requests of several callers: how long the longest took, and how many took longer than an open breaker lets them.
#[derive(Default)]
struct Load {
    longest: Mutex<Duration>,
    waited: AtomicU64,
    requests: AtomicU64,
}

impl Load {
    fn request(&self, cache: &Cache, key: &str) {
        let begin = Instant::now();
        let runs = AtomicU64::new(0);
        let loader = || async {
            runs.fetch_add(1, Ordering::SeqCst);
            2_u64
        };
        let value = cache.get_or_set(key, loader).wait().expect("no request fails");
        assert!(value >= 1 && runs.load(Ordering::SeqCst) <= 1);
        let took = begin.elapsed();
        let mut longest = self.longest.lock().unwrap();
        *longest = (*longest).max(took);
        if took > DEADLINE {
            self.waited.fetch_add(1, Ordering::SeqCst);
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
    }
}

// covers: R203 R204
#[test]
fn a_stopped_server_costs_one_deadline_and_gives_nothing_old_back() {
    const CALLERS: u64 = 4;
    let server = RedisServer::start();
    let cache = degrading(&server);
    let names: Vec<String> = (0..40).map(|number| format!("key{number}")).collect();
    for name in &names {
        assert_eq!(cache.set(name, &1_u64).wait().unwrap(), Put::Stored);
    }
    server.stall();
    let (load, done) = (Load::default(), AtomicBool::new(false));
    let came_back = thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (cache, load, done) = (&cache, &load, &done);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    load.request(cache, &format!("page{caller}"));
                    thread::yield_now();
                }
            });
        }
        until("the breaker is open", || is_down(&cache));
        // While it hangs the program changes everything, in one way or another.
        for (number, name) in names.iter().enumerate() {
            let begin = Instant::now();
            match number % 3 {
                0 => cache.delete(name).wait().map(drop).unwrap(),
                1 => assert_eq!(cache.set(name, &2_u64).wait().unwrap(), Put::Refused(Refusal::StoreDown)),
                _ => cache.update(name, |_: Option<u64>| Some(2)).wait().map(drop).unwrap(),
            }
            assert!(begin.elapsed() < LONGEST, "{:?}", begin.elapsed());
        }
        // So long a stop that every default of other clients would show.
        thread::sleep(secs(5));
        let back = Instant::now();
        server.resume();
        let mut came_back = None;
        while back.elapsed() < secs(3) {
            for name in &names {
                assert_ne!(cache.get::<u64>(name).wait().unwrap(), Some(1), "{name} after {:?}", back.elapsed());
            }
            if came_back.is_none() && !is_down(&cache) {
                came_back = Some(back.elapsed());
            }
        }
        done.store(true, Ordering::SeqCst);
        came_back
    });
    let (longest, waited) = (*load.longest.lock().unwrap(), load.waited.load(Ordering::SeqCst));
    let requests = load.requests.load(Ordering::SeqCst);
    eprintln!(
        "{requests} requests, the longest {longest:?}, {waited} over a deadline; trusted again after {came_back:?}"
    );
    assert!(longest < LONGEST, "{longest:?}");
    // Once at the most, and once more at its return; and a busy machine may do the same to one or the other.
    assert!(waited <= 4 * CALLERS, "each caller waits once: {waited} of {requests}");
    assert!(came_back.is_some(), "it is back: {:?}", cache.stats().wait().unwrap().health);
    let others = Cache::from_url(&server.url(0)).unwrap();
    for name in &names {
        assert_ne!(others.get::<u64>(name).wait().unwrap(), Some(1), "{name} for others");
    }
}

// covers: R136 R204
#[test]
fn a_killed_server_is_used_again_soon_after_its_restart() {
    let mut server = RedisServer::start();
    let cache = degrading(&server);
    assert_eq!(cache.set("key", &1_u64).wait().unwrap(), Put::Stored);
    server.kill();
    let load = Load::default();
    for _ in 0..1000 {
        load.request(&cache, "page");
    }
    let longest = *load.longest.lock().unwrap();
    assert!(longest < LONGEST, "{longest:?}");
    server.restart();
    let back = Instant::now();
    until("it is back", || cache.set("key", &3_u64).wait().unwrap() == Put::Stored);
    let took = back.elapsed();
    eprintln!("1000 requests on a dead server, the longest {longest:?}; back {took:?} after its restart");
    assert!(took < LONGEST, "{took:?}");
    assert_eq!(cache.get::<u64>("key").wait().unwrap(), Some(3));
}

// covers: R203
#[test]
fn awaited_callers_of_a_stopped_server_are_freed_together() {
    let server = RedisServer::start();
    let cache = degrading(&server);
    assert_eq!(cache.set("key", &1_u64).wait().unwrap(), Put::Stored);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(cache.get::<u64>("key").await.unwrap(), Some(1));
        server.stall();
        let begin = Instant::now();
        let callers: Vec<_> = (0..200)
            .map(|number| {
                let cache = cache.clone();
                tokio::spawn(async move {
                    // Three calls one after the other: the deadlines do not add up.
                    let value = cache.get_or_set(&format!("page{number}"), || async { 2_u64 }).await.unwrap();
                    let _ = cache.set("other", &1_u64).await.unwrap();
                    cache.delete("key").await.unwrap();
                    value
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 2);
        }
        let took = begin.elapsed();
        eprintln!("200 tasks of three calls each on a stopped server: {took:?}");
        assert!(took < LONGEST, "{took:?}");
        server.resume();
        let mut looks = 0;
        while is_down(&cache) || looks < 100 {
            assert_ne!(cache.get::<u64>("key").await.unwrap(), Some(1));
            looks += 1;
            tokio::time::sleep(millis(10)).await;
            assert!(looks < 3000, "{:?}", cache.stats().await.unwrap().health);
        }
        assert_eq!(cache.get::<u64>("key").await.unwrap(), None);
    });
}
