//! A shard in plain memory, held against a map: also under Miri, which sees every unsound access and every race.

use std::collections::HashMap;

use super::*;
use crate::hash::NameHash;
use crate::markers::{self, MarkerName};
use crate::marks;
use crate::record::{Body, Draft, NEVER};
use crate::words::Heap;

/// Random numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = crate::hash::mix(self.0.wrapping_add(0x9e37_79b9));
        self.0 % sides
    }
}

struct Bench {
    shard: Shard<Heap>,
    markers: Markers<Heap>,
    now: u64,
    /// Whether nobody else writes, so that looking without the lock is as good as with it.
    alone: bool,
}

const SEED: u64 = 7;
const OWNER: u64 = 42;

fn layout(small: usize, main: usize, entries: u64) -> Layout {
    // Under Miri each word of memory takes long to make.
    let (main, buckets) = if cfg!(miri) { (main.min(256 << 10), 256) } else { (main, 16384) };
    Layout { shards: 1, small, main, buckets, entries, markers: 64, side_bytes: 0 }
}

impl Bench {
    fn new(layout: Layout) -> Self {
        let shard = Shard::new(Heap::new(layout.shard_length()), layout, Box::new(|_, _| true));
        assert!(shard.make(OWNER));
        let markers = Markers::new(Heap::new(markers::length(layout.markers)), layout.markers);
        markers.make(OWNER);
        markers.renew_scope(scope());
        Self { shard, markers, now: 1000, alone: true }
    }

    fn visit<T>(&self, work: impl FnOnce(&mut Visit<'_, Heap>) -> T) -> T {
        work(&mut self.shard.enter(&self.markers, self.now))
    }

    fn put(&self, key: &[u8], body: Body<'_>, deadline: u64, marks: &[u8], condition: Condition) -> Outcome {
        let draft = Draft {
            hash: NameHash::of(SEED, key),
            key,
            codec: 3,
            body,
            marks,
            epoch: self.markers.epoch(),
            scope: self.markers.scope(scope()).unwrap(),
            written: self.now,
            session: 1,
            deadline,
            stamp: 0,
            uses: 0,
            content: body.content(),
        };
        self.visit(|visit| visit.put(&Put { draft, name: scope(), condition, too_large: false }))
    }

    fn set(&self, key: &[u8], value: &[u8]) -> Outcome {
        self.put(key, Body::Bytes(value), NEVER, &[], Condition::Always)
    }

    fn seen(&self, key: &[u8]) -> (Seen, Vec<u8>) {
        let reader = Reader {
            markers: &self.markers,
            scope: scope(),
            now: self.now,
            session: 1,
            marks: true,
            counts: true,
            dead_too: false,
            locked: false,
        };
        let hash = NameHash::of(SEED, key);
        let mut bytes = Vec::new();
        let seen = match self.shard.look(&reader, hash, key, &mut bytes) {
            Seen::Unsettled if self.alone => {
                self.shard.look_once(&Reader { locked: true, ..reader }, hash, key, &mut bytes).1
            }
            seen => seen,
        };
        (seen, bytes)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.seen(key) {
            (Seen::Live(Reading { found: Found::Bytes { codec: 3 }, .. }), bytes) => Some(bytes),
            (Seen::Live(other), _) => panic!("{other:?}"),
            _ => None,
        }
    }

    fn remove(&self, key: &[u8]) -> bool {
        self.visit(|visit| visit.remove(NameHash::of(SEED, key), key, scope(), Condition::Always))
    }
}

fn scope() -> MarkerName {
    MarkerName::of(255, b"prefix")
}

fn value(dice: &mut Dice, longest: u64) -> Vec<u8> {
    let length = dice.roll(longest);
    let byte = dice.roll(256) as u8;
    (0..length).map(|index| byte.wrapping_add(index as u8)).collect()
}

const SEEDS: u64 = if cfg!(miri) { 1 } else { 4 };
const ROUNDS: u64 = if cfg!(miri) { 300 } else { 60_000 };

#[test]
fn a_shard_with_room_is_a_map() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let bench = Bench::new(layout(64 << 10, 1 << 20, u64::MAX));
        let mut model = HashMap::new();
        for round in 0..ROUNDS {
            let key = format!("key{}", dice.roll(300)).into_bytes();
            match dice.roll(10) {
                0..4 => {
                    let value = value(&mut dice, 400);
                    assert_eq!(bench.set(&key, &value), Outcome::Stored);
                    model.insert(key, value);
                }
                4..9 => assert_eq!(bench.get(&key), model.get(&key).cloned(), "round {round} of {seed}"),
                _ => assert_eq!(bench.remove(&key), model.remove(&key).is_some()),
            }
        }
        assert_eq!(bench.shard.size().0, model.len() as u64);
        assert!(bench.shard.is_sound(OWNER));
    }
}

#[test]
fn a_small_shard_forgets_and_never_lies() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let bench = Bench::new(layout(16 << 10, 64 << 10, u64::MAX));
        let mut model: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        let mut hits = 0;
        for _ in 0..ROUNDS {
            let key = format!("key{}", dice.roll(2000).min(dice.roll(2000))).into_bytes();
            if dice.roll(2) == 0 {
                let value = value(&mut dice, 700);
                assert_eq!(bench.set(&key, &value), Outcome::Stored);
                assert_eq!(bench.get(&key).as_ref(), Some(&value));
                model.insert(key, value);
            } else if let Some(found) = bench.get(&key) {
                assert_eq!(Some(&found), model.get(&key));
                hits += 1;
            }
        }
        assert!(hits > ROUNDS / 100, "{hits} hits");
        assert!(bench.shard.size().1 <= 80 << 10);
        assert!(bench.shard.is_sound(OWNER));
    }
}

#[test]
fn a_bound_on_entries_holds() {
    let bench = Bench::new(layout(64 << 10, 1 << 20, 24));
    for number in 0..if cfg!(miri) { 60 } else { 500_u32 } {
        assert_eq!(bench.set(&number.to_le_bytes(), b"value"), Outcome::Stored);
        assert!(bench.shard.size().0 <= 24);
        assert!(bench.get(&number.to_le_bytes()).is_some());
        bench.get(&7_u32.to_le_bytes());
    }
    assert_eq!(bench.shard.size().0, 24);
    assert!(bench.get(&7_u32.to_le_bytes()).is_some(), "what is used stays");
}

#[test]
fn many_are_evicted_at_once_and_no_more() {
    let bench = Bench::new(layout(64 << 10, 512 << 10, u64::MAX));
    let (all, most) = if cfg!(miri) { (90_u32, 30) } else { (900, 300) };
    for number in 0..all {
        // A part of them has been used, so that it goes round before it goes.
        assert_eq!(bench.set(&number.to_le_bytes(), &[7; 40]), Outcome::Stored);
        for _ in 0..number % 4 {
            assert!(bench.get(&number.to_le_bytes()).is_some());
        }
    }
    let left = || (0..all).filter(|number| bench.get(&number.to_le_bytes()).is_some()).count() as u32;
    bench.visit(|visit| visit.evict_many(u64::from(most)));
    assert_eq!((left(), bench.shard.size().0), (all - most, u64::from(all - most)));
    bench.visit(|visit| visit.evict_many(0));
    assert_eq!(left(), all - most);
    bench.visit(|visit| visit.evict_many(u64::MAX));
    assert_eq!((left(), bench.shard.size().0), (0, 0));
    assert_eq!(bench.set(b"key", b"value"), Outcome::Stored);
    assert_eq!(bench.get(b"key").as_deref(), Some(&b"value"[..]));
}

#[test]
fn one_sweep_of_all_leaves_nothing_dead() {
    let mut bench = Bench::new(layout(64 << 10, 512 << 10, u64::MAX));
    let all = if cfg!(miri) { 60_u32 } else { 2000 };
    for number in 0..all {
        let deadline = if number % 3 == 0 { 2000 } else { NEVER };
        bench.put(&number.to_le_bytes(), Body::Bytes(&[7; 40]), deadline, &[], Condition::Always);
    }
    bench.now = 3000;
    bench.visit(|visit| visit.sweep_all());
    assert_eq!(bench.shard.size().0, u64::from(all - all.div_ceil(3)));
}

#[test]
fn what_is_seldom_written_outlives_many_writes_of_others() {
    let bench = Bench::new(layout(64 << 10, 1 << 20, u64::MAX));
    for number in 0..200_u32 {
        bench.set(&number.to_le_bytes(), &[1; 100]);
    }
    for round in 0..ROUNDS {
        bench.set(format!("busy{}", round % 10).as_bytes(), &[2; 500]);
    }
    for number in 0..200_u32 {
        assert!(bench.get(&number.to_le_bytes()).is_some(), "{number}");
    }
}

#[test]
fn dead_entries_go_by_themselves() {
    let mut bench = Bench::new(layout(64 << 10, 1 << 20, u64::MAX));
    for number in 0..1000_u32 {
        bench.put(&number.to_le_bytes(), Body::Bytes(&[1; 50]), bench.now + 10, &[], Condition::Always);
    }
    bench.now += 11;
    assert!(matches!(bench.seen(&5_u32.to_le_bytes()).0, Seen::Dead(Dead::Expired)));
    for round in 0..200_u32 {
        bench.set(b"other", &round.to_le_bytes());
    }
    assert_eq!(bench.shard.size().0, 1);
    bench.markers.renew_scope(scope());
    assert_eq!(bench.get(b"other"), None);
    for round in 0..200_u32 {
        bench.set(b"another", &round.to_le_bytes());
    }
    assert_eq!(bench.shard.size().0, 1);
}

#[test]
fn marks_are_compared_at_every_read_and_at_the_put() {
    let bench = Bench::new(layout(64 << 10, 1 << 20, u64::MAX));
    let tag = MarkerName::of(0, b"tag");
    let generation = bench.markers.renew(tag, |_, _| true);
    let mut marked = Vec::new();
    marks::push(&mut marked, 0, b"tag", generation);
    let put = |condition| bench.put(b"key", Body::Bytes(b"value"), NEVER, &marked, condition);
    assert_eq!(put(Condition::Always), Outcome::Stored);
    assert!(bench.get(b"key").is_some());
    bench.markers.renew(tag, |_, _| true);
    assert!(matches!(bench.seen(b"key").0, Seen::Dead(Dead::Mark(0))));
    assert_eq!(put(Condition::Absent), Outcome::Overtaken);
    bench.set(b"key", b"older than what is refused");
    assert_eq!(put(Condition::Present), Outcome::Overtaken);
    assert!(bench.get(b"key").is_some());
    assert_eq!(put(Condition::Always), Outcome::Overtaken);
    assert_eq!(bench.get(b"key"), None);
}

#[test]
fn leases_fence() {
    let mut bench = Bench::new(layout(64 << 10, 1 << 20, u64::MAX));
    let hash = NameHash::of(SEED, b"key");
    let lease = |bench: &Bench, refresh| {
        bench.visit(|visit| visit.lease(hash, b"key", scope(), &Wish { until: bench.now + 100, refresh, holder: 1 }))
    };
    let fill = |bench: &Bench, stamp| bench.put(b"key", Body::Bytes(b"v"), NEVER, &[], Condition::Unchanged(stamp));
    let granted = |leased| match leased {
        Leased::Granted(stamp) => stamp,
        other => panic!("{other:?}"),
    };
    let first = granted(lease(&bench, false));
    assert_eq!(lease(&bench, false), Leased::Held { holder: 1, stamp: first });
    assert_eq!(fill(&bench, first + 1), Outcome::Condition);
    assert_eq!(fill(&bench, first), Outcome::Stored);
    assert_eq!(fill(&bench, first), Outcome::Condition);
    assert_eq!(lease(&bench, false), Leased::Live);
    // A removal ends it, a clearing ends it, and so does whoever takes it over.
    bench.remove(b"key");
    let second = granted(lease(&bench, false));
    bench.remove(b"key");
    assert_eq!(fill(&bench, second), Outcome::Condition);
    let third = granted(lease(&bench, false));
    bench.markers.renew_scope(scope());
    assert_eq!(fill(&bench, third), Outcome::Condition);
    let fourth = granted(lease(&bench, false));
    bench.now += 200;
    let fifth = granted(lease(&bench, false));
    assert_eq!(fill(&bench, fourth), Outcome::Condition);
    bench.now += 200;
    assert_eq!(fill(&bench, fifth), Outcome::Stored, "one that ran out still fences");
    let sixth = granted(lease(&bench, true));
    assert!(bench.get(b"key").is_some(), "what is refreshed stays readable");
    bench.set(b"key", b"newer");
    assert_eq!(fill(&bench, sixth), Outcome::Condition);
}

#[test]
fn numbers_are_counted_in_place() {
    let bench = Bench::new(layout(64 << 10, 1 << 20, u64::MAX));
    bench.put(b"n", Body::Integer(i64::MAX - 3), NEVER, &[], Condition::Always);
    let hash = NameHash::of(SEED, b"n");
    let add = |delta| bench.visit(|visit| visit.add(hash, b"n", scope(), delta));
    let before = bench.shard.size();
    assert_eq!(add(2), Some(Added::Now(i64::MAX - 1)));
    assert_eq!(add(1), Some(Added::Now(i64::MAX)));
    assert_eq!(add(1), Some(Added::Overflow));
    assert_eq!(add(-5), Some(Added::Now(i64::MAX - 5)));
    assert_eq!(bench.shard.size(), before);
    bench.set(b"n", b"text");
    assert_eq!(add(1), Some(Added::NotAnInteger));
    bench.remove(b"n");
    assert_eq!(add(1), None);
}

#[test]
fn the_index_doubles_and_loses_nothing() {
    let bench = Bench::new(layout(64 << 10, 8 << 20, u64::MAX));
    let count = if cfg!(miri) { 700 } else { 20_000_u32 };
    for number in 0..count {
        assert_eq!(bench.set(&number.to_le_bytes(), &number.to_be_bytes()), Outcome::Stored);
    }
    for number in 0..count {
        assert_eq!(bench.get(&number.to_le_bytes()).as_deref(), Some(&number.to_be_bytes()[..]));
    }
    assert_eq!(bench.shard.size().0, u64::from(count));
}

#[test]
fn whatever_the_bytes_are_reading_and_writing_end() {
    let rounds = if cfg!(miri) { 3 } else { 300 };
    for seed in 0..rounds {
        let mut dice = Dice(seed);
        let bench = Bench::new(layout(16 << 10, 64 << 10, u64::MAX));
        let mut model: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for number in 0..400_u32 {
            let (key, value) = (number.to_le_bytes().to_vec(), value(&mut dice, 300));
            bench.set(&key, &value);
            model.insert(key, value);
        }
        let words = bench.shard.words();
        for _ in 0..1 + dice.roll(200) {
            let at =
                INDEX_AT + dice.roll((layout(16 << 10, 64 << 10, 0).shard_length() - INDEX_AT) as u64 / 8) as usize * 8;
            let word = words.load(at, Relaxed);
            let torn = match dice.roll(4) {
                0 => 0,
                1 => u64::MAX,
                2 => word ^ 1 << dice.roll(64),
                _ => crate::hash::mix(dice.roll(u64::MAX)),
            };
            words.store(at, torn, Relaxed);
        }
        for number in 0..400_u32 {
            let key = number.to_le_bytes();
            if let Some(found) = bench.get(&key) {
                assert_eq!(Some(&found), model.get(&key[..]), "seed {seed}");
            }
        }
        for number in 0..800_u32 {
            let key = number.to_le_bytes();
            if bench.set(&key, b"new") == Outcome::Stored {
                assert_eq!(bench.get(&key).as_deref(), Some(&b"new"[..]), "seed {seed}");
            }
        }
    }
}

#[test]
fn readers_see_whole_values_while_writers_write() {
    let bench = Bench { alone: false, ..Bench::new(layout(16 << 10, 64 << 10, u64::MAX)) };
    let rounds = ROUNDS as u32;
    let lock = parking_lot::Mutex::new(());
    std::thread::scope(|scope| {
        for writer in 0..2_u32 {
            let (bench, lock) = (&bench, &lock);
            scope.spawn(move || {
                for round in 0..rounds {
                    let _held = lock.lock();
                    let fill = (round ^ writer << 7) as u8;
                    bench.set(format!("key{}", round % 50).as_bytes(), &vec![fill; 40 + round as usize % 300]);
                }
            });
        }
        for _ in 0..2 {
            let bench = &bench;
            scope.spawn(move || {
                for round in 0..rounds {
                    if let Some(found) = bench.get(format!("key{}", round % 50).as_bytes()) {
                        assert!(found.iter().all(|byte| *byte == found[0]));
                    }
                }
            });
        }
    });
}
