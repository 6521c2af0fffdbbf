//! Two readers, an invalidation, a database and a cache, ready to be run in some order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::clock::Clock;
use keepwarm::layers::Stack;
use keepwarm::{Cache, CacheBuilder, Namespace, Timeout};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::explorer::{Play, Scene, Stepped};
use super::points::{Points, Stepping};
use super::runner::Runner;
use crate::kit::{ManualClock, Probed, Shared};
use crate::subject::drive;
use crate::target::{Setup, Store, Target};

/// What makes the cached value invalid, after the database has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Those that are run across two processes of the system wherever a store is tested: both readers compute, or one
    /// refreshes what the other reads. All of [`SAFE`](Self::SAFE) can be.
    pub const ACROSS: [Self; 2] = [Self::TwoProcesses, Self::Refresh];

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

impl Reading {
    /// What its two readers do.
    fn verbs(self) -> [Verb; 2] {
        match self {
            Self::Inline | Self::TwoProcesses => [Verb::GetOrSet, Verb::GetOrSet],
            Self::Detached => [Verb::GetOrSetDetached, Verb::GetOrSetDetached],
            Self::Many => [Verb::GetOrSetMany, Verb::GetOrSet],
            Self::Refresh => [Verb::Refresh, Verb::Get],
            Self::TwoRefreshes => [Verb::Refresh, Verb::Refresh],
            Self::RefreshAndCompute => [Verb::Refresh, Verb::GetOrSet],
            Self::Naive => [Verb::Naive, Verb::Naive],
        }
    }
}

/// Who plays here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cast {
    /// Everybody, in this process.
    All,
    /// The first reader.
    First,
    /// The second reader, and who invalidates.
    Others,
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

impl Handle {
    fn of(builder: CacheBuilder, clock: &ManualClock, invalidation: Invalidation) -> Self {
        let builder = builder.clock(Clock::manual(clock)).timeout(Timeout::Never);
        let cache = builder.build().expect("the settings fit together");
        match invalidation {
            Invalidation::Namespace => Self::Part(cache.namespace("space")),
            _ => Self::Whole(cache),
        }
    }
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
    pub(super) scene: Scene,
    /// One for each process.
    handles: Vec<Handle>,
    pub(super) database: Database,
    pub(super) invalidated: Database,
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
pub(super) const ROOM: u64 = 16;

/// The version that the database begins with.
pub(super) const FIRST: u64 = 1;

const KEY: &str = "key";
const OTHER: &str = "other";

impl Stage {
    pub(super) fn new(target: &Target, reading: Reading, invalidation: Invalidation) -> Self {
        let clock = ManualClock::new();
        let store = (target.make)(&Setup { clock: Clock::manual(&clock), capacity: Some(ROOM) });
        prepare(&store.bare, &clock, reading, invalidation);
        Self::cast(&store, &clock, reading, invalidation, Cast::All)
    }

    /// The stage of those who play in this process.
    pub(super) fn cast(
        store: &Store,
        clock: &ManualClock,
        reading: Reading,
        invalidation: Invalidation,
        cast: Cast,
    ) -> Self {
        let points = Points::default();
        // The short stages can afford the finer steps.
        let before_reads = matches!(reading, Reading::Refresh);
        let build = || {
            let stepping = Stepping { points: points.clone(), before_reads, after_reads: false };
            let stepped = Stack::new(Probed::around(store.bare.clone(), stepping));
            let stack = store.lay.as_ref().map_or_else(|| stepped.clone(), |lay| lay(stepped.clone()));
            Handle::of(Cache::builder().stack(stack), clock, invalidation)
        };
        let script = Script {
            handle: build(),
            points: points.clone(),
            database: Arc::new(AtomicU64::new(FIRST)),
            invalidated: Arc::new(AtomicU64::new(FIRST)),
            tags: tags(invalidation),
            stale: Arc::default(),
        };
        let runner = if reading == Reading::Detached { Runner::tokio() } else { Runner::own() };
        let mut stage = Self {
            scene: Scene { points: points.clone(), runner, clock: clock.clone() },
            handles: vec![script.handle.clone()],
            database: script.database.clone(),
            invalidated: script.invalidated.clone(),
            stale: script.stale.clone(),
        };
        let [first, second] = reading.verbs();
        if cast != Cast::Others {
            stage.scene.runner.add("first reader", Box::pin(reader(script.clone(), first)));
        }
        if cast != Cast::First {
            let own = reading == Reading::TwoProcesses && cast == Cast::All;
            let other = if own { Script { handle: build(), ..script.clone() } } else { script.clone() };
            stage.handles.push(other.handle.clone());
            stage.scene.runner.add("second reader", Box::pin(reader(other, second)));
            stage.scene.runner.add("invalidation", Box::pin(invalidate(script, invalidation)));
        }
        stage
    }
}

/// Puts what has to be there before a play begins into an empty store; without steps.
pub(super) fn prepare(store: &Shared, clock: &ManualClock, reading: Reading, invalidation: Invalidation) {
    if matches!(reading, Reading::Refresh | Reading::TwoRefreshes) {
        let cache = Handle::of(Cache::builder().backend(store.clone()), clock, invalidation);
        let set = drive(cache.set(KEY, &FIRST).tags(&tags(invalidation)).into_future());
        assert!(set.expect("the store does not fail").is_stored());
    }
}

fn tags(invalidation: Invalidation) -> Vec<&'static str> {
    if invalidation == Invalidation::Tag { vec!["tag"] } else { Vec::new() }
}

impl Play for Stage {
    fn scene(&mut self) -> &mut dyn Stepped {
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
