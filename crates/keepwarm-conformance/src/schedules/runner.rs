//! Runs a stage's tasks on one thread until every one of them stands at a point, waits for another, or has ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::points::{Points, acting};
use crate::kit::PATIENCE;

/// A task of a stage.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How tasks are run.
pub(super) enum Runner {
    /// By an executor of our own that polls who was woken, in their order.
    Own(Vec<Owned>),
    /// By a current-thread runtime of tokio, so that computations run in tasks of their own.
    Tokio(tokio::runtime::Runtime, Vec<tokio::task::JoinHandle<()>>),
}

/// A task of our own executor.
pub(super) struct Owned {
    actor: &'static str,
    task: Option<Task>,
    woken: Arc<Woken>,
}

/// Notes that a task was woken, and wakes the executor where it waits for a store.
struct Woken {
    flag: AtomicBool,
    executor: Thread,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.flag.store(true, Ordering::SeqCst);
        self.executor.unpark();
    }
}

/// A task that names itself whenever it is polled.
struct Named {
    actor: &'static str,
    task: Task,
}

impl Future for Named {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let actor = self.actor;
        acting(actor, || self.task.as_mut().poll(context))
    }
}

/// So many turns let tokio's current thread run everything that is woken, and what that wakes in turn. A turn runs all
/// tasks of its queue; what chains of wake-ups there are (a landing, its waiter, the caller's own task) are shorter.
const TURNS: usize = 12;

impl Runner {
    pub(super) fn own() -> Self {
        Self::Own(Vec::new())
    }

    pub(super) fn tokio() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self::Tokio(runtime.expect("a runtime on this thread needs nothing"), Vec::new())
    }

    pub(super) fn add(&mut self, actor: &'static str, task: Task) {
        match self {
            Self::Own(tasks) => {
                let woken = Arc::new(Woken { flag: AtomicBool::new(true), executor: thread::current() });
                tasks.push(Owned { actor, task: Some(task), woken });
            }
            Self::Tokio(runtime, tasks) => tasks.push(runtime.spawn(Named { actor, task })),
        }
    }

    /// Runs until nobody can go on by itself.
    pub(super) fn settle(&mut self, points: &Points) {
        loop {
            match self {
                Self::Own(tasks) => while step(tasks) {},
                Self::Tokio(runtime, _) => runtime.block_on(async {
                    for _ in 0..TURNS {
                        tokio::task::yield_now().await;
                    }
                }),
            }
            if points.under_way() == 0 {
                return;
            }
            // A store that really waits: its answer unparks this thread, or comes to a thread of its own.
            thread::park_timeout(PATIENCE / 30_000);
        }
    }

    /// Whether every task has ended; a panic in one goes on here.
    pub(super) fn is_done(&mut self) -> bool {
        match self {
            Self::Own(tasks) => tasks.iter().all(|owned| owned.task.is_none()),
            Self::Tokio(runtime, tasks) => {
                for task in tasks.extract_if(.., |task| task.is_finished()) {
                    if let Err(error) = runtime.block_on(task) {
                        std::panic::resume_unwind(error.into_panic());
                    }
                }
                tasks.is_empty()
            }
        }
    }
}

/// Polls everybody who was woken, once; whether there was anybody.
fn step(tasks: &mut [Owned]) -> bool {
    let mut polled = false;
    for owned in tasks {
        let Some(task) = &mut owned.task else { continue };
        if !owned.woken.flag.swap(false, Ordering::SeqCst) {
            continue;
        }
        polled = true;
        let waker = Waker::from(Arc::clone(&owned.woken));
        let ended = acting(owned.actor, || task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        if ended {
            owned.task = None;
        }
    }
    polled
}
