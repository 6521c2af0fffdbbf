//! The caches of a program, by alias.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::backend::Backend;
use crate::blocking::drive;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Version;
use crate::settings::{self, AliasSettings, Options, Plan, Registry, Settings};

/// The caches of a program, by alias (Django's `caches`). Cheap to clone; clones share the caches.
///
/// Everything in the settings is checked when this is built, also of aliases that are not used yet. A cache itself is built
/// when it is first asked for, and is the same from then on; building one touches no network.
///
/// ```
/// use keepwarm::Caches;
///
/// let caches = Caches::from_toml("
///     [caches.default]
///     backend = 'memory'
///     [caches.sessions]
///     backend = 'memory'
///     timeout = '1d'
///     key_prefix = 'session'
/// ")?;
/// caches.get("sessions")?.set("user", "Ada").wait()?;
/// let error = caches.get("nope").unwrap_err();
/// assert_eq!(error.to_string(), "The connection 'nope' doesn't exist.");
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Clone)]
pub struct Caches(Arc<Inner>);

struct Inner {
    slots: BTreeMap<String, Slot>,
    builder: settings::Builder,
}

/// One alias: how to build its cache, and the cache once it is built.
struct Slot {
    plan: Option<Plan>,
    cache: OnceLock<Cache>,
    /// Held while building, so that two threads that ask first get one cache.
    building: Mutex<()>,
}

/// What [`install`](Caches::install) installed, or what was used before anything was.
static INSTALLED: OnceLock<Caches> = OnceLock::new();

impl Caches {
    /// A builder: settings from any source, backends and key functions of the program's own.
    pub fn builder() -> CachesBuilder {
        CachesBuilder::default()
    }

    /// The caches of a TOML text; see [`settings`].
    ///
    /// # Errors
    /// As [`CachesBuilder::build`].
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::builder().settings(Settings::from_toml(text)?).build()
    }

    /// The caches of a settings file.
    ///
    /// # Errors
    /// As [`CachesBuilder::build`], and when the file cannot be read.
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().settings(Settings::from_file(path)?).build()
    }

    /// The caches of Django's `CACHES` dict written as JSON.
    ///
    /// # Errors
    /// As [`CachesBuilder::build`].
    pub fn from_json(text: &str) -> Result<Self> {
        Self::builder().settings(Settings::from_json(text)?).build()
    }

    /// The caches of the environment: `KEEPWARM_SETTINGS`, `KEEPWARM_URL`, `KEEPWARM_<ALIAS>_URL` and
    /// `KEEPWARM_<ALIAS>__<OPTION>`; without any of them the one default in memory.
    ///
    /// # Errors
    /// As [`CachesBuilder::build`], and for any other variable that begins with `KEEPWARM_`.
    pub fn from_env() -> Result<Self> {
        Self::builder().settings(Settings::from_env()?).build()
    }

    /// The cache of an alias, built when it is first asked for and the same from then on.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidBackend`] when there is no such alias; what a registered backend's constructor returns.
    pub fn get(&self, alias: &str) -> Result<Cache> {
        let Some(slot) = self.0.slots.get(alias) else {
            return Err(Error::new(ErrorKind::InvalidBackend, format!("The connection '{alias}' doesn't exist.")));
        };
        slot.get(&self.0.builder)
    }

    /// The aliases, in alphabetical order.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.0.slots.keys().map(String::as_str)
    }

    /// All caches in the order of their aliases; only those that are built already, or every one.
    ///
    /// # Errors
    /// As [`get`](Self::get), when one has to be built.
    pub fn all(&self, initialized_only: bool) -> Result<Vec<Cache>> {
        let slots = self.0.slots.values().filter(|slot| !initialized_only || slot.cache.get().is_some());
        slots.map(|slot| slot.get(&self.0.builder)).collect()
    }

    /// Makes these the caches of the program, for [`caches()`](caches) and [`cache()`](cache). Builds `default`, so that
    /// `cache()` cannot fail later.
    ///
    /// Once for a program. Libraries take a [`Cache`] instead.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when others are installed, or when `cache()` or `caches()` were used before: whoever
    /// did holds another cache than this program means. As [`get`](Self::get) for `default`.
    pub fn install(&self) -> Result<()> {
        self.get("default")?;
        let installed = INSTALLED.get_or_init(|| self.clone());
        if Arc::ptr_eq(&installed.0, &self.0) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Configuration,
            "other caches are installed already, by `Caches::install`, or by `keepwarm::cache()` or `keepwarm::caches()` used \
             before it; install once, before the first use",
        ))
    }

    /// Closes every cache that was built; they open again when they are used again.
    ///
    /// All are closed, also when one fails; the error is the first one's.
    pub fn close(&self) -> CloseAll {
        CloseAll(self.clone())
    }
}

impl fmt::Debug for Caches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.aliases()).finish()
    }
}

impl Slot {
    fn get(&self, builder: &settings::Builder) -> Result<Cache> {
        if let Some(cache) = self.cache.get() {
            return Ok(cache.clone());
        }
        let _building = self.building.lock();
        if let Some(cache) = self.cache.get() {
            return Ok(cache.clone());
        }
        let plan = self.plan.as_ref().expect("a slot without a plan has its cache");
        let cache = builder.build(plan)?;
        Ok(self.cache.get_or_init(|| cache).clone())
    }
}

/// The caches of the program: what [`Caches::install`] installed, else the one default in memory, 300 seconds.
pub fn caches() -> Caches {
    let default = || Caches::builder().build().expect("the defaults fit together");
    INSTALLED.get_or_init(default).clone()
}

/// The `default` cache of the program; see [`caches`].
///
/// ```
/// keepwarm::cache().set("greeting", "hello").wait()?;
/// assert_eq!(keepwarm::cache().get::<String>("greeting").wait()?.as_deref(), Some("hello"));
/// # Ok::<(), keepwarm::Error>(())
/// ```
pub fn cache() -> Cache {
    caches().get("default").expect("`install` built `default`")
}

impl Cache {
    /// A cache by its URL: `memory://name?max_entries=1000&timeout=60`, `dummy://`. The query takes every option that
    /// settings take, with the same checks.
    ///
    /// ```
    /// use keepwarm::Cache;
    ///
    /// let cache = Cache::from_url("memory://?max_entries=1000&timeout=60&key_prefix=myapp")?;
    /// assert!(Cache::from_url("memory://?max_entires=1000").unwrap_err().to_string().contains("did you mean"));
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] or [`ErrorKind::InvalidBackend`], naming what is not known and what is.
    pub fn from_url(url: &str) -> Result<Self> {
        Caches::builder().alias("default", AliasSettings::from_url(url)?).build()?.get("default")
    }
}

/// Builds [`Caches`]; see [`Caches::builder`].
#[derive(Debug, Default)]
pub struct CachesBuilder {
    settings: Settings,
    registry: Registry,
    ready: BTreeMap<String, Cache>,
    clock: Clock,
}

impl CachesBuilder {
    /// Adds the aliases of these settings, in place of those that have their names.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings.caches.extend(settings.caches);
        self
    }

    /// Adds an alias, in place of one that has its name.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>, settings: AliasSettings) -> Self {
        self.settings.caches.insert(name.into(), settings);
        self
    }

    /// Adds a cache that was built by hand as an alias, in place of what settings say of it.
    #[must_use]
    pub fn cache(mut self, alias: impl Into<String>, cache: Cache) -> Self {
        self.ready.insert(alias.into(), cache);
        self
    }

    /// Registers a backend of the program's own: settings choose it with `backend = "<name>"`, or `<name>://` in a URL.
    ///
    /// `construct` runs when an alias that chose it is first used, and reads that alias' [`Options`]; those that it does
    /// not read are refused.
    ///
    /// ```
    /// use keepwarm::backends::dummy::Dummy;
    /// use keepwarm::{Cache, Caches};
    ///
    /// let caches = Caches::builder()
    ///     .register("nothing", |_options| Ok(Dummy))
    ///     .settings(keepwarm::settings::Settings::from_toml("[caches.default]\nbackend = 'nothing'")?)
    ///     .build()?;
    /// assert_eq!(caches.get("default")?.backend_kind(), "dummy");
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    #[must_use]
    pub fn register<B: Backend>(
        mut self,
        name: impl Into<String>,
        construct: impl Fn(&Options) -> Result<B> + Send + Sync + 'static,
    ) -> Self {
        self.registry.register(name.into(), construct);
        self
    }

    /// Registers a way to build stored keys, `(key, key_prefix, version) -> stored key`: settings choose it with
    /// `key_function = "<name>"`. The name may be the dotted path that a Python service uses for the same function.
    ///
    /// ```
    /// use keepwarm::Caches;
    /// use keepwarm::settings::AliasSettings;
    ///
    /// let caches = Caches::builder()
    ///     .key_function("lower_case", |key, prefix, version| format!("{prefix}:{version}:{}", key.to_lowercase()))
    ///     .alias("default", AliasSettings::new("memory").with("KEY_FUNCTION", "lower_case"))
    ///     .build()?;
    /// assert_eq!(caches.get("default")?.make_key("User", None)?, ":1:user");
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    #[must_use]
    pub fn key_function(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&str, &str, &Version) -> String + Send + Sync + 'static,
    ) -> Self {
        self.registry.key_function(name.into(), Arc::new(function));
        self
    }

    /// The clock of the stores that settings build; a manual one in tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks everything and builds nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidBackend`] for a backend that is not known, [`ErrorKind::Configuration`] for everything else that
    /// is wrong; the message names the alias, what was given and what is known.
    pub fn build(mut self) -> Result<Caches> {
        self.settings.caches.retain(|alias, _| !self.ready.contains_key(alias));
        let ready: Vec<_> = self.ready.keys().map(String::as_str).collect();
        let plans = settings::check(&self.settings, &self.registry, &ready)?;
        let planned = plans.into_iter().map(|plan| (plan.alias().to_owned(), Slot::planned(plan)));
        let slots = planned.chain(self.ready.into_iter().map(|(alias, cache)| (alias, Slot::ready(cache)))).collect();
        Ok(Caches(Arc::new(Inner { slots, builder: settings::Builder::new(self.clock) })))
    }
}

impl Slot {
    fn planned(plan: Plan) -> Self {
        Self { plan: Some(plan), cache: OnceLock::new(), building: Mutex::default() }
    }

    fn ready(cache: Cache) -> Self {
        Self { plan: None, cache: OnceLock::from(cache), building: Mutex::default() }
    }
}

/// Closes all caches: `.await` it, or `.wait()`.
#[must_use = "nothing is closed unless it is awaited"]
#[derive(Debug)]
pub struct CloseAll(Caches);

impl CloseAll {
    async fn run(self) -> Result<()> {
        let mut first = Ok(());
        for cache in self.0.all(true)? {
            // Boxed before it is awaited: with the builder's own future inside, the compiler cannot show this one `Send`.
            let closed: Pin<Box<dyn Future<Output = Result<()>> + Send>> = Box::pin(cache.close().into_future());
            first = first.and(closed.await);
        }
        first
    }

    /// The same on this thread.
    ///
    /// # Errors
    /// The first cache's that could not be closed.
    pub fn wait(self) -> Result<()> {
        drive(self.run())
    }
}

impl IntoFuture for CloseAll {
    type Output = Result<()>;
    // Closing is rare: a box costs nothing that counts.
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
