//! Settings from environment variables.
//!
//! Unknown names are errors, as everywhere: a misspelt variable that is silently ignored is the classic way to run
//! production on the defaults.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;

use super::sources::refusal;
use super::suggest::known;
use super::{AliasSettings, Settings};
use crate::error::Result;

const PREFIX: &str = "KEEPWARM_";

/// What a message lists when a variable is unknown.
const KNOWN: [&str; 4] = ["KEEPWARM_SETTINGS", "KEEPWARM_URL", "KEEPWARM_<ALIAS>_URL", "KEEPWARM_<ALIAS>__<OPTION>"];

/// What one variable says.
enum Variable {
    /// Of an alias: its whole URL.
    Url,
    /// Of an alias: one option.
    Option(String),
}

impl Settings {
    /// Settings from the environment of this process; see the table in the [module](super).
    ///
    /// Without any variable there are none: the one alias `default` in memory, 300 seconds.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for a variable that begins with `KEEPWARM_` and is
    /// none of these, and for what the file or a URL has wrong.
    pub fn from_env() -> Result<Self> {
        let ours = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX));
        let readable = ours.map(|(name, value)| {
            let shown = name.to_string_lossy().into_owned();
            let text =
                |text: OsString| text.into_string().map_err(|_| refusal(format!("the variable {shown} is not UTF-8")));
            Ok((text(name)?, text(value)?))
        });
        Self::from_variables(readable.collect::<Result<Vec<_>>>()?)
    }

    /// Settings from variables that somebody else read, `KEEPWARM_...` and others.
    ///
    /// ```
    /// use keepwarm::settings::Settings;
    ///
    /// let variables = [("KEEPWARM_URL", "memory://?timeout=60"), ("KEEPWARM_DEFAULT__KEY_PREFIX", "myapp"), ("HOME", "/")];
    /// let settings = Settings::from_variables(variables)?;
    /// assert_eq!(settings.caches.len(), 1);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_variables<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Result<Self>
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        // Sorted, so that which of two faults is reported does not depend on the platform's order.
        let ours: BTreeMap<String, String> = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.as_ref().strip_prefix(PREFIX)?.to_owned(), value.into())))
            .collect();
        let mut settings = match ours.get("SETTINGS") {
            None => Self::default(),
            Some(path) => {
                Self::from_file(path).map_err(|error| refusal(format!("{PREFIX}SETTINGS")).with_source(error))?
            }
        };
        let mut urls = BTreeMap::new();
        let mut options = Vec::new();
        for (name, value) in ours.iter().filter(|(name, _)| *name != "SETTINGS") {
            let (alias, variable) = split(name)?;
            let alias = settings.find_alias(&alias)?;
            match variable {
                Variable::Option(option) => options.push((alias, name, option, value)),
                Variable::Url => {
                    if let Some((other, before)) = urls.insert(alias, (name, value))
                        && before != value
                    {
                        return Err(refusal(format!(
                            "{PREFIX}{other} and {PREFIX}{name} give the same alias different URLs"
                        )));
                    }
                }
            }
        }
        for (alias, (name, url)) in urls {
            let given =
                AliasSettings::from_url(url).map_err(|error| refusal(format!("{PREFIX}{name}")).with_source(error))?;
            settings.caches.insert(alias, given);
        }
        if settings.caches.is_empty() && options.iter().any(|(alias, ..)| alias == "default") {
            // Single options of `default` refine the cache that is there without any settings.
            settings.caches.insert("default".to_owned(), AliasSettings::new("memory"));
        }
        for (alias, _, option, value) in &options {
            let given = settings.caches.remove(alias).unwrap_or_default();
            settings.caches.insert(alias.clone(), given.with(option, value.as_str()));
        }
        // Said here and not left to the check of the aliases: it is the variable that is misspelt.
        let others: Vec<_> =
            settings.caches.iter().filter(|(_, given)| given.gives("backend")).map(|(name, _)| name).collect();
        if let Some((alias, name, ..)) = options.iter().find(|(alias, ..)| !settings.caches[alias].gives("backend")) {
            let known = known(alias, others.into_iter().map(String::as_str));
            return Err(refusal(format!("{PREFIX}{name}: no alias `{alias}` has a backend{known}")));
        }
        Ok(settings)
    }

    /// The alias that a variable means by `name`: one of the file's, whatever its case, or a new one in lower case.
    fn find_alias(&self, name: &str) -> Result<String> {
        let mut meant = self.caches.keys().filter(|alias| variable_name(alias) == name);
        match (meant.next(), meant.next()) {
            (None, _) => Ok(name.to_lowercase()),
            (Some(alias), None) => Ok(alias.clone()),
            (Some(one), Some(other)) => Err(refusal(format!(
                "{PREFIX}{name}... could mean the alias `{one}` or the alias `{other}`; set its options in the file"
            ))),
        }
    }
}

/// How an alias is called in a variable: upper-case, with `_` for what a variable's name cannot hold.
fn variable_name(alias: &str) -> String {
    alias.chars().map(|letter| if letter.is_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect()
}

/// Which alias a variable without its prefix is about, and what it says.
fn split(name: &str) -> Result<(String, Variable)> {
    if name == "URL" {
        return Ok(("DEFAULT".to_owned(), Variable::Url));
    }
    // The last `__`: an alias may hold one, an option does not.
    if let Some((alias, option)) =
        name.rsplit_once("__").filter(|(alias, option)| !alias.is_empty() && !option.is_empty())
    {
        return Ok((alias.to_owned(), Variable::Option(option.to_ascii_lowercase())));
    }
    if let Some(alias) = name.strip_suffix("_URL").filter(|alias| !alias.is_empty()) {
        return Ok((alias.to_owned(), Variable::Url));
    }
    let name = format!("{PREFIX}{name}");
    Err(refusal(format!("the environment variable {name} is not known{}", known(&name, KNOWN))))
}
