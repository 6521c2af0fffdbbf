//! Writing.

use super::{Store, opened};
use crate::error::{Error, Result};
use crate::hash::NameHash;
use crate::marks;
use crate::record::{Body, Draft, Side};
use crate::shard::{Added, Outcome, Put};
use crate::state::State;
use crate::types::{Condition, Count, MarkRef, NEVER, Scope, Stored, ValueRef, Write};

impl Store {
    /// Stores an entry when its condition holds, gives it a stamp of its own, and ends a lease on its key.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process holds the lock and does not go on; as [`open`](Self::open).
    pub fn put(&self, scope: Scope, key: &[u8], write: &Write<'_>, now: u64) -> Result<Stored> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        // It arrives while the checksum is made.
        state.shard(hash.low).inner.prefetch(hash);
        let marks = marks_of(write.marks);
        let side;
        let mut too_large = false;
        // Everything that takes long is done before the lock is taken.
        let (codec, body) = match write.value {
            ValueRef::Integer(number) => (0, Body::Integer(number)),
            ValueRef::Bytes { codec, bytes } if self.fits(state, key, bytes, &marks) => (codec, Body::Bytes(bytes)),
            ValueRef::Bytes { codec, bytes } => {
                // One that will be refused for another reason need not be written: the visit looks at that first.
                side = self.write_side(state, hash, bytes, now)?;
                too_large = side.is_none() && bytes.len() as u64 > state.head.layout.side_bytes;
                (codec, side.map_or(Body::Bytes(&[]), Body::Side))
            }
        };
        let no_room =
            matches!((write.value, body), (ValueRef::Bytes { bytes, .. }, Body::Bytes(b)) if bytes.len() != b.len());
        let stored = self.put_body(state, scope, key, hash, write, codec, body, &marks, too_large || no_room, now)?;
        if let Body::Side(side) = body
            && stored != Stored::Stored
        {
            state.side.remove(hash.low, side.id);
        }
        Ok(if stored == Stored::TooLarge && no_room && !too_large { Stored::NoRoom } else { stored })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one write, which nobody else puts together")]
    fn put_body(
        &self,
        state: &State,
        scope: Scope,
        key: &[u8],
        hash: NameHash,
        write: &Write<'_>,
        codec: u8,
        body: Body<'_>,
        marks: &[u8],
        too_large: bool,
        now: u64,
    ) -> Result<Stored> {
        let content = body.content();
        loop {
            let draft = Draft {
                hash,
                key,
                codec,
                body,
                marks,
                epoch: state.markers.inner.epoch(),
                scope: self.scope(state, scope)?,
                written: write.written,
                session: state.run.session as u16,
                deadline: write.deadline.min(NEVER),
                stamp: 0,
                uses: 0,
                content,
            };
            let put = Put { draft, name: scope.0, condition: write.condition, too_large };
            let stored = self.visit(state, hash.low, now, |visit| visit.put(&put))?;
            return Ok(match stored {
                Outcome::Stored => Stored::Stored,
                Outcome::Condition => Stored::Condition,
                Outcome::Overtaken => Stored::Overtaken,
                Outcome::TooLarge => Stored::TooLarge,
                Outcome::NotKept => Stored::NotKept,
                Outcome::NoRoom => Stored::NoRoom,
                // Cleared between the two: what is stored now is stored after the clearing.
                Outcome::ScopeMoved => continue,
            });
        }
    }

    fn fits(&self, state: &State, key: &[u8], bytes: &[u8], marks: &[u8]) -> bool {
        let whole = (bytes.len() + key.len() + marks.len() + 128) / crate::spot::UNIT;
        whole as u64 <= state.head.layout.longest_record()
    }

    fn write_side(&self, state: &State, hash: NameHash, bytes: &[u8], now: u64) -> Result<Option<Side>> {
        let evict = |hash: u64, id: u64| {
            // Best effort: one that stays leads to a file that is gone, which is a miss.
            let _ = self.visit(state, hash, now, |visit| visit.evict_side(hash, id));
        };
        let failed = Error::io("write a value beside", &self.options.directory);
        state.side.write(hash.low, bytes, evict).map_err(failed)
    }

    /// Removes an entry when the condition holds, and ends a lease on its key. Whether a live one was removed.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn remove(&self, scope: Scope, key: &[u8], condition: Condition, now: u64) -> Result<bool> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        self.visit(state, hash.low, now, |visit| visit.remove(hash, key, scope.0, condition))
    }

    /// Adds to an integer in place, keeping its deadline. Where there is no live entry, stores `create` with `delta` added.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn add(&self, scope: Scope, key: &[u8], delta: i64, create: Option<&Write<'_>>, now: u64) -> Result<Count> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        loop {
            let added = self.visit(state, hash.low, now, |visit| visit.add(hash, key, scope.0, delta))?;
            match added {
                Some(Added::Now(number)) => return Ok(Count::Now(number)),
                Some(Added::NotAnInteger) => return Ok(Count::NotAnInteger),
                Some(Added::Overflow) => return Ok(Count::Overflow),
                None => {}
            }
            let Some(create) = create else { return Ok(Count::Missing) };
            let ValueRef::Integer(initial) = create.value else { return Ok(Count::NotAnInteger) };
            let Some(sum) = initial.checked_add(delta) else { return Ok(Count::Overflow) };
            // Only if it is still missing: somebody else may create it first, and is then added to.
            let write = Write { value: ValueRef::Integer(sum), condition: Condition::Absent, ..*create };
            match self.put(scope, key, &write, now)? {
                Stored::Condition => {}
                // Never a number that the next one who adds would not find.
                Stored::NoRoom | Stored::TooLarge => return Ok(Count::NoRoom),
                Stored::Stored | Stored::Overtaken | Stored::NotKept => return Ok(Count::Now(sum)),
            }
        }
    }

    /// Gives a live entry another deadline, in place; false when there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch(&self, scope: Scope, key: &[u8], deadline: u64, now: u64) -> Result<bool> {
        let state = self.state(now)?;
        let state = opened(&state);
        let hash = self.hash(state, key);
        self.visit(state, hash.low, now, |visit| visit.touch(hash, key, scope.0, deadline.min(NEVER)))
    }
}

fn marks_of(marks: &[MarkRef<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mark in marks {
        marks::push(&mut bytes, mark.kind, mark.name.as_bytes(), mark.generation);
    }
    bytes
}
