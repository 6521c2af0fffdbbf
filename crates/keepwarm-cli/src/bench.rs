//! `bench`: a few seconds of gets and sets against one cache, bounded in time, keys and size.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use keepwarm::{Cache, Result, secs};
use serde_json::{Value, json};

use crate::arguments::BenchArguments;
use crate::failure::{Answer, Failure};
use crate::output::Output;

/// One operation in so many is timed: reading the clock twice costs as much as a hit in memory.
const TIMED: u64 = 16;

/// So many keys are removed in one call at the end.
const REMOVED_AT_ONCE: u64 = 1000;

/// What one thread saw.
struct Seen {
    operations: u64,
    hits: u64,
    misses: u64,
    gets: Histogram<u64>,
    sets: Histogram<u64>,
}

/// Measures, removes its keys and prints a table.
pub(crate) fn bench<W: Write>(
    cache: &Cache,
    arguments: &BenchArguments,
    output: &mut Output<W>,
) -> std::result::Result<Answer, Failure> {
    let names = Names::new(arguments);
    let value = "x".repeat(arguments.value_bytes as usize);
    let measured = names.fill(cache, &value).and_then(|()| measure(cache, arguments, &names, &value));
    // Removed before anything else is said: also after a failure.
    let removed = names.remove(cache);
    let (seen, took) = measured?;
    removed?;
    let rate = seen.operations as f64 / took.as_secs_f64();
    let reads = seen.hits + seen.misses;
    let hit_rate = if reads == 0 { None } else { Some(seen.hits as f64 / reads as f64) };
    let human = format!(
        "{} keys, values of {} bytes, {} % sets, {} thread(s), {:.1} s\n{:.0} operations/s, {}\n\n{:<5}{:>12}{:>12}{:>12}{:>12}\n{}{}",
        arguments.keys,
        arguments.value_bytes,
        arguments.writes,
        arguments.threads,
        took.as_secs_f64(),
        rate,
        hit_rate.map_or("no gets".to_owned(), |rate| format!("{:.1} % hits", rate * 100.0)),
        "us",
        "p50",
        "p90",
        "p99",
        "p99.9",
        row("get", &seen.gets),
        row("set", &seen.sets),
    );
    let json = json!({
        "backend": cache.backend_kind(),
        "seconds": took.as_secs_f64(),
        "operations": seen.operations,
        "operations_per_second": rate,
        "hit_rate": hit_rate,
        "get_nanoseconds": percentiles(&seen.gets),
        "set_nanoseconds": percentiles(&seen.sets),
    });
    output.tell(human, json)?;
    Ok(Answer::Yes)
}

/// The keys of one run.
struct Names {
    run: u64,
    count: u64,
    lives: Duration,
}

impl Names {
    fn new(arguments: &BenchArguments) -> Self {
        // Should the run be killed, its entries go by themselves.
        Self { run: fastrand::u64(..), count: arguments.keys, lives: secs(arguments.seconds + 300) }
    }

    fn name(&self, number: u64) -> String {
        format!("keepwarm-bench:{:016x}:{number}", self.run)
    }

    fn fill(&self, cache: &Cache, value: &String) -> Result<()> {
        for number in 0..self.count {
            cache.set(&self.name(number), value).timeout(self.lives).wait()?;
        }
        Ok(())
    }

    fn remove(&self, cache: &Cache) -> Result<()> {
        for first in (0..self.count).step_by(REMOVED_AT_ONCE as usize) {
            let names = (first..self.count.min(first + REMOVED_AT_ONCE)).map(|number| self.name(number));
            cache.delete_many(names).wait()?;
        }
        Ok(())
    }
}

fn measure(cache: &Cache, arguments: &BenchArguments, names: &Names, value: &String) -> Result<(Seen, Duration)> {
    // Made before, so that the measurement is of the cache and not of `format!`.
    let keys: Vec<String> = (0..names.count).map(|number| names.name(number)).collect();
    let begun = Instant::now();
    let until = begun + secs(arguments.seconds);
    let seen = thread::scope(|scope| {
        let work = || one_thread(cache, arguments.writes, &keys, value, names.lives, until);
        let threads: Vec<_> = (0..arguments.threads).map(|_| scope.spawn(work)).collect();
        let all = threads.into_iter().map(|thread| thread.join().expect("a measuring thread does not panic"));
        all.reduce(|one, other| Ok(one?.and(other?))).expect("there is at least one thread")
    })?;
    Ok((seen, begun.elapsed()))
}

fn one_thread(
    cache: &Cache,
    writes: u8,
    keys: &[String],
    value: &String,
    lives: Duration,
    until: Instant,
) -> Result<Seen> {
    let mut seen = Seen::new();
    let mut random = fastrand::Rng::new();
    loop {
        let timed = seen.operations.is_multiple_of(TIMED);
        let key = &keys[random.usize(..keys.len())];
        let write = random.u8(..100) < writes;
        let begun = timed.then(Instant::now);
        if write {
            cache.set(key, value).timeout(lives).wait()?;
        } else if cache.get::<String>(key).wait()?.is_some() {
            seen.hits += 1;
        } else {
            seen.misses += 1;
        }
        seen.operations += 1;
        if let Some(begun) = begun {
            let now = Instant::now();
            let nanoseconds = u64::try_from((now - begun).as_nanos()).unwrap_or(u64::MAX);
            let histogram = if write { &mut seen.sets } else { &mut seen.gets };
            histogram.saturating_record(nanoseconds);
            if now >= until {
                return Ok(seen);
            }
        }
    }
}

impl Seen {
    fn new() -> Self {
        // A nanosecond to ten minutes, two digits exact.
        let histogram = || Histogram::new_with_bounds(1, 600_000_000_000, 2).expect("the bounds are in order");
        Self { operations: 0, hits: 0, misses: 0, gets: histogram(), sets: histogram() }
    }

    fn and(mut self, other: Self) -> Self {
        self.operations += other.operations;
        self.hits += other.hits;
        self.misses += other.misses;
        self.gets.add(other.gets).expect("both have the same bounds");
        self.sets.add(other.sets).expect("both have the same bounds");
        self
    }
}

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)];

fn row(name: &str, histogram: &Histogram<u64>) -> String {
    if histogram.is_empty() {
        return String::new();
    }
    let cells = QUANTILES.map(|(_, quantile)| format!("{:>12.2}", histogram.value_at_quantile(quantile) as f64 / 1e3));
    format!("{name:<5}{}\n", cells.concat())
}

fn percentiles(histogram: &Histogram<u64>) -> Value {
    if histogram.is_empty() {
        return Value::Null;
    }
    let percentile = |(name, quantile)| (String::from(name), Value::from(histogram.value_at_quantile(quantile)));
    QUANTILES.map(percentile).into_iter().collect()
}
