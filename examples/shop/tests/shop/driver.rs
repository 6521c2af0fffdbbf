//! The driver finds what is wrong, and nothing where nothing is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keepwarm::Cache;
use shop::catalogue::Invalidation;
use shop::drive::{Outcome, Step, Workload, drive};

use crate::support::{Visit, open};

const STEPS: usize = 600;

async fn workload(visit: &Visit, seed: u64) -> Workload {
    let flights = visit.catalogue.database().flights(visit.catalogue.ids().to_vec()).await.unwrap();
    Workload::new(&flights, STEPS, seed).unwrap()
}

async fn driven(cache: Cache, invalidation: Invalidation) -> (Visit, Outcome) {
    let visit = open(cache, invalidation, 10_000).await;
    let workload = workload(&visit, 7).await;
    let outcome = drive(&[visit.server.address()], &workload, 6, || {}).await;
    (visit, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_warm_shop_is_never_stale() {
    let (visit, outcome) = driven(Cache::memory(), Invalidation::On).await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert!(outcome.edits > 5 && outcome.checked > 1_000, "{outcome:?}");
    let stats = visit.catalogue.cache().stats().await.unwrap();
    assert!(stats.hit_rate().unwrap() > 0.5, "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_invalidation_the_driver_finds_stale_answers() {
    let (_, outcome) = driven(Cache::memory(), Invalidation::Off).await;
    assert!(outcome.stale > 0, "{outcome:?}");
    assert!(outcome.examples[0].contains("shows revision"), "{outcome:?}");
    assert_eq!(outcome.failed, 0, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cache_nothing_is_stale_and_everything_is_asked() {
    let (visit, outcome) = driven(Cache::dummy(), Invalidation::On).await;
    assert!(outcome.is_clean(), "{outcome:?}");
    assert!(visit.catalogue.database().queries() > outcome.latencies.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_an_answer_are_counted() {
    let visit = open(Cache::memory(), Invalidation::On, 100).await;
    let workload = workload(&visit, 7).await;
    let address = visit.server.address();
    visit.server.close().await.unwrap();
    let outcome = drive(&[address], &workload, 2, || {}).await;
    assert_eq!(outcome.failed, STEPS as u64);
    assert!(!outcome.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_not_as_expected_are_counted() {
    // The workload of a whole shop, in a shop that has a twentieth of its flights: most pages do not exist.
    let visit = open(Cache::memory(), Invalidation::On, 100).await;
    let mut flight = visit.bestseller().await;
    flight.id = 999_999;
    let workload = Workload::new(&[flight], 50, 1).unwrap();
    let outcome = drive(&[visit.server.address()], &workload, 2, || {}).await;
    assert!(outcome.failed > 10 && outcome.stale == 0, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_decides_what_is_done_and_every_request_is_reported() {
    let visit = open(Cache::memory(), Invalidation::On, 10_000).await;
    let (one, same, other) = (workload(&visit, 1).await, workload(&visit, 1).await, workload(&visit, 2).await);
    assert_eq!(one.steps(), same.steps());
    assert_ne!(one.steps(), other.steps());
    assert!(one.steps().iter().any(|step| matches!(step, Step::Edit { .. })));

    let progress = Arc::new(AtomicUsize::new(0));
    let moved = Arc::clone(&progress);
    let count = move || {
        moved.fetch_add(1, Ordering::Relaxed);
    };
    let outcome = drive(&[visit.server.address()], &one, 1, count).await;
    assert_eq!(progress.load(Ordering::Relaxed), one.requests(), "with one visitor, no edit is overtaken");
    assert_eq!(outcome.latencies.count(), one.requests() as u64);
}
