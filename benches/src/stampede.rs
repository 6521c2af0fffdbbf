//! 64 callers of one missing key: how often is it computed, how often is a waiter polled, and how long after the value is
//! there does the last one have it, beside 64 tasks that merely wait for a notification?

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::runtime::Runtime;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, yield_now};

use crate::peers::{Cachet, Foyer, Keepwarm, Moka, NEVER_FAILS, Peer, RawComputing};
use crate::report::Report;
use crate::rounds::median;
use crate::table::Table;
use crate::time::thread_time;
use crate::values::{Sample, Small};

const CALLERS: usize = 64;

/// One computation, which ends when the gate is opened.
#[derive(Debug, Clone)]
struct Computation {
    started: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Computation {
    async fn compute(self) -> Small {
        self.started.fetch_add(1, Ordering::Relaxed);
        let _open = self.gate.acquire().await;
        Small::of(7)
    }
}

/// A future that counts how often it is polled.
struct Counted<F> {
    inner: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for Counted<F> {
    type Output = (F::Output, usize);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls += 1;
        let polls = self.polls;
        self.inner.as_mut().poll(context).map(|answer| (answer, polls))
    }
}

/// What was seen of 64 callers.
#[derive(Debug, Default)]
struct Storm {
    computations: usize,
    most_polls: usize,
    nanoseconds: u64,
}

/// Starts the callers, waits until all of them wait, opens the gate, waits for all.
async fn storm<F: Future<Output = Small> + Send + 'static>(call: impl Fn(Computation) -> F) -> Storm {
    let computation = Computation { started: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
    let callers: Vec<JoinHandle<(Small, usize)>> =
        (0..CALLERS).map(|_| tokio::spawn(Counted { inner: Box::pin(call(computation.clone())), polls: 0 })).collect();
    // On one thread a few turns run every task that can run.
    for _ in 0..CALLERS {
        yield_now().await;
    }
    let before = thread_time();
    computation.gate.add_permits(CALLERS);
    let mut storm = Storm::default();
    for caller in callers {
        let (value, polls) = caller.await.expect("a caller does not panic");
        assert_eq!(value, Small::of(7));
        storm.most_polls = storm.most_polls.max(polls);
    }
    storm.nanoseconds = thread_time() - before;
    storm.computations = computation.started.load(Ordering::Relaxed);
    storm
}

/// The floor: tasks that wait for one notification.
async fn notified() -> Storm {
    let notify = Arc::new(Notify::new());
    let gate = Arc::clone(&notify);
    let opener = move |computation: Computation| {
        let notify = Arc::clone(&gate);
        async move {
            if computation.started.fetch_add(1, Ordering::Relaxed) == 0 {
                let _open = computation.gate.acquire().await;
                notify.notify_waiters();
            } else {
                notify.notified().await;
            }
            Small::of(7)
        }
    };
    storm(opener).await
}

type Run = Box<dyn Fn() -> Storm>;

pub(crate) fn run(report: &mut Report) {
    if !report.wants("64 callers of one missing key") {
        return;
    }
    let rounds = if report.quick() { 25 } else { 201 };
    let contenders: Vec<(&str, Run)> = vec![
        ("64 tasks, one notification", on_one_thread(notified)),
        ("keepwarm get_or_set", on_one_thread(through_keepwarm)),
        ("moka get_with_by_ref", on_one_thread(through_moka)),
        ("quick_cache get_or_insert_async", on_one_thread(through_quick_cache)),
        ("foyer get_or_fetch", on_one_thread(through_foyer)),
        ("cachet get_or_insert", on_one_thread(through_cachet)),
    ];
    let mut nanoseconds = vec![Vec::new(); contenders.len()];
    let mut worst: Vec<Storm> = contenders.iter().map(|_| Storm::default()).collect();
    for _ in 0..rounds {
        for (index, (_, run)) in contenders.iter().enumerate() {
            let storm = run();
            nanoseconds[index].push(storm.nanoseconds as f64);
            worst[index].computations = worst[index].computations.max(storm.computations);
            worst[index].most_polls = worst[index].most_polls.max(storm.most_polls);
        }
    }
    let mut table = Table::new(["contender", "computations", "most polls of a caller", "ratio", "us to the last"]);
    for (index, (name, _)) in contenders.iter().enumerate() {
        let ratios = nanoseconds[index].iter().zip(&nanoseconds[0]).map(|(of_lane, of_base)| of_lane / of_base);
        table.row([
            (*name).to_owned(),
            if index == 0 { "-".to_owned() } else { worst[index].computations.to_string() },
            worst[index].most_polls.to_string(),
            format!("{:.2}", median(ratios.collect())),
            format!("{:.1}", median(nanoseconds[index].clone()) / 1000.0),
        ]);
    }
    report.figure("stampede/computations", worst[1].computations as f64);
    report.figure("stampede/polls", worst[1].most_polls as f64);
    let notes = vec![
        "On a runtime of one thread, from the end of the computation until all callers have the value. A caller that is \
         polled twice was asked once, waited, and was woken once."
            .to_owned(),
    ];
    report.section("64 callers of one missing key", &table, notes);
}

fn on_one_thread<F: Future<Output = Storm>>(run: impl Fn() -> F + 'static) -> Run {
    let runtime: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime needs nothing here");
    Box::new(move || runtime.block_on(run()))
}

async fn through_keepwarm() -> Storm {
    let keepwarm = <Keepwarm as Peer<Small>>::with_capacity(100);
    let cache = keepwarm.0;
    storm(move |computation| {
        let cache = cache.clone();
        async move { cache.get_or_set("missing", move || computation.compute()).await.expect(NEVER_FAILS) }
    })
    .await
}

async fn through_moka() -> Storm {
    let moka = Arc::new(Moka::<Small>::of(100));
    storm(move |computation| {
        let moka = Arc::clone(&moka);
        async move {
            let load = async { Moka::entry(computation.compute().await) };
            moka.cache().get_with_by_ref("missing", load).await.value
        }
    })
    .await
}

async fn through_quick_cache() -> Storm {
    let raw = Arc::new(RawComputing::<Small>::of(100));
    storm(move |computation| {
        let raw = Arc::clone(&raw);
        async move {
            let value = raw.get_or_compute("missing", computation.compute()).await;
            Small::clone(&value)
        }
    })
    .await
}

async fn through_foyer() -> Storm {
    let foyer = Arc::new(<Foyer<Small> as Peer<Small>>::with_capacity(100));
    storm(move |computation| {
        let foyer = Arc::clone(&foyer);
        async move { Small::clone(&*foyer.get_or_fetch("missing", move || computation.compute()).await) }
    })
    .await
}

async fn through_cachet() -> Storm {
    let cachet = Arc::new(Cachet::<Small>::of(100, true));
    storm(move |computation| {
        let cachet = Arc::clone(&cachet);
        async move {
            let entry = cachet.cache().get_or_insert("missing", move || computation.compute()).await;
            entry.expect(NEVER_FAILS).into_value()
        }
    })
    .await
}
