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
    /// Text, or a list of texts.
    Texts,
    /// True or false.
    Truth,
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
            Self::Texts => "text, or a list of texts".to_owned(),
            Self::Truth => "true or false".to_owned(),
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
        takes: Takes::OneOf(&["messagepack", "json", "raw"]),
        default: "messagepack",
        summary: "how values become bytes in stores that keep bytes; `raw` keeps text and bytes as they are, and nothing else",
    },
    BackendOption {
        name: "compress_min_bytes",
        takes: Takes::Size,
        default: "never",
        summary: "from how many bytes on a value is compressed, in stores that keep bytes; needs the feature `zstd`",
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
        summary: "a failing store: `raise` an error, or `degrade` to misses and dropped writes",
    },
    BackendOption {
        name: "ignore_exceptions",
        takes: Takes::Truth,
        default: "false",
        summary: "django-redis' word for `on_error`: true is `degrade`, false is `raise`",
    },
    BackendOption {
        name: "deadline",
        takes: Takes::Duration,
        default: "`socket_timeout`, or 250 ms for a store behind a network; none for others",
        summary: "how long a call to the store may take; memory never waits and has no use for it",
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
                default: "unbounded, 300 with `cull`",
                summary: "how many entries it keeps at most; selects `cull` unless `eviction` or `max_bytes` is given",
            },
            BackendOption {
                name: "cull_frequency",
                takes: Takes::Whole { least: 0 },
                default: "3",
                summary: "`cull`: a full store drops 1/n of its entries, 0 drops them all; selects `cull`",
            },
            BackendOption {
                name: "eviction",
                takes: Takes::OneOf(&["s3-fifo", "cull"]),
                default: "s3-fifo, or cull as above",
                summary: "how many go when it is full: `s3-fifo` one at a time, `cull` as Django counts",
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
    Kind {
        name: "redis",
        schemes: &[
            "redis",
            "rediss",
            "valkey",
            "valkeys",
            "unix",
            "redis+sentinel",
            "rediss+sentinel",
            "valkey+sentinel",
            "redis+cluster",
            "rediss+cluster",
            "valkey+cluster",
        ],
        dotted: &[
            "django.core.cache.backends.redis.RedisCache",
            "django_redis.cache.RedisCache",
            "keepwarm.django.RedisCache",
        ],
        summary: "Redis or Valkey: one server, one with replicas, Sentinel or Cluster; feature `redis`",
        url_name: Some("url"),
        options: &[
            BackendOption {
                name: "url",
                takes: Takes::Text,
                default: "as `location`",
                summary: "the servers as a URL; in the URL of a cache its part before `?`",
            },
            BackendOption {
                name: "location",
                takes: Takes::Texts,
                default: "redis://localhost:6379",
                summary: "the servers as URLs, in a list or separated by `,` or `;`: writes go to the first, reads to the others",
            },
            BackendOption {
                name: "host",
                takes: Takes::Text,
                default: "localhost",
                summary: "the server, in place of `location`",
            },
            BackendOption { name: "port", takes: Takes::Whole { least: 1 }, default: "6379", summary: "with `host`" },
            BackendOption {
                name: "db",
                takes: Takes::Whole { least: 0 },
                default: "0",
                summary: "the number of the database",
            },
            BackendOption { name: "username", takes: Takes::Text, default: "none", summary: "who logs in" },
            BackendOption { name: "password", takes: Takes::Text, default: "none", summary: "the password" },
            BackendOption {
                name: "sentinel_password",
                takes: Takes::Text,
                default: "none",
                summary: "the password of the sentinels themselves",
            },
            BackendOption {
                name: "socket_connect_timeout",
                takes: Takes::Duration,
                default: "1 s",
                summary: "how long connecting may take",
            },
            BackendOption {
                name: "socket_timeout",
                takes: Takes::Duration,
                default: "`deadline`, or 250 ms",
                summary: "how long an answer may take; a connection that takes longer is given up",
            },
            BackendOption {
                name: "retry_on_timeout",
                takes: Takes::Truth,
                default: "false",
                summary: "asks once more after a timeout, where that does no harm",
            },
            BackendOption {
                name: "max_connections",
                takes: Takes::Whole { least: 1 },
                default: "unbounded",
                summary: "how many connections blocking callers may have open to one server; also in `connection_pool_kwargs`",
            },
            BackendOption {
                name: "ssl_ca_certs",
                takes: Takes::Text,
                default: "the system's",
                summary: "a PEM file of the authorities that are trusted",
            },
            BackendOption {
                name: "ssl_certfile",
                takes: Takes::Text,
                default: "none",
                summary: "a PEM file of the certificates that the client shows; with `ssl_keyfile`",
            },
            BackendOption {
                name: "ssl_keyfile",
                takes: Takes::Text,
                default: "none",
                summary: "a PEM file of the key of `ssl_certfile`",
            },
            BackendOption {
                name: "near_max_entries",
                takes: Takes::Whole { least: 1 },
                default: "no near tier; 10000 with one",
                summary: "keeps so many values in this process too, as long as the server tells what changes; not on a cluster",
            },
            BackendOption {
                name: "near_max_bytes",
                takes: Takes::Size,
                default: "no near tier; unbounded with one",
                summary: "the same by bytes of keys and values",
            },
            BackendOption {
                name: "max_staleness",
                takes: Takes::Duration,
                default: "no near tier; 30 s with one",
                summary: "how long the near tier may serve what it fetched, whatever the server tells",
            },
            BackendOption {
                name: "client_class",
                takes: Takes::Text,
                default: "none",
                summary: "django-redis' choice of a client; accepted and ignored",
            },
        ],
    },
];
