//! The slow page: how a flight kept its times over the year, compared with its rivals and the weather.
//!
//! Nothing here is slowed down on purpose. The comparison reads every departure to the same city, the weather table is
//! joined to every departure of the airline from that airport, and the plane's flight before is looked up for each day.

use rusqlite::OptionalExtension;

use super::{Database, Session};
use crate::model::{KnockOn, Month, PlaneUsed, Report, WeatherEffect, Year};

impl Database {
    /// How flight `id` kept its times.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn report(&self, id: u32) -> Result<Option<Report>, rusqlite::Error> {
        self.read(move |session| {
            let Some(year) = year(session, id)? else { return Ok(None) };
            Ok(Some(Report {
                year,
                months: months(session, id)?,
                lateness: lateness(session, id)?,
                place: place(session, id)?,
                weather: weather(session, id)?,
                knock_on: knock_on(session, id)?,
                planes: planes(session, id)?,
            }))
        })
        .await
    }
}

fn year(session: &Session<'_>, id: u32) -> Result<Option<Year>, rusqlite::Error> {
    session
        .one(
            "WITH arrived AS ( \
                 SELECT arrived_late, row_number() OVER (ORDER BY arrived_late) AS place, count(*) OVER () AS arrivals \
                 FROM departure WHERE flight = ?1 AND arrived_late IS NOT NULL \
             ) \
             SELECT count(*), sum(d.left_late IS NULL), coalesce(round(100.0 * sum(d.arrived_late < 15) / count(*)), 0), \
                 coalesce((SELECT arrived_late FROM arrived WHERE place = (arrivals + 1) / 2), 0), \
                 coalesce((SELECT arrived_late FROM arrived WHERE place = (arrivals * 9 + 9) / 10), 0), \
                 coalesce(sum(CASE WHEN d.left_late IS NOT NULL THEN s.seats END), 0) \
             FROM departure d LEFT JOIN plane s ON s.id = d.plane WHERE d.flight = ?1 GROUP BY d.flight",
            [id],
            |row| {
                Ok(Year {
                    departures: row.get(0)?,
                    cancelled: row.get(1)?,
                    on_time: row.get::<_, f64>(2)? as u32,
                    median: row.get(3)?,
                    ninth_decile: row.get(4)?,
                    seats: row.get(5)?,
                })
            },
        )
        .optional()
}

fn months(session: &Session<'_>, id: u32) -> Result<Vec<Month>, rusqlite::Error> {
    session.all(
        "SELECT CAST(strftime('%m', '2013-01-01', (day - 1) || ' days') AS INTEGER) AS month, count(*), \
         coalesce(round(100.0 * sum(arrived_late < 15) / count(*)), 0) FROM departure WHERE flight = ? GROUP BY month ORDER BY month",
        [id],
        |row| Ok(Month { month: row.get(0)?, departures: row.get(1)?, on_time: row.get::<_, f64>(2)? as u32 }),
    )
}

fn lateness(session: &Session<'_>, id: u32) -> Result<Vec<(i32, u32)>, rusqlite::Error> {
    session.all(
        // A hundred hours are added and taken off again, because SQLite's division rounds towards zero.
        "SELECT max(-45, min(120, (arrived_late + 6000) / 15 * 15 - 6000)) AS step, count(*) FROM departure \
         WHERE flight = ? AND arrived_late IS NOT NULL GROUP BY step ORDER BY step",
        [id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn place(session: &Session<'_>, id: u32) -> Result<(u32, u32), rusqlite::Error> {
    session.one(
        "WITH rival AS MATERIALIZED ( \
             SELECT f.id, rank() OVER (ORDER BY 1.0 * coalesce(sum(d.arrived_late < 15), 0) / count(*) DESC) AS place, count(*) OVER () AS rivals \
             FROM flight f JOIN departure d ON d.flight = f.id \
             WHERE f.destination = (SELECT destination FROM flight WHERE id = ?1) GROUP BY f.id \
         ) SELECT place, rivals FROM rival WHERE id = ?1",
        [id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn weather(session: &Session<'_>, id: u32) -> Result<Vec<WeatherEffect>, rusqlite::Error> {
    session.all(
        "SELECT CASE WHEN w.sight < 3 THEN 'Fog or snow' WHEN w.rain > 0 THEN 'Rain' WHEN w.wind >= 20 THEN 'Strong wind' \
             ELSE 'Fair weather' END AS kind, count(*), avg(d.left_late) AS late \
         FROM flight own JOIN flight f ON f.airline = own.airline AND f.origin = own.origin \
         JOIN departure d ON d.flight = f.id \
         JOIN weather w ON w.origin = f.origin AND w.day = d.day AND w.hour = d.scheduled / 60 \
         WHERE own.id = ? AND d.left_late IS NOT NULL GROUP BY kind ORDER BY late",
        [id],
        |row| Ok(WeatherEffect { weather: row.get(0)?, departures: row.get(1)?, left_late: row.get(2)? }),
    )
}

fn knock_on(session: &Session<'_>, id: u32) -> Result<KnockOn, rusqlite::Error> {
    session.one(
        "WITH leg AS ( \
             SELECT d.left_late, ( \
                 SELECT e.left_late FROM departure e WHERE e.plane = d.plane AND e.day = d.day AND e.scheduled < d.scheduled \
                 ORDER BY e.scheduled DESC LIMIT 1 \
             ) AS before FROM departure d WHERE d.flight = ? AND d.left_late IS NOT NULL \
         ) \
         SELECT count(before), coalesce(sum(before > 30), 0), coalesce(avg(CASE WHEN before > 30 THEN left_late END), 0.0), \
             coalesce(avg(CASE WHEN before <= 30 THEN left_late END), 0.0) FROM leg",
        [id],
        |row| {
            Ok(KnockOn {
                followed: row.get(0)?,
                after_late: row.get(1)?,
                left_late_after_late: row.get(2)?,
                left_late_otherwise: row.get(3)?,
            })
        },
    )
}

fn planes(session: &Session<'_>, id: u32) -> Result<Vec<PlaneUsed>, rusqlite::Error> {
    session.all(
        "SELECT p.maker, p.model, p.seats, count(*) AS flown FROM departure d JOIN plane p ON p.id = d.plane \
         WHERE d.flight = ? GROUP BY p.maker, p.model, p.seats ORDER BY flown DESC, p.model LIMIT 5",
        [id],
        |row| Ok(PlaneUsed { maker: row.get(0)?, model: row.get(1)?, seats: row.get(2)?, departures: row.get(3)? }),
    )
}
