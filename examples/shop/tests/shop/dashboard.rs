//! The dashboard draws what happened.

use keepwarm::Cache;
use shop::catalogue::Invalidation;

use crate::support::{open, visit};

#[tokio::test]
async fn the_dashboard_shows_hits_misses_and_times() {
    let mut visit = visit().await;
    let empty = visit.page("/keepwarm").await;
    assert!(empty.contains("Why reads missed"), "it is drawn even before the first visitor");

    for _ in 0..20 {
        visit.page("/flights").await;
    }
    let stats = visit.catalogue.cache().stats().await.unwrap();
    assert!(stats.hits > stats.misses() && stats.misses() > 0);
    let page = visit.page("/keepwarm").await;
    for expected in ["memory", "Hit rate", "Why reads missed", "absent", "namespace", "How long pages took", "Page by page", "/flights/{id}"] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(page.contains("20 answers") || page.contains("<td class=\"number\">20</td>"), "the list was answered 20 times");
    assert!(page.contains(&format!("{} hits", stats.hits)));
    assert_eq!(page.matches("<svg").count(), 4);
}

#[tokio::test]
async fn the_panels_come_alone_for_the_script() {
    let mut visit = visit().await;
    let answer = visit.get("/keepwarm/panels").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("<section") && !answer.body.contains("<html"));
}

#[tokio::test]
async fn an_uncached_shop_has_one_too() {
    let mut visit = open(Cache::dummy(), Invalidation::On, 100).await;
    visit.page("/").await;
    visit.page("/flights").await;
    let page = visit.page("/keepwarm").await;
    assert!(page.contains("dummy") && page.contains("0.0%"));
}
