//! Measuring calls: one after the other, or from many tasks at once.

use std::future::Future;
use std::time::{Duration, Instant};

use keepwarm::Cache;
use rustix::time::{ClockId, clock_gettime};

/// What one turn gave: a median in microseconds or a rate per second, and the process's CPU for each call in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) cpu: f64,
}

/// The CPU time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Calls one after the other.
pub(crate) struct Watch {
    begin: Instant,
    used: Duration,
    times: Vec<Duration>,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        Self { begin: Instant::now(), used: cpu(), times: Vec::new() }
    }

    pub(crate) fn is_on(&self, length: Duration) -> bool {
        self.begin.elapsed() < length
    }

    pub(crate) fn took(&mut self, call_begin: Instant) {
        self.times.push(call_begin.elapsed());
    }

    /// The median of the calls.
    pub(crate) fn end(mut self) -> Measured {
        let used = cpu() - self.used;
        self.times.sort_unstable();
        let middle = self.times[self.times.len() / 2];
        Measured { value: middle.as_secs_f64() * 1e6, cpu: used.as_secs_f64() * 1e6 / self.times.len() as f64 }
    }
}

/// The median of calls on this thread.
pub(crate) fn lone(length: Duration, mut call: impl FnMut()) -> Measured {
    let mut watch = Watch::begin();
    while watch.is_on(length) {
        let call_begin = Instant::now();
        call();
        watch.took(call_begin);
    }
    watch.end()
}

/// What so many calls in a row take each, for those that are too short to be measured one by one.
pub(crate) fn in_a_row(length: Duration, mut call: impl FnMut()) -> Measured {
    const ROW: u32 = 1000;
    let row = lone(length, || (0..ROW).for_each(|_| call()));
    Measured { value: row.value / f64::from(ROW), cpu: row.cpu / f64::from(ROW) }
}

/// The median of gets that one task awaits.
pub(crate) async fn lone_async(length: Duration, cache: Cache) -> Measured {
    let mut watch = Watch::begin();
    while watch.is_on(length) {
        let call_begin = Instant::now();
        drop(cache.get::<String>("key").await);
        watch.took(call_begin);
    }
    watch.end()
}

/// How many calls a second so many tasks make together; those that say that they failed do not count.
pub(crate) async fn many<R>(
    length: Duration,
    tasks: usize,
    cache: &Cache,
    call: impl Fn(Cache) -> R + Clone + Send + 'static,
) -> Measured
where
    R: Future<Output = bool> + Send,
{
    let (begin, used) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (cache, call) = (cache.clone(), call.clone());
            tokio::spawn(async move {
                let mut calls = 0_u64;
                while begin.elapsed() < length {
                    calls += u64::from(call(cache.clone()).await);
                }
                calls
            })
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.expect("no task panics");
    }
    let (took, used) = (begin.elapsed(), cpu() - used);
    Measured { value: calls as f64 / took.as_secs_f64(), cpu: used.as_secs_f64() * 1e6 / calls as f64 }
}
