//! The one list of backend kinds and of the options each takes. Settings, their error messages, the command line, the
//! tables in the documentation and the conformance suite follow from it; a new backend is one more entry here and one
//! more folder.

/// One kind of backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name in settings and in `Backend::kind`.
    pub name: &'static str,
    /// Schemes of URLs that name it.
    pub schemes: &'static [&'static str],
    /// Dotted names of Django and others that are accepted for it, so that their settings load unchanged.
    pub dotted: &'static [&'static str],
    /// What it is, in one line.
    pub summary: &'static str,
    /// The option that the part of a URL between `//` and `?` gives; `None` where nothing may stand there.
    pub url_name: Option<&'static str>,
    /// The options it takes besides [`COMMON_OPTIONS`].
    pub options: &'static [BackendOption],
}

/// One option of an alias: what it is called, what it takes, and what holds where it is not given.
///
/// Names are lower-case; settings may spell them in any case (Django's are upper-case) and may put them beside `BACKEND`
/// or inside `OPTIONS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendOption {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What values it takes.
    pub takes: Takes,
    /// What holds where it is not given, as the documentation says it.
    pub default: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// What values an option takes. Text that reads as such a value is one, because URLs and environments hold only text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Takes {
    /// Any text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number of at least this.
    Whole {
        /// The smallest number that makes sense.
        least: u64,
    },
    /// A number of bytes, or one with a unit: `64MB`, `512KiB`.
    Size,
    /// A length of time above zero: seconds, or units as in `1h30m`.
    Duration,
    /// A length of time of zero or more, or never (`"never"`, JSON's `null`).
    Timeout,
    /// A whole number or a word.
    Version,
}

impl Takes {
    /// What to write, for error messages and the documentation.
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::OneOf(words) => words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" or "),
            Self::Whole { least } => format!("a whole number of at least {least}"),
            Self::Size => "a number of bytes, or one with a unit as in \"64MB\" or \"512KiB\"".to_owned(),
            Self::Duration => "seconds above zero, or units as in \"1h30m\" or \"250ms\"".to_owned(),
            Self::Timeout => "seconds, units as in \"1h30m\", or \"never\" (null in JSON)".to_owned(),
            Self::Version => "a whole number or a word".to_owned(),
        }
    }
}

/// The options of every alias, whatever its backend.
pub const COMMON_OPTIONS: &[BackendOption] = &[
    BackendOption {
        name: "backend",
        takes: Takes::Text,
        default: "required",
        summary: "the kind of store, by its name, by Django's dotted name, or by the name a program registered",
    },
    BackendOption {
        name: "timeout",
        takes: Takes::Timeout,
        default: "300 s",
        summary: "how long an entry lives when the call does not say; 0 keeps nothing",
    },
    BackendOption {
        name: "key_prefix",
        takes: Takes::Text,
        default: "empty",
        summary: "the first part of every stored key, and what `clear()` clears",
    },
    BackendOption {
        name: "version",
        takes: Takes::Version,
        default: "1",
        summary: "the version of every call that gives none; raising it hides every older entry",
    },
    BackendOption {
        name: "key_function",
        takes: Takes::Text,
        default: "`prefix:version:key`",
        summary: "the name under which the program registered its own way to build stored keys",
    },
    BackendOption {
        name: "codec",
        takes: Takes::OneOf(&["messagepack", "json"]),
        default: "messagepack",
        summary: "how values become bytes in stores that keep bytes",
    },
    BackendOption {
        name: "lease",
        takes: Takes::Duration,
        default: "30 s",
        summary: "how long a caller who missed may compute before another takes over",
    },
    BackendOption {
        name: "on_error",
        takes: Takes::OneOf(&["raise", "degrade"]),
        default: "raise",
        summary: "a failing store: `raise` an error, or `degrade` to misses and dropped writes; no built-in store fails",
    },
];

/// Every kind that this build knows.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "memory",
        schemes: &["memory", "locmem"],
        dotted: &["django.core.cache.backends.locmem.LocMemCache", "keepwarm.django.MemoryCache"],
        summary: "objects in this process, bounded by entries and bytes",
        url_name: Some("location"),
        options: &[
            BackendOption {
                name: "location",
                takes: Takes::Text,
                default: "shared by the aliases without one",
                summary: "the name of the store; the same name is the same store in the whole process",
            },
            BackendOption {
                name: "max_entries",
                takes: Takes::Whole { least: 1 },
                default: "100000, unbounded with `max_bytes`, 300 with `lru`",
                summary: "how many entries it keeps at most; selects `lru` unless `eviction` or `max_bytes` is given",
            },
            BackendOption {
                name: "cull_frequency",
                takes: Takes::Whole { least: 0 },
                default: "3",
                summary: "`lru`: a full store drops 1/n of its entries, 0 drops them all; selects `lru`",
            },
            BackendOption {
                name: "eviction",
                takes: Takes::OneOf(&["s3-fifo", "lru"]),
                default: "s3-fifo, or lru as above",
                summary: "who goes when it is full: `s3-fifo` resists scans, `lru` counts exactly as Django does",
            },
            BackendOption {
                name: "max_bytes",
                takes: Takes::Size,
                default: "unbounded",
                summary: "how many bytes of keys and values it keeps at most",
            },
            BackendOption {
                name: "max_value_bytes",
                takes: Takes::Size,
                default: "an eighth of `max_bytes`, below 4 MiB nearly all of it",
                summary: "the largest value it takes; a larger one is refused and counted; only with `max_bytes`",
            },
        ],
    },
    Kind {
        name: "file",
        schemes: &["file"],
        dotted: &["django.core.cache.backends.filebased.FileBasedCache", "keepwarm.django.FileCache"],
        summary: "a directory or shared memory, shared by all processes of a machine; needs the feature `file`",
        url_name: Some("location"),
        options: &[
            BackendOption {
                name: "location",
                takes: Takes::Text,
                default: "required",
                summary: "the directory, made if it is missing; `shm:<name>` is one in shared memory",
            },
            BackendOption {
                name: "max_bytes",
                takes: Takes::Size,
                default: "1GiB",
                summary: "how many bytes it takes on the disk at most; an eighth of it is the largest value",
            },
            BackendOption {
                name: "max_entries",
                takes: Takes::Whole { least: 1 },
                default: "unbounded",
                summary: "how many entries it keeps at most",
            },
            BackendOption {
                name: "cull_frequency",
                takes: Takes::Whole { least: 0 },
                default: "without effect",
                summary: "taken so that Django's settings load; a full store evicts one entry at a time",
            },
            BackendOption {
                name: "mode",
                takes: Takes::OneOf(&["mapped", "files"]),
                default: "mapped",
                summary: "`files`: one file for each entry, slow, for network file systems",
            },
            BackendOption {
                name: "lock_timeout",
                takes: Takes::Duration,
                default: "5 s",
                summary: "how long a write waits for a process that was stopped in the middle of one",
            },
        ],
    },
    Kind {
        name: "dummy",
        schemes: &["dummy"],
        dotted: &["django.core.cache.backends.dummy.DummyCache", "keepwarm.django.DummyCache"],
        summary: "keeps nothing; for development",
        url_name: None,
        options: &[],
    },
];
