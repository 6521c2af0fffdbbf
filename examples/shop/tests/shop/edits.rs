//! An edit is on every page that shows the flight as soon as it was answered, and wrong ones are refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keepwarm::Cache;
use shop::catalogue::Invalidation;
use shop::drive::Client;

use crate::support::{Visit, open, revision_on, visit};

/// Every page that shows the flight, given that it is a bestseller, the cheapest, and has this note.
fn pages_of(id: u32, destination: &str, note: &str) -> Vec<String> {
    vec![
        "/".to_owned(),
        "/flights".to_owned(),
        "/flights?sort=fare".to_owned(),
        format!("/flights?to={destination}&max_fare=20"),
        format!("/flights/{id}"),
        format!("/flights/{id}/edit"),
        format!("/to/{destination}"),
        format!("/search?q={note}"),
    ]
}

async fn assert_shown(visit: &mut Visit, id: u32, destination: &str, note: &str, revision: u32) {
    for path in pages_of(id, destination, note) {
        let page = visit.page(&path).await;
        assert_eq!(revision_on(&page, id), Some(revision), "{path}");
        assert!(page.contains(note), "{path}");
    }
}

#[tokio::test]
async fn an_edit_is_visible_at_once_on_every_page() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    for path in pages_of(flight.id, &flight.destination, "unheard") {
        visit.page(&path).await;
    }
    for revision in 0..5 {
        let (fare, note) = (format!("{}", 10 - revision), format!("note{revision}"));
        assert_eq!(visit.edit(flight.id, revision, &fare, &note).await.status, 303);
        assert_shown(&mut visit, flight.id, &flight.destination, &note, revision + 1).await;
        let ticket = visit.page(&format!("/flights/{}", flight.id)).await;
        assert!(ticket.contains("The cheapest of"), "the ladder of fares follows");
        let front = visit.page("/").await;
        assert!(revision > 0 || front.contains(&flight.city));
        if revision > 0 {
            let old = format!("/search?q=note{}", revision - 1);
            assert_eq!(revision_on(&visit.page(&old).await, flight.id), None, "it is not found by its old note");
        }
    }
}

#[tokio::test]
async fn a_fare_moves_a_flight_in_the_lists_made_by_fares() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let first = |page: &str| shop::drive::revisions(page).first().map(|(id, _)| *id);
    assert_ne!(first(&visit.page("/flights?sort=fare").await), Some(flight.id));
    let under = format!("/flights?max_fare={}", flight.fare - 1);
    assert_eq!(revision_on(&visit.page(&under).await, flight.id), None);

    assert_eq!(visit.edit(flight.id, 0, "1", "").await.status, 303);
    assert_eq!(first(&visit.page("/flights?sort=fare").await), Some(flight.id));
    assert_eq!(revision_on(&visit.page(&under).await, flight.id), Some(1));
    let there = visit.page(&format!("/to/{}", flight.destination)).await;
    assert_eq!(first(&there), Some(flight.id));
    assert!(there.contains("<b>$1</b>"), "the cheapest fare there");
}

#[tokio::test]
async fn an_edit_is_visible_at_once_under_concurrent_readers() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|reader| {
            let (done, mut client) = (Arc::clone(&done), Client::new(visit.server.address()));
            let paths = pages_of(flight.id, &flight.destination, "busy");
            tokio::spawn(async move {
                let mut read = 0_usize;
                while !done.load(Ordering::Relaxed) {
                    let answer = client.get(&paths[(read + reader) % paths.len()]).await.unwrap();
                    assert_eq!(answer.status, 200);
                    read += 1;
                }
                read
            })
        })
        .collect();
    for revision in 0..40 {
        let fare = format!("{}", 19 - revision % 10);
        assert_eq!(visit.edit(flight.id, revision, &fare, "busy").await.status, 303);
        assert_shown(&mut visit, flight.id, &flight.destination, "busy", revision + 1).await;
    }
    done.store(true, Ordering::Relaxed);
    let mut read = 0;
    for reader in readers {
        read += reader.await.unwrap();
    }
    assert!(read > 40, "there were readers all the time: {read}");
}

#[tokio::test]
async fn who_was_overtaken_is_told_and_changes_nothing() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    assert_eq!(visit.edit(flight.id, 0, "111", "first").await.status, 303);
    let answer = visit.edit(flight.id, 0, "222", "second").await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("Somebody else has edited") && answer.body.contains("first"));
    assert_eq!(revision_on(&answer.body, flight.id), Some(1), "the form is ready for another try");
    assert_eq!(visit.bestseller().await.fare, 111);
    assert_eq!(visit.edit(flight.id, 1, "222", "second").await.status, 303);
}

#[tokio::test]
async fn forms_that_cannot_be_are_refused() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let long = "x".repeat(201);
    for (fare, note) in [("0", ""), ("-1", ""), ("10000", ""), ("1.5", ""), ("", ""), ("cheap", ""), ("99999999999999999999", ""), ("100", long.as_str())] {
        let answer = visit.edit(flight.id, 0, fare, note).await;
        assert_eq!(answer.status, 422, "fare {fare:?}, note of {} characters", note.len());
        assert!(answer.body.contains("That cannot be"));
    }
    assert_eq!(visit.bestseller().await, flight);
    assert_eq!(visit.edit(flight.id, 0, " 9999 ", &"ü".repeat(200)).await.status, 303, "the limits are allowed");
}

#[tokio::test]
async fn one_visitor_cannot_edit_without_end() {
    let mut visit = open(Cache::memory(), Invalidation::On, 3).await;
    let flight = visit.bestseller().await;
    for revision in 0..3 {
        assert_eq!(visit.edit(flight.id, revision, "100", "").await.status, 303);
    }
    let answer = visit.edit(flight.id, 3, "100", "").await;
    assert_eq!(answer.status, 429);
    assert!(answer.body.contains("A little slower"));
    assert_eq!(visit.bestseller().await.revision, 3);
}
