//! Two readers, an invalidation, a database and a cache, ready to be run in some order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::clock::Clock;
use keepwarm::layers::Stack;
use keepwarm::{Cache, Namespace, Timeout};
use parking_lot::Mutex;

use super::explorer::{Play, Scene};
use super::points::{Points, Stepping};
use super::runner::Runner;
use crate::kit::{ManualClock, Probed};
use crate::subject::drive;
use crate::target::{Setup, Target};

/// What makes the cached value invalid, after the database has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalidation {
    /// The key is deleted.
    Delete,
    /// The key is deleted among others.
    DeleteMany,
    /// The new value is set.
    Set,
    /// The new value is set among others.
    SetMany,
    /// The new value is set with a timeout of zero.
    SetNotKept,
    /// A tag of the entry is invalidated.
    Tag,
    /// The entry's namespace is invalidated.
    Namespace,
    /// The alias is cleared.
    Clear,
    /// The store is cleared.
    ClearStore,
}

impl Invalidation {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Delete,
        Self::DeleteMany,
        Self::Set,
        Self::SetMany,
        Self::SetNotKept,
        Self::Tag,
        Self::Namespace,
        Self::Clear,
        Self::ClearStore,
    ];
}

/// How the readers read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// Both with `get_or_set`, the loader in the caller's own task.
    Inline,
    /// Both with `get_or_set`, the loader in a task of its own.
    Detached,
    /// Both with `get_or_set`, through two caches that share nothing but the store, as two processes do.
    TwoProcesses,
    /// One with `get_or_set`, one with `get_or_set_many`.
    Many,
    /// One refreshes an entry that is there, one reads it.
    Refresh,
    /// Both refresh an entry that is there.
    TwoRefreshes,
    /// One refreshes, one computes what is missing.
    RefreshAndCompute,
    /// Both look, compute what is missing, and set it: what keepwarm does not do, and what this test must catch.
    Naive,
}

impl Reading {
    /// Every way that must never be stale.
    pub const SAFE: [Self; 7] = [
        Self::Inline,
        Self::Detached,
        Self::TwoProcesses,
        Self::Many,
        Self::Refresh,
        Self::TwoRefreshes,
        Self::RefreshAndCompute,
    ];
}

/// The database: the version of the one value that everybody is about.
type Database = Arc<AtomicU64>;

/// What a reader does.
#[derive(Clone, Copy)]
enum Verb {
    GetOrSet,
    GetOrSetDetached,
    GetOrSetMany,
    Refresh,
    Get,
    Naive,
}

/// A cache, or a namespace of it.
#[derive(Clone)]
enum Handle {
    Whole(Cache),
    Part(Namespace),
}

impl std::ops::Deref for Handle {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        match self {
            Self::Whole(cache) => cache,
            Self::Part(namespace) => namespace,
        }
    }
}

/// Everything of one run.
pub(super) struct Stage {
    scene: Scene,
    /// One for each process.
    handles: Vec<Handle>,
    database: Database,
    stale: Arc<Mutex<Vec<String>>>,
}

/// What the actors share.
#[derive(Clone)]
struct Script {
    handle: Handle,
    points: Points,
    database: Database,
    /// The version of the database that a read beginning now must give at least.
    invalidated: Arc<AtomicU64>,
    tags: Vec<&'static str>,
    stale: Arc<Mutex<Vec<String>>>,
}

/// A store is made for every order: a small one is made quickly.
const ROOM: u64 = 16;

const KEY: &str = "key";
const OTHER: &str = "other";

impl Stage {
    pub(super) fn new(target: &Target, reading: Reading, invalidation: Invalidation) -> Self {
        let clock = ManualClock::new();
        let store = (target.make)(&Setup { clock: Clock::manual(&clock), capacity: Some(ROOM) });
        let points = Points::default();
        // The short stages can afford the finer steps.
        let before_reads = matches!(reading, Reading::Refresh);
        let build = || {
            let stepping = Stepping { points: points.clone(), before_reads, after_reads: false };
            let stepped = Stack::new(Probed::around(store.bare.clone(), stepping));
            let stack = store.lay.as_ref().map_or_else(|| stepped.clone(), |lay| lay(stepped.clone()));
            let builder = Cache::builder().stack(stack);
            let builder = builder.clock(Clock::manual(&clock)).timeout(Timeout::Never);
            let cache = builder.build().expect("the settings fit together");
            match invalidation {
                Invalidation::Namespace => Handle::Part(cache.namespace("space")),
                _ => Handle::Whole(cache),
            }
        };
        let script = Script {
            handle: build(),
            points: points.clone(),
            database: Arc::new(AtomicU64::new(1)),
            invalidated: Arc::new(AtomicU64::new(1)),
            tags: if invalidation == Invalidation::Tag { vec!["tag"] } else { Vec::new() },
            stale: Arc::default(),
        };
        let there_is_one = matches!(reading, Reading::Refresh | Reading::TwoRefreshes);
        if there_is_one {
            // Set before the play begins, so without steps.
            let cache = Cache::builder().backend(store.bare.clone()).clock(Clock::manual(&clock));
            let cache = cache.timeout(Timeout::Never).build().expect("the settings fit together");
            let set = |cache: &Cache| drop(drive(cache.set(KEY, &1_u64).tags(&script.tags).into_future()));
            match invalidation {
                Invalidation::Namespace => set(&cache.namespace("space")),
                _ => set(&cache),
            }
        }
        let runner = if reading == Reading::Detached { Runner::tokio() } else { Runner::own() };
        let (database, stale) = (script.database.clone(), script.stale.clone());
        let scene = Scene { points: points.clone(), runner, clock: clock.clone() };
        let mut stage = Self { scene, handles: vec![script.handle.clone()], database, stale };
        let (first, second) = match reading {
            Reading::Inline | Reading::TwoProcesses => (Verb::GetOrSet, Verb::GetOrSet),
            Reading::Detached => (Verb::GetOrSetDetached, Verb::GetOrSetDetached),
            Reading::Many => (Verb::GetOrSetMany, Verb::GetOrSet),
            Reading::Refresh => (Verb::Refresh, Verb::Get),
            Reading::TwoRefreshes => (Verb::Refresh, Verb::Refresh),
            Reading::RefreshAndCompute => (Verb::Refresh, Verb::GetOrSet),
            Reading::Naive => (Verb::Naive, Verb::Naive),
        };
        let other = if reading == Reading::TwoProcesses {
            Script { handle: build(), ..script.clone() }
        } else {
            script.clone()
        };
        stage.handles.push(other.handle.clone());
        let runner = &mut stage.scene.runner;
        runner.add("first reader", Box::pin(reader(script.clone(), first)));
        runner.add("second reader", Box::pin(reader(other, second)));
        runner.add("invalidation", Box::pin(invalidate(script, invalidation)));
        stage
    }
}

impl Play for Stage {
    fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }

    /// What was stale: in a read, or left behind in the cache.
    fn finish(self: Box<Self>) -> Vec<String> {
        self.scene.points.let_all_go();
        let current = self.database.load(Ordering::SeqCst);
        let mut stale = std::mem::take(&mut *self.stale.lock());
        for handle in &self.handles {
            let left = drive(handle.get::<u64>(KEY).into_future()).expect("the store does not fail");
            if let Some(version) = left.filter(|version| *version < current) {
                stale.push(format!("version {version} is left in the cache, the database is at {current}"));
            }
        }
        stale
    }
}

/// Reads the database, in steps.
async fn load(points: Points, database: Database) -> u64 {
    points.stop("the loader asks the database").await;
    let version = database.load(Ordering::SeqCst);
    points.stop("the loader has its answer").await;
    version
}

async fn reader(script: Script, verb: Verb) {
    let Script { handle, points, database, invalidated, tags, stale } = script;
    points.stop("begins").await;
    let expected = invalidated.load(Ordering::SeqCst);
    let loader = {
        let (points, database) = (points.clone(), database.clone());
        move || load(points, database)
    };
    let seen = match verb {
        Verb::GetOrSet => {
            Some(handle.get_or_set(KEY, loader).tags(&tags).inline().await.expect("the store does not fail"))
        }
        Verb::GetOrSetDetached => {
            Some(handle.get_or_set(KEY, loader).tags(&tags).await.expect("the store does not fail"))
        }
        Verb::Refresh => Some(handle.refresh(KEY, loader).tags(&tags).inline().await.expect("the store does not fail")),
        Verb::Get => handle.get::<u64>(KEY).await.expect("the store does not fail"),
        Verb::GetOrSetMany => {
            let loader = |missing: Vec<String>| {
                let load = load(points.clone(), database.clone());
                async move {
                    let version = load.await;
                    missing.into_iter().map(|key| (key, version)).collect::<HashMap<_, _>>()
                }
            };
            let found = handle.get_or_set_many([OTHER, KEY], loader).tags(&tags).inline().await;
            found.expect("the store does not fail").get(KEY).copied()
        }
        Verb::Naive => Some(naive(&handle, loader, &tags).await),
    };
    if let Some(version) = seen.filter(|version| *version < expected) {
        stale.lock().push(format!("a read that began when version {expected} was promised gave version {version}"));
    }
}

/// What applications write by hand.
async fn naive<R: Future<Output = u64>>(cache: &Cache, loader: impl FnOnce() -> R, tags: &[&str]) -> u64 {
    if let Some(version) = cache.get::<u64>(KEY).await.expect("the store does not fail") {
        return version;
    }
    let version = loader().await;
    cache.set(KEY, &version).tags(tags).await.expect("the store does not fail");
    version
}

async fn invalidate(script: Script, invalidation: Invalidation) {
    let Script { handle, points, database, invalidated, .. } = script;
    points.stop("changes the database").await;
    let version = database.fetch_add(1, Ordering::SeqCst) + 1;
    let cache: &Cache = &handle;
    match invalidation {
        Invalidation::Delete => drop(cache.delete(KEY).await.expect("the store does not fail")),
        Invalidation::DeleteMany => drop(cache.delete_many([OTHER, KEY]).await.expect("the store does not fail")),
        Invalidation::Set => drop(cache.set(KEY, &version).await.expect("the store does not fail")),
        Invalidation::SetMany => {
            drop(cache.set_many([(OTHER, &version), (KEY, &version)]).await.expect("the store does not fail"));
        }
        Invalidation::SetNotKept => {
            let _ = cache.set(KEY, &version).timeout(Timeout::ZERO).await.expect("the store does not fail");
        }
        Invalidation::Tag => cache.invalidate_tag("tag").await.expect("the store does not fail"),
        Invalidation::Namespace | Invalidation::Clear => cache.clear().await.expect("the store does not fail"),
        Invalidation::ClearStore => cache.clear_store().await.expect("the store does not fail"),
    }
    invalidated.store(version, Ordering::SeqCst);
}
