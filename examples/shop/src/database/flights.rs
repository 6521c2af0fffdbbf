//! Single flights, lists of them, and the search.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params_from_iter};

use super::{Database, Session};
use crate::filter::{Filter, PAGE_SIZE, Sort};
use crate::model::{Facets, Flight, Listing, Record};

/// What makes a `Flight`, for every query that returns some.
pub(super) const FLIGHT: &str = "SELECT f.id, f.airline, a.name, f.number, f.origin, f.destination, p.city, p.state, f.miles, f.leaves, \
    f.fare, f.note, f.revision FROM flight f JOIN airline a ON a.code = f.airline JOIN airport p ON p.code = f.destination";

pub(super) fn read_flight(row: &Row<'_>) -> Result<Flight, rusqlite::Error> {
    Ok(Flight {
        id: row.get(0)?,
        airline: row.get(1)?,
        airline_name: row.get(2)?,
        number: row.get(3)?,
        origin: row.get(4)?,
        destination: row.get(5)?,
        city: row.get(6)?,
        state: row.get(7)?,
        miles: row.get(8)?,
        leaves: row.get(9)?,
        fare: row.get(10)?,
        note: row.get(11)?,
        revision: row.get(12)?,
    })
}

/// A year in figures, grouped by flight. A cancelled or diverted flight was not on time.
const RECORD: &str = "SELECT f.id, count(*) AS departures, \
    coalesce(sum(CASE WHEN d.left_late IS NOT NULL THEN s.seats END), 0) AS seats, \
    coalesce(round(100.0 * sum(d.arrived_late < 15) / count(*)), 0) AS on_time \
    FROM flight f JOIN departure d ON d.flight = f.id LEFT JOIN plane s ON s.id = d.plane";

fn read_record(row: &Row<'_>) -> Result<Record, rusqlite::Error> {
    Ok(Record { id: row.get(0)?, departures: row.get(1)?, seats: row.get(2)?, on_time: row.get::<_, f64>(3)? as u32 })
}

impl Database {
    /// One flight as it is now.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn flight(&self, id: u32) -> Result<Option<Flight>, rusqlite::Error> {
        self.read(move |session| session.one(&format!("{FLIGHT} WHERE f.id = ?"), [id], read_flight).optional()).await
    }

    /// Those of the named flights that exist, in no order.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn flights(&self, ids: Vec<u32>) -> Result<Vec<Flight>, rusqlite::Error> {
        self.read(move |session| {
            let marks = vec!["?"; ids.len()].join(", ");
            session.all(&format!("{FLIGHT} WHERE f.id IN ({marks})"), params_from_iter(ids), read_flight)
        })
        .await
    }

    /// Every id, most seats flown first: the order of popularity in which the driver asks for them.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn ids_by_popularity(&self) -> Result<Vec<u32>, rusqlite::Error> {
        self.read(|session| session.all(&format!("{RECORD} GROUP BY f.id ORDER BY seats DESC, f.id"), [], |row| row.get(0))).await
    }

    /// The flights that sold the most seats over the year.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn bestsellers(&self, count: u32) -> Result<Vec<Record>, rusqlite::Error> {
        self.read(move |session| {
            session.all(&format!("{RECORD} GROUP BY f.id ORDER BY seats DESC, f.id LIMIT ?"), [count], read_record)
        })
        .await
    }

    /// A page of the list.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn listing(&self, filter: &Filter) -> Result<Listing, rusqlite::Error> {
        let (condition, parameters) = condition(filter);
        let order = match filter.sort {
            Sort::Popular => "seats DESC",
            Sort::Punctual => "on_time DESC, departures DESC",
            Sort::Fare => "f.fare",
            Sort::Leaves => "f.leaves",
        };
        let first = i64::from(filter.page - 1) * i64::from(PAGE_SIZE);
        self.read(move |session| listing(session, &condition, &parameters, order, first)).await
    }

    /// The flights in which every word of `text` is found: in their code, airline, airports, city, state or note.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn search(&self, text: &str) -> Result<Listing, rusqlite::Error> {
        let words: Vec<Value> = text.split_whitespace().map(|word| Value::from(format!("%{}%", escape_like(word)))).collect();
        let condition = vec![
            "f.airline || f.number || ' ' || f.airline || ' ' || f.number || ' ' || f.origin || ' ' || f.destination || ' ' \
             || (SELECT name FROM airline WHERE code = f.airline) || ' ' \
             || (SELECT city || ' ' || state || ' ' || name FROM airport WHERE code = f.destination) || ' ' || f.note \
             LIKE ? ESCAPE '\\'";
            words.len()
        ]
        .join(" AND ");
        let condition = if words.is_empty() { "0".to_owned() } else { condition };
        self.read(move |session| listing(session, &condition, &words, "seats DESC", 0)).await
    }

    /// What can be chosen in the filters.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn facets(&self) -> Result<Facets, rusqlite::Error> {
        self.read(|session| {
            let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let airlines = "SELECT code, name FROM airline WHERE code IN (SELECT airline FROM flight) ORDER BY name";
            let destinations = "SELECT code, city FROM airport WHERE code IN (SELECT destination FROM flight) ORDER BY city, code";
            Ok(Facets { airlines: session.all(airlines, [], pair)?, destinations: session.all(destinations, [], pair)? })
        })
        .await
    }
}

fn listing(session: &Session<'_>, condition: &str, parameters: &[Value], order: &str, first: i64) -> Result<Listing, rusqlite::Error> {
    let sql = format!("{RECORD} WHERE {condition} GROUP BY f.id ORDER BY {order}, f.id LIMIT {PAGE_SIZE} OFFSET ?");
    let records = session.all(&sql, params_from_iter(parameters.iter().chain([&Value::from(first)])), read_record)?;
    let sql = format!("SELECT count(*) FROM flight f WHERE {condition}");
    let total = session.one(&sql, params_from_iter(parameters), |row| row.get(0))?;
    Ok(Listing { records, total })
}

fn condition(filter: &Filter) -> (String, Vec<Value>) {
    let mut conditions = vec!["1"];
    let mut parameters = Vec::new();
    let codes = [("f.origin = ?", &filter.from), ("f.destination = ?", &filter.to), ("f.airline = ?", &filter.airline)];
    for (condition, code) in codes {
        if let Some(code) = code {
            conditions.push(condition);
            parameters.push(Value::from(code.clone()));
        }
    }
    if let Some(part) = filter.part {
        let (from, until) = part.minutes();
        conditions.push("f.leaves >= ? AND f.leaves < ?");
        parameters.extend([Value::from(from), Value::from(until)]);
    }
    if let Some(fare) = filter.max_fare {
        conditions.push("f.fare <= ?");
        parameters.push(Value::from(fare));
    }
    (conditions.join(" AND "), parameters)
}

/// A visitor's `%` means a percent sign.
fn escape_like(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
