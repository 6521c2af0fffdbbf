//! A clearing whose process dies before it has swept up: nothing old comes back, and another process goes on with it.

use keepwarm::backends::redis::{Redis, RedisOptions};
use keepwarm::clock::{Clock, ManualClock};
use keepwarm::{Cache, secs};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;
use rustix::process::{Signal, getpid, kill_process};

use crate::children::{play, playing};
use crate::{cache, cache_of};

const PART: &str = "sweep";
const KEYS: usize = 20_000;

/// So often it is tried to die in the middle of a sweep.
const TRIES: usize = 20;

/// What the process that dies does; alone it has nothing to do.
#[test]
fn a_process_that_dies_while_it_sweeps() {
    let Some(url) = playing(PART) else { return };
    let cache = cache_of(&RedisOptions::url(&url).unwrap().socket_timeout(secs(30)));
    let mut connection = cache.redis().unwrap().connection_wait().unwrap();
    let mut size = || redis::cmd("DBSIZE").query::<usize>(&mut connection).unwrap();
    let before = size();
    cache.clear().wait().unwrap();
    // Some are swept. Should all of them be, the other process tries again.
    while size() >= before {}
    kill_process(getpid(), Signal::KILL).unwrap();
}

// covers: R33
#[test]
fn a_sweep_whose_process_died_is_ended_by_another() {
    let server = RedisServer::start();
    let writer = cache(&server);
    let items: Vec<(String, i64)> = (0..KEYS as i64).map(|number| (format!("number{number}"), number)).collect();
    let left = || server.ask(&["DBSIZE"]).parse::<usize>().unwrap();
    let dies_in_the_middle = || {
        for part in items.chunks(1000) {
            writer.set_many(part.iter().map(|(name, number)| (name.clone(), number))).wait().unwrap();
        }
        assert!(!play(&server, "sweeping::a_process_that_dies_while_it_sweeps", PART).success());
        server.ask(&["EXISTS", "keepwarm:clearing:app"]) == "1" && left() > KEYS / 100
    };
    assert!((0..TRIES).any(|_| dies_in_the_middle()), "every sweep was over before its process died");

    let clock = ManualClock::new();
    let redis = Redis::new(&RedisOptions::url(&server.url(0)).unwrap(), Clock::manual(&clock));
    let other = Cache::builder().backend(redis).clock(Clock::manual(&clock)).key_prefix("app").build().unwrap();
    let names = || items.iter().map(|(name, _)| name);
    assert!(other.get_many::<i64, _>(names().take(5000)).wait().unwrap().is_empty(), "all of it is dead");
    assert_eq!(other.get::<i64>("number7").wait().unwrap(), None);
    other.set("new", &1).wait().unwrap();
    // Whoever swept may still be at it: so long nobody else begins.
    clock.advance(secs(29));
    assert_eq!(other.get::<i64>("new").wait().unwrap(), Some(1));
    let before = left();
    clock.advance(secs(2));
    // Its hold on the sweep ends on the server after 30 seconds; they need not pass here.
    server.ask(&["DEL", "keepwarm:sweep:app"]);
    assert_eq!(other.get::<i64>("new").wait().unwrap(), Some(1));
    until("what is left is swept", || server.ask(&["EXISTS", "keepwarm:clearing:app"]) == "0");
    assert!(before > KEYS / 100 && left() < 20, "{before} keys before, {} after", left());
    assert_eq!(other.get::<i64>("new").wait().unwrap(), Some(1), "what is newer is not swept");
    other.set("plain", &9).wait().unwrap();
    assert_eq!(server.ask(&["GET", "app:1:plain"]), "9", "integers lie plain again");
}
