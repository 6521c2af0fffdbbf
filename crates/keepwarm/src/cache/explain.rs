//! `explain`: where an entry is, how old, until when, under which tags, and why a read would miss it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::call::awaitable;
use super::options::version_option;
use super::{Cache, Reader};
use crate::backend::{BreakerState, Inspection};
use crate::entry::{MarkerKind, MissReason};
use crate::error::Result;
use crate::key::{Key, Version};
use crate::payload::{Payload, Unreadable, Value};

impl Cache {
    /// Tells what lies under a key without reading it: nothing is counted, moved or removed.
    ///
    /// ```
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("product:1", "shoe").tags(["products"]).wait()?;
    /// cache.invalidate_tag("products").wait()?;
    /// let explanation = cache.explain("product:1").wait()?;
    /// assert_eq!(explanation.would_miss, Some(keepwarm::entry::MissReason::Tag));
    /// println!("{explanation}");
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the store fails.
    pub fn explain<'a>(&'a self, key: &'a str) -> Explain<'a> {
        Explain { cache: self, key, version: None, read: None }
    }
}

/// What [`Cache::explain`] found; `Display` is for people, `Serialize` for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The stored key.
    pub stored_key: String,
    /// The kind of backend that was asked.
    pub backend: String,
    /// What the breaker lets through; `None` without one.
    pub breaker: Option<BreakerState>,
    /// Why a read would miss now; `None` when it would hit.
    pub would_miss: Option<MissReason>,
    /// What did not fit, where [`read_as`](Explain::read_as) found that the value cannot be read.
    pub unreadable: Option<String>,
    /// The entry, dead or alive; `None` when there is none.
    pub entry: Option<ExplainedEntry>,
}

/// The entry of an [`Explanation`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExplainedEntry {
    /// How long ago it was written.
    pub age: Duration,
    /// How long it still lives, zero when its deadline has passed; `None` for never expiring.
    pub left: Option<Duration>,
    /// How the value is kept: `integer`, the codec's name, or `object` with its Rust type.
    pub kept_as: String,
    /// About how many bytes the value occupies, as it lies there.
    pub bytes: usize,
    /// How many bytes it was before it was compressed; `None` where it is not.
    pub unpacked_bytes: Option<u64>,
    /// The [fingerprint](crate::schema) of the shape it was written under; `None` is not compared.
    pub schema: Option<u32>,
    /// Its tags and namespaces.
    pub marks: Vec<ExplainedMark>,
}

/// A tag or namespace of an [`ExplainedEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExplainedMark {
    /// `tag` or `namespace`.
    pub kind: &'static str,
    /// Its stored name.
    pub name: String,
    /// The generation that the entry was written under.
    pub written_under: u64,
    /// The current one; `None` when the store lost it.
    pub current: Option<u64>,
}

/// See [`Cache::explain`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Explain<'a> {
    cache: &'a Cache,
    key: &'a str,
    version: Option<Version>,
    /// Why the value is none of the type that was asked for.
    read: Option<Probe>,
}

/// Tells why a payload under a stored key cannot be read.
type Probe = Box<dyn FnOnce(&str, Payload) -> Option<Unreadable> + Send>;

impl Explain<'_> {
    /// Tells as well whether the value can be read as a `T`: one of another type would be a miss as undecodable, one of
    /// another [shape](crate::schema) as schema.
    ///
    /// ```
    /// use keepwarm::entry::MissReason;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// cache.set("name", "Ada").wait()?;
    /// assert_eq!(cache.explain("name").wait()?.would_miss, None);
    /// assert_eq!(cache.explain("name").read_as::<u8>().wait()?.would_miss, Some(MissReason::Undecodable));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    pub fn read_as<T: Value>(mut self) -> Self {
        self.read = Some(Box::new(|_, payload| payload.into_value::<T>().err()));
        self
    }

    /// The same for bindings, by what [`Raw`](crate::Raw) values are decoded with.
    pub fn read_with(mut self, reader: Reader) -> Self {
        self.read = Some(Box::new(move |key, payload| reader(key, payload).err()));
        self
    }

    async fn run(mut self) -> Result<Explanation> {
        let probe = self.read.take();
        let state = self.cache.state();
        let key = self.cache.key(self.key, self.version.as_ref())?;
        let key = Key::new(key.as_str(), state.keys.scope());
        let found = state.backend.inspect(&key).await;
        let found = found.map_err(|error| self.cache.failed(error, "explain", Some(key.as_str())))?;
        let health = state.backend.housekeeping().health;
        let nothing = if health.is_down() { MissReason::StoreDown } else { MissReason::Absent };
        let dead = found.as_ref().map_or(Some(nothing), |inspection| inspection.dead);
        let live = found.as_ref().filter(|_| dead.is_none());
        let unreadable = live.zip(probe).and_then(|(live, probe)| probe(key.as_str(), live.entry.payload.clone()));
        let would_miss = dead.or(unreadable.as_ref().map(Unreadable::reason));
        let unreadable = unreadable.map(|unreadable| unreadable.to_string());
        let entry = found.map(|inspection| self.entry(inspection));
        let backend = state.backend.kind().to_owned();
        let stored_key = key.as_str().to_owned();
        let breaker = health.breaker;
        Ok(Explanation { stored_key, backend, breaker, would_miss, unreadable, entry })
    }

    fn entry(&self, inspection: Inspection) -> ExplainedEntry {
        let now = self.cache.state().clock.now();
        let entry = inspection.entry;
        let marks = entry.marks.as_deref().unwrap_or_default();
        let explain = |(mark, current): (&crate::entry::Mark, &Option<crate::entry::Generation>)| ExplainedMark {
            kind: match mark.marker.kind() {
                MarkerKind::Tag => "tag",
                MarkerKind::Namespace => "namespace",
            },
            name: mark.marker.name().to_string(),
            written_under: mark.generation.0,
            current: current.map(|generation| generation.0),
        };
        let encoded = match &entry.payload {
            Payload::Bytes(_, encoded) => Some(encoded),
            _ => None,
        };
        ExplainedEntry {
            age: now.since(entry.written),
            left: entry.deadline.left(now),
            kept_as: match &entry.payload {
                Payload::Integer(_) => "integer".to_owned(),
                Payload::Bytes(codec, _) => codec.name().to_owned(),
                Payload::Object(object) => format!("object {}", (**object).type_name()),
            },
            bytes: entry.payload.weight(),
            unpacked_bytes: encoded.and_then(|encoded| encoded.unpacked),
            schema: encoded.and_then(|encoded| encoded.schema).map(std::num::NonZeroU32::get),
            marks: marks.iter().zip(&inspection.generations).map(explain).collect(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "key      {} ({})", self.stored_key, self.backend)?;
        if let Some(breaker) = self.breaker.filter(|breaker| *breaker != BreakerState::Closed) {
            writeln!(formatter, "breaker  {}", breaker.name())?;
        }
        match (self.would_miss, &self.unreadable) {
            (None, _) => writeln!(formatter, "a read   hits")?,
            (Some(reason), None) => writeln!(formatter, "a read   misses: {}", reason.name())?,
            (Some(reason), Some(why)) => writeln!(formatter, "a read   misses: {} ({why})", reason.name())?,
        }
        let Some(entry) = &self.entry else { return Ok(()) };
        write!(formatter, "kept as  {}, {} bytes", entry.kept_as, entry.bytes)?;
        match entry.unpacked_bytes {
            None => writeln!(formatter)?,
            Some(bytes) => writeln!(formatter, " of {bytes}, compressed")?,
        }
        if let Some(schema) = entry.schema {
            writeln!(formatter, "schema   {schema:08x}")?;
        }
        writeln!(formatter, "age      {:.1} s", entry.age.as_secs_f64())?;
        match entry.left {
            None => writeln!(formatter, "expires  never")?,
            Some(left) => writeln!(formatter, "expires  in {:.1} s", left.as_secs_f64())?,
        }
        for mark in &entry.marks {
            let state = match mark.current {
                Some(current) if current == mark.written_under => "unchanged",
                Some(_) => "invalidated",
                None => "lost",
            };
            writeln!(formatter, "{:<8} {} ({state})", mark.kind, mark.name)?;
        }
        Ok(())
    }
}

awaitable! {
    impl['a] Explain<'a> => Result<Explanation>;
}

version_option! {
    impl['a] Explain<'a>;
}
