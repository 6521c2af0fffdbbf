//! Being told what changes on the server.

use std::sync::{Arc, Weak};

use keepwarm::backend::{Change, Feed, Watcher};
use keepwarm::backends::redis::Redis;
use keepwarm::clock::Clock;
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;
use parking_lot::Mutex;

use crate::{cache, options};

/// Writes down what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Watcher for Notes {
    fn watching(&self) {
        self.0.lock().push("watching".to_owned());
    }

    fn lost(&self) {
        self.0.lock().push("lost".to_owned());
    }

    fn changed(&self, change: Change<'_>) {
        self.0.lock().push(format!("{change:?}"));
    }
}

impl Notes {
    fn until(&self, what: &str) {
        until(what, || self.0.lock().iter().any(|note| note == what));
        let mut notes = self.0.lock();
        let place = notes.iter().position(|note| note == what);
        // What came behind it has not been waited for yet.
        notes.drain(..=place.expect("it was just there"));
    }
}

#[test]
fn every_change_is_told_as_what_it_is_and_a_lost_connection_too() {
    let mut server = RedisServer::start();
    let redis = Redis::new(&options(&server), Clock::system());
    let notes = Arc::new(Notes::default());
    let watcher: Arc<dyn Watcher> = notes.clone();
    redis.watch(Arc::downgrade(&watcher));
    notes.until("watching");
    let cache = cache(&server);
    cache.set("key", "value").tags(["tag"]).wait().unwrap();
    notes.until("Key(\"app:1:key\")");
    cache.invalidate_tag("tag").wait().unwrap();
    notes.until("Marker(\"app:tag:tag\")");
    cache.namespace("space").invalidate().wait().unwrap();
    notes.until("Marker(\"app:namespace:space\")");
    cache.incr("number", 1).or_insert(1, keepwarm::secs(9)).wait().unwrap();
    notes.until("Key(\"app:1:number\")");
    cache.delete("number").wait().unwrap();
    notes.until("Key(\"app:1:number\")");
    cache.clear().wait().unwrap();
    notes.until("Scope(\"app\")");
    cache.clear_store().wait().unwrap();
    notes.until("Everything");
    cache.set("short", "value").timeout(keepwarm::millis(20)).wait().unwrap();
    notes.until("Key(\"app:1:short\")");
    until("it has expired", || cache.get::<String>("short").wait().unwrap().is_none());
    notes.until("Key(\"app:1:short\")");
    server.restart();
    notes.until("lost");
    until("it watches again", || cache.set("key", "value").wait().is_ok());
    notes.until("watching");
    // A server that says nothing any more is found out by its silence.
    server.stall();
    notes.until("lost");
    server.resume();
    notes.until("watching");
    let weak: Weak<dyn Watcher> = Arc::downgrade(&watcher);
    drop((watcher, notes));
    until("the feed has let go", || weak.strong_count() == 0);
}
