//! From a checked plan to a cache. The one place that maps kinds to constructors.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Plan;
use super::options::Options;
use super::redis;
use super::registry::{Chosen, Construct};
use super::resilience::{Failing, Near};
use super::sources::refusal;
use crate::backend::Kind;
use crate::backends::dummy::Dummy;
use crate::backends::file::{self, FileOptions};
use crate::backends::memory::{Memory, MemoryOptions};
use crate::cache::{Cache, CacheBuilder};
use crate::clock::Clock;
use crate::error::Result;

/// What store an alias asks for, with its options checked against each other.
pub(crate) enum Store {
    Memory {
        options: MemoryOptions,
        /// Without a name it is shared by the aliases of the same bounds.
        location: Option<String>,
    },
    File(FileOptions),
    Dummy,
    /// Boxed: its options are many.
    Redis(Box<redis::Planned>, Option<Near>),
    Registered(Arc<Construct>),
}

impl Store {
    /// What can go wrong with it.
    fn failing(&self) -> Failing {
        match self {
            Self::Memory { .. } | Self::Dummy => Failing::Never,
            Self::Redis(..) => Failing::Stalls,
            Self::File(_) | Self::Registered(_) => Failing::Maybe,
        }
    }

    /// Reads the options of the backend; a call to it may take as long as `deadline`.
    pub(super) fn plan(chosen: &Chosen, options: &Options, deadline: Option<Duration>) -> Result<Self> {
        let kind: &Kind = match chosen {
            Chosen::Registered(construct) => return Ok(Self::Registered(Arc::clone(construct))),
            Chosen::Kind(kind) => kind,
        };
        match kind.name {
            "memory" => memory(options),
            "file" => file::plan(options).map(Self::File),
            "dummy" => Ok(Self::Dummy),
            "redis" => Ok(Self::Redis(Box::new(redis::plan(options, deadline)?), Near::plan(options)?)),
            // A test builds every kind of the list.
            other => unreachable!("the kind {other} is in the list and has no constructor"),
        }
    }
}

fn memory(options: &Options) -> Result<Store> {
    let refuse = |message: &str| Err(refusal(format!("alias `{}`: {message}", options.alias())));
    let max_entries = options.whole("max_entries", 1)?;
    let cull_frequency = options.whole("cull_frequency", 0)?;
    let max_bytes = options.size("max_bytes")?;
    let max_value_bytes = options.size("max_value_bytes")?;
    let lru = match options.one_of("eviction", &["s3-fifo", "lru"])?.as_deref() {
        Some("s3-fifo") if cull_frequency.is_some() => {
            return refuse("cull_frequency says how `lru` evicts; with eviction = \"s3-fifo\" it means nothing");
        }
        Some(word) => word == "lru",
        // Who sets a bound in Django's words counts on Django's numbers. A bound in bytes Django does not have.
        None => cull_frequency.is_some() || (max_entries.is_some() && max_bytes.is_none()),
    };
    let mut memory = MemoryOptions::new();
    if lru {
        if max_bytes.is_some() || max_value_bytes.is_some() {
            return refuse("`lru` counts entries and not bytes; with max_bytes write eviction = \"s3-fifo\"");
        }
        let cull_frequency = cull_frequency.unwrap_or(DJANGO_CULL_FREQUENCY);
        let cull_frequency = u32::try_from(cull_frequency).unwrap_or(u32::MAX);
        memory = memory.lru(max_entries.unwrap_or(DJANGO_MAX_ENTRIES), cull_frequency);
    } else {
        if max_value_bytes.is_some() && max_bytes.is_none() {
            return refuse("max_value_bytes needs max_bytes: only a store bounded by bytes weighs its values");
        }
        if let (Some(value), Some(store)) = (max_value_bytes, max_bytes)
            && value > store
        {
            return refuse("max_value_bytes is more than max_bytes: no such value would fit");
        }
        memory = max_entries.into_iter().fold(memory, MemoryOptions::max_entries);
        memory = max_bytes.into_iter().fold(memory, MemoryOptions::max_bytes);
        memory = max_value_bytes.into_iter().fold(memory, MemoryOptions::max_value_bytes);
    }
    // Django's default location is the empty name.
    let location = options.text("location")?.filter(|name| !name.is_empty());
    Ok(Store::Memory { options: memory, location })
}

pub(crate) const DJANGO_MAX_ENTRIES: u64 = 300;
pub(crate) const DJANGO_CULL_FREQUENCY: u64 = 3;

/// Refuses aliases that name one store and ask for different bounds: a store has one set, and the first to come would
/// silently decide. Where all of them count as Django does, each alias' writes keep to its own, as there.
pub(crate) fn agree(plans: &[Plan]) -> Result<()> {
    let named = plans.iter().filter_map(|plan| match &plan.store {
        Store::Memory { options, location: Some(name) } => Some((&plan.alias, name, options)),
        _ => None,
    });
    for (index, (alias, name, options)) in named.clone().enumerate() {
        if let Some((other, ..)) = named.clone().take(index).find(|(_, same, others)| {
            *same == name && *others != options && !(others.counts_as_django() && options.counts_as_django())
        }) {
            return Err(refusal(format!(
                "the aliases `{other}` and `{alias}` name the same store, LOCATION `{name}`, and give it different bounds"
            )));
        }
    }
    Ok(())
}

/// Builds the caches of one set of settings.
#[derive(Default)]
pub(crate) struct Builder {
    clock: Clock,
    /// The memory stores of the aliases that give no LOCATION. In Django they share one; here, those that ask for the same
    /// bounds do. They belong to this set of settings and not to the process: two sets, in two tests say, do not meet.
    unnamed: Mutex<Vec<(MemoryOptions, Memory)>>,
    redis: redis::Stores,
}

impl Builder {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }

    pub(crate) fn build(&self, plan: &Plan) -> Result<Cache> {
        let mut builder = Cache::builder()
            .name(&plan.alias)
            .clock(self.clock.clone())
            .timeout(plan.timeout)
            .key_prefix(&plan.key_prefix)
            .version(plan.version.clone())
            .codec(plan.codec);
        if let Some(bytes) = plan.compress_min_bytes {
            builder = builder.compress_min_bytes(bytes);
        }
        if let Some(lease) = plan.lease {
            builder = builder.lease(lease);
        }
        if let Some(function) = &plan.key_function {
            let function = Arc::clone(function);
            builder = builder.key_function(move |key, prefix, version| function(key, prefix, version));
        }
        let builder = self.store(builder, plan)?;
        let builder = plan.resilience.lay(builder, plan.store.failing(), &plan.alias, &self.clock);
        let builder = match &plan.store {
            Store::Redis(planned, Some(near)) => self.redis.lay_near(builder, planned, near, &self.clock),
            _ => builder,
        };
        builder.build()
    }

    #[cfg_attr(
        not(feature = "file"),
        allow(unreachable_code, reason = "without the feature there are no options of it")
    )]
    fn store(&self, builder: CacheBuilder, plan: &Plan) -> Result<CacheBuilder> {
        Ok(match &plan.store {
            Store::Dummy => builder.backend(Dummy),
            Store::File(options) => builder.file(options.clone()),
            Store::Redis(planned, _) => self.redis.lay(builder, planned, &self.clock),
            Store::Memory { options, location: Some(name) } => {
                builder.backend(Memory::new(&options.clone().location(name), self.clock.clone()))
            }
            Store::Memory { options, location: None } => builder.backend(self.unnamed(options)),
            Store::Registered(construct) => {
                let builder =
                    construct(builder, &plan.options).map_err(|error| error.with_backend(plan.backend.clone()))?;
                plan.options.refuse_unread()?;
                builder
            }
        })
    }

    fn unnamed(&self, options: &MemoryOptions) -> Memory {
        let mut unnamed = self.unnamed.lock();
        if let Some((_, memory)) = unnamed.iter().find(|(bounds, _)| bounds == options) {
            return memory.clone();
        }
        let memory = Memory::new(options, self.clock.clone());
        unnamed.push((options.clone(), memory.clone()));
        memory
    }
}
