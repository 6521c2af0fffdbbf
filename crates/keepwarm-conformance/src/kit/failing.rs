//! A backend that fails when it is told to.

use std::sync::Arc;

use keepwarm::backend::{Abilities, Lease, Lookup};
use keepwarm::codec::Codec;
use keepwarm::layers::{Layer, Stack};
use keepwarm::{Backend, Error, ErrorKind, Payload, Result};
use parking_lot::Mutex;

use super::{Answer, Call, Probe, Probed, Shared};

/// A backend whose verbs fail as its [`Faults`] say.
pub type Failing<B> = Probed<B, Faults>;

/// How a verb fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails and has had no effect.
    Refused(ErrorKind),
    /// It takes effect, and then its answer is lost: the caller sees a failure.
    AnswerLost(ErrorKind),
    /// It answers, but the values in the answer are bytes that are no value of any type.
    Garbled,
    /// It answers for one key less than it was asked for.
    Short,
}

type Rule = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// The switch of a [`Failing`] backend; clones are the same switch. It begins with no faults.
///
/// ```
/// use keepwarm::backends::dummy::Dummy;
/// use keepwarm::{Cache, ErrorKind};
/// use keepwarm_conformance::kit::{Fault, Faults, Verb};
///
/// let faults = Faults::new();
/// let cache = Cache::builder().backend(faults.around(Dummy)).build()?;
/// faults.when(|call| (call.verb == Verb::Get).then_some(Fault::Refused(ErrorKind::Connection)));
/// assert!(cache.get::<String>("key").wait().unwrap_err().is_transient());
/// faults.heal();
/// assert_eq!(cache.get::<String>("key").wait()?, None);
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Option<Arc<Rule>>>>);

impl std::fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Faults").field("armed", &self.0.lock().is_some()).finish()
    }
}

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A failing backend around `inner`.
    pub fn around<B: Backend>(&self, inner: B) -> Failing<B> {
        Probed::around(inner, self.clone())
    }

    /// From now on each call fails as `rule` says; it replaces an earlier rule.
    pub fn when(&self, rule: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) {
        *self.0.lock() = Some(Arc::new(rule));
    }

    /// From now on every verb fails this way: the store is gone.
    pub fn always(&self, fault: Fault) {
        self.when(move |_| Some(fault));
    }

    /// No faults from now on.
    pub fn heal(&self) {
        *self.0.lock() = None;
    }

    fn of(&self, call: &Call) -> Option<Fault> {
        // Not called under the lock: a rule may switch itself.
        let rule = self.0.lock().clone();
        rule.and_then(|rule| rule(call))
    }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "the store fails on purpose")
}

/// Bytes that begin like a text of two gigabytes and end at once.
fn garbage() -> Payload {
    Payload::bytes(Codec::MessagePack, &b"\xdb\x7f\xff\xff\xffx"[..])
}

fn garble(lookup: &mut Lookup<Payload>) {
    if let Lookup::Hit(payload) = lookup {
        *payload = garbage();
    }
}

impl Layer for Faults {
    type Wrapped = Probed<Shared, Self>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        Probed::around(inner.into(), self)
    }
}

impl Probe for Faults {
    fn waits(&self) -> bool {
        false
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, call: &Call) -> Result<()> {
        match self.of(call) {
            Some(Fault::Refused(kind)) => Err(error(kind)),
            _ => Ok(()),
        }
    }

    async fn after(&self, call: &Call) -> Result<()> {
        match self.of(call) {
            Some(Fault::AnswerLost(kind)) => Err(error(kind)),
            _ => Ok(()),
        }
    }

    fn distort(&self, call: &Call, answer: Answer<'_>) {
        match (self.of(call), answer) {
            (Some(Fault::Garbled), Answer::Lookup(lookup)) => garble(lookup),
            (Some(Fault::Garbled), Answer::Lookups(lookups)) => lookups.iter_mut().for_each(garble),
            (Some(Fault::Garbled), Answer::Entry(Lookup::Hit(entry))) => {
                entry.payload = garbage();
            }
            (Some(Fault::Garbled), Answer::Entries(lookups)) => {
                for lookup in lookups {
                    if let Lookup::Hit(entry) = lookup {
                        entry.payload = garbage();
                    }
                }
            }
            (Some(Fault::Garbled), Answer::Lease(Lease::Hit(hit))) => *hit = garbage(),
            (Some(Fault::Short), Answer::Lookups(lookups)) => drop(lookups.pop()),
            (Some(Fault::Short), Answer::Entries(lookups)) => drop(lookups.pop()),
            (Some(Fault::Short), Answer::Puts(puts)) => drop(puts.pop()),
            (Some(Fault::Short), Answer::Generations(generations)) => drop(generations.pop()),
            _ => {}
        }
    }
}
