//! A near tier between what another machine changes and the news of it: every order of two readers' fetches, the answers on
//! their way, the change, and the news coming in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keepwarm::backends::memory::Memory;
use keepwarm::clock::Clock;
use keepwarm::layers::{Layer, Stack, Tiered};
use keepwarm::{Cache, CacheBuilder, MemoryOptions, Timeout};
use parking_lot::Mutex;

use super::explorer::{Explored, Play, Scene, Stepped, explore};
use super::points::{Points, Stepping};
use super::runner::Runner;
use crate::kit::{Encodes, ManualClock, News, Probed, Shared};
use crate::subject::drive;

/// What another machine does to the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Elsewhere {
    /// Sets a newer one.
    Set,
    /// Deletes it.
    Delete,
    /// Invalidates its tag.
    Tag,
    /// Clears the alias.
    Clear,
    /// Clears the store.
    ClearStore,
}

impl Elsewhere {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Set, Self::Delete, Self::Tag, Self::Clear, Self::ClearStore];
}

/// How this machine comes to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Telling {
    /// The news comes in some time after the change.
    Later,
    /// The connection is lost with the news, and is made again later.
    Lost,
    /// The news comes in before the change has been made: what no store may do, and what this test must catch.
    TooEarly,
}

/// Runs every order of two readers, one change elsewhere and the news of it over a near tier.
///
/// A read that begins when the news is in and gives what was there before is stale, and so is what lies near in the end.
///
/// # Panics
/// When an order does not come to its end.
pub fn explore_tiers(elsewhere: Elsewhere, telling: Telling) -> Explored {
    explore(&|| Box::new(Tiers::new(elsewhere, telling)))
}

struct Tiers {
    scene: Scene,
    here: Cache,
    stale: Arc<Mutex<Vec<String>>>,
}

/// What everybody shares.
#[derive(Clone)]
struct Script {
    here: Cache,
    there: Cache,
    news: News,
    points: Points,
    /// What a read that begins now must give at least; a miss is always right.
    promised: Arc<AtomicU64>,
    stale: Arc<Mutex<Vec<String>>>,
}

const KEY: &str = "key";
const OLD: u64 = 1;
const NEW: u64 = 2;

impl Tiers {
    fn new(elsewhere: Elsewhere, telling: Telling) -> Self {
        let clock = ManualClock::new();
        let news = News::new();
        let memory = Memory::new(&MemoryOptions::new().max_entries(16), Clock::manual(&clock));
        let store = Shared::new(news.around(Encodes::around(memory)));
        let points = Points::default();
        let stepped = |reads: bool| {
            let stepping = Stepping { points: points.clone(), before_reads: false, after_reads: reads };
            Stack::new(Probed::around(store.clone(), stepping))
        };
        let build = |builder: CacheBuilder| {
            builder.clock(Clock::manual(&clock)).timeout(Timeout::Never).build().expect("the settings fit together")
        };
        let tier = Tiered::new(news.clone()).clock(Clock::manual(&clock)).wrap(stepped(true));
        let here = build(Cache::builder().backend(tier));
        let there = build(Cache::builder().stack(stepped(false)));
        // Set before the play begins, so without steps.
        let set = build(Cache::builder().backend(store.clone()));
        let _ = drive(set.set(KEY, &OLD).tags(["tag"]).into_future()).expect("the store does not fail");
        news.hold();
        let stale = Arc::default();
        let promised = Arc::new(AtomicU64::new(OLD));
        let script = Script { here: here.clone(), there, news, points: points.clone(), promised, stale };
        let mut runner = Runner::own();
        runner.add("first reader", Box::pin(read(script.clone(), 2)));
        runner.add("second reader", Box::pin(read(script.clone(), 1)));
        let stale = Arc::clone(&script.stale);
        runner.add("elsewhere", Box::pin(change(script, elsewhere, telling)));
        Self { scene: Scene { points, runner, clock }, here, stale }
    }
}

impl Play for Tiers {
    fn scene(&mut self) -> &mut dyn Stepped {
        &mut self.scene
    }

    fn finish(self: Box<Self>) -> Vec<String> {
        self.scene.points.let_all_go();
        let left = drive(self.here.get::<u64>(KEY).into_future()).expect("the store does not fail");
        let mut stale = std::mem::take(&mut *self.stale.lock());
        if let Some(version) = left.filter(|version| *version < NEW) {
            stale.push(format!("version {version} is left near"));
        }
        stale
    }
}

/// Reads, one after the other: the second may find near what the first or the other reader kept.
async fn read(script: Script, times: usize) {
    let Script { here, points, promised, stale, .. } = script;
    for _ in 0..times {
        points.stop("begins").await;
        let expected = promised.load(Ordering::SeqCst);
        let seen = here.get::<u64>(KEY).await.expect("the store does not fail");
        if let Some(version) = seen.filter(|version| *version < expected) {
            stale.lock().push(format!("a read that began when version {expected} was promised gave version {version}"));
        }
    }
}

async fn change(script: Script, elsewhere: Elsewhere, telling: Telling) {
    let Script { there, news, points, promised, .. } = script;
    points.stop("begins").await;
    if telling == Telling::TooEarly {
        // As if it had been made, to everybody who listens.
        news.tell(":1:key");
        points.stop("the news is out before the change").await;
    }
    match elsewhere {
        Elsewhere::Set => {
            let _ = there.set(KEY, &NEW).await.expect("the store does not fail");
        }
        Elsewhere::Delete => {
            let _ = there.delete(KEY).await.expect("the store does not fail");
        }
        Elsewhere::Tag => there.invalidate_tag("tag").await.expect("the store does not fail"),
        Elsewhere::Clear => there.clear().await.expect("the store does not fail"),
        Elsewhere::ClearStore => there.clear_store().await.expect("the store does not fail"),
    }
    points.stop("the change is made, and not known here").await;
    match telling {
        Telling::Later => news.deliver(),
        Telling::TooEarly => {}
        Telling::Lost => {
            news.lose();
            promised.store(NEW, Ordering::SeqCst);
            points.stop("the connection is lost").await;
            news.reconnect();
        }
    }
    promised.store(NEW, Ordering::SeqCst);
}
