//! The near tier over client tracking: nothing is served whose news is in, whatever happens to the connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use keepwarm::backend::{Change, Feed, Watcher};
use keepwarm::backends::redis::Redis;
use keepwarm::layers::Tiered;
use keepwarm::{Cache, Timeout};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;

use crate::redis;

/// A server's feed, which counts what it passes on, after it has passed it on.
struct Observed {
    feed: Redis,
    counts: Arc<Counts>,
    proxies: Mutex<Vec<Arc<dyn Watcher>>>,
}

#[derive(Default)]
struct Counts {
    keys: Mutex<HashMap<String, u64>>,
    everything: AtomicU64,
    lost: AtomicU64,
    watching: AtomicBool,
}

impl Counts {
    fn of(&self, key: &str) -> u64 {
        self.keys.lock().unwrap().get(key).copied().unwrap_or(0)
    }
}

struct Proxy {
    watcher: Weak<dyn Watcher>,
    counts: Arc<Counts>,
}

impl Watcher for Proxy {
    fn watching(&self) {
        self.watcher.upgrade().inspect(|watcher| watcher.watching());
        self.counts.watching.store(true, Ordering::SeqCst);
    }

    fn lost(&self) {
        self.watcher.upgrade().inspect(|watcher| watcher.lost());
        self.counts.watching.store(false, Ordering::SeqCst);
        self.counts.lost.fetch_add(1, Ordering::SeqCst);
    }

    fn changed(&self, change: Change<'_>) {
        self.watcher.upgrade().inspect(|watcher| watcher.changed(change));
        match change {
            Change::Key(key) => *self.counts.keys.lock().unwrap().entry(key.to_owned()).or_default() += 1,
            Change::Everything => drop(self.counts.everything.fetch_add(1, Ordering::SeqCst)),
            _ => {}
        }
    }
}

impl Feed for Observed {
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        let proxy: Arc<dyn Watcher> = Arc::new(Proxy { watcher, counts: Arc::clone(&self.counts) });
        self.feed.watch(Arc::downgrade(&proxy));
        self.proxies.lock().unwrap().push(proxy);
    }
}

const KEYS: usize = 16;
const READS: u64 = 10_000;
const ROUNDS: usize = 200;

/// Readers of a near tier against a writer on another connection, with flushes and cut connections in between.
fn race(readers: usize) {
    let server = RedisServer::start();
    let counts = Arc::new(Counts::default());
    let observed = Observed { feed: redis(&server), counts: Arc::clone(&counts), proxies: Mutex::default() };
    let here = Cache::builder().backend(redis(&server)).layer(Tiered::new(observed)).timeout(Timeout::Never);
    let here = here.build().unwrap();
    let there = Cache::builder().backend(redis(&server)).timeout(Timeout::Never).build().unwrap();
    let names: Vec<String> = (0..KEYS).map(|number| format!("key{number}")).collect();
    let promised: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
    let (reads, failures, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let stale = Mutex::new(Vec::new());
    here.get::<u64>("key0").wait().unwrap();
    until("the server is watched", || counts.watching.load(Ordering::SeqCst));
    thread::scope(|scope| {
        for reader in 0..readers {
            let (here, names, promised, reads) = (&here, &names, &promised, &reads);
            let (failures, done, stale) = (&failures, &done, &stale);
            scope.spawn(move || {
                let mut turn = reader;
                while !done.load(Ordering::SeqCst) {
                    turn += 1;
                    let key = turn % KEYS;
                    let expected = promised[key].load(Ordering::SeqCst);
                    match here.get::<u64>(&names[key]).wait() {
                        Ok(Some(version)) if version < expected => {
                            stale.lock().unwrap().push(format!("{version} though {expected} was known"));
                        }
                        Ok(_) => {}
                        Err(error) => {
                            assert!(error.is_transient(), "{error:?}");
                            failures.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 1..=ROUNDS {
            let key = round % KEYS;
            let stored = here.make_key(&names[key], None).unwrap();
            let set = || until("it is set", || there.set(&names[key], &(round as u64)).wait().is_ok());
            match round % 40 {
                20 => {
                    let before = counts.everything.load(Ordering::SeqCst);
                    server.ask(&["FLUSHALL"]);
                    until("the flush is known", || counts.everything.load(Ordering::SeqCst) > before);
                }
                30 => {
                    // The news of this write are lost with the connection.
                    let before = counts.lost.load(Ordering::SeqCst);
                    server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
                    set();
                    let lost = || counts.lost.load(Ordering::SeqCst) > before;
                    until("the loss is known and made good", || lost() && counts.watching.load(Ordering::SeqCst));
                    promised[key].store(round as u64, Ordering::SeqCst);
                    continue;
                }
                _ => {}
            }
            let before = counts.of(&stored);
            set();
            until("the news is in", || counts.of(&stored) > before);
            promised[key].store(round as u64, Ordering::SeqCst);
        }
        until("enough was read", || reads.load(Ordering::SeqCst) >= READS);
        done.store(true, Ordering::SeqCst);
    });
    let (reads, failures) = (reads.load(Ordering::SeqCst), failures.load(Ordering::SeqCst));
    let near = here.stats().wait().unwrap().health.near.unwrap();
    eprintln!("{readers} readers: {reads} reads, {} fetches, {failures} failures, {near:?}", near.fetches);
    let stale = stale.into_inner().unwrap();
    assert!(stale.is_empty(), "{} stale of {reads}: {stale:?}", stale.len());
    assert!(near.fetches < reads / 2, "most were served near: {near:?} of {reads}");
}

#[test]
fn one_reader_is_never_served_what_it_was_told_is_old() {
    race(1);
}

#[test]
fn two_readers_are_never_served_what_they_were_told_is_old() {
    race(2);
}

#[test]
fn four_readers_are_never_served_what_they_were_told_is_old() {
    race(4);
}

#[test]
fn what_another_machine_invalidates_is_gone_here() {
    let server = RedisServer::start();
    let url = format!("{}?near_max_entries=1000&max_staleness=60&timeout=never", server.url(0));
    let (here, there) = (Cache::from_url(&url).unwrap(), Cache::from_url(&server.url(0)).unwrap());
    let watching = || here.stats().wait().unwrap().health.near.unwrap().watching;
    here.get::<u64>("key").wait().unwrap();
    until("the server is watched", watching);
    type Change = (&'static str, fn(&Cache));
    let changes: [Change; 5] = [
        ("set", |there| there.set("key", &2_u64).wait().map(drop).unwrap()),
        ("delete", |there| there.delete("key").wait().map(drop).unwrap()),
        ("tag", |there| there.invalidate_tag("tag").wait().unwrap()),
        ("clear", |there| there.clear().wait().unwrap()),
        ("clear_store", |there| there.clear_store().wait().unwrap()),
    ];
    for (name, change) in changes {
        let _ = there.set("key", &1_u64).tags(["tag"]).wait().unwrap();
        // News of the write itself, or of what a clear removes in the background, may empty the near tier once more.
        let fetches = || here.stats().wait().unwrap().health.near.unwrap().fetches;
        until("it is served near", || {
            let before = fetches();
            here.get::<u64>("key").wait().unwrap() == Some(1) && fetches() == before
        });
        change(&there);
        until(name, || here.get::<u64>("key").wait().unwrap() != Some(1));
    }
}
