//! What a case is given: caches over one fresh store, time to move, and callers to run at once.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use keepwarm::backend::Abilities;
use keepwarm::clock::Clock;
use keepwarm::{Backend, Cache, CacheBuilder};

use crate::Face;
use crate::kit::{Latch, ManualClock, PATIENCE, Shared};
use crate::settings::Settings;
use crate::target::{Setup, Store, Target};

/// One case's surroundings. Clones are the same.
#[derive(Clone)]
pub(crate) struct Subject {
    store: Store,
    settings: Settings,
    face: Face,
    clock: ManualClock,
    target: Target,
}

impl Subject {
    pub(crate) fn new(target: &Target, settings: Settings, face: Face) -> Self {
        let clock = ManualClock::new();
        let store = Self::fresh(target, &clock, settings.capacity);
        Self { store, settings, face, clock, target: target.clone() }
    }

    fn fresh(target: &Target, clock: &ManualClock, capacity: Option<u64>) -> Store {
        let clock = if target.follows_clock { Clock::manual(clock) } else { Clock::system() };
        (target.make)(&Setup { clock, capacity })
    }

    /// A cache with the variant's settings over the store.
    pub(crate) fn cache(&self) -> Cache {
        self.alias(|builder| builder)
    }

    /// Another cache over the same store: the variant's settings, and what `change` makes of them.
    pub(crate) fn alias(&self, change: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Cache {
        change(self.configure((self.store.attach)(Cache::builder())))
            .build()
            .expect("the variant's settings fit together")
    }

    /// A cache over the store with something around it.
    pub(crate) fn over<B: Backend>(&self, wrap: impl FnOnce(Shared) -> B) -> Cache {
        self.over_with(wrap, |builder| builder)
    }

    /// The same, with other settings.
    pub(crate) fn over_with<B: Backend>(
        &self,
        wrap: impl FnOnce(Shared) -> B,
        change: impl FnOnce(CacheBuilder) -> CacheBuilder,
    ) -> Cache {
        let builder = Cache::builder().backend(wrap(self.store.backend.clone()));
        change(self.configure(builder)).build().expect("the variant's settings fit together")
    }

    /// A cache over another fresh store that keeps at most so many entries.
    pub(crate) fn bounded(&self, capacity: u64) -> Cache {
        let store = Self::fresh(&self.target, &self.clock, Some(capacity));
        self.configure((store.attach)(Cache::builder())).build().expect("the variant's settings fit together")
    }

    fn configure(&self, builder: CacheBuilder) -> CacheBuilder {
        let clock = if self.target.follows_clock { Clock::manual(&self.clock) } else { Clock::system() };
        let builder = builder.clock(clock).key_prefix(self.settings.prefix).version(self.settings.version);
        match self.settings.key_function {
            Some(function) => {
                builder.key_function(move |key, prefix, version| function(key, prefix, &version.to_string()))
            }
            None => builder,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn is_blocking(&self) -> bool {
        self.face == Face::Blocking
    }

    pub(crate) fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Moves time on.
    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Moves time on in steps, as often as somebody sleeps, until `work` has ended; its answer.
    pub(crate) async fn while_time_passes<T>(&self, step: Duration, work: Running<T>) -> T {
        let begin = Instant::now();
        while !work.is_finished() {
            if self.clock.sleepers() > 0 {
                self.clock.advance(step);
            }
            assert!(begin.elapsed() < PATIENCE, "it waits in vain, however much time passes");
            thread::yield_now();
        }
        work.join().await
    }

    pub(crate) fn abilities(&self) -> Abilities {
        self.store.backend.abilities()
    }

    /// Begins `work` beside the case: a task, or a thread in the blocking face.
    pub(crate) fn spawn<T, W>(&self, work: W) -> Running<T>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        match self.face {
            Face::Async => Running::Task(tokio::spawn(work)),
            Face::Blocking => Running::Thread(thread::spawn(move || drive(work))),
        }
    }

    /// Begins `count` callers at once, all let off together.
    pub(crate) fn crowd<T, W>(&self, count: usize, work: impl Fn(usize, Subject) -> W) -> Vec<Running<T>>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let start = Latch::new();
        let crowd = (0..count)
            .map(|number| {
                let (start, work) = (start.clone(), work(number, self.clone()));
                self.spawn(async move {
                    start.opened().await;
                    work.await
                })
            })
            .collect();
        start.until_arrived(count);
        start.open();
        crowd
    }

    /// Runs `count` callers at once, and gives their answers in their order.
    pub(crate) async fn at_once<T, W>(&self, count: usize, work: impl Fn(usize, Subject) -> W) -> Vec<T>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        join(self.crowd(count, work)).await
    }
}

/// Waits for all; their answers in their order.
pub(crate) async fn join<T>(crowd: Vec<Running<T>>) -> Vec<T> {
    let mut answers = Vec::with_capacity(crowd.len());
    for one in crowd {
        answers.push(one.join().await);
    }
    answers
}

/// Work that runs beside a case.
pub(crate) enum Running<T> {
    Task(tokio::task::JoinHandle<T>),
    Thread(thread::JoinHandle<T>),
}

impl<T> Running<T> {
    /// Its answer; a panic in it goes on here.
    pub(crate) async fn join(self) -> T {
        match self {
            Self::Task(task) => match task.await {
                Ok(answer) => answer,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            Self::Thread(thread) => match thread.join() {
                Ok(answer) => answer,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Self::Task(task) => task.is_finished(),
            Self::Thread(thread) => thread.is_finished(),
        }
    }

    /// Drops the work where it stands, and returns when it is dropped. Only tasks can be.
    pub(crate) async fn abort(self) {
        match self {
            Self::Task(task) => {
                task.abort();
                let aborted = task.await.err().is_some_and(|error| error.is_cancelled());
                assert!(aborted, "the task ended before it could be aborted");
            }
            Self::Thread(_) => unreachable!("cases that abort need the async face"),
        }
    }
}

/// Drives a future on this thread, with no runtime anywhere.
pub(crate) fn drive<T>(work: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut work = pin!(work);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(answer) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        thread::park();
    }
}
