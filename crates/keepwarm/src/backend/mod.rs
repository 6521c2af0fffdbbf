//! The one door to every store.
//!
//! A backend promises atomic verbs and inherits no behaviour: there are no default bodies, so that a forgotten verb is a
//! compile error and not a slow or racy imitation. Conveniences live in the front. Authors write plain `async fn`; the
//! boxing that `dyn` needs lives in one adapter ([`DynBackend`]), and backends that never wait are polled on the
//! caller's stack, without a box.
//!
//! A backend decides itself whether an entry is live: not expired, no marker moved on, not cleared. The front never sees
//! a dead entry, so that a store can decide in the round trip that fetches it.

mod abilities;
mod calls;
pub mod derived;
mod dynamic;
mod figures;
mod health;
mod kinds;
mod limit;
mod locking;
mod watch;

use std::future::Future;
use std::time::Duration;

pub use abilities::{Abilities, Sharing};
pub(crate) use calls::Calls;
#[cfg(feature = "redis")]
pub(crate) use calls::Wakes;
pub use dynamic::{DynBackend, Reply};
pub use figures::{ServerFigures, ServerVersion};
pub use health::{BreakerState, Health, Housekeeping, NearTier};
pub use kinds::{BackendOption, COMMON_OPTIONS, KINDS, Kind, Takes};
pub use limit::{CalledOff, Limit};
pub(crate) use limit::{Withdrawable, is_withdrawn};
pub use locking::{Locked, Locking};
pub use watch::{Change, Feed, Watcher};

use crate::entry::{Entry, Generation, Marker, MissReason, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// When a write or removal takes place, decided atomically with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In any case.
    Always,
    /// Only when there is no live entry. A lease does not count as one.
    Absent,
    /// Only when there is a live entry.
    Present,
    /// Only when the live entry, or the lease, under the key is still the one with this stamp.
    Unchanged(Stamp),
}

/// What a read found.
#[derive(Debug)]
pub enum Lookup<T> {
    /// A live entry, or what was asked for of it.
    Hit(T),
    /// None, and why.
    Miss(MissReason),
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Stored,
    /// It is not; what that means for an older value is in the [`Refusal`].
    Refused(Refusal),
}

impl Put {
    /// Whether the value is in the store.
    pub fn is_stored(self) -> bool {
        self == Self::Stored
    }
}

/// Why a write was refused. A refusal is an answer, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Its [`When`] did not hold. What was stored is untouched.
    Condition,
    /// An invalidation overtook it: a marker moved on after the generations were captured. Under [`When::Always`] an older
    /// value of the key is gone too: it would be older than the refused one. Otherwise what was stored is untouched.
    Overtaken,
    /// The value is larger than the store takes. An older value of the key is gone: it would be stale.
    TooLarge,
    /// The store has no room for it now: its disk is full. An older value of the key is gone: it would be stale.
    StoreFull,
    /// The entry is not to be kept: its timeout is zero, or the store keeps nothing. An older value of the key is gone.
    NotKept,
    /// The store could not be asked, and the alias degrades: the write is dropped, and an older value of the key is a miss
    /// from here on. Nothing was compared: a value that was computed under a fence is its caller's alone.
    StoreDown,
}

/// What became of a counter verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The new number.
    Now(i64),
    /// There is no live entry, and none was to be created.
    Missing,
    /// The value is not an integer. It is untouched.
    NotAnInteger,
    /// The number would leave 64 bits. It is untouched.
    Overflow,
}

/// On what grounds a lease is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// To compute a missing value: a live entry is the answer, and another's lease is respected.
    Missing,
    /// To compute a newer value, whatever there is: a live entry stays readable but gets the lease's stamp, another's
    /// lease ends, so that whatever was computed from older data can no longer be stored over the newer. Should the live
    /// entry expire or be evicted meanwhile, the lease holds on.
    Refresh,
}

/// What a caller who missed was given.
#[derive(Debug)]
pub enum Lease {
    /// There is a live entry after all.
    Hit(Payload),
    /// The caller may compute. Its fill is `When::Unchanged(stamp)` with these generations; every delete, set, clear and
    /// invalidation that comes first makes that fill a refusal.
    Granted(Fence),
    /// Somebody else computes; ask again.
    Held,
    /// The store could not be asked, and the alias degrades: the caller computes for itself. There is no fence, so that
    /// the value is nobody else's, and it is not stored.
    StoreDown,
}

/// What a computed value must still find unchanged when it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The stamp of the lease.
    pub stamp: Stamp,
    /// The generations of the markers, in the order they were asked for, from before the computation.
    pub generations: Vec<Generation>,
}

/// A page of a scan.
#[derive(Debug, Default)]
pub struct Page {
    /// Stored keys of live entries. A key may come twice when entries move while the scan runs.
    pub keys: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next: Option<u64>,
}

/// How full a store is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Entries, expired ones that are not swept yet included; `None` when the store cannot tell cheaply.
    pub entries: Option<u64>,
    /// Bytes, where the store counts them.
    pub bytes: Option<u64>,
}

/// What lies under a key, dead or alive, for `explain`.
#[derive(Debug)]
pub struct Inspection {
    /// The entry as stored.
    pub entry: Entry,
    /// Why a read would miss it now; `None` when it would hit.
    pub dead: Option<MissReason>,
    /// The current generation of each of its marks, in their order; `None` for a lost one.
    pub generations: Vec<Option<Generation>>,
}

/// A store. See the [module](self) for the contract; every verb is atomic by itself.
///
/// A dropped future may or may not have taken effect, but leaves no half-done write behind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a keepwarm backend",
    label = "not a `Backend`",
    note = "implement `keepwarm::Backend`, or the four methods of `keepwarm::backends::custom::Custom` and wrap it in \
            `keepwarm::backends::custom::Adapter`"
)]
pub trait Backend: Send + Sync + 'static {
    /// The name of its kind: `memory`, `redis` ...
    fn kind(&self) -> &'static str;

    /// What this very store can do and guarantees. A layer answers by asking its inner one.
    fn abilities(&self) -> Abilities;

    /// Shows the live value under `key` in place to `see`, counted as a use of it: [`get`](Self::get) for stores that keep
    /// objects or lend bytes and never wait, without moving anything. `None` is "ask `get`", the answer of every other store;
    /// `see` is then not called. It runs under the store's lock, unless the bytes are [lent](Glimpse::Lent), and must be short.
    fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>>;

    /// Adds to the live integer under `key` where it lies and gives the new one: [`add_to`](Self::add_to) for stores that
    /// [`glance`](Self::glance) shows, with the same guarantees. `None` is "ask `add_to`", with nothing changed: the
    /// answer of every other store, and where there is no such integer or the sum leaves 64 bits.
    fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64>;

    /// Removes the entry under `key` in any case; whether it was live: [`remove`](Self::remove) for stores that keep objects and
    /// never wait, without a joined key or a future, and with the same guarantees. `None` is "ask `remove`", with nothing changed:
    /// the answer of every other store.
    fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool>;

    /// Stores a value that stays its caller's, unmarked and in any case: [`put`](Self::put) for stores that never wait and keep
    /// bytes, without an entry or a future, and with the same guarantees. `None` is "ask `put`", with nothing changed: the
    /// answer of every other store, and of layers that do something around it.
    fn put_at_once(&self, key: &Parts<'_>, value: Glimpse<'_>, deadline: Deadline) -> Option<Result<Put>>;

    /// The value of the live entry under `key`, counted as a use of it. `hint` names markers that the entry probably has, so that a remote store can fetch
    /// their generations in the same round trip; whether the entry is live never depends on it.
    fn get(&self, key: &Key<'_>, hint: &[Marker]) -> impl Future<Output = Result<Lookup<Payload>>> + Send;

    /// The same for many keys, in their order; one round trip where the store has one.
    fn get_many(&self, keys: &[Key<'_>], hint: &[Marker]) -> impl Future<Output = Result<Vec<Lookup<Payload>>>> + Send;

    /// The live entry under `key` with all that belongs to it, for the verbs that write it again or tell its deadline.
    fn entry(&self, key: &Key<'_>, hint: &[Marker]) -> impl Future<Output = Result<Lookup<Entry>>> + Send;

    /// The live entries under many keys, in their order, as [`entry`](Self::entry) gives one: for who keeps copies of them.
    /// One round trip where the store has one. A store without a way of its own calls [`derived::entries`].
    fn entries(&self, keys: &[Key<'_>], hint: &[Marker]) -> impl Future<Output = Result<Vec<Lookup<Entry>>>> + Send;

    /// Stores `entry` when `when` holds, gives it a stamp of its own, and ends a lease on the key. An entry whose deadline
    /// has passed is [`Refusal::NotKept`], after `when` and its marks were looked at.
    fn put(&self, key: &Key<'_>, entry: Entry, when: When) -> impl Future<Output = Result<Put>> + Send;

    /// Stores many entries in any case; an answer for each, in their order.
    fn put_many(&self, entries: Vec<(Key<'_>, Entry)>) -> impl Future<Output = Result<Vec<Put>>> + Send;

    /// Removes the entry when `when` holds, and ends a lease on the key. Whether a live entry was removed.
    fn remove(&self, key: &Key<'_>, when: When) -> impl Future<Output = Result<bool>> + Send;

    /// Removes many entries; how many of them were live.
    fn remove_many(&self, keys: &[Key<'_>]) -> impl Future<Output = Result<usize>> + Send;

    /// Adds to an integer, keeping its deadline. Where there is no live entry, stores `create` first if it is given
    /// (an integer payload) and then adds.
    fn add_to(&self, key: &Key<'_>, delta: i64, create: Option<Entry>) -> impl Future<Output = Result<Count>> + Send;

    /// Adds to an integer as [`add_to`](Self::add_to) does, creating it where there is none, and tells the deadline that it
    /// has then; `create`'s where nothing was stored. A store without a way of its own calls [`derived::tally`].
    fn tally(&self, key: &Key<'_>, delta: i64, create: Entry)
    -> impl Future<Output = Result<(Count, Deadline)>> + Send;

    /// Takes, extends or frees the lock under `key` for `owner`, a text that no other owner ever has. Of many who take it at
    /// once one does. Taking again what this owner holds may be refused. A store without a way of its own calls
    /// [`derived::lock`].
    fn lock(&self, key: &Key<'_>, owner: &str, locking: Locking) -> impl Future<Output = Result<Locked>> + Send;

    /// Gives a live entry another deadline; false when there is none.
    fn touch(&self, key: &Key<'_>, deadline: Deadline) -> impl Future<Output = Result<bool>> + Send;

    /// Hands out the right to compute the value of a key for at most `length`, together with the generations that
    /// `markers` had before the grant.
    fn lease(
        &self,
        key: &Key<'_>,
        markers: &[Marker],
        length: Duration,
        claim: Claim,
    ) -> impl Future<Output = Result<Lease>> + Send;

    /// Gives back the lease with this stamp, if it is still held, and leaves a live entry as it is.
    fn release(&self, key: &Key<'_>, stamp: Stamp) -> impl Future<Output = Result<()>> + Send;

    /// The current generations, made where there were none.
    fn generations(&self, markers: &[Marker]) -> impl Future<Output = Result<Vec<Generation>>> + Send;

    /// Replaces the generations: every entry under one of these markers is a miss when this returns.
    fn renew(&self, markers: &[Marker]) -> impl Future<Output = Result<()>> + Send;

    /// Makes every entry of the scope a miss, ends its leases, and touches nobody else's. O(1).
    fn clear(&self, scope: &Scope) -> impl Future<Output = Result<()>> + Send;

    /// Removes everything from the store, other aliases' entries too.
    fn clear_store(&self) -> impl Future<Output = Result<()>> + Send;

    /// A page of the live stored keys of `scope` that match `pattern` (over the whole stored key), from `from` on.
    fn scan(&self, scope: &Scope, pattern: &Pattern, from: u64) -> impl Future<Output = Result<Page>> + Send;

    /// What lies under the key, dead or alive, without changing anything, hotness included.
    fn inspect(&self, key: &Key<'_>) -> impl Future<Output = Result<Option<Inspection>>> + Send;

    /// How full the store is.
    fn size(&self) -> impl Future<Output = Result<Size>> + Send;

    /// How many entries the store itself evicted and how many expired ones it swept, since it was made, and how the layers
    /// around it are.
    fn housekeeping(&self) -> Housekeeping;

    /// Gives back connections and files. May be called again, and any later verb works again.
    fn close(&self) -> impl Future<Output = Result<()>> + Send;
}
