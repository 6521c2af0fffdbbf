//! Verbs made of others, for stores that have no better way: a backend calls them by name, because the door has no default
//! bodies. They promise what the door asks for, in more than one visit to the store.

use super::{Backend, Count, Locked, Locking, Lookup, Put, Refusal, When};
use crate::clock::{Clock, Moment};
use crate::codec::Codec;
use crate::entry::{Entry, Marker, Stamp};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Deadline;
use crate::key::Key;
use crate::payload::Payload;

/// [`Backend::entries`] of [`Backend::entry`], one key after the other.
///
/// # Errors
/// When the store fails.
pub async fn entries<B: Backend>(store: &B, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(store.entry(key, hint).await?);
    }
    Ok(found)
}

/// [`Backend::tally`] of [`Backend::add_to`] and [`Backend::entry`]: the count is atomic, and the deadline is what the
/// counter has a moment later.
///
/// # Errors
/// When the store fails.
pub async fn tally<B: Backend>(store: &B, key: &Key<'_>, delta: i64, create: Entry) -> Result<(Count, Deadline)> {
    let created = create.deadline;
    let count = store.add_to(key, delta, Some(create)).await?;
    let deadline = match store.entry(key, &[]).await? {
        Lookup::Hit(entry) => entry.deadline,
        Lookup::Miss(_) => created,
    };
    Ok((count, deadline))
}

/// [`Backend::lock`] of conditional writes and a counter that all locks of a scope draw their fencing numbers from.
///
/// # Errors
/// When the store fails.
pub async fn lock<B: Backend>(store: &B, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
    match locking {
        Locking::Take(until) => take(store, key, owner, until).await,
        Locking::Extend(until) => match held(store, key, owner).await? {
            None => Ok(Locked::Refused),
            Some((stamp, fence)) => {
                let put = store.put(key, holding(owner, fence, until)?, When::Unchanged(stamp)).await?;
                Ok(if put.is_stored() { locked(fence) } else { Locked::Refused })
            }
        },
        Locking::Free => match held(store, key, owner).await? {
            Some((stamp, fence)) if store.remove(key, When::Unchanged(stamp)).await? => Ok(locked(fence)),
            _ => Ok(Locked::Refused),
        },
    }
}

async fn take<B: Backend>(store: &B, key: &Key<'_>, owner: &str, until: Deadline) -> Result<Locked> {
    match store.put(key, holding(owner, 0, until)?, When::Absent).await? {
        Put::Stored => {}
        Put::Refused(Refusal::StoreDown) => return Ok(Locked::StoreDown),
        Put::Refused(_) => return Ok(Locked::Refused),
    }
    // The number is drawn while the lock is held, and the lock is seen to be still held afterwards: whoever held it before
    // drew earlier, whoever takes it later draws later.
    let fence = draw_fence(store, key, until).await?;
    let Some((stamp, _)) = held(store, key, owner).await? else { return Ok(Locked::Refused) };
    let put = store.put(key, holding(owner, fence, until)?, When::Unchanged(stamp)).await?;
    Ok(if put.is_stored() { locked(fence) } else { Locked::Refused })
}

fn locked(fence: i64) -> Locked {
    Locked::Held { fence: fence.cast_unsigned() }
}

/// When a lock was written is not asked for, and the store's own time is not known here: any moment of its clock will do.
fn written(until: Deadline) -> Moment {
    until.moment().unwrap_or(Moment::MAX)
}

fn holding(owner: &str, fence: i64, until: Deadline) -> Result<Entry> {
    let payload = Payload::of(&(owner.to_owned(), fence), false, Codec::MessagePack.into())?;
    Ok(Entry { payload, deadline: until, stamp: Stamp(0), written: written(until), marks: None })
}

/// The stamp and the fencing number of the lock's entry, if it is this owner's.
async fn held<B: Backend>(store: &B, key: &Key<'_>, owner: &str) -> Result<Option<(Stamp, i64)>> {
    let Lookup::Hit(entry) = store.entry(key, &[]).await? else { return Ok(None) };
    let stamp = entry.stamp;
    let Ok((holder, fence)) = entry.payload.into_value::<(String, i64)>() else { return Ok(None) };
    Ok((holder == owner).then_some((stamp, fence)))
}

/// A number larger than all before: a counter that, when the store lost it, starts again from the time.
async fn draw_fence<B: Backend>(store: &B, key: &Key<'_>, until: Deadline) -> Result<i64> {
    let name = format!("keepwarm.fence.{}:", key.scope().prefix());
    let start = i64::try_from(Clock::system().unix_millis()).unwrap_or(i64::MAX >> 20) << 20;
    let entry = Entry {
        payload: Payload::Integer(start),
        deadline: Deadline::NEVER,
        stamp: Stamp(0),
        written: written(until),
        marks: None,
    };
    match store.add_to(&Key::new(&name, key.scope()), 1, Some(entry)).await? {
        Count::Now(number) => Ok(number),
        _ => Err(Error::new(ErrorKind::Backend, "the counter of fencing numbers is not a number")),
    }
}
