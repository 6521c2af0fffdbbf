//! A near tier: hits cost nothing, and nothing is served whose invalidation is in.

use std::sync::Arc;
use std::thread;

use keepwarm::backends::memory::Memory;
use keepwarm::layers::Tiered;
use keepwarm::{Cache, CacheBuilder, ErrorKind, MemoryOptions, Timeout, secs};
use keepwarm_conformance::kit::{Encodes, Fault, Faults, Gate, ManualClock, News, Record, Shared, Verb};

use crate::support::{Bench, stats};

/// A shared store that encodes and tells, and two machines on it.
struct Two {
    clock: ManualClock,
    news: News,
    record: Record,
    gate: Gate,
    faults: Faults,
    store: Shared,
}

impl Two {
    fn new() -> Self {
        let clock = ManualClock::new();
        let (news, record) = (News::new(), Record::new());
        let memory = Memory::new(&MemoryOptions::new(), keepwarm::clock::Clock::manual(&clock));
        let store = Shared::new(record.around(news.around(Encodes::around(memory))));
        Self { clock, news, record, gate: Gate::new(), faults: Faults::new(), store }
    }

    fn builder(&self) -> CacheBuilder {
        let clock = keepwarm::clock::Clock::manual(&self.clock);
        Cache::builder().backend(self.gate.around(self.faults.around(self.store.clone()))).clock(clock)
    }

    fn tiered(&self) -> Tiered {
        Tiered::new(self.news.clone()).clock(keepwarm::clock::Clock::manual(&self.clock)).max_staleness(secs(30))
    }

    /// This machine, with a near tier.
    fn here(&self) -> Cache {
        self.builder().layer(self.tiered()).timeout(Timeout::Never).build().unwrap()
    }

    /// Another machine, without one.
    fn there(&self) -> Cache {
        let clock = keepwarm::clock::Clock::manual(&self.clock);
        Cache::builder().backend(self.store.clone()).clock(clock).timeout(Timeout::Never).build().unwrap()
    }

    fn asked(&self) -> usize {
        self.record.take().len()
    }
}

fn near_entries(cache: &Cache) -> u64 {
    stats(cache).health.near.unwrap().entries
}

#[test]
fn a_second_read_does_not_ask_the_store_and_shares_one_value() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set("key", "value").wait().unwrap();
    let first: Arc<String> = here.get_arc("key").wait().unwrap().unwrap();
    two.asked();
    let second: Arc<String> = here.get_arc("key").wait().unwrap().unwrap();
    assert_eq!(here.get_or_set("key", || async { "other".to_owned() }).wait().unwrap(), "value");
    assert_eq!(here.get_many::<String, _>(["key"]).wait().unwrap()["key"], "value");
    assert!(Arc::ptr_eq(&first, &second), "it was decoded once");
    assert_eq!(two.asked(), 0);
    assert_eq!(stats(&here).hits, 4);
}

#[test]
fn a_read_of_many_keeps_what_it_fetches_and_asks_only_for_what_is_not_near() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set_many([("a", &1), ("b", &2), ("c", &3)]).wait().unwrap();
    there.set("tagged", &4).tags(["tag"]).wait().unwrap();
    assert_eq!(here.get::<i32>("a").wait().unwrap(), Some(1));
    two.record.take();
    let read = || here.get_many::<i32, _>(["a", "b", "c", "tagged", "absent"]).wait().unwrap();
    assert_eq!(read().len(), 4);
    let asked = two.record.take();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let name = |key: &str| here.make_key(key, None).unwrap();
    assert_eq!((asked[0].verb, &asked[0].names), (Verb::Entries, &["b", "c", "tagged", "absent"].map(name).to_vec()));
    // Near: all but what is not there.
    assert_eq!(read().len(), 4);
    let asked = two.record.take();
    assert_eq!((asked.len(), &asked[0].names), (1, &vec![name("absent")]));
    for key in ["b", "c"] {
        assert!(here.get::<i32>(key).wait().unwrap().is_some());
    }
    assert_eq!(two.asked(), 0, "single reads find what a read of many kept");
    // What another machine changes is gone here.
    there.set("b", &20).wait().unwrap();
    there.invalidate_tag("tag").wait().unwrap();
    let found = read();
    assert_eq!((found.get("a"), found.get("b"), found.get("tagged")), (Some(&1), Some(&20), None));
}

/// What another machine does to the key, and what is there afterwards.
type Change = fn(&Cache);

#[test]
fn what_another_machine_changes_is_gone_here_when_the_news_is_in() {
    let changes: [(&str, Change); 10] = [
        ("set", |there| there.set("key", &2).wait().map(drop).unwrap()),
        ("set_many", |there| there.set_many([("key", &2)]).wait().map(drop).unwrap()),
        ("delete", |there| there.delete("key").wait().map(drop).unwrap()),
        ("delete_many", |there| there.delete_many(["key"]).wait().map(drop).unwrap()),
        ("incr", |there| there.incr("key", 1).wait().map(drop).unwrap()),
        ("tag", |there| there.invalidate_tag("tag").wait().unwrap()),
        ("clear", |there| there.clear().wait().unwrap()),
        ("clear_store", |there| there.clear_store().wait().unwrap()),
        ("refresh", |there| there.refresh("key", || async { 2 }).wait().map(drop).unwrap()),
        ("update", |there| there.update("key", |_: Option<i32>| Some(2)).wait().map(drop).unwrap()),
    ];
    for (name, change) in changes {
        let two = Two::new();
        let (here, there) = (two.here(), two.there());
        there.set("key", &1).tags(["tag"]).wait().unwrap();
        assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
        change(&there);
        let left = there.get::<i32>("key").wait().unwrap();
        assert_ne!(left, Some(1), "{name}");
        assert_eq!(here.get::<i32>("key").wait().unwrap(), left, "{name}");
    }
}

#[test]
fn what_this_machine_changes_is_gone_when_the_verb_returns_though_no_news_come() {
    let two = Two::new();
    let here = two.here();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    two.news.hold();
    let set = || {
        let _ = here.set("key", &1).tags(["tag"]).wait().unwrap();
        assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
        assert_eq!(near_entries(&here), 1);
    };
    set();
    let _ = here.set("key", &2).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(2));
    assert_eq!(here.incr("key", 1).wait().unwrap(), 3);
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(3));
    here.delete("key").wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    set();
    here.invalidate_tag("tag").wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    set();
    here.clear().wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    set();
    here.clear_store().wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    set();
    assert!(here.touch("key", secs(5)).wait().unwrap());
    two.clock.advance(secs(6));
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None, "the shorter life counts near as well");
}

#[test]
fn a_write_whose_answer_was_lost_is_forgotten_near_as_well() {
    let two = Two::new();
    let here = two.here();
    two.news.hold();
    let _ = here.set("key", &1).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
    two.faults.when(|call| (call.verb == Verb::Remove).then_some(Fault::AnswerLost(ErrorKind::Timeout)));
    here.delete("key").wait().unwrap_err();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
}

/// The race that near tiers lose: the answer of a fetch is on its way when the invalidation comes in.
#[test]
fn a_fetch_that_an_invalidation_overtook_is_not_kept() {
    let invalidations: [(&str, Change); 4] = [
        ("set", |there| there.set("key", &2).wait().map(drop).unwrap()),
        ("tag", |there| there.invalidate_tag("tag").wait().unwrap()),
        ("clear", |there| there.clear().wait().unwrap()),
        ("clear_store", |there| there.clear_store().wait().unwrap()),
    ];
    type Read = fn(&Cache) -> Option<i32>;
    let reads: [Read; 2] =
        [|here| here.get("key").wait().unwrap(), |here| here.get_many(["key", "absent"]).wait().unwrap().remove("key")];
    for ((name, invalidate), read) in
        invalidations.iter().flat_map(|change| reads.iter().map(move |read| (change, *read)))
    {
        let two = Two::new();
        let there = two.there();
        // Holds the answer, after the store has given it.
        let answers = Gate::new();
        let store = Answers { inner: two.store.clone(), gate: answers.clone() };
        let clock = keepwarm::clock::Clock::manual(&two.clock);
        let here = Cache::builder().backend(store.built()).layer(two.tiered()).clock(clock).build().unwrap();
        there.set("key", &1).tags(["tag"]).wait().unwrap();
        answers.hold(|call| matches!(call.verb, Verb::Entry | Verb::Entries));
        let fetch = thread::spawn({
            let here = here.clone();
            move || read(&here)
        });
        answers.wait_until_held(1);
        invalidate(&there);
        answers.open();
        assert_eq!(fetch.join().unwrap(), Some(1), "{name}: it asked before");
        let near = stats(&here).health.near.unwrap();
        assert_eq!(near.overtaken, 1, "{name}: {near:?}");
        assert_ne!(here.get::<i32>("key").wait().unwrap(), Some(1), "{name}");
    }
}

/// A store whose answers pass a gate.
struct Answers {
    inner: Shared,
    gate: Gate,
}

impl Answers {
    /// The gate stands before verbs; laid around a store that has answered already, it stands before the answer.
    fn built(self) -> keepwarm_conformance::kit::Probed<Shared, After> {
        keepwarm_conformance::kit::Probed::around(self.inner, After(self.gate))
    }
}

/// Passes the gate after the verb.
struct After(Gate);

impl keepwarm_conformance::kit::Probe for After {
    fn waits(&self) -> bool {
        true
    }

    fn abilities(&self, inner: keepwarm::backend::Abilities) -> keepwarm::backend::Abilities {
        inner
    }

    async fn before(&self, _call: &keepwarm_conformance::kit::Call) -> keepwarm::Result<()> {
        Ok(())
    }

    async fn after(&self, call: &keepwarm_conformance::kit::Call) -> keepwarm::Result<()> {
        keepwarm_conformance::kit::Probe::before(&self.0, call).await
    }

    fn distort(&self, _call: &keepwarm_conformance::kit::Call, _answer: keepwarm_conformance::kit::Answer<'_>) {}
}

#[test]
fn a_lost_connection_empties_the_near_tier_and_nothing_is_served_until_it_is_back() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set("key", &1).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
    two.news.lose();
    there.set("key", &2).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(2));
    there.set("key", &3).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(3), "nothing is kept meanwhile");
    assert_eq!(near_entries(&here), 0);
    two.news.reconnect();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(3));
    assert_eq!(near_entries(&here), 1);
}

#[test]
fn a_fetch_across_a_lost_connection_is_not_kept() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set("key", &1).wait().unwrap();
    assert_eq!(here.get::<i32>("absent").wait().unwrap(), None);
    two.gate.hold(|call| call.verb == Verb::Entry);
    let fetch = thread::spawn({
        let here = here.clone();
        move || here.get::<i32>("key").wait().unwrap()
    });
    two.gate.wait_until_held(1);
    two.news.lose();
    two.news.reconnect();
    two.gate.open();
    assert_eq!(fetch.join().unwrap(), Some(1));
    assert_eq!(near_entries(&here), 0, "its token went with the connection");
}

#[test]
fn a_silent_connection_serves_nothing_for_longer_than_the_bound() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set("key", &1).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
    two.news.fall_silent();
    there.set("key", &2).wait().unwrap();
    two.clock.advance(secs(29));
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1), "that is what silence does");
    two.clock.advance(secs(1));
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(2));
}

#[test]
fn an_entry_near_dies_with_its_own_deadline() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set("key", &1).timeout(secs(5)).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
    two.clock.advance(secs(5));
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
}

#[test]
fn readers_of_other_types_and_garbled_bytes_are_misses_as_without_a_tier() {
    let two = Two::new();
    let (here, there) = (two.here(), two.there());
    there.set("key", "text").wait().unwrap();
    for _ in 0..2 {
        assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
        assert_eq!(here.get::<String>("key").wait().unwrap().as_deref(), Some("text"));
    }
    assert_eq!(here.get_or_set("key", || async { 5 }).wait().unwrap(), 5, "replaced, as what cannot be read");
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(5));
}

#[test]
fn building_asks_nobody_and_one_reader_at_a_time_fills() {
    let two = Two::new();
    let here = two.here();
    assert_eq!(two.asked(), 0);
    assert!(!stats(&here).health.near.unwrap().watching, "not before the first use");
    two.there().set("key", &1).wait().unwrap();
    two.gate.hold(|call| call.verb == Verb::Entry);
    let first = thread::spawn({
        let here = here.clone();
        move || here.get::<i32>("key").wait().unwrap()
    });
    two.gate.wait_until_held(1);
    // The second does not wait for the first, and keeps nothing.
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
    assert_eq!(near_entries(&here), 0);
    two.gate.open();
    assert_eq!(first.join().unwrap(), Some(1));
    assert_eq!(near_entries(&here), 1);
}

#[test]
fn a_near_tier_around_a_store_that_degrades() {
    let bench = Bench::new();
    let news = News::new();
    let store = Shared::new(news.around(bench.store.clone()));
    let clock = || keepwarm::clock::Clock::manual(&bench.clock);
    let here = Cache::builder()
        .backend(bench.gate.around(bench.faults.around(store)))
        .layer(keepwarm::layers::CallDeadline::default().clock(clock()))
        .layer(keepwarm::layers::Breaker::new().clock(clock()))
        .layer(keepwarm::layers::Degrade::new().clock(clock()))
        .layer(Tiered::new(news.clone()).clock(clock()))
        .clock(clock())
        .build()
        .unwrap();
    here.set_many([("key", &1), ("other", &2)]).wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1));
    assert_eq!(here.get::<i32>("other").wait().unwrap(), Some(2));
    bench.down();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), Some(1), "served near, while the store says what changes");
    here.delete("key").wait().unwrap();
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    news.lose();
    assert_eq!(here.get::<i32>("other").wait().unwrap(), None, "nobody knows whether it changed");
    bench.faults.heal();
    assert_ne!(here.get::<i32>("key").wait().unwrap(), Some(1));
    news.reconnect();
    bench.up_again(&here);
    assert_eq!(here.get::<i32>("key").wait().unwrap(), None);
    assert_eq!(here.get::<i32>("other").wait().unwrap(), Some(2));
}
