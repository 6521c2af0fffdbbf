//! The one thing that changes: the fare and the note of a flight.

use rusqlite::{OptionalExtension, params};

use super::Database;
use super::flights::{FLIGHT, read_flight};
use crate::model::{Edit, Flight};

/// What came of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It was made. The flight before and after.
    Done(Box<(Flight, Flight)>),
    /// Somebody else was faster: the flight as they left it. Nothing was changed.
    Overtaken(Box<Flight>),
    /// There is no such flight.
    Unknown,
}

impl Database {
    /// Changes flight `id`, provided that its revision is still the one the editor saw.
    ///
    /// # Errors
    /// When SQLite fails; then nothing was changed.
    pub async fn edit(&self, id: u32, edit: Edit) -> Result<Edited, rusqlite::Error> {
        self.write(move |session| {
            let sql = format!("{FLIGHT} WHERE f.id = ?");
            // One statement decides, so no transaction is needed: the revision is compared where it is raised.
            let before = session.one(&sql, [id], read_flight).optional()?;
            let Some(before) = before else { return Ok(Edited::Unknown) };
            let raise = "UPDATE flight SET fare = ?, note = ?, revision = revision + 1 WHERE id = ? AND revision = ? RETURNING revision";
            let revision = session.one(raise, params![edit.fare, edit.note, id, edit.revision], |row| row.get(0)).optional()?;
            Ok(match revision {
                Some(revision) => {
                    let after = Flight { fare: edit.fare, note: edit.note, revision, ..before.clone() };
                    Edited::Done(Box::new((before, after)))
                }
                None => Edited::Overtaken(Box::new(before)),
            })
        })
        .await
    }
}
