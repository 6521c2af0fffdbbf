//! The near tier over client tracking: nothing is served whose news is in, whatever happens to the connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use keepwarm::backend::{Abilities, Change, Feed, Watcher};
use keepwarm::backends::redis::Redis;
use keepwarm::layers::Tiered;
use keepwarm::{Cache, Timeout};
use keepwarm_conformance::kit::{Answer, Call, Probe, Probed, until};
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

/// Counts what is asked of the server in spite of the near tier.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicU64>);

impl Probe for Asked {
    fn waits(&self) -> bool {
        false
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, call: &Call) -> keepwarm::Result<()> {
        self.0.fetch_add(call.names.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    async fn after(&self, _call: &Call) -> keepwarm::Result<()> {
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}

const KEYS: usize = 16;

/// So many reads are served near in each race.
const CACHED: u64 = 10_000;
const ROUNDS: usize = 200;

/// Readers of a near tier against a writer on another connection, with flushes, cut connections and crashes in between. Each
/// reads by turns one key and several, awaited and waited for.
fn race(readers: usize) {
    let mut server = RedisServer::start();
    let (counts, asked) = (Arc::new(Counts::default()), Asked::default());
    let observed = Observed { feed: redis(&server), counts: Arc::clone(&counts), proxies: Mutex::default() };
    let store = Probed::around(redis(&server), asked.clone());
    let here = Cache::builder().backend(store).layer(Tiered::new(observed)).timeout(Timeout::Never);
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
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                for turn in reader.. {
                    if done.load(Ordering::SeqCst) {
                        break;
                    }
                    let some: Vec<usize> = (0..if turn % 4 < 2 { 1 } else { 3 }).map(|at| (turn + at) % KEYS).collect();
                    let expected: Vec<u64> = some.iter().map(|&key| promised[key].load(Ordering::SeqCst)).collect();
                    let asked = || some.iter().map(|&key| &names[key]);
                    let found = match turn % 4 {
                        0 => here.get::<u64>(&names[some[0]]).wait().map(|found| vec![found]),
                        1 => {
                            runtime.block_on(async { here.get::<u64>(&names[some[0]]).await }).map(|found| vec![found])
                        }
                        2 => here
                            .get_many::<u64, _>(asked())
                            .wait()
                            .map(|all| asked().map(|key| all.get(key).copied()).collect()),
                        _ => runtime
                            .block_on(async { here.get_many::<u64, _>(asked()).await })
                            .map(|all| asked().map(|key| all.get(key).copied()).collect()),
                    };
                    match found {
                        Ok(versions) => {
                            for (version, expected) in versions.into_iter().zip(expected) {
                                if version.is_some_and(|version| version < expected) {
                                    stale.lock().unwrap().push(format!("{version:?} though {expected} was known"));
                                }
                            }
                            reads.fetch_add(some.len() as u64, Ordering::SeqCst);
                        }
                        Err(error) => {
                            assert!(error.is_transient(), "{error:?}");
                            failures.fetch_add(1, Ordering::SeqCst);
                        }
                    }
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
                kind @ (10 | 30) => {
                    // The news of this write are lost with the connection.
                    let before = counts.lost.load(Ordering::SeqCst);
                    if kind == 10 {
                        server.restart();
                    } else {
                        server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
                    }
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
        let cached = || reads.load(Ordering::SeqCst).saturating_sub(asked.0.load(Ordering::SeqCst));
        until("enough was read near", || cached() >= CACHED);
        done.store(true, Ordering::SeqCst);
    });
    let (reads, failures) = (reads.load(Ordering::SeqCst), failures.load(Ordering::SeqCst));
    let near = here.stats().wait().unwrap().health.near.unwrap();
    let asked = asked.0.load(Ordering::SeqCst);
    eprintln!("{readers} readers: {reads} reads, {asked} asked of the server, {failures} failures, {near:?}");
    let stale = stale.into_inner().unwrap();
    assert!(stale.is_empty(), "{} stale of {reads}: {stale:?}", stale.len());
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
