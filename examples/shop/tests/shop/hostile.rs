//! What visitors type stays text.

use shop::drive::encode;

use crate::support::visit;

const SCRIPT: &str = "<script>alert(\"1\")</script> & 'more'";

#[tokio::test]
async fn a_hostile_note_is_shown_as_it_was_typed() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    assert_eq!(visit.edit(flight.id, 0, "1", SCRIPT).await.status, 303);
    let pages = [
        "/".to_owned(),
        "/flights?sort=fare".to_owned(),
        format!("/flights/{}", flight.id),
        format!("/flights/{}/edit", flight.id),
        format!("/to/{}", flight.destination),
        format!("/search?q={}", encode("alert(\"1\")")),
    ];
    for path in pages {
        let page = visit.page(&path).await;
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 'more'"), "{path}");
    }
}

#[tokio::test]
async fn a_hostile_address_is_shown_as_it_was_typed() {
    let mut visit = visit().await;
    for path in ["/search?q=", "/flights?from=", "/flights?sort=", "/flights?max_fare=", "/flights?page="] {
        let page = visit.page(&format!("{path}{}", encode("\"><script>alert(1)</script>"))).await;
        assert!(!page.contains("<script>alert"), "{path}");
    }
    let answer = visit.get("/to/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(answer.status, 404);
    assert!(!answer.body.contains("<script>alert"));
}

#[tokio::test]
async fn wildcards_and_quotes_of_sql_are_letters() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    for text in ["%", "_", "\\", "''", "'; DROP TABLE flight; --"] {
        let page = visit.page(&format!("/search?q={}", encode(text))).await;
        assert!(!page.contains("data-flight="), "{text} is in no flight");
    }
    assert_eq!(visit.edit(flight.id, 0, "100", "100% o'clock \\_").await.status, 303);
    for text in ["100%", "o'clock", "\\_"] {
        let page = visit.page(&format!("/search?q={}", encode(text))).await;
        assert_eq!(page.matches("data-flight=").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn an_endless_search_is_cut() {
    let mut visit = visit().await;
    let page = visit.page(&format!("/search?q={}", "ä".repeat(1_000).replace('ä', "%C3%A4"))).await;
    assert!(page.contains(&"ä".repeat(80)) && !page.contains(&"ä".repeat(81)));
}
