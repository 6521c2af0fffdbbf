//! Copies of the program that share a cache and a database, and what has to hold of them on every store that can be shared.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use shop::database::Database;
use shop::drive::{Client, Step, Workload, drive};
use shop::model::Flight;
use tempfile::TempDir;

use crate::support::EVERY;

const STEPS: usize = 400;

/// What copies have in common: the URL of their cache, and their database.
pub(crate) struct Shared {
    cache: String,
    folder: TempDir,
    flights: Vec<Flight>,
}

impl Shared {
    /// A database that nobody has edited yet, to be kept warm in this cache.
    pub(crate) async fn new(cache: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::keep(&folder.path().join("shop.sqlite"), EVERY).unwrap();
        let ids = database.ids_by_popularity().await.unwrap();
        let mut flights = database.flights(ids.clone()).await.unwrap();
        flights.sort_by_cached_key(|flight| ids.iter().position(|id| *id == flight.id));
        Self { cache: cache.to_owned(), folder, flights }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("shop.sqlite")
    }

    fn workload(&self, seed: u64) -> Workload {
        Workload::new(&self.flights, STEPS, seed).unwrap()
    }

    /// A flight to a place whose flights are edited by none of these workloads: its page stays as it is.
    fn left_alone(&self, workloads: &[&Workload]) -> &Flight {
        let steps: Vec<_> = workloads.iter().map(|workload| workload.steps()).collect();
        let edited = |step: &Step| match step {
            Step::Edit { id, .. } => self.flights.iter().find(|flight| flight.id == *id),
            Step::Look { .. } => None,
        };
        let busy: Vec<_> =
            steps.iter().flat_map(|steps| steps.iter().filter_map(edited)).map(|flight| &flight.destination).collect();
        self.flights.iter().find(|flight| !busy.contains(&&flight.destination)).expect("most places are quiet")
    }

    /// Starts a copy and waits until it is open.
    pub(crate) fn open(&self) -> Copy {
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["--serve", "--cache", &self.cache, "--database"])
            .arg(self.database())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        let line = line_with(&mut printed, "http://");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        Copy { process, address: address.parse().unwrap(), _printed: printed }
    }
}

/// A running copy of the program. It is killed when it is dropped.
pub(crate) struct Copy {
    process: Child,
    pub(crate) address: SocketAddr,
    /// Held open: a program whose output nobody reads would fail at its next line.
    _printed: BufReader<ChildStdout>,
}

impl Copy {
    /// How often it has asked the database.
    async fn queries(&self) -> u64 {
        let panels = Client::new(self.address).get("/keepwarm/panels").await.unwrap().body;
        let before = panels.split("</b><span>database queries").next().unwrap();
        before.rsplit("<b>").next().unwrap().replace(',', "").parse().unwrap()
    }

    /// Looks at the page of a flight; how many queries that cost.
    async fn look_at(&self, flight: &Flight) -> u64 {
        let before = self.queries().await;
        let page = Client::new(self.address).get(&format!("/flights/{}", flight.id)).await.unwrap();
        assert!(page.status == 200 && page.body.contains(&flight.destination), "{}", page.status);
        self.queries().await - before
    }
}

impl Drop for Copy {
    /// `kill -9`: nothing of the program runs any more.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads what a program prints up to a line with this in it.
pub(crate) fn line_with(printed: &mut impl BufRead, wanted: &str) -> String {
    let mut line = String::new();
    while !line.contains(wanted) {
        line.clear();
        assert!(printed.read_line(&mut line).unwrap() > 0, "it prints a line with {wanted:?}");
    }
    line
}

/// What one copy has computed the other finds, and an edit at one is seen at the other as soon as it was answered.
pub(crate) async fn two_copies_share(cache: &str) {
    let shared = Shared::new(cache).await;
    let (one, other) = (shared.open(), shared.open());
    let flight = &shared.flights[0];
    assert!(one.look_at(flight).await > 0, "nothing is there yet");
    assert_eq!(other.look_at(flight).await, 0, "the other one finds all of it");

    let outcome = drive(&[one.address, other.address], &shared.workload(1), 6, || {}).await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert!(outcome.edits > 5 && outcome.checked > 500, "{outcome:?}");
}

/// What one copy has computed the other finds. More cannot be asked of copies with near tiers: what one edits the other may
/// show until the news of it is in.
pub(crate) async fn a_second_copy_is_warm(cache: &str) {
    let shared = Shared::new(cache).await;
    let (one, other) = (shared.open(), shared.open());
    let flight = &shared.flights[0];
    assert!(one.look_at(flight).await > 0, "nothing is there yet");
    assert_eq!(other.look_at(flight).await, 0, "the other one finds all of it");
    let outcome = drive(&[one.address], &shared.workload(1), 6, || {}).await;
    assert!(outcome.is_clean(), "{outcome:?}");
}

/// One that is killed leaves a cache that is warm and right. The cache's leases had better be short: where the store does not
/// notice by itself that a holder died, its leases run on for as long.
pub(crate) async fn a_killed_copy_leaves_a_warm_cache(cache: &str) {
    let shared = Shared::new(cache).await;
    let (first, second) = (shared.workload(1), shared.workload(2));
    let quiet = shared.left_alone(&[&first, &second]);
    let copy = shared.open();
    let address = copy.address;
    assert!(copy.look_at(quiet).await > 0, "nothing is there yet");

    // Killed in the middle of its visits, edits among them.
    let answered = AtomicUsize::new(0);
    let running = std::sync::Mutex::new(Some(copy));
    let kill = move || {
        if answered.fetch_add(1, Ordering::Relaxed) == STEPS / 2 {
            running.lock().unwrap().take();
        }
    };
    let outcome = drive(&[address], &first, 6, kill).await;
    assert!(outcome.failed > 0 && outcome.edits > 0, "it was killed while it was visited: {outcome:?}");
    assert_eq!(outcome.stale, 0, "{outcome:?}");

    let again = shared.open();
    assert_eq!(again.look_at(quiet).await, 0, "what the first one computed is there");
    let outcome = drive(&[again.address], &second, 6, || {}).await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert!(outcome.edits > 5 && outcome.checked > 500, "{outcome:?}");
}

/// `make demo` with this cache: killed while it is open, and started again. `cache` makes the URL, given a directory.
pub(crate) fn the_demo_is_warm_after_it_was_killed(cache: impl FnOnce(&Path) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let demo = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
        // The database that belongs to the cache is made in the temporary directory.
        command.args(["--requests", "60", "--cache", &cache]).args(more).env("TMPDIR", folder.path());
        command
    };
    let mut first = demo(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(first.stdout.take().unwrap());
    let queries = row(&line_with(&mut printed, "database queries"));
    line_with(&mut printed, "until Ctrl-C");
    first.kill().unwrap();
    first.wait().unwrap();

    let second = demo(&["--once"]).output().unwrap();
    let printed = String::from_utf8(second.stdout).unwrap();
    assert!(second.status.success(), "nothing is stale and nothing fails: {printed}");
    let again = row(&line_with(&mut printed.as_bytes(), "database queries"));
    // Uncached, cold, warm: the same visits as in the first start, and only what their edits take away is asked for anew.
    assert!(again[1] * 2 < queries[1], "{again:?} after {queries:?}");
    assert_eq!(row(&line_with(&mut printed.as_bytes(), "stale answers"))[..3], [0, 0, 0]);
}

/// The numbers of a line of the table.
fn row(line: &str) -> Vec<u64> {
    line.split_whitespace().filter_map(|cell| cell.replace(',', "").parse().ok()).collect()
}
