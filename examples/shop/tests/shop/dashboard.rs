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
    for expected in [
        "memory",
        "Hit rate",
        "Why reads missed",
        "absent",
        "namespace",
        "How long pages took",
        "Page by page",
        "/flights/{id}",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(
        page.contains("20 answers") || page.contains("<td class=\"number\">20</td>"),
        "the list was answered 20 times"
    );
    assert!(page.contains(&format!("{} hits", stats.hits)));
    assert_eq!(page.matches("<svg").count(), 4);
}

#[tokio::test]
async fn a_key_is_explained() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let (page, address) = (format!("/flights/{}", flight.id), format!("/keepwarm?key=flight:{}", flight.id));
    assert!(visit.page(&address).await.contains("misses: absent"));
    visit.page(&page).await;
    assert!(visit.page(&address).await.contains("Flight"), "what is kept is named");
    assert_eq!(visit.edit(flight.id, 0, "100", "").await.status, 303);
    assert!(visit.page(&address).await.contains("misses: absent"), "the edit took it");
    visit.page("/keepwarm?key=%3Cscript%3E%00%0A").await;
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
