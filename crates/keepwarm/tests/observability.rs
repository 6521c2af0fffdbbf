//! What the features `tracing` and `metrics` tell; run with both.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use keepwarm::clock::Clock;
use keepwarm::layers::Degrade;
use keepwarm::{Cache, ErrorKind};
use keepwarm_conformance::kit::{Fault, Faults, ManualClock};
use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};

/// Everything that a known course of calls counts: two misses, a set, a hit, a computation.
fn course() {
    let cache = Cache::builder().name("pages").build().unwrap();
    assert_eq!(cache.get::<String>("absent").wait().unwrap(), None);
    cache.set("key", "value").wait().unwrap();
    cache.get::<String>("key").wait().unwrap();
    assert_eq!(cache.get_or_set("computed", || async { 1 }).wait().unwrap(), 1);
}

type Lines = Arc<Mutex<Vec<String>>>;

struct Listener(Lines);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "keepwarm"
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = format!("{} ", event.metadata().level());
        event.record(&mut Fields(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

// covers: R208
#[test]
fn tracing_tells_misses_with_their_reason_and_hits_at_the_trace_level() {
    let lines = Lines::default();
    tracing::subscriber::with_default(Listener(Arc::clone(&lines)), course);
    let lines = lines.lock().unwrap();
    let told = |parts: &[&str]| lines.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
    assert_eq!(told(&["DEBUG", "pages", "misses", "absent"]), 2, "{lines:#?}");
    assert_eq!(told(&["TRACE", "hits"]), 1, "{lines:#?}");
    assert_eq!(told(&["TRACE", "sets"]), 2, "{lines:#?}");
    assert_eq!(told(&["DEBUG", "computations"]), 1, "{lines:#?}");
}

#[derive(Default, Clone)]
struct Counts(Arc<Mutex<HashMap<String, u64>>>);

struct One(Counts, String);

impl CounterFn for One {
    fn increment(&self, value: u64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }

    fn absolute(&self, value: u64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_gauge(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_histogram(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        let labels: Vec<String> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Counter::from_arc(Arc::new(One(self.clone(), format!("{}{{{}}}", key.name(), labels.join(",")))))
    }

    fn register_gauge(&self, _key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

// covers: R208
#[test]
fn metrics_counts_under_the_names_of_prometheus() {
    let counts = Counts::default();
    metrics::with_local_recorder(&counts, course);
    let counts = counts.0.lock().unwrap();
    assert_eq!(counts["keepwarm_misses_total{cache=pages,reason=absent}"], 2, "{counts:#?}");
    assert_eq!(counts["keepwarm_hits_total{cache=pages}"], 1, "{counts:#?}");
    assert_eq!(counts["keepwarm_sets_total{cache=pages}"], 2, "{counts:#?}");
    assert_eq!(counts["keepwarm_computations_total{cache=pages}"], 1, "{counts:#?}");
}

// covers: R204
#[test]
fn swallowed_failures_are_told_once_in_a_period() {
    let (clock, faults) = (ManualClock::new(), Faults::new());
    let degrade = Degrade::new().name("pages").clock(Clock::manual(&clock)).period(keepwarm::secs(10));
    let cache = Cache::builder().layer(faults.clone()).layer(degrade).build().unwrap();
    faults.always(Fault::Refused(ErrorKind::Backend));
    let lines = Lines::default();
    tracing::subscriber::with_default(Listener(Arc::clone(&lines)), || {
        for _ in 0..2 {
            (0..50).for_each(|_| assert_eq!(cache.get::<i32>("key").wait().unwrap(), None));
            clock.advance(keepwarm::secs(10));
        }
    });
    let lines = lines.lock().unwrap();
    let told: Vec<_> = lines.iter().filter(|line| line.contains("store_down") && line.starts_with("WARN")).collect();
    assert_eq!(told.len(), 2, "{lines:#?}");
    assert!(told[0].contains("swallowed=1 ") && told[1].contains("swallowed=51 "), "{told:#?}");
    assert!(told[0].contains("pages") && told[0].contains("on purpose"), "{told:#?}");
}
