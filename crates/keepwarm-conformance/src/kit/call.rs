//! What a probe sees of a verb.

use keepwarm::backend::When;
use keepwarm::entry::Marker;
use keepwarm::key::Key;

/// A verb of [`keepwarm::Backend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// `get`
    Get,
    /// `get_many`
    GetMany,
    /// `entry`
    Entry,
    /// `entries`
    Entries,
    /// `put`
    Put,
    /// `put_many`
    PutMany,
    /// `remove`
    Remove,
    /// `remove_many`
    RemoveMany,
    /// `add_to`
    AddTo,
    /// `tally`
    Tally,
    /// `lock`
    Lock,
    /// `touch`
    Touch,
    /// `lease`
    Lease,
    /// `release`
    Release,
    /// `generations`
    Generations,
    /// `renew`
    Renew,
    /// `clear`
    Clear,
    /// `clear_store`
    ClearStore,
    /// `scan`
    Scan,
    /// `inspect`
    Inspect,
    /// `size`
    Size,
    /// `close`
    Close,
}

/// One call of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which verb.
    pub verb: Verb,
    /// The stored keys it is about; of `generations` and `renew` the markers' names, of `clear` the prefix, of `scan`
    /// the pattern.
    pub names: Vec<String>,
    /// The condition of `put` and `remove`.
    pub when: Option<When>,
}

impl Call {
    pub(super) fn new(verb: Verb) -> Self {
        Self { verb, names: Vec::new(), when: None }
    }

    pub(super) fn named(verb: Verb, name: &str) -> Self {
        Self { verb, names: vec![name.to_owned()], when: None }
    }

    pub(super) fn keys<'a>(verb: Verb, keys: impl IntoIterator<Item = &'a Key<'a>>) -> Self {
        Self { verb, names: keys.into_iter().map(|key| key.as_str().to_owned()).collect(), when: None }
    }

    pub(super) fn markers(verb: Verb, markers: &[Marker]) -> Self {
        Self { verb, names: markers.iter().map(|marker| marker.name().to_string()).collect(), when: None }
    }

    pub(super) fn when(mut self, when: When) -> Self {
        self.when = Some(when);
        self
    }
}
