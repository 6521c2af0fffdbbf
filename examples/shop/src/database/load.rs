//! Fills an empty database from the data set in the binary.

use rusqlite::{Connection, params};

use crate::data;

/// Loads each `every`-th flight and all that belongs to it, in one transaction.
pub(super) fn load(connection: &mut Connection, every: usize) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(include_str!("schema.sql"))?;
    load_register(&transaction)?;
    load_flights(&transaction, every)?;
    load_weather(&transaction)?;
    transaction.execute_batch(include_str!("indexes.sql"))?;
    transaction.commit()
}

fn load_register(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare("INSERT INTO airline VALUES (?, ?)")?;
    for row in data::airlines() {
        statement.execute([row[0], row[1]])?;
    }
    let mut statement = connection.prepare("INSERT INTO airport VALUES (?, ?, ?, ?, CAST(? AS REAL), CAST(? AS REAL))")?;
    for row in data::airports() {
        statement.execute([row[0], row[1], row[2], row[3], row[4], row[5]])?;
    }
    let mut statement = connection.prepare("INSERT INTO plane VALUES (?, ?, CAST(NULLIF(?, '') AS INTEGER), ?, ?, CAST(? AS INTEGER))")?;
    for (id, row) in data::planes().enumerate() {
        statement.execute(params![id as i64, row[0], row[1], row[2], row[3], row[4]])?;
    }
    Ok(())
}

fn load_flights(connection: &Connection, every: usize) -> Result<(), rusqlite::Error> {
    let mut flight = connection.prepare(
        "INSERT INTO flight (id, airline, number, origin, destination, miles, leaves, fare) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let mut departure = connection.prepare("INSERT INTO departure VALUES (?, ?, ?, ?, ?, ?)")?;
    let departures = data::departures();
    let mut departures = departures.as_slice();
    for (index, row) in data::connections().enumerate() {
        let flown = whole(row[6]) as usize;
        let (own, rest) = departures.split_at(flown);
        departures = rest;
        if index % every != 0 {
            continue;
        }
        let id = index as i64 + 1;
        let (miles, leaves) = (whole(row[4]), whole(row[5]));
        flight.execute(params![id, row[0], whole(row[1]), row[2], row[3], miles, leaves, opening_fare(id, miles, leaves)])?;
        let mut day = 0;
        for one in own {
            day += one.day_step;
            departure.execute(params![id, day, one.scheduled, one.left_late, one.arrived_late, one.plane])?;
        }
    }
    Ok(())
}

fn load_weather(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare("INSERT OR IGNORE INTO weather VALUES (?, ?, ?, ?, ?, ?)")?;
    for hour in data::weather() {
        statement.execute(params![hour.origin, hour.day, hour.hour, hour.wind, hour.rain, hour.sight])?;
    }
    Ok(())
}

/// The one number here that is made up: no fare is in the data. It grows with the distance, early and late flights are
/// cheaper, and a few dollars depend on the flight, so that not every fare to a place is the same.
fn opening_fare(id: i64, miles: i64, leaves: i64) -> i64 {
    let unpopular_hour = if (8 * 60..20 * 60).contains(&leaves) { 0 } else { 12 };
    49 + miles * 9 / 100 + id * 7919 % 43 - unpopular_hour
}

fn whole(field: &str) -> i64 {
    field.parse().expect("the files are compiled in, and a test reads every row")
}
