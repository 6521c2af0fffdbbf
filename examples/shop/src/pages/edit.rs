//! The form that edits a flight.

use std::time::Instant;

use maud::{Markup, html};

use super::layout;
use crate::model::Flight;

/// The form; `overtaken` says that somebody else edited the flight since it was first shown.
pub(crate) fn form(started: Instant, flight: &Flight, overtaken: bool) -> Markup {
    let back = format!("/flights/{}", flight.id);
    let body = html! {
        p.crumbs { a href=(back) { (flight.code()) " to " (flight.city) } " / Edit" }
        h1 { "Edit " (flight.code()) }
        @if overtaken {
            p.warning { "Somebody else has edited this flight in the meantime. This is how they left it; nothing of yours was saved." }
        }
        form.edit method="post" action=(format!("{back}/edit")) data-flight=(flight.id) data-revision=(flight.revision) {
            input type="hidden" name="revision" value=(flight.revision);
            label { "Fare in dollars" input type="number" name="fare" min="1" max="9999" required value=(flight.fare); }
            label { "Note for passengers" textarea name="note" rows="3" maxlength="200" { (flight.note) } }
            div { button { "Save" } " " a href=(back) { "Cancel" } }
        }
    };
    layout(&format!("Edit {}", flight.code()), "", started, body)
}
