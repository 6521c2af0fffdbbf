//! A backend that records what it is asked.

use std::sync::Arc;

use keepwarm::backend::Abilities;
use keepwarm::layers::{Layer, Stack};
use keepwarm::{Backend, Result};
use parking_lot::Mutex;

use super::{Answer, Call, Probe, Probed, Shared, Verb};

/// A backend that records every verb and key.
pub type Recorder<B> = Probed<B, Record>;

/// What a [`Recorder`] has recorded; clones share it.
///
/// ```
/// use keepwarm::backends::dummy::Dummy;
/// use keepwarm::Cache;
/// use keepwarm_conformance::kit::{Record, Recorder, Verb};
///
/// let record = Record::new();
/// let cache = Cache::builder().backend(Recorder::around(Dummy, record.clone())).build()?;
/// cache.delete("user:1").wait()?;
/// assert_eq!(record.verbs(), [Verb::Remove]);
/// assert_eq!(record.take()[0].names, [":1:user:1"]);
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Vec<Call>>>);

impl Record {
    /// Nothing recorded yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A recording backend around `inner`.
    pub fn around<B: Backend>(&self, inner: B) -> Recorder<B> {
        Probed::around(inner, self.clone())
    }

    /// What was called so far, in its order.
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().clone()
    }

    /// The verbs alone.
    pub fn verbs(&self) -> Vec<Verb> {
        self.0.lock().iter().map(|call| call.verb).collect()
    }

    /// What was called so far, and forgets it.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Layer for Record {
    type Wrapped = Probed<Shared, Self>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        Probed::around(inner.into(), self)
    }
}

impl Probe for Record {
    fn waits(&self) -> bool {
        false
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, call: &Call) -> Result<()> {
        self.0.lock().push(call.clone());
        Ok(())
    }

    async fn after(&self, _call: &Call) -> Result<()> {
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}
