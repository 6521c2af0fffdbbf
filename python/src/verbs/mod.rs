//! The verbs of a cache, a file a topic. Each has two faces and one body; see [`face`](crate::face).

mod bulk;
mod counter;
mod fetch;
mod read;
mod whole;
mod write;

pub(crate) use counter::RateLimit;
pub(crate) use read::get_at_hand;

/// A builder with its version, where the call gives one, awaited.
macro_rules! at_version {
    ($builder:expr, $version:expr) => {
        match $version {
            Some(version) => $builder.version(version).await,
            None => $builder.await,
        }
    };
}

pub(crate) use at_version;
pub(crate) use fetch::Done;
