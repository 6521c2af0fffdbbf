//! A store made weaker or slower than it is, so that the paths that only other stores take can be tested over any.

use std::future::poll_fn;
use std::task::Poll;

use keepwarm::backend::Abilities;
use keepwarm::{Backend, Result};

use super::{Answer, Call, Probe, Probed};

/// A backend that really waits once, as a network does, before and after each verb.
pub type Yielding<B> = Probed<B, Yields>;

/// The probe of [`Yielding`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Yields;

impl Yields {
    /// A yielding backend around `inner`.
    pub fn around<B: Backend>(inner: B) -> Yielding<B> {
        Probed::around(inner, Self)
    }
}

/// Is pending once, and wakes at once.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Probe for Yields {
    fn waits(&self) -> bool {
        true
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, _call: &Call) -> Result<()> {
        yield_once().await;
        Ok(())
    }

    async fn after(&self, _call: &Call) -> Result<()> {
        yield_once().await;
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}

/// A backend that is given encoded bytes and never objects, as a store outside the process is.
pub type Encoding<B> = Probed<B, Encodes>;

/// The probe of [`Encoding`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Encodes;

impl Encodes {
    /// An encoding backend around `inner`.
    pub fn around<B: Backend>(inner: B) -> Encoding<B> {
        Probed::around(inner, Self)
    }
}

impl Probe for Encodes {
    fn waits(&self) -> bool {
        false
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        Abilities { keeps_objects: false, ..inner }
    }

    async fn before(&self, _call: &Call) -> Result<()> {
        Ok(())
    }

    async fn after(&self, _call: &Call) -> Result<()> {
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}
