//! What can be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use keepwarm::Timeout;
use keepwarm::key::Version;
use keepwarm::settings::parse_timeout;

/// Look into a cache, change it, check its settings, measure it.
#[derive(Debug, Parser)]
#[command(name = "keepwarm", version, after_help = after_help(), arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The settings file (.toml or .json); without it the environment (KEEPWARM_SETTINGS, KEEPWARM_URL ...)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,

    /// The alias in the settings, or a URL as in memory://?max_entries=1000 [default: default]
    #[arg(long, global = true, value_name = "ALIAS-OR-URL")]
    pub(crate) cache: Option<String>,

    /// Answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The version of keys, instead of the alias' own
    #[arg(long, global = true, value_name = "VERSION", value_parser = parse_version)]
    pub(crate) key_version: Option<Version>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, named after the verbs of the library.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the value of a key: text as it is, anything else as JSON
    Get {
        /// The key, without prefix and version
        key: String,
    },
    /// Store a value
    Set(SetArguments),
    /// Remove a key
    Delete {
        /// The key
        key: String,
    },
    /// Add to a counter and print it
    Incr {
        /// The key
        key: String,
        /// How much; negative counts down
        #[arg(default_value_t = 1, allow_negative_numbers = true)]
        delta: i64,
        /// Begin with this number where there is no counter, instead of failing
        #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
        or_insert: Option<i64>,
        /// How long a counter that is created lives
        #[arg(long, value_name = "TIMEOUT", value_parser = parse_timeout, requires = "or_insert")]
        timeout: Option<Timeout>,
    },
    /// Give a key another timeout, from now on
    Touch {
        /// The key
        key: String,
        /// Seconds, units as in 1h30m, or never; without it the alias' own
        #[arg(value_parser = parse_timeout)]
        timeout: Option<Timeout>,
    },
    /// Print how many seconds a key still lives, or never
    Ttl {
        /// The key
        key: String,
    },
    /// List the keys that match a pattern
    Keys {
        /// `*` any text, `?` one character, `[abc]` one of these
        #[arg(default_value = "*")]
        pattern: String,
    },
    /// Remove every entry of the alias' key prefix
    Clear {
        /// The whole store, other aliases' and other programs' entries too
        #[arg(long)]
        store: bool,
    },
    /// Make every entry with one of these tags a miss
    InvalidateTag {
        /// The tags
        #[arg(required = true)]
        tags: Vec<String>,
    },
    /// Print what the cache has counted
    Stats,
    /// Tell where a key is, how old, until when, under which tags, and why a read would miss it
    Explain {
        /// The key
        key: String,
    },
    /// Check the settings, and set, get and delete a key on every alias
    Check,
    /// Measure gets and sets for a few seconds, with keys that are removed afterwards
    Bench(BenchArguments),
    /// List the backends and their options
    Options {
        /// As the page docs/settings.md
        #[arg(long)]
        markdown: bool,
    },
}

/// What `set` takes.
#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// The key
    pub(crate) key: String,
    /// The value as text; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: String,
    /// The value is JSON; a whole number is then a counter
    #[arg(long)]
    pub(crate) json_value: bool,
    /// Seconds, units as in 1h30m, or never; without it the alias' own
    #[arg(long, value_parser = parse_timeout)]
    pub(crate) timeout: Option<Timeout>,
    /// Tags of the entry; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only where there is no entry
    #[arg(long, conflicts_with = "if_present")]
    pub(crate) if_absent: bool,
    /// Only where there is an entry
    #[arg(long)]
    pub(crate) if_present: bool,
}

/// What `bench` takes. All of it has bounds: a slip of the finger must not fill somebody's store.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// How long to measure
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
    /// How many keys
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) keys: u64,
    /// How long values are
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=1_048_576))]
    pub(crate) value_bytes: u32,
    /// How many of 100 operations are sets
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) writes: u8,
    /// How many threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: u16,
}

/// A number where it is one, as settings read it: `2` and not the word "2".
fn parse_version(text: &str) -> Result<Version, String> {
    match text.parse::<i64>() {
        _ if text.is_empty() => Err("a version is a whole number or a word".to_owned()),
        Ok(number) if number.to_string() == text => Ok(Version::from(number)),
        _ => Ok(Version::from(text)),
    }
}

/// Backends, from the one list of kinds, and exit codes.
fn after_help() -> String {
    let mut text = "Backends (keepwarm options lists what each takes):\n".to_owned();
    for kind in keepwarm::backend::KINDS {
        text.push_str(&format!("  {:<10} {}\n", kind.name, kind.summary));
    }
    text.push_str("\nExit codes:\n");
    for (code, meaning) in crate::failure::EXIT_CODES {
        text.push_str(&format!("  {code}  {meaning}\n"));
    }
    text
}
