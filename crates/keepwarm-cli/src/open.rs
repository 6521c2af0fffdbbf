//! From the global arguments to caches.

use keepwarm::backend::Sharing;
use keepwarm::settings::Settings;
use keepwarm::{Cache, Caches};

use crate::arguments::Arguments;
use crate::failure::Failure;

/// The caches that the settings name: those of the file, else those of the environment.
pub(crate) fn caches(arguments: &Arguments) -> Result<Caches, Failure> {
    let settings = match &arguments.settings {
        Some(path) => Settings::from_file(path)?,
        None => Settings::from_env()?,
    };
    Ok(Caches::builder().settings(settings).build()?)
}

/// Whether `--cache` is a URL and not an alias.
pub(crate) fn url(arguments: &Arguments) -> Result<Option<&str>, Failure> {
    let url = arguments.cache.as_deref().filter(|cache| keepwarm::settings::is_url(cache));
    if url.is_some() && arguments.settings.is_some() {
        return Err(Failure::usage(
            "--settings says nothing about a cache that --cache gives by its URL; give one of them",
        ));
    }
    Ok(url)
}

/// The cache that the command line means.
pub(crate) fn cache(arguments: &Arguments) -> Result<Cache, Failure> {
    if let Some(url) = url(arguments)? {
        return Ok(Cache::from_url(url)?);
    }
    let caches = caches(arguments)?;
    let alias = arguments.cache.as_deref().unwrap_or("default");
    if !caches.aliases().any(|known| known == alias) {
        let error = caches.get(alias).err().map(Failure::from);
        let known: Vec<_> = caches.aliases().collect();
        let hint = format!("The settings name: {}", known.join(", "));
        return Err(error.expect("an alias that is not there is an error").with_hint(&hint));
    }
    Ok(caches.get(alias)?)
}

/// Tells people when the store cannot hold what they look for.
pub(crate) fn note_a_private_store(cache: &Cache) {
    if cache.abilities().sharing == Sharing::Process {
        eprintln!(
            "keepwarm: note: the {} store lives in this process and ends with it; no other program sees what happens here",
            cache.backend_kind()
        );
    }
}
