//! What the shop sells and what it says about it. Everything here is kept in the cache, hence serde on all of it.

use serde::{Deserialize, Serialize};

/// One thing the shop sells: a numbered flight between two airports, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// Its number in the shop's address.
    pub id: u32,
    /// The airline's two-letter code.
    pub airline: String,
    /// The airline's name.
    pub airline_name: String,
    /// The flight number, after the airline's code.
    pub number: u32,
    /// The airport in New York it leaves from.
    pub origin: String,
    /// The airport it goes to.
    pub destination: String,
    /// The city of that airport.
    pub city: String,
    /// The state of that city.
    pub state: String,
    /// How far it is.
    pub miles: u32,
    /// When it usually leaves, in minutes after midnight.
    pub leaves: u32,
    /// What a ticket costs, in dollars. Editable.
    pub fare: u32,
    /// What the shop wants its customers to know. Editable.
    pub note: String,
    /// How often it was edited. Shown on every page that shows the flight, which is how a stale page gives itself away.
    pub revision: u32,
}

impl Flight {
    /// `UA 1545`, as it stands on the board.
    pub fn code(&self) -> String {
        format!("{} {}", self.airline, self.number)
    }
}

/// What an edit may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The new fare, in dollars.
    pub fare: u32,
    /// The new note.
    pub note: String,
    /// The revision the editor saw. An edit of an older one is refused.
    pub revision: u32,
}

/// A flight's year in figures, for a card in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Whose year it is.
    pub id: u32,
    /// How often it was to leave.
    pub departures: u32,
    /// Seats that flew, over the year.
    pub seats: u32,
    /// How many of a hundred departures arrived less than a quarter of an hour late.
    pub on_time: u32,
}

/// A page of a list and how many entries the whole list has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The flights of this page, in order.
    pub records: Vec<Record>,
    /// The flights of all pages.
    pub total: u32,
}

/// What can be chosen in the filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// Code and name of each airline that sells here.
    pub airlines: Vec<(String, String)>,
    /// Code and city of each destination.
    pub destinations: Vec<(String, String)>,
}

/// One destination, for the grid on the front page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The airport.
    pub code: String,
    /// Its city.
    pub city: String,
    /// Its state.
    pub state: String,
    /// How many flights go there.
    pub flights: u32,
    /// The cheapest fare.
    pub from_fare: u32,
}

/// The page of one destination. Its flights are kept whole, so that it must go when one of them is edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DestinationPage {
    /// The airport.
    pub code: String,
    /// The airport's name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Its state.
    pub state: String,
    /// The cheapest, the average and the dearest fare.
    pub fares: (u32, u32, u32),
    /// How each airline does on the way there.
    pub airlines: Vec<AirlineThere>,
    /// The flights, cheapest first.
    pub flights: Vec<Flight>,
}

/// One airline on the way to one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AirlineThere {
    /// The airline's code.
    pub code: String,
    /// The airline's name.
    pub name: String,
    /// How many flights it sells there.
    pub flights: u32,
    /// How often they were to leave.
    pub departures: u32,
    /// How many of a hundred arrived less than a quarter of an hour late.
    pub on_time: u32,
    /// Its cheapest fare there.
    pub from_fare: u32,
}

/// Where a fare stands among the fares to the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FareLadder {
    /// How many flights go there.
    pub flights: u32,
    /// The cheapest fare.
    pub lowest: u32,
    /// The fare in the middle.
    pub median: u32,
    /// The dearest fare.
    pub highest: u32,
}

/// How a flight kept its times: the slow page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The year as a whole.
    pub year: Year,
    /// Each month in which it flew.
    pub months: Vec<Month>,
    /// How many departures arrived how late, in steps of a quarter of an hour: from so many minutes late, how many.
    pub lateness: Vec<(i32, u32)>,
    /// Its place among the flights to the same city, by arrivals on time: so many-th of so many.
    pub place: (u32, u32),
    /// Lateness by the weather in New York, for the airline's departures from this airport.
    pub weather: Vec<WeatherEffect>,
    /// What the plane brought along from its flight before.
    pub knock_on: KnockOn,
    /// The planes that flew it most.
    pub planes: Vec<PlaneUsed>,
}

/// A year of one flight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Year {
    /// How often it was to leave.
    pub departures: u32,
    /// How often it never left.
    pub cancelled: u32,
    /// How many of a hundred arrived less than a quarter of an hour late.
    pub on_time: u32,
    /// The lateness on arrival that half of them kept below, in minutes.
    pub median: i32,
    /// The lateness on arrival that nine of ten kept below, in minutes.
    pub ninth_decile: i32,
    /// Seats that flew.
    pub seats: u32,
}

/// A month of one flight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// 1 to 12.
    pub month: u32,
    /// How often it was to leave.
    pub departures: u32,
    /// How many of a hundred arrived less than a quarter of an hour late.
    pub on_time: u32,
}

/// What a kind of weather did to departures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeatherEffect {
    /// The kind of weather, in words.
    pub weather: String,
    /// Departures in it.
    pub departures: u32,
    /// How late they left, on average, in minutes.
    pub left_late: f64,
}

/// Lateness that came with the plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KnockOn {
    /// Departures whose plane had left New York before on the same day.
    pub followed: u32,
    /// Of these, those whose plane had left more than half an hour late then.
    pub after_late: u32,
    /// How late these left, on average, in minutes.
    pub left_late_after_late: f64,
    /// How late the others left, on average, in minutes.
    pub left_late_otherwise: f64,
}

/// A type of plane and how often it flew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaneUsed {
    /// Who built it.
    pub maker: String,
    /// What it is called.
    pub model: String,
    /// How many seats it has.
    pub seats: u32,
    /// How often it flew.
    pub departures: u32,
}
