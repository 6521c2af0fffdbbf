//! The one list of backend kinds. Settings, the command line, the table in the documentation and the conformance suite
//! follow from it; a new backend is one more line here and one more folder.

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
}

/// Every kind that this build knows.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "memory",
        schemes: &["memory", "locmem"],
        dotted: &["django.core.cache.backends.locmem.LocMemCache", "keepwarm.django.MemoryCache"],
        summary: "objects in this process, bounded by entries and bytes",
    },
    Kind {
        name: "dummy",
        schemes: &["dummy"],
        dotted: &["django.core.cache.backends.dummy.DummyCache", "keepwarm.django.DummyCache"],
        summary: "keeps nothing; for development",
    },
];
