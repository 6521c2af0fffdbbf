//! A deadline for every call: no verb takes longer, whatever the store does.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::guarded::{Guard, Guarded};
use super::{Layer, Stack};
use crate::backend::{Health, Limit};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// How long a call may take where nothing else is said.
pub(crate) const DEFAULT: Duration = Duration::from_millis(250);

/// Ends every call after a while: [`ErrorKind::Timeout`], and whether it took effect is not known.
///
/// It holds for both faces. A call that is awaited is dropped; one that blocks its thread in a socket is told by
/// [`Limit`] how long it may. Around a store that never waits it does nothing and costs nothing. A tokio runtime has to be
/// built with its time enabled.
///
/// ```
/// use keepwarm::layers::CallDeadline;
/// use keepwarm::{Cache, millis};
///
/// # let store = keepwarm::backends::dummy::Dummy;
/// let cache = Cache::builder().backend(store).layer(CallDeadline::new(millis(100))).build()?;
/// # let _ = cache;
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CallDeadline {
    length: Duration,
    clock: Clock,
}

impl CallDeadline {
    /// So long for each call.
    pub fn new(length: Duration) -> Self {
        Self { length, clock: Clock::system() }
    }

    /// Goes by this clock instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

/// 250 milliseconds.
impl Default for CallDeadline {
    fn default() -> Self {
        Self::new(DEFAULT)
    }
}

impl Layer for CallDeadline {
    type Wrapped = Guarded<Limited>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        let waits = !inner.abilities().never_waits;
        Guarded::around(inner, Limited { length: self.length, clock: self.clock, waits })
    }
}

/// The guard of a [`CallDeadline`].
#[derive(Debug, Clone)]
pub struct Limited {
    length: Duration,
    clock: Clock,
    /// A store that never waits has answered before a deadline could be looked at.
    waits: bool,
}

impl Guard for Limited {
    async fn pass<T: Send + Unpin, F: Future<Output = Result<T>> + Send>(
        &self,
        begin: impl FnOnce() -> F + Send,
    ) -> Result<T> {
        if !self.waits {
            return begin().await;
        }
        let answer = within(&self.clock, self.length, begin).await;
        answer.unwrap_or_else(|| {
            let reason = format!("the store did not answer within {:?}", self.length);
            Err(Error::new(ErrorKind::Timeout, reason))
        })
    }

    fn health(&self, _health: &mut Health) {}
}

/// Runs a call for at most `length` on the clock; `None` when it was not done by then, and is dropped.
pub(super) async fn within<T: Send + Unpin, F: Future<Output = Result<T>> + Send>(
    clock: &Clock,
    length: Duration,
    begin: impl FnOnce() -> F + Send,
) -> Option<Result<T>> {
    // The limit of sockets is in real time, also under a manual clock.
    let until = Instant::now() + length;
    let mut limit = Limit::within(until);
    // What waits does nothing before it is polled.
    let mut call = pin!(begin());
    let is_real = clock.is_system();
    let mut sleep = (!is_real).then(|| clock.sleep(length));
    poll_fn(|context| match limit.hold(|| call.as_mut().poll(context)) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        // A timer for each call is the dearest part of a short one: a store that watches the time spares it.
        Poll::Pending if is_real && limit.is_kept() => {
            if Instant::now() < until {
                Poll::Pending
            } else {
                Poll::Ready(None)
            }
        }
        Poll::Pending => {
            let sleep = sleep.get_or_insert_with(|| clock.sleep(until.saturating_duration_since(Instant::now())));
            Pin::new(sleep).poll(context).map(|()| None)
        }
    })
    .await
}
