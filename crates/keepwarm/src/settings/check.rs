//! From what was written to what will be built: every name known, every value read, every contradiction refused. Runs for
//! all aliases when the caches are built, so that a fault shows at the start and not at the first use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::alias::Given;
use super::build::{Store, agree};
use super::options::{Options, not_taken};
use super::read::{Reading, read};
use super::registry::Chosen;
use super::resilience::Resilience;
use super::secret::shown;
use super::sources::{needs_default, refusal};
use super::suggest::known;
use super::{AliasSettings, Registry, Settings};
use crate::backend::{BackendOption, COMMON_OPTIONS};
use crate::codec::{Codec, compression};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Timeout;
use crate::key::{KeyFunction, Version};

/// The timeout of an alias that gives none.
const DEFAULT_TIMEOUT: Timeout = Timeout::After(Duration::from_secs(300));

/// One alias, checked.
pub(crate) struct Plan {
    pub(super) alias: String,
    /// The name of the backend, as settings chose it.
    pub(super) backend: String,
    pub(super) store: Store,
    pub(super) timeout: Timeout,
    pub(super) key_prefix: String,
    pub(super) version: Version,
    pub(super) key_function: Option<Arc<KeyFunction>>,
    pub(super) codec: Codec,
    pub(super) compress_min_bytes: Option<u64>,
    pub(super) lease: Option<Duration>,
    pub(super) resilience: Resilience,
    pub(super) options: Options,
}

impl Plan {
    pub(crate) fn alias(&self) -> &str {
        &self.alias
    }
}

/// Checks all aliases. `ready` names those that are caches already and need no settings.
pub(crate) fn check(settings: &Settings, registry: &Registry, ready: &[&str]) -> Result<Vec<Plan>> {
    if let Some(name) = registry.taken() {
        return Err(refusal(format!("a backend cannot be registered as `{name}`: a built-in one has that name")));
    }
    if settings.caches.is_empty() && ready.is_empty() {
        return Ok(vec![plan("default", &AliasSettings::new("memory"), registry)?]);
    }
    needs_default(settings.caches.keys().map(String::as_str).chain(ready.iter().copied()))?;
    let plans: Vec<_> =
        settings.caches.iter().map(|(alias, given)| plan(alias, given, registry)).collect::<Result<_>>()?;
    agree(&plans)?;
    Ok(plans)
}

fn plan(alias: &str, settings: &AliasSettings, registry: &Registry) -> Result<Plan> {
    let backend = find_backend(alias, settings, registry)?;
    let mut readings = BTreeMap::new();
    let mut firsts: BTreeMap<&str, &Given> = BTreeMap::new();
    for given in &settings.given {
        let option = find_option(alias, given, &backend)?;
        let reading = match option {
            Some(option) => read(option.takes, &given.value)
                .map_err(|()| not_taken(alias, &given.name, &given.spelling, option.takes, &given.value))?,
            None => None,
        };
        let same = |first: &Given| match option {
            Some(_) => readings.get(given.name.as_str()) == Some(&reading),
            None => first.value == given.value,
        };
        if let Some(first) = firsts.get(given.name.as_str()).filter(|first| !same(first)) {
            return Err(refusal(format!(
                "alias `{alias}`: {} and {} are the same option, and give it different values",
                first.spelling, given.spelling
            )));
        }
        firsts.entry(&given.name).or_insert(given);
        readings.insert(given.name.as_str(), reading);
    }
    let is_common = |name: &str| COMMON_OPTIONS.iter().any(|option| option.name == name);
    let of_the_backend = firsts.values().filter(|given| !is_common(&given.name));
    let options = Options::new(alias, of_the_backend.map(|given| (given.name.clone(), given.value.clone())).collect());
    let duration = |name: &str| match readings.get(name) {
        Some(Some(Reading::Duration(length))) => Some(*length),
        _ => None,
    };
    // Django's and django-redis' word for much the same: who gives one of them means both.
    let deadline = duration("deadline").or(duration("socket_timeout"));
    let store = Store::plan(&backend, &options, deadline)?;
    let mut take = |name: &str| readings.remove(name).flatten();
    let ignore_exceptions = match take("ignore_exceptions") {
        Some(Reading::Truth(truth)) => Some(truth),
        _ => None,
    };
    let resilience = Resilience::new(alias, deadline, text(take("on_error")).as_deref(), ignore_exceptions)?;
    Ok(Plan {
        alias: alias.to_owned(),
        backend: text(take("backend")).unwrap_or_default(),
        store,
        timeout: match take("timeout") {
            Some(Reading::Timeout(timeout)) => timeout,
            _ => DEFAULT_TIMEOUT,
        },
        key_prefix: text(take("key_prefix")).unwrap_or_default(),
        version: match take("version") {
            Some(Reading::Version(version)) => version,
            _ => Version::default(),
        },
        key_function: text(take("key_function")).map(|name| find_key_function(alias, &name, registry)).transpose()?,
        codec: text(take("codec"))
            .and_then(|name| Codec::ALL.iter().copied().find(|codec| codec.name() == name))
            .unwrap_or_default(),
        compress_min_bytes: match take("compress_min_bytes") {
            Some(Reading::Whole(_)) if !compression::AVAILABLE => {
                return Err(refusal(format!(
                    "alias `{alias}`: COMPRESS_MIN_BYTES: this program was built without keepwarm's feature `zstd`"
                )));
            }
            Some(Reading::Whole(bytes)) => Some(bytes),
            _ => None,
        },
        lease: match take("lease") {
            Some(Reading::Duration(length)) => Some(length),
            _ => None,
        },
        resilience,
        options,
    })
}

fn text(reading: Option<Reading>) -> Option<String> {
    match reading {
        Some(Reading::Text(text)) => Some(text),
        _ => None,
    }
}

fn find_backend(alias: &str, settings: &AliasSettings, registry: &Registry) -> Result<Chosen> {
    let unknown = |message: String| Err(Error::new(ErrorKind::InvalidBackend, message));
    let mut names = settings.given.iter().filter(|given| given.name == "backend");
    let Some(given) = names.next() else {
        return unknown(format!("alias `{alias}` has no BACKEND{}", known("", registry.backend_names())));
    };
    let super::SettingValue::Text(name) = &given.value else {
        let backend = &COMMON_OPTIONS[0];
        return Err(not_taken(alias, backend.name, &given.spelling, backend.takes, &given.value));
    };
    match registry.find_backend(name) {
        Some(chosen) => Ok(chosen),
        // Never a fall-back to memory: FastDjango's does, and production runs for months without its Redis.
        None => unknown(format!(
            "alias `{alias}`: the BACKEND {} is not known{}. A backend of your own is registered with \
             `Caches::builder().register(name, construct)`",
            shown("backend", name),
            known(name, registry.backend_names())
        )),
    }
}

/// What the list says of a given option; `None` for one that only a registered backend can judge.
fn find_option(alias: &str, given: &Given, backend: &Chosen) -> Result<Option<&'static BackendOption>> {
    let own = match backend {
        Chosen::Kind(kind) => kind.options,
        Chosen::Registered(_) => &[],
    };
    let all = COMMON_OPTIONS.iter().chain(own);
    match (all.clone().find(|option| option.name == given.name), backend) {
        (Some(option), _) => Ok(Some(option)),
        (None, Chosen::Registered(_)) => Ok(None),
        (None, Chosen::Kind(kind)) => {
            let names = all.map(|option| option.name);
            Err(refusal(format!(
                "alias `{alias}`: the backend {} has no option {}{}",
                kind.name,
                given.spelling,
                known(&given.name, names)
            )))
        }
    }
}

fn find_key_function(alias: &str, name: &str, registry: &Registry) -> Result<Arc<KeyFunction>> {
    registry.find_key_function(name).ok_or_else(|| {
        refusal(format!(
            "alias `{alias}`: the KEY_FUNCTION `{name}` is not registered{}. Rust cannot import a function by its path; the \
             program registers it with `Caches::builder().key_function({name:?}, |key, prefix, version| ...)`",
            known(name, registry.key_function_names())
        ))
    })
}
