//! Does forgetting a million entries take longer than forgetting a thousand?

use keepwarm::{Cache, Namespace};

use crate::keys::key_of;
use crate::peers::{NEVER_FAILS, cache_of};
use crate::report::Report;
use crate::rounds::median;
use crate::table::Table;
use crate::time::thread_time;
use crate::values::Record;
use crate::values::Sample;

const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;

/// Calls that are timed together: one alone is too short for the clock.
const CALLS: usize = 64;

/// A cache of entries, and the verb that forgets them all.
struct Subject {
    cache: Cache,
    fill: fn(&Cache, u64),
    forget: Box<dyn Fn(&Cache)>,
}

pub(crate) fn run(report: &mut Report) {
    if !report.wants("invalidation") {
        return;
    }
    let (rounds, refills) = if report.quick() { (51, 1) } else { (201, 5) };
    let mut table = Table::new(["verb", "1k entries, ns", "1M entries, ns", "ratio", "first call at 1M, ns"]);
    for (name, make) in
        [("clear", clearing as fn(u64) -> Subject), ("namespace", namespace_invalidating), ("tag", tag_invalidating)]
    {
        let (few, many) = (make(FEW), make(MANY));
        // On live entries: what was put off would show here.
        let mut first: Vec<f64> = Vec::new();
        for _ in 0..refills {
            (few.fill)(&few.cache, FEW);
            (many.fill)(&many.cache, MANY);
            few.time(1);
            first.push(many.time(1));
        }
        let (mut of_few, mut of_many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (for_few, for_many) = (few.time(CALLS), many.time(CALLS));
            of_few.push(for_few);
            of_many.push(for_many);
            ratios.push(for_many / for_few);
        }
        let ratio = median(ratios);
        report.figure(format!("invalidation/{name}"), ratio);
        let first = median(first);
        report.figure(format!("invalidation/{name}/first"), first);
        table.row([
            name.to_owned(),
            format!("{:.0}", median(of_few)),
            format!("{:.0}", median(of_many)),
            format!("{ratio:.2}"),
            format!("{first:.0}"),
        ]);
    }
    let notes = vec![
        format!(
            "Of {CALLS} calls in a row, interleaved between the two sizes; every entry has the tag, or is in the namespace."
        ),
        "The first call meets a million live entries with cold caches; its clock reads are in it.".to_owned(),
    ];
    report.section("invalidation", &table, notes);
}

impl Subject {
    /// Nanoseconds a call.
    fn time(&self, calls: usize) -> f64 {
        let before = thread_time();
        for _ in 0..calls {
            (self.forget)(&self.cache);
        }
        (thread_time() - before) as f64 / calls as f64
    }
}

fn room(entries: u64) -> usize {
    (entries + entries / 4) as usize
}

fn clearing(entries: u64) -> Subject {
    Subject {
        cache: cache_of(room(entries)),
        fill: |cache, entries| {
            for id in 0..entries {
                cache.set(&key_of(id), &Record::of(id)).wait().expect(NEVER_FAILS);
            }
        },
        forget: Box::new(|cache| cache.clear().wait().expect(NEVER_FAILS)),
    }
}

fn namespace_invalidating(entries: u64) -> Subject {
    let cache = cache_of(room(entries));
    let namespace: Namespace = cache.namespace("product");
    Subject {
        cache,
        fill: |cache, entries| {
            let namespace = cache.namespace("product");
            for id in 0..entries {
                namespace.set(&key_of(id), &Record::of(id)).wait().expect(NEVER_FAILS);
            }
        },
        forget: Box::new(move |_| namespace.invalidate().wait().expect(NEVER_FAILS)),
    }
}

fn tag_invalidating(entries: u64) -> Subject {
    Subject {
        cache: cache_of(room(entries)),
        fill: |cache, entries| {
            for id in 0..entries {
                cache.set(&key_of(id), &Record::of(id)).tags(["users"]).wait().expect(NEVER_FAILS);
            }
        },
        forget: Box::new(|cache| cache.invalidate_tag("users").wait().expect(NEVER_FAILS)),
    }
}
