//! Whole entries, many in one trip: what a near tier keeps copies of.

use redis::Value;

use super::Redis;
use super::failure::senseless;
use super::judge::{Lying, moved_on};
use super::names;
use super::script_call::Arguments;
use super::scripts;
use super::servers::bytes;
use super::store::{read_generation, record_of};
use super::sweep::BATCH;
use crate::backend::Lookup;
use crate::entry::{Entry, Generation, Mark, Marker, MissReason};
use crate::error::Result;
use crate::key::Key;

/// What lies under a key, how long it lives as `PTTL` says it, and why it is dead whatever its marks are.
type Found = (Lying, i64, Option<MissReason>);

impl Redis {
    /// One trip, and a second one where entries have marks that `hint` does not name. In a cluster without a hash tag in
    /// the prefix, one to each server more.
    pub(super) async fn look_at_entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> Result<Vec<Lookup<Entry>>> {
        let mut current = Vec::new();
        let mut found = Vec::with_capacity(keys.len());
        match keys.first() {
            None => return Ok(Vec::new()),
            Some(first) if self.0.is_near(first.scope()) => {
                for group in keys.chunks(BATCH) {
                    current.clear();
                    found.extend(self.fetch_group(group, hint, &mut current).await?);
                }
            }
            Some(_) => found = self.fetch_each(keys).await?,
        }
        let lying: Vec<&Lying> = found.iter().map(|(lying, ..)| lying).collect();
        self.0.complete(&lying, &mut current).await?;
        let of = |mark: &Mark| {
            current.iter().find(|(marker, _)| *marker == mark.marker).and_then(|(_, generation)| *generation)
        };
        let judged = found.into_iter().map(|(lying, left, dead)| {
            let dead = dead.or_else(|| moved_on(lying.marks(), of));
            match (dead, self.as_entry(lying, left)) {
                (Some(reason), _) => Lookup::Miss(reason),
                (None, Some(entry)) => Lookup::Hit(entry),
                (None, None) => Lookup::Miss(MissReason::Undecodable),
            }
        });
        Ok(judged.collect())
    }

    /// Keys whose markers lie where they lie.
    async fn fetch_group(
        &self,
        keys: &[Key<'_>],
        hint: &[Marker],
        current: &mut Vec<(Marker, Option<Generation>)>,
    ) -> Result<Vec<Found>> {
        let scope = keys[0].scope();
        let names: Vec<&str> = keys.iter().map(Key::as_str).collect();
        let markers: Vec<String> = hint.iter().map(names::of_marker).collect();
        let arguments = markers.iter().fold(Arguments::default(), |arguments, name| arguments.and(name));
        let (_, mut parts) = self.0.on_keys(&scripts::ENTRIES, &names, scope, false, arguments).await?;
        if parts.len() != 1 + markers.len() + 2 * keys.len() {
            return Err(senseless("other entries than were asked for"));
        }
        let record = record_of(&self.0.scope(scope), parts.next());
        for (marker, name) in hint.iter().zip(&markers) {
            let generation = read_generation(name, parts.next().and_then(bytes).as_deref());
            current.push((marker.clone(), generation));
        }
        let now = self.0.clock.unix_millis();
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let lying = Lying::read(key, parts.next().and_then(bytes));
            let left = life(parts.next());
            let dead = lying.dead(record, now);
            found.push((lying, left, dead));
        }
        Ok(found)
    }

    async fn fetch_each(&self, keys: &[Key<'_>]) -> Result<Vec<Found>> {
        let said = self.0.on_each(&scripts::ENTRY, keys, &Arguments::default()).await?;
        let now = self.0.clock.unix_millis();
        let mut found = Vec::with_capacity(keys.len());
        for (key, (_, mut parts)) in keys.iter().zip(said) {
            let lying = Lying::read(key, parts.next().and_then(bytes));
            let left = life(parts.next());
            let record = record_of(&self.0.scope(key.scope()), parts.next());
            let dead = lying.dead(record, now);
            found.push((lying, left, dead));
        }
        Ok(found)
    }
}

/// A `PTTL`.
fn life(answer: Option<Value>) -> i64 {
    match answer {
        Some(Value::Int(left)) => left,
        _ => -2,
    }
}
