//! The data set in the binary, decoded row by row: `data/` says how the files were made, the README whose they are.

use std::io::Read;

use flate2::read::GzDecoder;

const AIRLINES: &str = include_str!("../data/airlines.csv");
const AIRPORTS: &str = include_str!("../data/airports.csv");
const PLANES: &str = include_str!("../data/planes.csv");
const CONNECTIONS: &str = include_str!("../data/connections.csv");
const DEPARTURES: &[u8] = include_bytes!("../data/departures.columns.gz");
const WEATHER: &[u8] = include_bytes!("../data/weather.columns.gz");

/// How many departures there are: for the front page, which is not to unpack them for it.
pub(crate) const DEPARTURES_IN_ALL: u64 = 282_085;

/// One row of a comma-separated file. The files were written for this reader: no field holds a comma, a quote or a
/// line break, which the test below checks, so that a CSV crate would only be something more to build.
pub(crate) type Row = Vec<&'static str>;

pub(crate) fn airlines() -> impl Iterator<Item = Row> {
    rows(AIRLINES)
}

pub(crate) fn airports() -> impl Iterator<Item = Row> {
    rows(AIRPORTS)
}

pub(crate) fn planes() -> impl Iterator<Item = Row> {
    rows(PLANES)
}

pub(crate) fn connections() -> impl Iterator<Item = Row> {
    rows(CONNECTIONS)
}

fn rows(file: &'static str) -> impl Iterator<Item = Row> {
    file.lines().skip(1).map(|line| line.split(',').collect())
}

/// One day's operation of a connection, in the order of `connections.csv`. `None` is what the source has not: a
/// cancelled flight never left, a diverted one never arrived, and some planes are not in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) day_step: i64,
    pub(crate) scheduled: i64,
    pub(crate) left_late: Option<i64>,
    pub(crate) arrived_late: Option<i64>,
    pub(crate) plane: Option<i64>,
}

pub(crate) fn departures() -> Vec<Departure> {
    let text = unpack(DEPARTURES);
    let [day_step, scheduled, left_late, made_up, plane] =
        columns(&text, ["day_step", "scheduled", "left_late", "made_up", "plane"]);
    day_step
        .zip(scheduled)
        .zip(left_late)
        .zip(made_up)
        .zip(plane)
        .map(|((((day_step, scheduled), left_late), made_up), plane)| Departure {
            day_step: number(day_step).unwrap_or_default(),
            scheduled: number(scheduled).unwrap_or_default(),
            left_late: number(left_late),
            arrived_late: number(left_late).zip(number(made_up)).map(|(left, made_up)| left - made_up),
            plane: number(plane),
        })
        .collect()
}

/// An hour's weather at one of the three airports of New York: miles an hour, hundredths of an inch, miles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Weather {
    pub(crate) origin: String,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) wind: Option<i64>,
    pub(crate) rain: Option<i64>,
    pub(crate) sight: Option<i64>,
}

pub(crate) fn weather() -> Vec<Weather> {
    let text = unpack(WEATHER);
    let [origin, day, hour, wind, rain, sight] = columns(&text, ["origin", "day", "hour", "wind", "rain", "sight"]);
    origin
        .zip(day)
        .zip(hour)
        .zip(wind)
        .zip(rain)
        .zip(sight)
        .map(|(((((origin, day), hour), wind), rain), sight)| Weather {
            origin: origin.to_owned(),
            day: number(day).unwrap_or_default(),
            hour: number(hour).unwrap_or_default(),
            wind: number(wind),
            rain: number(rain),
            sight: number(sight),
        })
        .collect()
}

fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("the files are compiled in, and the tests unpack them");
    text
}

fn columns<'a, const N: usize>(text: &'a str, titles: [&str; N]) -> [std::str::Split<'a, char>; N] {
    let mut lines = text.lines();
    titles.map(|title| {
        let (found, values) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
        assert_eq!(found, title, "the columns stand in the order in which prepare.py wrote them");
        values.split(' ')
    })
}

/// A number, or nothing where the file says `-`.
fn number(field: &str) -> Option<i64> {
    field.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_columns_of_its_header() {
        for file in [AIRLINES, AIRPORTS, PLANES, CONNECTIONS] {
            let header = file.lines().next().unwrap().split(',').count();
            assert!(rows(file).count() > 1);
            assert!(rows(file).all(|row| row.len() == header));
            assert!(!file.contains('"'));
        }
    }

    #[test]
    fn departures_belong_to_connections_and_planes() {
        let departures = departures();
        let announced: usize = connections().map(|row| row[6].parse::<usize>().unwrap()).sum();
        assert_eq!(departures.len(), announced);
        assert_eq!(departures.len() as u64, DEPARTURES_IN_ALL);
        let planes = planes().count() as i64;
        assert!(departures.iter().filter_map(|departure| departure.plane).all(|plane| (0..planes).contains(&plane)));
        assert!(departures.iter().any(|departure| departure.left_late.is_none()), "some flights were cancelled");
    }

    #[test]
    fn the_weather_is_that_of_three_airports_and_one_year() {
        let weather = weather();
        assert!(weather.len() > 26_000);
        assert!(weather.iter().all(|hour| ["EWR", "JFK", "LGA"].contains(&hour.origin.as_str())));
        assert!(weather.iter().all(|hour| (1..=365).contains(&hour.day) && (0..24).contains(&hour.hour)));
    }
}
