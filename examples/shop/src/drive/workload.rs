//! What the visitors do, decided before they start, so that every drive of one seed does the same.

use std::sync::Arc;

use fastrand::Rng;

use super::zipf::Zipf;
use crate::failure::Failure;
use crate::model::Flight;

/// Of a hundred steps, how many look at a flight, and so on; the rest are the front page.
const FLIGHTS: u32 = 46;
const LISTS: u32 = 18;
const DESTINATIONS: u32 = 14;
const SEARCHES: u32 = 10;
const EDITS: u32 = 3;

/// One thing a visitor does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Looks at a page, which must contain this.
    Look {
        /// The address.
        path: String,
        /// What is on the page if it is the right one.
        expects: String,
    },
    /// Edits a flight.
    Edit {
        /// Which.
        id: u32,
        /// The fare it is given.
        fare: u32,
        /// The note it is given.
        note: String,
    },
}

/// What the visitors do, in order.
#[derive(Debug, Clone)]
pub struct Workload {
    steps: Arc<[Step]>,
    highest_id: u32,
}

impl Workload {
    /// So many steps among these flights, the first of which is the most popular. The same seed gives the same steps.
    ///
    /// # Errors
    /// [`Failure::NotFound`] without flights.
    pub fn new(flights: &[Flight], steps: usize, seed: u64) -> Result<Self, Failure> {
        let highest_id = flights.iter().map(|flight| flight.id).max().ok_or(Failure::NotFound)?;
        let popularity = Zipf::new(flights.len());
        let mut random = Rng::with_seed(seed);
        let steps = (0..steps)
            .map(|number| {
                let flight = &flights[popularity.draw(&mut random)];
                step(number, flight, &mut random)
            })
            .collect();
        Ok(Self { steps, highest_id })
    }

    /// The steps.
    pub fn steps(&self) -> Arc<[Step]> {
        Arc::clone(&self.steps)
    }

    /// How many requests it takes, if no edit is overtaken: an edit is two.
    pub fn requests(&self) -> usize {
        self.steps.iter().map(|step| if matches!(step, Step::Edit { .. }) { 2 } else { 1 }).sum()
    }

    pub(super) fn highest_id(&self) -> u32 {
        self.highest_id
    }
}

/// A step around a popular flight: itself, its city, its airline, or what somebody might look for who wants it.
fn step(number: usize, flight: &Flight, random: &mut Rng) -> Step {
    let mut rest = random.u32(..100);
    let mut below = |share: u32| {
        let chosen = rest < share;
        rest = if chosen { 0 } else { rest - share };
        chosen
    };
    let look = |path: String, expects: &str| Step::Look { path, expects: expects.to_owned() };
    if below(FLIGHTS) {
        look(format!("/flights/{}", flight.id), &format!("data-flight=\"{}\"", flight.id))
    } else if below(LISTS) {
        let sort = random.choice(["", "&sort=fare", "&sort=punctual"]).unwrap_or_default();
        let list = match random.u32(..3) {
            0 => format!("from={}{sort}", flight.origin),
            1 => format!("from={}&to={}{sort}", flight.origin, flight.destination),
            _ => format!("airline={}&from={}{sort}", flight.airline, flight.origin),
        };
        look(format!("/flights?{list}"), "data-flight=")
    } else if below(DESTINATIONS) {
        look(format!("/to/{}", flight.destination), "data-flight=")
    } else if below(SEARCHES) {
        let text = random.choice([&flight.city, &flight.airline_name, &flight.destination]).map_or("", |text| text);
        look(format!("/search?q={}", encode(text)), "data-flight=")
    } else if below(EDITS) {
        let fare = (flight.fare + random.u32(..40)).saturating_sub(20).max(1);
        Step::Edit { id: flight.id, fare, note: format!("Desk note {number}: be at the gate 20 minutes before departure.") }
    } else {
        look("/".to_owned(), "data-flight=")
    }
}

/// Text as forms send it.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            _ if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_as_forms_do() {
        assert_eq!(encode("St. Louis & 100%"), "St%2E+Louis+%26+100%25");
    }
}
