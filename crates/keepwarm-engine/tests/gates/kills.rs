//! Processes that are killed while they write.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keepwarm_engine::{Lease, Store};

use crate::children::{child, command, heard};
use crate::support::{Dice, directory, held, number, options, scope, set, times, value, version};

/// Writers that are killed whenever it happens, while others read.
pub(crate) fn at_random() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let store = Store::new(options(directory.path()));
    // Of their own: what is counted must not be evicted by what is written.
    let counts = Store::new(options(&directory.path().join("counts")));
    let over = AtomicBool::new(false);
    let mut dice = Dice(7);
    let mut counted = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0_u64.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // Panics on a wrong byte.
                held(&store, &format!("key{}", round % 400));
            }
        });
        let _over = Over(&over);
        for kill in 0..times(60, 1000) {
            let mut writers: Vec<_> =
                (0..2).map(|one| child(&["write", place, &(kill * 2 + one + 1).to_string()])).collect();
            // Counted in what the writers do, so that a slow machine kills as late as a fast one.
            let mut lines = BufReader::new(writers[0].stdout.take().expect("it is piped")).lines();
            for _ in 0..dice.roll(60) {
                let line = lines.next().expect("it writes").expect("it is text");
                counted = counted.max(acknowledged(&line).1 as i64);
            }
            for writer in &mut writers {
                writer.kill().expect("it is ours");
                writer.wait().expect("it is ours");
            }
            let rest = lines.map_while(Result::ok).filter(|line| line.starts_with("count "));
            counted = rest.fold(counted, |most, line| most.max(acknowledged(&line).1 as i64));
            let now = number(&counts, "count").unwrap_or(0);
            assert!(now >= counted, "{counted} were acknowledged, {now} are there");
            let begun = Instant::now();
            for key in 0..64 {
                let key = format!("after{key}");
                set(&store, &key, &value(&key, kill, 10)).expect("no lock is stuck");
                assert_eq!(held(&store, &key), Some(kill));
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "a lock was held for {:?}", begun.elapsed());
        }
    });
    assert!(counted > 0);
    Ok(())
}

/// Who has taken a lease and is killed holds nobody up, however long the lease was to be.
pub(crate) fn holder() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let store = Store::new(options(directory.path()));
    let ask = || store.lease(scope(), b"leased", 1 << 40, false, 1).expect("the store works");
    for _ in 0..times(5, 100) {
        let mut holder = child(&["lease", place]);
        heard(&mut holder);
        assert_eq!(ask(), Lease::Held, "while it computes");
        holder.kill().expect("it is ours");
        holder.wait().expect("it is ours");
        let Lease::Granted(stamp) = ask() else { panic!("the lease of a dead one is held") };
        assert_eq!(ask(), Lease::Held, "by ourselves");
        store.release(b"leased", stamp, 1).expect("the store works");
    }
    Ok(())
}

/// A writer that dies in the middle while a child that it has forked lives on, and has never used the store: its lock is free at
/// once, after whichever store it dies.
pub(crate) fn with_child() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let store = Store::new(options(directory.path()));
    let mut deaths = 0;
    for point in 0..times(40, 60) {
        let mut writer = command(&["fork", place, &point.to_string()]);
        let mut writer = writer.stdin(Stdio::piped()).spawn().expect("a process can be started");
        // The child lives until this is closed.
        let life = writer.stdin.take().expect("it is piped");
        heard(&mut writer);
        deaths += u64::from(!writer.wait().expect("it is ours").success());
        set(&store, "key", &value("key", point + 2, 100)).expect("nobody alive holds a lock");
        assert_eq!(held(&store, "key"), Some(point + 2));
        drop(life);
    }
    assert!(deaths >= 20, "only {deaths} died within a write");
    Ok(())
}

/// Tells the reader that it is over, also when it ends in a panic.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `what version` of a line that a child said.
fn acknowledged(line: &str) -> (&str, u64) {
    let (what, number) = line.rsplit_once(' ').expect("two words");
    (what, number.parse().expect("a number"))
}

/// A writer that dies after the first, the second, ... store to shared memory.
pub(crate) fn at_points() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let store = Store::new(options(directory.path()));
    let mut dice = Dice(11);
    let mut model: HashMap<String, u64> = HashMap::new();
    let (mut count, mut deaths) = (0, 0);
    for round in 0..times(250, 5000) {
        // Early points one by one, later ones by chance.
        let point = if round < 150 { round } else { dice.roll(60_000) };
        let child = child(&["die", place, &(round + 1).to_string(), &point.to_string(), "40"]);
        let output = child.wait_with_output().expect("it is ours");
        let said = String::from_utf8(output.stdout).expect("it is text");
        // What was said is done. What came after the last word may be done.
        for line in said.lines() {
            let (what, version) = acknowledged(line);
            match what.strip_suffix(" removed") {
                Some(key) => drop(model.remove(key)),
                None if what == "count" => count = version as i64,
                None => drop(model.insert(what.to_owned(), version)),
            }
        }
        deaths += u64::from(!output.status.success());
        let now = number(&store, "count").unwrap_or(0);
        assert!((count..=count + 1).contains(&now), "point {point}: {count} acknowledged, {now} there");
        count = now;
        for key in (0..30).map(|key| format!("key{key}")) {
            let Some(found) = held(&store, &key) else { continue };
            // Either what was acknowledged last, or what the child was doing when it died.
            let dying = found >> 16 == round + 1;
            assert!(
                dying || model.get(&key) == Some(&found),
                "point {point}: {key} holds version {found}, acknowledged was {:?}",
                model.get(&key)
            );
            model.insert(key, found);
        }
        set(&store, "after", &value("after", round, 100)).expect("no lock is stuck");
        assert_eq!(held(&store, "after").and_then(|found| version("after", &value("after", found, 0))), Some(round));
    }
    assert!(deaths > 100, "only {deaths} died");
    Ok(())
}
