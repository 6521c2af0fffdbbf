//! The page of a flight: the ticket, and how it kept its times.

use std::time::Instant;

use maud::{Markup, html};

use super::{card, clock, grade, layout, thousands};
use crate::charts::{self, Bar};
use crate::model::{DestinationPage, FareLadder, Flight, Report};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How many other flights to the same place are offered.
const OTHERS: usize = 6;

pub(crate) fn detail(
    started: Instant,
    flight: &Flight,
    report: &Report,
    ladder: FareLadder,
    there: &DestinationPage,
    views: i64,
) -> Markup {
    let body = html! {
        p.crumbs { a href="/flights" { "Flights" } " / " a href=(format!("/to/{}", flight.destination)) { (flight.city) } " / " (flight.code()) }
        (ticket(flight, views))
        (fares(flight, ladder))
        (figures(report))
        div.columns {
            section.panel { h2 { "Month by month " small { "arrivals on time" } } (months(report)) }
            section.panel { h2 { "How late it arrived " small { "departures" } } (lateness(report)) }
            section.panel { h2 { "Weather in New York " small { "delay of " (flight.airline_name) " at " (flight.origin) } } (weather(report)) }
            section.panel { h2 { "Planes" } (planes(report)) (knock_on(report)) }
        }
        section {
            h2 { "Other flights to " (there.city) }
            div.cards {
                @for other in there.flights.iter().filter(|other| other.id != flight.id).take(OTHERS) { (card(other, None, None)) }
            }
        }
    };
    layout(&format!("{} to {}", flight.code(), flight.city), "", started, body)
}

fn ticket(flight: &Flight, views: i64) -> Markup {
    html! {
        section.ticket data-flight=(flight.id) data-revision=(flight.revision) {
            div.grow {
                p.small { (flight.airline_name) " · " (flight.code()) }
                h1.route {
                    span.airport { (flight.origin) }
                    span.line { span.code { (thousands(flight.miles.into())) " miles" } }
                    span.airport { (flight.destination) }
                }
                p { "New York to " b { (flight.city) ", " (flight.state) } ", usually at " b { (clock(flight.leaves)) } }
                @if !flight.note.is_empty() { p.note { (flight.note) } }
            }
            div.stub {
                span.fare { "$" (flight.fare) }
                a.button href=(format!("/flights/{}/edit", flight.id)) { "Edit" }
                span.small {
                    @match flight.revision { 0 => "never edited", 1 => "edited once", times => { "edited " (times) " times" } }
                    " · " (thousands(views.unsigned_abs())) @if views == 1 { " look" } @else { " looks" }
                }
            }
        }
    }
}

fn fares(flight: &Flight, ladder: FareLadder) -> Markup {
    let width = ladder.highest.saturating_sub(ladder.lowest).max(1);
    let position = |fare: u32| format!("left:{}%", fare.saturating_sub(ladder.lowest).min(width) * 100 / width);
    html! {
        section.ladder {
            span { "$" (ladder.lowest) }
            span.rail {
                span.tick style=(position(ladder.median)) title=(format!("median ${}", ladder.median)) {}
                span.dot style=(position(flight.fare)) title=(format!("this flight ${}", flight.fare)) {}
            }
            span { "$" (ladder.highest) }
            span.small {
                @if flight.fare == ladder.lowest { "The cheapest of " }
                @else if flight.fare < ladder.median { "Cheaper than most of " }
                @else if flight.fare == ladder.highest { "The dearest of " }
                @else { "Not the cheapest of " }
                (ladder.flights) " flights to " (flight.city)
            }
        }
    }
}

fn figures(report: &Report) -> Markup {
    let year = &report.year;
    let (place, rivals) = report.place;
    html! {
        section.figures.wide {
            div.figure { b.(grade(year.on_time)) { (year.on_time) "%" } span { "on time" } }
            div.figure { b { (late(year.median)) } span { "half of the arrivals" } }
            div.figure { b { (late(year.ninth_decile)) } span { "nine of ten at worst" } }
            div.figure { b { (place) small { " of " (rivals) } } span { "in punctuality there" } }
            div.figure { b { (thousands(year.departures.into())) } span { "departures, " (year.cancelled) " cancelled" } }
            div.figure { b { (thousands(year.seats.into())) } span { "seats flown" } }
        }
    }
}

fn late(minutes: i32) -> String {
    match minutes {
        0 => "on the minute".to_owned(),
        1.. => format!("{minutes} min late"),
        _ => format!("{} min early", minutes.unsigned_abs()),
    }
}

fn months(report: &Report) -> Markup {
    let bars: Vec<Bar> = (1..=12)
        .map(|month| {
            let known = report.months.iter().find(|known| known.month == month);
            let title = known.map_or_else(|| "did not fly".to_owned(), |known| format!("{}% of {}", known.on_time, known.departures));
            Bar {
                label: MONTHS[month as usize - 1].to_owned(),
                value: known.map_or(0.0, |known| known.on_time.into()),
                title,
                class: known.map_or("none", |known| grade(known.on_time)),
            }
        })
        .collect();
    charts::columns(&bars, 100.0)
}

fn lateness(report: &Report) -> Markup {
    let highest = report.lateness.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let bars: Vec<Bar> = (-3..=8)
        .map(|step| step * 15)
        .map(|from| {
            let count = report.lateness.iter().find(|(step, _)| *step == from).map_or(0, |(_, count)| *count);
            let label = match from {
                -45 => "early".to_owned(),
                120 => "2 h".to_owned(),
                _ => from.to_string(),
            };
            let title = format!("{count} from {from} to {} minutes late", from + 15);
            Bar { label, value: count.into(), title, class: if from < 15 { "good" } else if from < 60 { "fair" } else { "poor" } }
        })
        .collect();
    charts::columns(&bars, highest.into())
}

fn weather(report: &Report) -> Markup {
    let bars: Vec<Bar> = report
        .weather
        .iter()
        .map(|effect| Bar {
            label: effect.weather.clone(),
            value: effect.left_late.max(0.0),
            title: format!("{:.0} min in {} departures", effect.left_late, thousands(effect.departures.into())),
            class: "plain",
        })
        .collect();
    charts::rows(&bars)
}

fn planes(report: &Report) -> Markup {
    html! {
        table {
            tbody {
                @for plane in &report.planes {
                    tr { td { (plane.maker) " " (plane.model) } td.number { (plane.seats) " seats" } td.number { (plane.departures) "×" } }
                }
            }
        }
        @if report.planes.is_empty() { p.small { "None of its planes is in the register." } }
    }
}

fn knock_on(report: &Report) -> Markup {
    let effect = &report.knock_on;
    html! {
        @if effect.after_late > 0 {
            p.small {
                "On " (effect.followed) " days its plane had left New York before. On " (effect.after_late) " of them that was more than half an hour late, and this flight then left "
                (format!("{:.0}", effect.left_late_after_late)) " minutes late on average, instead of "
                (format!("{:.0}", effect.left_late_otherwise)) "."
            }
        } @else if effect.followed > 0 {
            p.small { "On " (effect.followed) " days its plane had left New York before, never more than half an hour late." }
        }
    }
}
