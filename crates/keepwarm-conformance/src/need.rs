//! What a case asks of the store, the face and the settings it runs over. Where that is missing, the case is skipped and
//! the missing thing is printed; it is never passed silently.

use std::time::Duration;

use keepwarm::backend::Abilities;

use crate::Face;
use crate::settings::Settings;
use crate::target::Target;

/// What a case needs beyond a store that keeps what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A store that keeps nothing: what the dummy is documented to do.
    KeepsNothing,
    /// Nothing of the store, not even that it keeps anything.
    AnyStore,
    /// Time that a test can move.
    ManualClock,
    /// Timeouts finer than a second.
    FineTimeouts,
    /// `keys`, `iter_keys`, `delete_pattern`.
    Scans,
    /// Tags, namespaces, and clearing one prefix.
    Markers,
    /// Objects of the process are kept and handed out shared.
    KeepsObjects,
    /// Values are encoded on their way in.
    Encodes,
    /// Values of this many bytes.
    ValueOf(u64),
    /// Room for so many entries at once.
    Room(u64),
    /// A bound on entries that the test can set.
    Bounded,
    /// Eviction that counts as Django's locmem does.
    DjangoEviction,
    /// Stored keys are `prefix:version:name`.
    PlainKeys,
    /// Keys that Memcached would refuse are taken.
    AnyKey,
    /// The async face: tasks, cancellation.
    AsyncFace,
    /// The blocking face: threads.
    BlockingFace,
    /// Run under the plain settings alone, where others would only repeat it at a price.
    PlainSettings,
}

impl Need {
    /// What is missing for it; `None` when nothing is.
    pub(crate) fn missing(
        self,
        target: &Target,
        abilities: &Abilities,
        settings: &Settings,
        face: Face,
    ) -> Option<String> {
        let (met, missing) = match self {
            Self::KeepsNothing => (!abilities.keeps, "the store keeps what it is given"),
            Self::AnyStore => (true, ""),
            Self::ManualClock => (target.follows_clock, "the store cannot follow a manual clock"),
            Self::FineTimeouts => {
                (abilities.resolution <= Duration::from_millis(10), "the store's timeouts are coarser than 10 ms")
            }
            Self::Scans => (abilities.scans, "the store cannot list its keys"),
            Self::Markers => (abilities.markers, "the store has no tags and namespaces"),
            Self::KeepsObjects => (abilities.keeps_objects, "the store keeps encoded bytes, not objects"),
            Self::Encodes => (!abilities.keeps_objects, "the store keeps objects and encodes nothing"),
            Self::ValueOf(bytes) => (
                abilities.largest_value.is_none_or(|largest| largest >= bytes),
                "the store takes no values of this size",
            ),
            Self::Room(entries) => {
                (settings.capacity.is_none_or(|capacity| capacity >= entries), "the store is set to a tiny capacity")
            }
            Self::Bounded => (target.takes_capacity, "the store cannot be given a bound"),
            Self::DjangoEviction => (target.django_eviction, "the store does not evict as Django's locmem does"),
            Self::PlainKeys => (settings.key_function.is_none(), "a key function makes the stored keys"),
            Self::AnyKey => (abilities.strict_keys.is_none(), "the store refuses long keys and control characters"),
            Self::AsyncFace => (face == Face::Async, "only the async face has this"),
            Self::BlockingFace => (face == Face::Blocking, "only the blocking face has this"),
            Self::PlainSettings => (settings.is_plain(), "run once, under the plain settings"),
        };
        (!met).then(|| missing.to_owned())
    }
}
