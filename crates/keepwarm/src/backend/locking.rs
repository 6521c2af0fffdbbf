//! What is asked of a lock, and what becomes of it.

use crate::expiry::Deadline;

/// What an owner asks of a lock; each is decided in the step that does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// To hold it until this deadline, if nobody holds it now.
    Take(Deadline),
    /// To hold it until this deadline instead, if this owner still holds it.
    Extend(Deadline),
    /// To give it back, if this owner still holds it.
    Free,
}

/// What became of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// The owner holds it; or held it until now, where it was to be freed. Its fencing number is larger than that of
    /// every earlier owner of this lock, and does not change while it is extended.
    Held {
        /// The fencing number.
        fence: u64,
    },
    /// Nothing was changed: somebody else holds it, or this owner no longer does.
    Refused,
    /// The store could not be asked, and the alias degrades: nobody can tell who holds it.
    StoreDown,
}
