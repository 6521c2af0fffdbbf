//! The list with its filters, and what a search found.

use std::collections::HashMap;
use std::time::Instant;

use maud::{Markup, html};

use super::{card, layout, thousands};
use crate::filter::{Filter, PAGE_SIZE, PartOfDay, Sort};
use crate::model::{Facets, Flight, Listing};

pub(crate) fn list(
    started: Instant,
    filter: &Filter,
    facets: &Facets,
    listing: &Listing,
    flights: &HashMap<u32, Flight>,
) -> Markup {
    let body = html! {
        h1 { "Flights " small { (thousands(listing.total.into())) } }
        (filters(filter, facets))
        (cards(listing, flights))
        (pager(filter, listing.total))
    };
    layout("Flights", "", started, body)
}

pub(crate) fn search(started: Instant, text: &str, listing: &Listing, flights: &HashMap<u32, Flight>) -> Markup {
    let body = html! {
        @if text.is_empty() {
            h1 { "Search" }
            p { "Type a city, an airport, an airline or a flight number above." }
        } @else {
            h1 { "“" (text) "” " small { (thousands(listing.total.into())) " flights" } }
            (cards(listing, flights))
            @if listing.total > PAGE_SIZE { p.small { "The " (PAGE_SIZE) " most flown of them are shown. Another word makes it fewer." } }
        }
    };
    layout("Search", text, started, body)
}

fn cards(listing: &Listing, flights: &HashMap<u32, Flight>) -> Markup {
    html! {
        @if listing.records.is_empty() {
            p.empty { "No flight is like that." }
        }
        div.cards {
            @for record in &listing.records {
                @if let Some(flight) = flights.get(&record.id) { (card(flight, Some(record), None)) }
            }
        }
    }
}

fn filters(filter: &Filter, facets: &Facets) -> Markup {
    let origins = ["EWR", "JFK", "LGA"];
    html! {
        form.filters action="/flights" {
            label { "From" select name="from" {
                option value="" { "Any airport" }
                @for code in origins { option value=(code) selected[filter.from.as_deref() == Some(code)] { (code) } }
            } }
            label { "To" select name="to" {
                option value="" { "Anywhere" }
                @for (code, city) in &facets.destinations {
                    option value=(code) selected[filter.to.as_ref() == Some(code)] { (city) " (" (code) ")" }
                }
            } }
            label { "Airline" select name="airline" {
                option value="" { "Any airline" }
                @for (code, name) in &facets.airlines {
                    option value=(code) selected[filter.airline.as_ref() == Some(code)] { (name) }
                }
            } }
            label { "Leaves" select name="part" {
                option value="" { "Any time" }
                @for part in PartOfDay::ALL { option value=(part.name()) selected[filter.part == Some(part)] { "In the " (part.name()) } }
            } }
            label { "Up to $" input type="number" name="max_fare" min="1" max="9999" value=[filter.max_fare]; }
            label { "Order" select name="sort" {
                @for sort in Sort::ALL { option value=(sort.name()) selected[filter.sort == sort] { (sort.title()) } }
            } }
            button { "Show" }
        }
    }
}

fn pager(filter: &Filter, total: u32) -> Markup {
    let last = total.div_ceil(PAGE_SIZE).max(1);
    html! {
        @if last > 1 {
            nav.pager {
                @if filter.page > 1 { a.button href=(filter.address(filter.page.min(last + 1) - 1)) { "← Before" } }
                span { "Page " (filter.page) " of " (last) }
                @if filter.page < last { a.button href=(filter.address(filter.page + 1)) { "After →" } }
            }
        }
    }
}
