//! The driver: visitors over real HTTP, who look at what is popular, edit now and then, and check every page they get.
//!
//! How a stale answer is found: each edit raises the flight's revision, and every page shows the revision of each
//! flight on it. Before a visitor asks for a page, they note for every flight the newest revision whose edit had been
//! answered by then. A page that shows an older one was stale, whoever made the edit and whichever page it is.

mod client;
mod stale;
mod workload;
mod zipf;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::histogram::{Histogram, Snapshot};
pub use client::{Answer, Client};
use stale::Newest;
pub use stale::revisions;
pub use workload::{Step, Workload, encode};

/// How often an edit that somebody else overtook is tried again.
const TRIES: usize = 10;

/// How many examples of what went wrong are kept.
const EXAMPLES: usize = 5;

/// What came of a drive.
#[derive(Debug)]
pub struct Outcome {
    /// How long it took.
    pub elapsed: Duration,
    /// How long each request took, as its visitor saw it.
    pub latencies: Snapshot,
    /// Edits that were made.
    pub edits: u64,
    /// Flights whose revision was checked on some page.
    pub checked: u64,
    /// Pages that showed an older revision than they should have.
    pub stale: u64,
    /// Requests without the answer that they should have had.
    pub failed: u64,
    /// What the first stale and failed ones were.
    pub examples: Vec<String>,
}

impl Outcome {
    /// Requests answered in a second.
    pub fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// Whether nothing was stale and nothing failed.
    pub fn is_clean(&self) -> bool {
        self.stale == 0 && self.failed == 0
    }
}

/// Goes through `workload` with so many visitors at once; `progress` is called after each request. The visitors are spread
/// over the addresses, which are those of shops with one database: what was edited in one is looked for in all.
pub async fn drive(
    addresses: &[SocketAddr],
    workload: &Workload,
    clients: usize,
    progress: impl Fn() + Send + Sync + 'static,
) -> Outcome {
    let drive = Arc::new(Drive {
        steps: workload.steps(),
        next: AtomicUsize::new(0),
        newest: Newest::new(workload.highest_id()),
        latencies: Histogram::default(),
        found: Mutex::default(),
        progress: Box::new(progress),
    });
    let started = Instant::now();
    let visitor = |address| tokio::spawn(Arc::clone(&drive).visit(Client::new(address)));
    let visitors: Vec<_> = addresses.iter().copied().cycle().take(clients.max(addresses.len())).map(visitor).collect();
    for visitor in visitors {
        if let Err(error) = visitor.await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    let elapsed = started.elapsed();
    let found = std::mem::take(&mut *drive.found());
    Outcome {
        elapsed,
        latencies: drive.latencies.snapshot(),
        edits: found.edits,
        checked: found.checked,
        stale: found.stale,
        failed: found.failed,
        examples: found.examples,
    }
}

struct Drive {
    steps: Arc<[Step]>,
    next: AtomicUsize,
    newest: Newest,
    latencies: Histogram,
    found: Mutex<Found>,
    progress: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug, Default)]
struct Found {
    edits: u64,
    checked: u64,
    stale: u64,
    failed: u64,
    examples: Vec<String>,
}

impl Drive {
    /// One visitor, who takes the next step that nobody has taken until none is left.
    async fn visit(self: Arc<Self>, mut client: Client) {
        while let Some(step) = self.steps.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            match step {
                Step::Look { path, expects } => {
                    self.look(&mut client, path, expects).await;
                }
                Step::Edit { id, fare, note } => self.edit(&mut client, *id, *fare, note).await,
            }
        }
    }

    /// Gets a page and checks it. The page, if it was good.
    async fn look(&self, client: &mut Client, path: &str, expects: &str) -> Option<Answer> {
        let due = self.newest.snapshot();
        let answer = self.timed(client.get(path)).await;
        let answer = self.expect(path, answer, |answer| answer.status == 200 && answer.body.contains(expects))?;
        let revisions = stale::revisions(&answer.body);
        let old = revisions.iter().find(|(id, revision)| due.get(*id as usize).is_some_and(|due| revision < due));
        let mut found = self.found();
        found.checked += revisions.len() as u64;
        if let Some((id, revision)) = old {
            found.stale += 1;
            found.example(format!(
                "{path} shows revision {revision} of flight {id}, though {} was answered",
                due[*id as usize]
            ));
        }
        drop(found);
        Some(answer)
    }

    /// Fills in the form, as a person does: gets it, changes it, sends it, and does it again if somebody was faster.
    async fn edit(&self, client: &mut Client, id: u32, fare: u32, note: &str) {
        let path = format!("/flights/{id}/edit");
        for _ in 0..TRIES {
            let Some(form) = self.look(client, &path, "name=\"revision\"").await else { return };
            let Some((_, revision)) = stale::revisions(&form.body).into_iter().find(|(found, _)| *found == id) else {
                return;
            };
            let filled = format!("revision={revision}&fare={fare}&note={}", workload::encode(note));
            let answer = self.timed(client.post(&path, filled)).await;
            match self.expect(&path, answer, |answer| matches!(answer.status, 303 | 409)) {
                Some(answer) if answer.status == 303 => {
                    self.newest.answered(id, revision + 1);
                    self.found().edits += 1;
                    return;
                }
                Some(_) => {}
                None => return,
            }
        }
        self.failed(format!("{path}: overtaken {TRIES} times"));
    }

    async fn timed<T>(&self, request: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let answer = request.await;
        self.latencies.record(started.elapsed());
        (self.progress)();
        answer
    }

    fn expect(&self, path: &str, answer: Result<Answer, String>, good: impl FnOnce(&Answer) -> bool) -> Option<Answer> {
        match answer {
            Ok(answer) if good(&answer) => Some(answer),
            Ok(answer) => {
                self.failed(format!(
                    "{path}: status {} and {} bytes that are not as expected",
                    answer.status,
                    answer.body.len()
                ));
                None
            }
            Err(error) => {
                self.failed(format!("{path}: {error}"));
                None
            }
        }
    }

    fn failed(&self, example: String) {
        let mut found = self.found();
        found.failed += 1;
        found.example(example);
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    fn example(&mut self, example: String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }
}
