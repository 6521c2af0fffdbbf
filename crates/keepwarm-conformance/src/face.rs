//! The two faces of the cache. Each case is written once and runs through both.

/// How verbs are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Awaited, in a runtime; concurrent callers are tasks.
    Async,
    /// With `.wait()`, and no runtime anywhere; concurrent callers are threads.
    Blocking,
}

impl Face {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Async, Self::Blocking];

    /// Its name in the names of trials.
    pub fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Blocking => "blocking",
        }
    }
}
