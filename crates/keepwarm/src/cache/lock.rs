//! Locks with an owner token and a fencing number, on any backend.

use std::sync::Arc;
use std::time::Duration;

use super::Cache;
use super::call::awaitable;
use crate::backend::{Locked, Locking};
use crate::blocking::poll_once;
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Deadline;
use crate::key::{Key, Scope};

/// How long a lock is held that was given no time: long enough for most work, short enough to recover from a crash.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How soon a waiter looks again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Cache {
    /// A lock by name, held by one owner at a time among all who share the store as far as its abilities' `atomic` says.
    ///
    /// It ends by itself after its timeout; a later release by the old owner does not free the new owner's lock. Work
    /// that must not be done by two even when an owner was suspended past its timeout passes the fencing number on to
    /// what it writes to (Kleppmann, "How to do distributed locking", 2016): a later owner's number is always larger.
    ///
    /// ```
    /// use keepwarm::secs;
    ///
    /// # let cache = keepwarm::Cache::memory();
    /// let guard = cache.lock("report").timeout(secs(10)).within(secs(1)).wait()?;
    /// assert!(cache.lock("report").try_now().wait()?.is_none());
    /// assert!(guard.release().wait()?);
    /// # Ok::<(), keepwarm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] when it was not free in time, [`ErrorKind::Unsupported`] on a store that keeps nothing;
    /// and when the store fails. An alias that degrades answers as if somebody else held it, and raises only where that
    /// would be waited for without an end.
    pub fn lock<'a>(&'a self, name: &'a str) -> Lock<'a> {
        Lock { cache: self, name, timeout: DEFAULT_TIMEOUT, within: None }
    }
}

/// See [`Cache::lock`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Lock<'a> {
    cache: &'a Cache,
    name: &'a str,
    timeout: Duration,
    within: Option<Duration>,
}

impl<'a> Lock<'a> {
    /// How long the lock is held at the most, 30 seconds where this is not called.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long to wait for it at the most; without this, as long as it takes.
    pub fn within(mut self, patience: Duration) -> Self {
        self.within = Some(patience);
        self
    }

    /// Takes the lock only if it is free now.
    pub fn try_now(self) -> LockTry<'a> {
        LockTry { cache: self.cache, lock: self }
    }

    async fn run(self) -> Result<LockGuard> {
        let clock = &self.cache.state().clock;
        let give_up = self.within.map(|patience| clock.now().saturating_add(patience));
        let mut pause = FIRST_PAUSE;
        loop {
            match self.take().await.map_err(|error| self.failed(error))? {
                Taken::Held(guard) => return Ok(*guard),
                // Without an end to the patience, who waits for a store that is down might wait for ever.
                Taken::StoreDown if give_up.is_none() => {
                    let reason = "the store is down: nobody can tell who holds the lock";
                    return Err(self.failed(Error::new(ErrorKind::Connection, reason)));
                }
                Taken::Busy | Taken::StoreDown => {}
            }
            let now = clock.now();
            let left = give_up.map_or(Duration::MAX, |moment: Moment| moment.since(now));
            if left.is_zero() {
                let reason = format!("the lock {:?} was not free in time", self.name);
                return Err(Error::new(ErrorKind::Timeout, reason).with_verb("lock"));
            }
            clock.sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn failed(&self, error: Error) -> Error {
        self.cache.failed(error, "lock", Some(self.name))
    }

    /// One try.
    async fn take(&self) -> Result<Taken> {
        let state = self.cache.state();
        if !state.abilities.keeps {
            return Err(Error::new(ErrorKind::Unsupported, "a store that keeps nothing cannot hold a lock"));
        }
        let place = Place::new(self.cache, self.name);
        let token = format!("{:032x}", fastrand::u128(..));
        // Before it is taken: who goes away or is told of a failure may have taken it all the same, and gives it back.
        let mut guard =
            LockGuard { cache: self.cache.clone(), place: Arc::new(place), token, fence: 0, released: false };
        match guard.ask(Locking::Take(deadline(self.cache, self.timeout))).await? {
            Locked::Held { fence } => {
                guard.fence = fence;
                Ok(Taken::Held(Box::new(guard)))
            }
            refused => {
                guard.released = true;
                Ok(if refused == Locked::StoreDown { Taken::StoreDown } else { Taken::Busy })
            }
        }
    }
}

/// What became of a try.
enum Taken {
    Held(Box<LockGuard>),
    /// By somebody else.
    Busy,
    /// The store could not be asked, and the alias degrades.
    StoreDown,
}

/// See [`Lock::try_now`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct LockTry<'a> {
    cache: &'a Cache,
    lock: Lock<'a>,
}

impl LockTry<'_> {
    async fn run(self) -> Result<Option<LockGuard>> {
        let taken = self.lock.take().await.map_err(|error| self.lock.failed(error))?;
        Ok(match taken {
            Taken::Held(guard) => Some(*guard),
            Taken::Busy | Taken::StoreDown => None,
        })
    }
}

/// Where a lock lies: in a scope of its own, so that `clear()` frees nobody's lock and no alias' key meets it.
#[derive(Debug)]
struct Place {
    scope: Scope,
    text: String,
}

impl Place {
    fn new(cache: &Cache, name: &str) -> Self {
        let scope = Scope::new(&format!("keepwarm.lock.{}", cache.state().keys.scope().prefix()));
        let namespace = cache.view().map_or("", |view| &view.lead);
        let text = format!("{}:{namespace}{name}", scope.prefix());
        Self { scope, text }
    }

    fn key(&self) -> Key<'_> {
        Key::new(&self.text, &self.scope)
    }
}

fn deadline(cache: &Cache, timeout: Duration) -> Deadline {
    Deadline::at(cache.state().clock.now().saturating_add(timeout))
}

/// A lock that is held, until its timeout or its release. Dropping it releases it too, as far as that can be done without
/// waiting or on tokio; [`release`](Self::release) tells whether it was still held.
#[derive(Debug)]
#[must_use = "the lock is released when its guard is dropped"]
pub struct LockGuard {
    cache: Cache,
    place: Arc<Place>,
    token: String,
    fence: u64,
    released: bool,
}

impl LockGuard {
    /// The owner's token: random, and stored with the lock.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The fencing number: larger than that of every earlier owner.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Holds the lock `timeout` from now.
    ///
    /// # Errors
    /// [`ErrorKind::LockLost`] when it is no longer held; and when the store fails.
    pub async fn extend(&self, timeout: Duration) -> Result<()> {
        match self.ask(Locking::Extend(deadline(&self.cache, timeout))).await? {
            Locked::Held { .. } => Ok(()),
            Locked::Refused | Locked::StoreDown => {
                Err(Error::new(ErrorKind::LockLost, "the lock is no longer held by this owner"))
            }
        }
    }

    /// [`extend`](Self::extend) on this thread.
    ///
    /// # Errors
    /// As `extend`.
    pub fn extend_wait(&self, timeout: Duration) -> Result<()> {
        crate::blocking::drive(self.extend(timeout))
    }

    /// Gives the lock back; whether it was still held.
    pub fn release(self) -> Release {
        Release { cache: self.cache.clone(), guard: self }
    }

    async fn ask(&self, locking: Locking) -> Result<Locked> {
        self.cache.state().backend.lock(&self.place.key(), &self.token, locking).await
    }

    async fn free(&mut self) -> Result<bool> {
        self.released = true;
        Ok(matches!(self.ask(Locking::Free).await?, Locked::Held { .. }))
    }

    /// What is needed to release the lock later, from elsewhere.
    fn detach(&mut self) -> Self {
        self.released = true;
        Self {
            cache: self.cache.clone(),
            place: Arc::clone(&self.place),
            token: std::mem::take(&mut self.token),
            fence: self.fence,
            released: false,
        }
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let mut guard = self.detach();
        if guard.cache.never_waits() {
            // What cannot be released now ends by its timeout.
            let _ = poll_once(guard.free());
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // A runtime that shuts down drops the task at once: it must not try again.
            guard.released = true;
            runtime.spawn(async move { guard.free().await });
        } else {
            guard.released = true;
        }
    }
}

/// See [`LockGuard::release`].
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Release {
    cache: Cache,
    guard: LockGuard,
}

impl Release {
    async fn run(mut self) -> Result<bool> {
        let freed = self.guard.free().await;
        freed.map_err(|error| self.cache.failed(error, "release", None))
    }
}

awaitable! {
    impl['a] LockTry<'a> => Result<Option<LockGuard>>;
}

// Not `awaitable!`: a lock is waited for also on a store that never waits.
impl<'a> std::future::IntoFuture for Lock<'a> {
    type Output = Result<LockGuard>;
    type IntoFuture = super::call::Waiting<'a, Result<LockGuard>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Lock<'_> {
    /// The same on this thread, without a runtime; see [`blocking`](crate#blocking).
    ///
    /// # Errors
    /// As the verb.
    pub fn wait(self) -> Result<LockGuard> {
        crate::blocking::drive(self.run())
    }
}

impl std::future::IntoFuture for Release {
    type Output = Result<bool>;
    type IntoFuture = super::call::Waiting<'static, Result<bool>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Release {
    /// The same on this thread.
    ///
    /// # Errors
    /// When the store fails.
    pub fn wait(self) -> Result<bool> {
        crate::blocking::drive(self.run())
    }
}
