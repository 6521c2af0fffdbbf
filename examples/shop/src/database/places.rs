//! Destinations and the fares to them.

use rusqlite::{OptionalExtension, Row};

use super::Database;
use super::flights::{FLIGHT, read_flight};
use crate::model::{AirlineThere, Destination, DestinationPage, FareLadder};

/// How many flights the page of a destination names.
const FLIGHTS_SHOWN: u32 = 24;

impl Database {
    /// The destinations with the most flights.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn destinations(&self, count: u32) -> Result<Vec<Destination>, rusqlite::Error> {
        self.read(move |session| {
            session.all(
                "SELECT p.code, p.city, p.state, count(*) AS flights, min(f.fare) FROM flight f \
                 JOIN airport p ON p.code = f.destination GROUP BY p.code ORDER BY flights DESC, p.code LIMIT ?",
                [count],
                |row| {
                    Ok(Destination {
                        code: row.get(0)?,
                        city: row.get(1)?,
                        state: row.get(2)?,
                        flights: row.get(3)?,
                        from_fare: row.get(4)?,
                    })
                },
            )
        })
        .await
    }

    /// The page of one destination, if flights go there.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn destination(&self, code: &str) -> Result<Option<DestinationPage>, rusqlite::Error> {
        let code = code.to_owned();
        self.read(move |session| {
            let place = session
                .one(
                    "SELECT p.name, p.city, p.state, min(f.fare), avg(f.fare), max(f.fare) FROM airport p \
                     JOIN flight f ON f.destination = p.code WHERE p.code = ? GROUP BY p.code",
                    [&code],
                    |row| {
                        let fares = (row.get(3)?, row.get::<_, f64>(4)?.round() as u32, row.get(5)?);
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, fares))
                    },
                )
                .optional()?;
            let Some((name, city, state, fares)) = place else { return Ok(None) };
            let airlines = session.all(
                "SELECT a.code, a.name, count(DISTINCT f.id), count(*) AS departures, \
                 coalesce(round(100.0 * sum(d.arrived_late < 15) / count(*)), 0) AS on_time, min(f.fare) \
                 FROM flight f JOIN airline a ON a.code = f.airline JOIN departure d ON d.flight = f.id \
                 WHERE f.destination = ? GROUP BY a.code ORDER BY on_time DESC, departures DESC",
                [&code],
                read_airline,
            )?;
            let sql = format!("{FLIGHT} WHERE f.destination = ? ORDER BY f.fare, f.id LIMIT {FLIGHTS_SHOWN}");
            let flights = session.all(&sql, [&code], read_flight)?;
            Ok(Some(DestinationPage { code, name, city, state, fares, airlines, flights }))
        })
        .await
    }

    /// The fares to a place, from the cheapest to the dearest.
    ///
    /// # Errors
    /// When SQLite fails, or no flight goes there.
    pub async fn fare_ladder(&self, destination: &str) -> Result<FareLadder, rusqlite::Error> {
        let destination = destination.to_owned();
        self.read(move |session| {
            session.one(
                "WITH ranked AS (SELECT fare, row_number() OVER (ORDER BY fare) AS place, count(*) OVER () AS flights \
                 FROM flight WHERE destination = ?) \
                 SELECT flights, min(fare), max(CASE WHEN place = (flights + 1) / 2 THEN fare END), max(fare) FROM ranked",
                [destination],
                |row| Ok(FareLadder { flights: row.get(0)?, lowest: row.get(1)?, median: row.get(2)?, highest: row.get(3)? }),
            )
        })
        .await
    }
}

fn read_airline(row: &Row<'_>) -> Result<AirlineThere, rusqlite::Error> {
    Ok(AirlineThere {
        code: row.get(0)?,
        name: row.get(1)?,
        flights: row.get(2)?,
        departures: row.get(3)?,
        on_time: row.get::<_, f64>(4)? as u32,
        from_fare: row.get(5)?,
    })
}
