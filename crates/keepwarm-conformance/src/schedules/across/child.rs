//! The side of a process that plays: it does what it is told, and answers when it has come to rest.

use std::io::{BufRead, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use keepwarm::Backend;
use keepwarm::clock::Clock;

use super::{Answer, Order, What, World};
use crate::kit::{ManualClock, Shared};
use crate::schedules::explorer::{Play, Stepped};
use crate::schedules::stage::{Cast, ROOM, Stage, prepare};
use crate::subject::drive;
use crate::target::{Setup, Store};

/// Plays until nobody gives orders any more.
pub(super) fn play<B: Backend>(open: impl FnOnce(&Setup) -> B) {
    let clock = ManualClock::new();
    let store = Store::shared(Shared::new(open(&Setup { clock: Clock::manual(&clock), capacity: Some(ROOM) })));
    let mut stage: Option<Stage> = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("orders are lines");
        let Order { what, world } = serde_json::from_str(&line).expect("it was written by this very program");
        if let What::Begin { reading, invalidation, first } = what {
            if first {
                let cache = keepwarm::Cache::builder().backend(store.bare.clone()).clock(Clock::manual(&clock));
                let cache = cache.build().expect("the settings fit together");
                drive(cache.clear_store().into_future()).expect("the store does not fail");
                prepare(&store.bare, &clock, reading, invalidation);
            }
            let cast = if first { Cast::First } else { Cast::Others };
            stage = Some(Stage::cast(&store, &clock, reading, invalidation, cast));
        }
        let playing = stage.as_mut().expect("a play has begun");
        playing.database.store(world.database, Ordering::SeqCst);
        playing.invalidated.store(world.invalidated, Ordering::SeqCst);
        let scene = &mut playing.scene;
        match what {
            What::LetGo(place) => drop(scene.let_go(place)),
            What::Pass(millis) => scene.advance(Duration::from_millis(millis)),
            What::Begin { .. } | What::Finish => {}
        }
        let answer = match what {
            What::Finish => {
                let stale = stage.take().map(|stage| Box::new(stage).finish()).unwrap_or_default();
                Answer { standing: Vec::new(), is_done: true, sleepers: 0, world, stale }
            }
            _ => at_rest(playing),
        };
        let answer = serde_json::to_string(&answer).expect("an answer can be written");
        writeln!(out, "{answer}").and_then(|()| out.flush()).expect("somebody listens");
    }
}

fn at_rest(stage: &mut Stage) -> Answer {
    let scene = &mut stage.scene;
    scene.settle();
    let standing = scene.points.names();
    let (is_done, sleepers) = (scene.is_done(), scene.sleepers());
    let world = World {
        database: stage.database.load(Ordering::SeqCst),
        invalidated: stage.invalidated.load(Ordering::SeqCst),
    };
    Answer { standing, is_done, sleepers, world, stale: Vec::new() }
}
