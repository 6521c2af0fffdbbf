//! The front page, and the page of a destination.

use std::collections::HashMap;
use std::time::Instant;

use maud::{Markup, html};

use super::{card, grade, layout, thousands};
use crate::data::DEPARTURES_IN_ALL;
use crate::model::{Destination, DestinationPage, Flight, Record};

pub(crate) fn home(
    started: Instant,
    (bestsellers, sold): &(Vec<Record>, HashMap<u32, Flight>),
    (most_viewed, viewed): &(Vec<(u32, i64)>, HashMap<u32, Flight>),
    destinations: &[Destination],
) -> Markup {
    let body = html! {
        section.hero {
            h1 { "Every flight out of New York" }
            p { "Pick one by how it kept its times in 2013: " (thousands(DEPARTURES_IN_ALL)) " departures from Newark, Kennedy and LaGuardia, on record." }
            form.find action="/search" role="search" {
                input type="search" name="q" placeholder="Where to? Try “Los Angeles” or “JetBlue”" aria-label="Where to?" maxlength="80";
                button { "Find flights" }
            }
        }
        section {
            h2 { "Bestsellers " small { "by seats flown" } }
            div.cards {
                @for record in bestsellers {
                    @if let Some(flight) = sold.get(&record.id) {
                        (card(flight, None, Some(&format!("{} seats", thousands(record.seats.into())))))
                    }
                }
            }
        }
        @if !most_viewed.is_empty() {
            section {
                h2 { "Most looked at " small { "today" } }
                div.cards {
                    @for (id, views) in most_viewed {
                        @if let Some(flight) = viewed.get(id) {
                            (card(flight, None, Some(&format!("{} looks", thousands(views.unsigned_abs())))))
                        }
                    }
                }
            }
        }
        section {
            h2 { "Destinations" }
            div.places {
                @for place in destinations {
                    a.place href=(format!("/to/{}", place.code)) {
                        span.airport { (place.code) }
                        span { (place.city) ", " (place.state) }
                        span.small { (place.flights) " flights from " b { "$" (place.from_fare) } }
                    }
                }
            }
        }
    };
    layout("Every flight out of New York", "", started, body)
}

pub(crate) fn destination(started: Instant, page: &DestinationPage) -> Markup {
    let (lowest, average, highest) = page.fares;
    let body = html! {
        p.crumbs { a href="/" { "Departures" } " / " a href=(format!("/flights?to={}", page.code)) { "All flights to " (page.code) } }
        section.ticket {
            div {
                p.small { (page.name) }
                h1 { (page.city) ", " (page.state) }
            }
            div.figures {
                div.figure { b { "$" (lowest) } span { "cheapest" } }
                div.figure { b { "$" (average) } span { "on average" } }
                div.figure { b { "$" (highest) } span { "dearest" } }
            }
        }
        section {
            h2 { "Who flies there" }
            div.scroll {
                table {
                    thead { tr { th { "Airline" } th.number { "Flights" } th.number { "Departures" } th { "On time" } th.number { "From" } } }
                    tbody {
                        @for airline in &page.airlines {
                            tr {
                                td { a href=(format!("/flights?to={}&airline={}", page.code, airline.code)) { (airline.name) } }
                                td.number { (airline.flights) }
                                td.number { (thousands(airline.departures.into())) }
                                td { span.meter { span.(grade(airline.on_time)) style=(format!("width:{}%", airline.on_time)) {} } (airline.on_time) "%" }
                                td.number { "$" (airline.from_fare) }
                            }
                        }
                    }
                }
            }
        }
        section {
            h2 { "Flights " small { "cheapest first" } }
            div.cards { @for flight in &page.flights { (card(flight, None, None)) } }
        }
    };
    layout(&format!("{}, {}", page.city, page.state), "", started, body)
}
